#pragma once

#include <span>
#include <string_view>

#include <tusk/observe/snapshot.hpp>

namespace tusk::observe::detail {

/// More labels than this multiply into too many series.
inline constexpr std::size_t max_labels = 8;

/// Throws `tusk::error` (`errc::invalid_configuration`) unless the names follow Prometheus' data model and
/// its linter's rules: allowed characters, a help text, `_total` at the end of counters and of nothing else,
/// no `le` label on a histogram, no label twice.
void check_family(instrument_kind kind, std::string_view name, std::string_view help,
                  std::span<const std::string_view> label_names);

/// Throws `tusk::error` (`errc::invalid_configuration`) when a family is declared again in another way.
void check_same_family(std::string_view name, bool same_kind, bool same_labels);

} // namespace tusk::observe::detail
