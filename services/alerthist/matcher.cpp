#include <services/alerthist/matcher.hpp>

#include <algorithm>
#include <optional>

#include <boost/json.hpp>
#include <boost/regex.hpp>

#include <services/alerthist/query.hpp>

namespace tusk::alerthist {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_pattern = 1000;
constexpr std::size_t longest_matched = 4096; ///< Longer values match no pattern.

/// What is wrong with a text, or nothing.
std::optional<std::string> read_text(const json::object& in, const char* key, const std::string& path,
                                     std::string& out) {
    const auto* given = in.if_contains(key);
    if (!given) return path + "." + key + ": is missing";
    if (!given->is_string()) return path + "." + key + ": expected a string";
    out.assign(given->get_string().data(), given->get_string().size());
    if (!is_storable_text(out) || out.size() > longest_pattern)
        return path + "." + key + ": is no text of at most " + std::to_string(longest_pattern) + " bytes";
    return std::nullopt;
}

std::optional<bool> flag_of(const json::object& in, const char* key, const char* other, bool otherwise) {
    const auto* given = in.if_contains(key);
    if (!given) given = in.if_contains(other); // Alertmanager's spelling
    if (!given) return otherwise;
    return given->is_bool() ? std::optional{given->get_bool()} : std::nullopt;
}

} // namespace

// Boost's and not the standard library's: that one recurses once a character, and takes exponential time
// where Boost gives up.
struct matcher::pattern {
    boost::regex expression;
};

boost::system::result<matcher, std::string> matcher::parse(const json::value& from, const std::string& path) {
    const auto* in = from.if_object();
    if (!in) return path + ": expected an object";
    matcher out;
    if (const auto problem = read_text(*in, "name", path, out.name_)) return *problem;
    if (out.name_.empty()) return path + ".name: is empty";
    if (const auto problem = read_text(*in, "value", path, out.value_)) return *problem;
    const auto is_regex = flag_of(*in, "is_regex", "isRegex", false);
    const auto is_equal = flag_of(*in, "is_equal", "isEqual", true);
    if (!is_regex || !is_equal) return path + (is_regex ? ".is_equal" : ".is_regex") + ": expected a boolean";
    out.is_equal_ = *is_equal;
    if (!*is_regex) return out;
    try {
        out.regex_ = std::make_shared<pattern>(pattern{boost::regex{out.value_, boost::regex::perl}});
    } catch (const boost::regex_error&) {
        return path + ".value: is no regular expression";
    }
    return out;
}

bool matcher::matches(const label_set& labels) const {
    static const std::string nothing;
    const auto found = labels.find(name_);
    const auto& value = found == labels.end() ? nothing : found->second;
    if (!regex_) return (value == value_) == is_equal_;
    if (value.size() > longest_matched) return !is_equal_;
    try {
        return boost::regex_match(value, regex_->expression) == is_equal_;
    } catch (const std::exception&) { // too complex for this value
        return false;
    }
}

bool match_all(const std::vector<matcher>& list, const label_set& labels) {
    return std::all_of(list.begin(), list.end(),
                       [&labels](const matcher& one) { return one.matches(labels); });
}

boost::system::result<std::vector<matcher>, std::string> parse_matchers(const json::value& from,
                                                                        const std::string& path) {
    const auto* list = from.if_array();
    if (!list || list->empty() || list->size() > 50) return path + ": expected a list of 1 to 50 matchers";
    std::vector<matcher> out;
    for (std::size_t i = 0; i < list->size(); ++i) {
        auto one = matcher::parse((*list)[i], path + "[" + std::to_string(i) + "]");
        if (!one) return one.error();
        out.push_back(std::move(*one));
    }
    return out;
}

} // namespace tusk::alerthist
