#include <tusk/orm/repeated_queries.hpp>

namespace tusk::orm {

void repeated_queries::note(std::string_view sql, const std::source_location& where) {
    ++total_;
    std::string key{where.file_name()};
    key += ':' + std::to_string(where.line()) + ':' + std::to_string(where.column()) + ':';
    key += sql;
    const auto times = ++seen_[key];
    if (times == threshold_ && report_) report_({std::string{sql}, times, where});
}

} // namespace tusk::orm
