#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/json/fwd.hpp>
#include <boost/system/result.hpp>

#include <services/alerthist/alertmanager.hpp>

namespace tusk::alerthist {

/// What a silence or an inhibition asks of one label, as in Alertmanager; a label that is missing has the
/// empty value.
class matcher {
public:
    /// The error names the place below `path`.
    static boost::system::result<matcher, std::string> parse(const boost::json::value& from,
                                                             const std::string& path);

    bool matches(const label_set& labels) const;

private:
    struct pattern;
    std::string name_;
    std::string value_;
    std::shared_ptr<const pattern> regex_; ///< Null when the value is to be equal.
    bool is_equal_ = true;
};

/// All of them match.
bool match_all(const std::vector<matcher>& list, const label_set& labels);

/// A list of at least one matcher.
boost::system::result<std::vector<matcher>, std::string> parse_matchers(const boost::json::value& from,
                                                                        const std::string& path);

} // namespace tusk::alerthist
