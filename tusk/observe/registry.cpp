#include <tusk/observe/registry.hpp>

#include <algorithm>

#include <tusk/core/error.hpp>
#include <tusk/observe/detail/names.hpp>
#include <tusk/observe/detail/semantic_conventions.hpp>

namespace tusk::observe {

namespace detail {

/// Held by the registry and by every subscription, so that either may go first.
struct callback_list {
    std::mutex mutex;
    std::uint64_t next_id = 1;
    std::vector<std::pair<std::uint64_t, std::function<void(snapshot&)>>> callbacks;
};

} // namespace detail

subscription::subscription(std::shared_ptr<detail::callback_list> list, std::uint64_t id) noexcept
    : list_{std::move(list)}, id_{id} {}

subscription::subscription(subscription&& from) noexcept : list_{std::move(from.list_)}, id_{from.id_} {}

subscription& subscription::operator=(subscription&& from) noexcept {
    if (this != &from) {
        reset();
        list_ = std::move(from.list_);
        id_ = from.id_;
    }
    return *this;
}

void subscription::reset() noexcept {
    if (const auto list = std::move(list_)) {
        const std::scoped_lock lock{list->mutex};
        std::erase_if(list->callbacks, [&](const auto& entry) { return entry.first == id_; });
    }
}

registry::registry() : callbacks_{std::make_shared<detail::callback_list>()} {}

// A subscription may keep the list alive, but nothing will call what is in it: let it go.
registry::~registry() {
    const std::scoped_lock lock{callbacks_->mutex};
    callbacks_->callbacks.clear();
}

detail::label_guard& registry::guard(std::string_view label_name) {
    const auto known = guards_.find(label_name);
    if (known != guards_.end()) return *known->second;
    auto made = std::make_unique<detail::label_guard>(default_label_limit);
    return *guards_.emplace(label_name, std::move(made)).first->second;
}

void registry::limit(std::string_view label_name, std::size_t values) {
    const std::scoped_lock lock{mutex_};
    guard(label_name).set_limit(values);
}

detail::family_base& registry::find_or_add(const detail::family_description& what, instrument_kind kind,
                                           maker make_it) {
    const std::scoped_lock lock{mutex_};
    if (const auto known = families_.find(what.name); known != families_.end()) {
        auto& family = *known->second;
        detail::check_same_family(what.name,
                                  family.kind() == kind && family.has_bounds(what.bounds) &&
                                      family.is_exposed() == what.exposed,
                                  family.has_labels(what.labels));
        return family;
    }
    detail::check_family(kind, what.name, what.help, what.labels);
    std::vector<detail::label_guard*> guards;
    for (const auto name : what.labels) guards.push_back(&guard(name));
    auto made = make_it(what, std::move(guards));
    return *families_.emplace(what.name, std::move(made)).first->second;
}

subscription registry::on_collect(std::function<void(snapshot&)> callback) {
    if (!callback) throw error{errc::invalid_argument, "an empty function cannot add samples"};
    const std::scoped_lock lock{callbacks_->mutex};
    const auto id = callbacks_->next_id++;
    callbacks_->callbacks.emplace_back(id, std::move(callback));
    return {callbacks_, id};
}

void registry::add_view(std::string_view key, std::function<void(snapshot&)> show) {
    if (!show) throw error{errc::invalid_argument, "an empty function cannot show anything"};
    const std::scoped_lock lock{callbacks_->mutex};
    views_.emplace(key, std::move(show));
}

snapshot registry::collect(vocabulary words) const {
    snapshot out{words};
    {
        const std::scoped_lock lock{mutex_};
        for (const auto& [name, family] : families_)
            if (family->is_exposed())
                if (auto read = family->read(); !read.samples.empty()) out.append(std::move(read));
    }
    {
        // Callbacks run under their own mutex: they may declare families, and a subscription that ends waits.
        const std::scoped_lock lock{callbacks_->mutex};
        for (const auto& [id, callback] : callbacks_->callbacks) callback(out);
        for (const auto& [key, show] : views_) show(out);
    }
    if (words == vocabulary::opentelemetry) detail::use_semantic_conventions(out);
    out.sort();
    return out;
}

} // namespace tusk::observe
