#include <cli/verify_command.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

#include <CLI/CLI.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>

#include <cli/command_tree.hpp>
#include <cli/verify_sql.hpp>
#include <tusk/client/blocking.hpp>
#include <tusk/client/named_arguments.hpp>
#include <tusk/client/verify.hpp>

namespace tusk::cli {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

struct request {
    std::string database;
    std::vector<std::string> paths;
};

/// What was found in one program or file.
struct verified {
    std::string path;
    std::int64_t statements = 0;
    json::array problems;
};

// ---- programs

class owned_fd {
public:
    explicit owned_fd(int fd) noexcept : fd_{fd} {}
    ~owned_fd() { reset(); }
    owned_fd(const owned_fd&) = delete;
    owned_fd& operator=(const owned_fd&) = delete;
    int get() const noexcept { return fd_; }
    void reset() noexcept {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

private:
    int fd_;
};

std::string read_all(int fd) {
    std::string out;
    char buffer[4096];
    for (;;) {
        const auto n = ::read(fd, buffer, sizeof buffer);
        if (n > 0)
            out.append(buffer, static_cast<std::size_t>(n));
        else if (n == 0 || errno != EINTR)
            return out;
    }
}

problem cannot_run(const std::string& path, int error) {
    return {failure{errc::environment,
                    "cannot run " + path + ": " + std::error_code{error, std::generic_category()}.message()},
            "give the path of a program of this machine, or of a file whose name ends in .sql"};
}

/// Runs a program with TUSK_VERIFY set and answers what it printed.
std::string output_of(const std::string& path, const std::string& database, int& status) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw cannot_run(path, errno);
    const owned_fd from{ends[0]};
    owned_fd to{ends[1]};
    // The program gets the variables of this one.
    ::setenv("TUSK_VERIFY", database.c_str(), 1);
    ::setenv("TUSK_VERIFY_FORMAT", "json", 1);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, to.get(), STDOUT_FILENO);
    std::string name = path;
    char* const line[] = {name.data(), nullptr};
    pid_t pid = 0;
    const int error = ::posix_spawn(&pid, path.c_str(), &actions, nullptr, line, environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw cannot_run(path, error);
    to.reset();
    auto out = read_all(from.get());
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return out;
}

/// The last line that a program printed, as JSON.
std::optional<json::object> answer_in(std::string text) {
    text.erase(text.find_last_not_of('\n') + 1);
    json::error_code ec;
    auto value = json::parse(text.substr(text.rfind('\n') + 1), ec);
    if (ec || !value.is_object()) return std::nullopt;
    const auto* schema = value.get_object().if_contains("schema");
    if (schema == nullptr || *schema != "tusk.verify.program/1") return std::nullopt;
    return value.get_object();
}

verified verify_program(const std::string& path, const std::string& database) {
    int status = 0;
    const auto answer = answer_in(output_of(path, database, status));
    if (!answer) {
        if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
            throw problem{
                exit_code::connection,
                failure{errc::connect_failed, path + " cannot verify its statements; it says why above"},
                "see whether the server runs and --database is right"};
        throw problem{failure{errc::environment, path + " does not answer with what it verified"},
                      "call tusk::handle_verify() at the beginning of its main (docs/statements.md)"};
    }
    return {path, answer->at("statements").as_int64(), answer->at("problems").as_array()};
}

// ---- SQL files

std::string contents_of(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream out;
    if (in) out << in.rdbuf();
    if (!in)
        throw problem{failure{errc::environment, "cannot read " + path},
                      "see whether the file is there and may be read"};
    return out.str();
}

verified verify_file(const std::string& path, blocking::connection& db) {
    verified out{path, 0, {}};
    for (const auto& s : split_statements(contents_of(path))) {
        ++out.statements;
        auto written = detail::rewrite_named(s.text);
        const auto f = written ? describe_statement(db, written->text) : written.error();
        if (!f) continue;
        if (!db.is_open()) throw problem{f, "see whether the server runs"};
        out.problems.push_back(json::object{
            {"severity", "error"},
            {"sql", s.text},
            {"line", s.line},
            {"message", f.message()},
            {"remedy",
             "correct the statement, or bring the database up to date if this one has an older schema"}});
    }
    return out;
}

// ---- the command

std::string database_of(const request& wanted, const environment& variables) {
    if (!wanted.database.empty()) return wanted.database;
    auto given = variables.variable("DATABASE_URL").value_or("");
    return given.empty() ? "postgresql://" : given; // what the PG… variables say
}

std::string text_of(const json::object& p, const char* key) { return json::value_to<std::string>(p.at(key)); }

void print(const verified& v, output& to) {
    for (const auto& each : v.problems) {
        const auto& p = each.as_object();
        auto where = v.path;
        if (const auto* line = p.if_contains("line"))
            where += ":" + std::to_string(json::value_to<std::int64_t>(*line));
        to.line(where + ": " + text_of(p, "severity") + ": " + text_of(p, "message"));
        to.line("  statement: " + text_of(p, "sql"));
        to.line("  remedy: " + text_of(p, "remedy"));
    }
    to.note(v.path + ": " + std::to_string(v.statements) +
            (v.statements == 1 ? " statement" : " statements") + " verified");
}

exit_code verify(const request& wanted, command_tree& tree) {
    auto& to = tree.to();
    const auto database = database_of(wanted, tree.variables());
    std::optional<blocking::connection> db;
    json::array checked;
    std::int64_t errors = 0;
    std::int64_t warnings = 0;
    for (const auto& path : wanted.paths) {
        const bool is_sql = fs::path{path}.extension() == ".sql";
        if (is_sql && !db) {
            auto opened = blocking::connection::try_open(
                parse_connect_config(database, tree.variables()).value(), {}, deadline::never());
            if (!opened) throw problem{opened.error(), "see whether the server runs and --database is right"};
            db.emplace(std::move(*opened));
        }
        const auto v = is_sql ? verify_file(path, *db) : verify_program(path, database);
        for (const auto& p : v.problems)
            ++(text_of(p.as_object(), "severity") == "error" ? errors : warnings);
        if (!to.is_json()) print(v, to);
        checked.push_back(
            json::object{{"path", v.path}, {"statements", v.statements}, {"problems", v.problems}});
    }
    if (to.is_json())
        to.object({{"schema", "tusk.verify/1"},
                   {"errors", errors},
                   {"warnings", warnings},
                   {"checked", std::move(checked)}});
    return errors > 0 ? exit_code::found : exit_code::ok;
}

} // namespace

void add_verify_command(command_tree& tree) {
    auto wanted = std::make_shared<request>();
    auto& command =
        tree.add_command(tree.root(), "verify", "Check the statements of programs and SQL files on a server",
                         [&tree, wanted] { return verify(*wanted, tree); });
    command
        .add_option("--database", wanted->database,
                    "The connection string of the database; $DATABASE_URL when not given")
        ->option_text("URL");
    command
        .add_option("path", wanted->paths, "Programs that call tusk::handle_verify(), and SQL files (*.sql)")
        ->required();
    tree.answers_in_json(command);
    command.footer(
        "Nothing is executed: the server parses and describes the statements. Status 3: errors were found.\n"
        "Examples:\n"
        "  tusk verify --database postgres:///app build/app\n"
        "  tusk verify queries/*.sql");
}

} // namespace tusk::cli
