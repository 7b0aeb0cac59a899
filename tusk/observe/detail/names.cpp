#include <tusk/observe/detail/names.hpp>

#include <algorithm>
#include <string>

#include <tusk/core/error.hpp>
#include <tusk/observe/detail/label_guard.hpp>

namespace tusk::observe::detail {

namespace {

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_name(std::string_view name, bool colon_allowed) noexcept {
    if (name.empty() || is_digit(name.front())) return false;
    return std::ranges::all_of(
        name, [&](char c) { return is_letter(c) || is_digit(c) || (colon_allowed && c == ':'); });
}

[[noreturn]] void refuse(std::string_view name, std::string_view why) {
    throw error{errc::invalid_configuration, "metric \"" + std::string{name} + "\": " + std::string{why}};
}

void check_labels(instrument_kind kind, std::string_view name,
                  std::span<const std::string_view> label_names) {
    if (label_names.size() > max_labels) refuse(name, "more than 8 labels");
    for (std::size_t i = 0; i < label_names.size(); ++i) {
        const auto label_name = label_names[i];
        if (!is_name(label_name, false) || label_name.starts_with("__"))
            refuse(name, "label name \"" + std::string{label_name} + "\" is not allowed");
        if (kind == instrument_kind::histogram && label_name == "le")
            refuse(name, "the label \"le\" of a histogram is its bucket's bound");
        if (std::ranges::count(label_names, label_name) > 1)
            refuse(name, "label \"" + std::string{label_name} + "\" is named twice");
    }
}

} // namespace

void check_family(instrument_kind kind, std::string_view name, std::string_view help,
                  std::span<const std::string_view> label_names) {
    if (!is_name(name, true))
        refuse(name, "a name is letters, digits, \"_\" and \":\", and starts with no digit");
    if (help.empty() || !is_exposable(help)) refuse(name, "a help text in UTF-8 is needed");
    if ((kind == instrument_kind::counter) != name.ends_with("_total"))
        refuse(name, "names of counters, and only those, end in \"_total\"");
    check_labels(kind, name, label_names);
}

void check_same_family(std::string_view name, bool same_kind, bool same_labels) {
    if (!same_kind) refuse(name, "is already declared as another kind of instrument or with other buckets");
    if (!same_labels) refuse(name, "is already declared with other labels");
}

} // namespace tusk::observe::detail
