#include <tusk/testing/database_options.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tusk/migrate/directory.hpp>
#include <tusk/migrate/migrator.hpp>

extern char** environ;

namespace tusk::testing {

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
    std::ifstream in{file, std::ios::binary};
    std::ostringstream out;
    out << in.rdbuf();
    if (!in) throw error{errc::environment, "cannot read " + file.string()};
    return std::move(out).str();
}

void run_script(const std::string& url, const std::string& sql) {
    blocking::connection::open(url).script(sql);
}

std::vector<fs::path> scripts_in(const fs::path& folder) {
    std::error_code problem;
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator{folder, problem})
        if (entry.path().extension() == ".sql") out.push_back(entry.path());
    if (problem) throw error{errc::environment, "cannot read the folder " + folder.string()};
    std::sort(out.begin(), out.end());
    return out;
}

/// Names and contents of everything below.
std::string content_of(const fs::path& place) {
    std::error_code problem;
    if (!fs::is_directory(place, problem)) return place.string() + "\n" + text_of(place);
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator{place, problem})
        if (entry.is_regular_file()) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    std::string out;
    for (const auto& file : files) out += file.string() + "\n" + text_of(file) + "\n";
    return out;
}

migrate::directory opened(const std::string& directory) {
    return migrate::directory::open(directory).value();
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
    return out;
}

void run_command(const std::vector<std::string>& line, const std::string& url) {
    if (line.empty()) throw error{errc::invalid_argument, "the command has no words"};
    std::vector<std::string> words{line};
    std::vector<std::string> variables{"DATABASE_URL=" + url};
    for (char** v = environ; *v != nullptr; ++v)
        if (!std::string_view{*v}.starts_with("DATABASE_URL=")) variables.emplace_back(*v);
    std::vector<char*> arguments;
    std::vector<char*> environment;
    for (auto& word : words) arguments.push_back(word.data());
    for (auto& variable : variables) environment.push_back(variable.data());
    arguments.push_back(nullptr);
    environment.push_back(nullptr);
    pid_t pid = 0;
    const int problem =
        ::posix_spawnp(&pid, arguments[0], nullptr, nullptr, arguments.data(), environment.data());
    if (problem != 0)
        throw error{errc::environment, "cannot run: " + std::generic_category().message(problem)};
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (status != 0)
        throw error{errc::environment, WIFEXITED(status)
                                           ? "it ended with status " + std::to_string(WEXITSTATUS(status))
                                           : "it was ended by signal " + std::to_string(WTERMSIG(status))};
}

} // namespace

database_options& database_options::script(std::string sql) {
    const auto number = std::to_string(steps_.size() + 1);
    return add(
        {"script " + number, [sql] { return sql; }, [sql](const std::string& url) { run_script(url, sql); }});
}

database_options& database_options::script_file(fs::path file) {
    return add({file.string(), [file] { return text_of(file); },
                [file](const std::string& url) { run_script(url, text_of(file)); }});
}

database_options& database_options::script_folder(fs::path folder) {
    return add({folder.string(),
                [folder] {
                    std::string out;
                    for (const auto& file : scripts_in(folder)) out += content_of(file) + "\n";
                    return out;
                },
                [folder](const std::string& url) {
                    auto db = blocking::connection::open(url);
                    for (const auto& file : scripts_in(folder))
                        if (auto f = db.try_script(text_of(file)))
                            throw error{std::move(f.add_context(file.filename().string()))};
                }});
}

database_options& database_options::migrations(std::string directory) {
    return add({"migrations of " + directory,
                [directory] {
                    const auto files = opened(directory);
                    std::string out = files.sum().text(); // hashes of all contents
                    for (const auto& file : files.files()) out += file.name() + "\n";
                    return out;
                },
                [directory](const std::string& url) {
                    static_cast<void>(blocking::migrator{opened(directory), url}.apply());
                }});
}

database_options& database_options::command(std::vector<std::string> line, std::vector<fs::path> depends_on) {
    const auto text = joined(line);
    return add({"`" + text + "`",
                [text, depends_on] {
                    auto out = text + "\n";
                    for (const auto& place : depends_on) out += content_of(place) + "\n";
                    return out;
                },
                [line](const std::string& url) { run_command(line, url); }});
}

database_options& database_options::prepare(std::string content,
                                            std::function<void(blocking::connection&)> run) {
    const auto number = std::to_string(steps_.size() + 1);
    return add({"step " + number, [content] { return content; },
                [run](const std::string& url) {
                    auto db = blocking::connection::open(url);
                    run(db);
                }});
}

} // namespace tusk::testing
