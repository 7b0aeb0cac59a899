#include <cli/problem.hpp>

#include <string_view>
#include <utility>

namespace tusk::cli {

exit_code exit_code_of(const failure& cause) noexcept {
    for (const auto of_the_way :
         {condition::cannot_connect, condition::connection_lost, condition::authentication})
        if (cause == of_the_way) return exit_code::connection;
    const auto& code = cause.code();
    if (code == errc::invalid_argument || code == errc::invalid_connection_string) return exit_code::usage;
    // Only ours: the server says "canceled" of a statement timeout too.
    if (code == errc::canceled) return exit_code::interrupted;
    return cause ? exit_code::failure : exit_code::ok;
}

problem::problem(exit_code status, const failure& cause, std::string remedy)
    : message_{cause.message()}, remedy_{std::move(remedy)}, status_{status} {
    while (message_.ends_with('\n')) message_.pop_back();
    constexpr std::string_view mark = "\nremedy: ";
    if (const auto at = message_.rfind(mark); at != std::string::npos) {
        remedy_ = message_.substr(at + mark.size());
        message_.erase(at);
    }
}

problem::problem(const failure& cause, std::string remedy)
    : problem{exit_code_of(cause), cause, std::move(remedy)} {}

problem usage_problem(std::string message, std::string remedy) {
    return {exit_code::usage, failure{errc::invalid_argument, std::move(message)}, std::move(remedy)};
}

} // namespace tusk::cli
