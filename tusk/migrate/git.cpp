#include <tusk/migrate/git.hpp>

#include <array>
#include <sstream>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tusk/migrate/detail/refusal.hpp>

extern char** environ;

namespace tusk::migrate {

namespace {

struct git_answer {
    int status = -1;
    std::string out;
};

/// Runs git without a shell: its arguments are arguments, whatever is in them.
git_answer run_git(std::vector<std::string> arguments) {
    git_answer answer;
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return answer;
    arguments.insert(arguments.begin(), "git");
    std::vector<char*> argv;
    for (auto& each : arguments) argv.push_back(each.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child = -1;
    const bool started = ::posix_spawnp(&child, "git", &actions, nullptr, argv.data(), environ) == 0;
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    std::array<char, 4096> buffer{};
    if (started)
        for (ssize_t n = 0; (n = ::read(ends[0], buffer.data(), buffer.size())) > 0;)
            answer.out.append(buffer.data(), static_cast<std::size_t>(n));
    ::close(ends[0]);
    int status = 0;
    if (started && ::waitpid(child, &status, 0) == child && WIFEXITED(status))
        answer.status = WEXITSTATUS(status);
    return answer;
}

void add_names(std::set<std::string>& to, const std::string& lines) {
    std::istringstream in{lines};
    for (std::string line; std::getline(in, line, '\0');)
        if (line.ends_with(".sql") && line.find('/') == std::string::npos) to.insert(line);
}

} // namespace

result<std::set<std::string>> changed_since(const directory& dir, const std::string& base) {
    using names = std::set<std::string>;
    const auto where = dir.path().string();
    if (run_git({"-C", where, "rev-parse", "--git-dir"}).status != 0)
        return failed<names>(
            failure{errc::environment, where + " is in no git repository, or git is missing"});
    // A base that begins with "-" would be an option.
    const auto commit =
        run_git({"-C", where, "rev-parse", "--verify", "--quiet", "--end-of-options", base + "^{commit}"});
    if (commit.status != 0)
        return failed<names>(refused("git knows no branch or commit `" + base +
                                     "`\nremedy: fetch it (in CI: with its history)"));
    const auto hash = commit.out.substr(0, commit.out.find('\n'));
    const auto fork = run_git({"-C", where, "merge-base", hash, "HEAD"});
    const auto since = fork.status == 0 ? fork.out.substr(0, fork.out.find('\n')) : hash;
    names out;
    add_names(out, run_git({"-C", where, "diff", "-z", "--name-only", "--diff-filter=d", "--relative", since,
                            "--", "."})
                       .out);
    add_names(out, run_git({"-C", where, "ls-files", "-z", "--others", "--exclude-standard", "--", "."}).out);
    return out;
}

} // namespace tusk::migrate
