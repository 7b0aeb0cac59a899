#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tusk/observe/instruments.hpp>

namespace tusk::observe {

enum class instrument_kind : std::uint8_t { counter, gauge, histogram };

/// Whose words a snapshot uses for what Tusk measures; a program's own families keep their names.
enum class vocabulary : std::uint8_t {
    prometheus,    ///< `postgres_query_duration_seconds{query_type, table}`.
    opentelemetry, ///< `db.client.operation.duration` and the other names of the semantic conventions.
};

/// A label of a sample that a callback adds.
struct label {
    std::string_view name;
    std::string_view value;
};

/// One time series as it was when it was read.
struct sample {
    std::vector<std::string> labels; ///< Values, in the order of the family's label names.
    std::variant<std::uint64_t, double, histogram_values> value; ///< By kind: counter, gauge, histogram.
};

struct family_snapshot {
    std::string name;
    std::string help;
    instrument_kind kind = instrument_kind::gauge;
    std::vector<std::string> label_names;
    std::vector<sample> samples;
    std::string unit;      ///< In OpenTelemetry's words ("s", "{connection}"); empty: the name says it.
    bool additive = false; ///< A gauge whose values over several processes may be added up.
};

/// Everything a registry held at one moment: what the encoders read. Callbacks add their samples to it.
class snapshot {
public:
    explicit snapshot(vocabulary words = vocabulary::prometheus) noexcept : words_{words} {}

    vocabulary speaks() const noexcept { return words_; }

    /// Adds a gauge's value. A label set that is already there is added to: two pools that were given the
    /// same name count as one. Throws `tusk::error` (`errc::invalid_configuration`) when the name, help or
    /// labels are not allowed (see `registry`) or contradict the family that is already there.
    template <std::same_as<label>... Labels>
    void gauge(std::string_view name, std::string_view help, double value, Labels... labels) {
        const std::array<label, sizeof...(Labels)> all{labels...};
        add(instrument_kind::gauge, name, help, all, value);
    }

    /// Adds a counter's value, for numbers that are counted elsewhere. Rules as for `gauge`.
    template <std::same_as<label>... Labels>
    void counter(std::string_view name, std::string_view help, std::uint64_t value, Labels... labels) {
        const std::array<label, sizeof...(Labels)> all{labels...};
        add(instrument_kind::counter, name, help, all, value);
    }

    /// Adds a histogram's values. Rules as for `gauge`; buckets of one family are the same in all samples.
    template <std::same_as<label>... Labels>
    void histogram(std::string_view name, std::string_view help, histogram_values value, Labels... labels) {
        const std::array<label, sizeof...(Labels)> all{labels...};
        add(instrument_kind::histogram, name, help, all, std::move(value));
    }

    /// Adds a whole family, whose name is not there yet.
    void append(family_snapshot family) { families_.push_back(std::move(family)); }

    /// Sorts families by name and samples by label values, so that equal contents read equal.
    void sort();

    const std::vector<family_snapshot>& families() const noexcept { return families_; }
    std::vector<family_snapshot>& families() noexcept { return families_; }

private:
    using number = std::variant<std::uint64_t, double, histogram_values>;
    void add(instrument_kind kind, std::string_view name, std::string_view help,
             std::span<const label> labels, number value);
    family_snapshot& family_of(instrument_kind kind, std::string_view name, std::string_view help,
                               std::span<const label> labels);

    std::vector<family_snapshot> families_;
    vocabulary words_;
};

} // namespace tusk::observe
