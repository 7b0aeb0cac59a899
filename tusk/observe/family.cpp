#include <algorithm>

#include <tusk/observe/detail/names.hpp>
#include <tusk/observe/registry.hpp>

namespace tusk::observe::detail {

family_base::family_base(const family_description& what)
    : name_{what.name}, help_{what.help}, label_names_{what.labels.begin(), what.labels.end()},
      bounds_{finite_bounds(what.bounds).begin(), finite_bounds(what.bounds).end()}, exposed_{what.exposed} {}

bool family_base::has_labels(std::span<const std::string_view> names) const noexcept {
    return std::ranges::equal(label_names_, names);
}

bool family_base::has_bounds(std::span<const double> bounds) const noexcept {
    return std::ranges::equal(bounds_, finite_bounds(bounds));
}

namespace {

std::size_t hash_of(std::span<const std::string_view> values) noexcept {
    std::uint64_t hash = 0;
    for (const auto value : values)
        hash = (hash ^ std::hash<std::string_view>{}(value)) * std::uint64_t{0x9E3779B97F4A7C15};
    return static_cast<std::size_t>(hash ^ (hash >> 32U)); // low bits choose the slot, but mix the least
}

/// Returned without a move, which atomics do not have.
template <class Instrument>
Instrument make_instrument([[maybe_unused]] std::span<const double> bounds) {
    if constexpr (std::same_as<Instrument, histogram>)
        return histogram{bounds};
    else
        return Instrument{};
}

auto read_value(const counter& from) { return from.value(); }
auto read_value(const gauge& from) { return from.value(); }
auto read_value(const histogram& from) { return from.values(); }

} // namespace

template <class Instrument>
struct basic_family<Instrument>::child {
    child(std::size_t h, std::span<const std::string_view> v, std::span<const double> bounds)
        : hash{h}, values{v.begin(), v.end()}, instrument(make_instrument<Instrument>(bounds)) {}

    std::size_t hash;
    std::vector<std::string> values;
    Instrument instrument;
};

template <class Instrument>
basic_family<Instrument>::basic_family(const family_description& what, std::vector<label_guard*> guards)
    : family_base{what}, guards_{std::move(guards)},
      spare_{std::make_unique<child>(std::size_t{0}, std::span<const std::string_view>{}, what.bounds)} {
    if (label_names_.empty()) intern({}); // a family without labels is exposed from the beginning, as zero
}

template <class Instrument>
basic_family<Instrument>::~basic_family() = default;

template <class Instrument>
instrument_kind basic_family<Instrument>::kind() const noexcept {
    if constexpr (std::same_as<Instrument, counter>)
        return instrument_kind::counter;
    else if constexpr (std::same_as<Instrument, gauge>)
        return instrument_kind::gauge;
    else
        return instrument_kind::histogram;
}

template <class Instrument>
auto basic_family<Instrument>::find(std::span<const std::string_view> values, std::size_t hash) const noexcept
    -> child* {
    return children_.find(hash, [&](const child& c) { return std::ranges::equal(c.values, values); });
}

template <class Instrument>
Instrument& basic_family<Instrument>::at(std::span<const std::string_view> values) noexcept {
    if (auto* known = find(values, hash_of(values))) return known->instrument;
    try {
        return intern(values);
    } catch (...) {
        return spare_->instrument;
    }
}

/// The slow way: a label set that is new, or that holds values which become "other".
template <class Instrument>
Instrument& basic_family<Instrument>::intern(std::span<const std::string_view> values) {
    std::array<std::string_view, max_labels> admitted;
    for (std::size_t i = 0; i < values.size(); ++i) admitted[i] = guards_[i]->admit(values[i]);
    const auto used = std::span<const std::string_view>{admitted}.first(values.size());
    const auto hash = hash_of(used);
    if (auto* known = find(used, hash)) return known->instrument;
    const std::scoped_lock lock{mutex_};
    if (auto* known = find(used, hash)) return known->instrument;
    return children_.insert(std::make_unique<child>(hash, used, bounds_)).instrument;
}

template <class Instrument>
family_snapshot basic_family<Instrument>::read() const {
    family_snapshot out{name_, help_, kind(), label_names_, {}, {}, false};
    const std::scoped_lock lock{mutex_};
    for (const auto& c : children_.nodes()) out.samples.push_back({c->values, read_value(c->instrument)});
    return out;
}

template class basic_family<counter>;
template class basic_family<gauge>;
template class basic_family<histogram>;

} // namespace tusk::observe::detail
