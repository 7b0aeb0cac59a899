#include <services/alerthist/classification.hpp>

#include <fmt/format.h>

#include <services/alerthist/common.hpp>

namespace tusk::alerthist {

bool is_severity_class(std::string_view word) noexcept {
    return word == "critical" || word == "warning" || word == "info" || word == "noise";
}

std::string to_json(const classification& what) {
    std::string list = "[";
    for (const auto& one : what.recommendations) {
        if (list.size() > 1) list += ',';
        append_json_string(list, one);
    }
    json_object out;
    out.text("severity", what.severity).raw("confidence", fmt::format("{}", what.confidence));
    out.text("category", what.category).text("rule", what.rule).text("source", what.source);
    out.text("reasoning", what.reasoning).raw("recommendations", list + "]");
    return out.finish();
}

} // namespace tusk::alerthist
