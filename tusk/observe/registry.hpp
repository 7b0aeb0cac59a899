#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/observe/detail/append_table.hpp>
#include <tusk/observe/detail/label_guard.hpp>
#include <tusk/observe/instruments.hpp>
#include <tusk/observe/snapshot.hpp>

namespace tusk::observe {

/// What label names and values are given as.
template <class T>
concept label_text = std::convertible_to<const T&, std::string_view>;

namespace detail {

struct family_description {
    std::string_view name;
    std::string_view help;
    std::span<const std::string_view> labels;
    std::span<const double> bounds; // of histograms, else empty
    bool exposed = true;            // else views read it
};

class family_base {
public:
    explicit family_base(const family_description& what);
    family_base(const family_base&) = delete;
    family_base& operator=(const family_base&) = delete;
    virtual ~family_base() = default;

    virtual instrument_kind kind() const noexcept = 0;
    virtual family_snapshot read() const = 0;

    const std::string& name() const noexcept { return name_; }
    bool is_exposed() const noexcept { return exposed_; }
    bool has_labels(std::span<const std::string_view> names) const noexcept;
    bool has_bounds(std::span<const double> bounds) const noexcept;

protected:
    std::string name_;
    std::string help_;
    std::vector<std::string> label_names_;
    std::vector<double> bounds_;
    bool exposed_;
};

/// The label sets of one family. `guards`: one for each label.
template <class Instrument>
class basic_family : public family_base {
public:
    basic_family(const family_description& what, std::vector<label_guard*> guards);
    ~basic_family() override;

    instrument_kind kind() const noexcept override;
    family_snapshot read() const override;

protected:
    Instrument& at(std::span<const std::string_view> values) noexcept;

private:
    struct child;
    child* find(std::span<const std::string_view> values, std::size_t hash) const noexcept;
    Instrument& intern(std::span<const std::string_view> values);

    std::vector<label_guard*> guards_;
    mutable std::mutex mutex_;
    append_table<child> children_;
    std::unique_ptr<child> spare_; // takes what is recorded when memory for a new label set ran out
};

extern template class basic_family<counter>;
extern template class basic_family<gauge>;
extern template class basic_family<histogram>;

struct callback_list;

} // namespace detail

/// All instruments of one name, one for each set of `N` label values.
template <class Instrument, std::size_t N>
class family final : public detail::basic_family<Instrument> {
public:
    using detail::basic_family<Instrument>::basic_family;

    /// The instrument of these label values, in the order of the label names; made on first use. It lives as
    /// long as the registry, so a reference to it may be kept: that is the fastest way to record. Looking up
    /// a known label set takes no lock and allocates nothing. A value past the limit of its label (see
    /// `registry::limit`), or one that is not UTF-8, counts as "other". When memory for a new label set runs
    /// out, what is recorded is not exposed.
    template <label_text... Values>
        requires(sizeof...(Values) == N)
    Instrument& with(const Values&... values) noexcept {
        const std::array<std::string_view, N> all{std::string_view{values}...};
        return this->at(all);
    }
};

/// Keeps a callback registered; on destruction takes it out and waits for a scrape that is just calling it.
/// Must not be destroyed by the callback itself. May outlive the registry.
class [[nodiscard]] subscription {
public:
    subscription() noexcept = default;
    subscription(subscription&& from) noexcept;
    subscription& operator=(subscription&& from) noexcept;
    ~subscription() { reset(); }

    /// Takes the callback out now.
    void reset() noexcept;

private:
    friend class registry;
    subscription(std::shared_ptr<detail::callback_list> list, std::uint64_t id) noexcept;

    std::shared_ptr<detail::callback_list> list_;
    std::uint64_t id_ = 0;
};

/// The families of one process. Safe from several threads.
///
/// Declaring a family throws `tusk::error` (`errc::invalid_configuration`) when its name, help or labels
/// break the rules that Prometheus and its linter have (a help text is needed; names of counters, and only
/// those, end in `_total`), or when it was declared before as another kind, with other labels or other
/// buckets. Declaring it again in the same way returns the same family; the first help text stays.
class registry {
public:
    /// How many distinct values a label has before the next ones become "other", unless `limit` says
    /// otherwise.
    static constexpr std::size_t default_label_limit = 100;

    registry();
    registry(const registry&) = delete;
    registry& operator=(const registry&) = delete;
    ~registry();

