#include <cli/app.hpp>

#include <exception>

#include <cli/command_tree.hpp>
#include <cli/db_commands.hpp>
#include <cli/doctor_command.hpp>
#include <cli/general_commands.hpp>
#include <cli/migrate_commands.hpp>
#include <cli/objectives_command.hpp>
#include <cli/proxy_command.hpp>
#include <cli/schema_commands.hpp>
#include <cli/test_commands.hpp>
#include <cli/verify_command.hpp>

namespace tusk::cli {

namespace {

constexpr const char* unexpected_remedy = "please report this, with the command line that caused it";

exit_code report(output& to, const problem& what) {
    to.report(what);
    return what.status();
}

/// Every family of commands adds its own here.
exit_code run_command(const std::vector<std::string>& arguments, output& to, const environment& variables) {
    command_tree tree{to, variables};
    add_db_commands(tree);
    add_general_commands(tree);
    add_migrate_commands(tree);
    add_schema_commands(tree);
    add_verify_command(tree);
    add_doctor_command(tree);
    add_objectives_command(tree);
    add_test_commands(tree);
    add_proxy_command(tree);
    return tree.parse(arguments)();
}

exit_code run_reporting(const std::vector<std::string>& arguments, output& to, const environment& variables) {
    try {
        return run_command(arguments, to, variables);
    } catch (const problem& what) {
        return report(to, what);
    } catch (const error& what) {
        return report(to, problem{what.as_failure(), unexpected_remedy});
    } catch (const std::exception& what) {
        return report(
            to, problem{exit_code::failure, failure{errc::environment, what.what()}, unexpected_remedy});
    }
}

} // namespace

exit_code run(const std::vector<std::string>& arguments, const streams& to,
              const environment& variables) noexcept {
    output printed{to};
    const auto status = run_reporting(arguments, printed, variables);
    if (printed.finish() || status != exit_code::ok) return status;
    printed.report(problem{exit_code::failure,
                           failure{errc::environment, "cannot write to the standard output"},
                           "see whether the disk is full or the reader has gone"});
    return exit_code::failure;
}

} // namespace tusk::cli
