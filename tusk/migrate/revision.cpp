#include <tusk/migrate/revision.hpp>

#include <boost/json/parse.hpp>

#include <tusk/migrate/digest.hpp>

namespace tusk::migrate {

std::vector<std::string> statement_hashes(const std::vector<statement>& of) {
    std::vector<std::string> out;
    digest running;
    for (const auto& each : of) out.push_back("h1:" + running.add(each.text).base64());
    return out;
}

std::vector<std::string> partial_hashes_of(const revision& r) {
    std::vector<std::string> out;
    boost::json::error_code ec;
    const auto list = boost::json::parse(r.partial_hashes.value_or("[]"), ec);
    if (ec || !list.is_array()) return out;
    for (const auto& each : list.as_array())
        if (const auto* text = each.if_string()) out.emplace_back(*text);
    return out;
}

} // namespace tusk::migrate