    /// `auto& received = registry.counter("alerts_received_total", "Alerts received", "status");`
    template <label_text... Names>
    family<observe::counter, sizeof...(Names)>& counter(std::string_view name, std::string_view help,
                                                        const Names&... labels) {
        return declare<observe::counter>(name, help, {}, true, labels...);
    }

    template <label_text... Names>
    family<observe::gauge, sizeof...(Names)>& gauge(std::string_view name, std::string_view help,
                                                    const Names&... labels) {
        return declare<observe::gauge>(name, help, {}, true, labels...);
    }

    /// With `default_buckets()`, which are meant for seconds.
    template <label_text... Names>
    family<observe::histogram, sizeof...(Names)>& histogram(std::string_view name, std::string_view help,
                                                            const Names&... labels) {
        return declare<observe::histogram>(name, help, default_buckets(), true, labels...);
    }

    /// With these inclusive upper bounds; rules as for the constructor of `observe::histogram`.
    template <label_text... Names>
    family<observe::histogram, sizeof...(Names)>& histogram(std::string_view name, std::string_view help,
                                                            std::span<const double> bounds,
                                                            const Names&... labels) {
        return declare<observe::histogram>(name, help, bounds, true, labels...);
    }

    /// A histogram that is measured once and shown under other names: it is in no snapshot, and a view reads
    /// it. Two vocabularies for one measurement cost the hot path no more than one.
    template <label_text... Names>
    family<observe::histogram, sizeof...(Names)>& measure(std::string_view name, std::string_view help,
                                                          std::span<const double> bounds,
                                                          const Names&... labels) {
        return declare<observe::histogram>(name, help, bounds, false, labels...);
    }

    /// `show` adds to every snapshot what it makes of measured families, in the words of
    /// `snapshot::speaks()`. For as long as the registry lives; of each `key` the first counts, so that two
    /// observers of one registry show nothing twice. Rules as for `on_collect`.
    void add_view(std::string_view key, std::function<void(snapshot&)> show);

    /// How many distinct values the label `name` may have, over all families of this registry; values that
    /// were admitted before stay.
    void limit(std::string_view label_name, std::size_t values);

    /// `callback` adds its samples to every snapshot that is taken; it is called by the thread that takes it,
    /// one call at a time. It may declare families and record, but not take a snapshot or register callbacks.
    /// What it throws comes out of `collect()`.
    subscription on_collect(std::function<void(snapshot&)> callback);

    /// Reads everything: families by name, label sets by value.
    snapshot collect(vocabulary words = vocabulary::prometheus) const;

private:
    template <class Instrument, label_text... Names>
    family<Instrument, sizeof...(Names)>& declare(std::string_view name, std::string_view help,
                                                  std::span<const double> bounds, bool exposed,
                                                  const Names&... labels) {
        using made = family<Instrument, sizeof...(Names)>;
        const std::array<std::string_view, sizeof...(Names)> all{std::string_view{labels}...};
        return static_cast<made&>(
            find_or_add({name, help, all, bounds, exposed}, kind_of<Instrument>, &make<made>));
    }

    template <class Made>
    static std::unique_ptr<detail::family_base> make(const detail::family_description& what,
                                                     std::vector<detail::label_guard*> guards) {
        return std::make_unique<Made>(what, std::move(guards));
    }
    using maker = std::unique_ptr<detail::family_base> (*)(const detail::family_description&,
                                                           std::vector<detail::label_guard*>);

    template <class Instrument>
    static constexpr instrument_kind kind_of =
        std::same_as<Instrument, observe::counter> ? instrument_kind::counter
        : std::same_as<Instrument, observe::gauge> ? instrument_kind::gauge
                                                   : instrument_kind::histogram;

    detail::family_base& find_or_add(const detail::family_description& what, instrument_kind kind,
                                     maker make_it);
    detail::label_guard& guard(std::string_view label_name);

    mutable std::mutex mutex_;
    std::map<std::string, std::unique_ptr<detail::label_guard>, std::less<>> guards_;
    std::map<std::string, std::unique_ptr<detail::family_base>, std::less<>> families_;
    std::shared_ptr<detail::callback_list> callbacks_;
    std::map<std::string, std::function<void(snapshot&)>, std::less<>>
        views_; // read under the callbacks' mutex
};

} // namespace tusk::observe
