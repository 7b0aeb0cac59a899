#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace testing_support {

namespace fs = std::filesystem;

/// Everything that a shell command printed, and its status.
struct shell_result {
    int status = -1;
    std::string text;
};
inline shell_result shell(const std::string& command) {
    shell_result out;
    std::FILE* pipe = ::popen(("exec 2>&1; " + command).c_str(), "re");
    if (pipe == nullptr) throw std::runtime_error{"popen"};
    char buffer[4096];
    for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.text.append(buffer, n);
    const int status = ::pclose(pipe);
    out.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return out;
}

/// This test program again, running one test that is disabled otherwise.
inline std::string helper(const std::string& test) {
    return fs::read_symlink("/proc/self/exe").string() +
           " --gtest_also_run_disabled_tests --gtest_color=no --gtest_filter='" + test + "'";
}

class temporary_directory {
public:
    temporary_directory() {
        std::string name = "/tmp/tusk-testing-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"mkdtemp " + name};
        path_ = name;
        ::chmod(name.c_str(), 0755);
    }
    ~temporary_directory() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;
    fs::path operator/(const std::string& below) const { return path_ / below; }
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

inline void write(const fs::path& file, const std::string& text) {
    std::ofstream out{file};
    out << text;
}
inline std::string contents(const fs::path& file) {
    std::ifstream in{file};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

/// Sets an environment variable until the end of the scope; nothing removes it.
class scoped_variable {
public:
    scoped_variable(const char* name, std::optional<std::string> value) : name_{name} {
        if (const char* before = std::getenv(name)) before_ = before;
        set(value);
    }
    ~scoped_variable() { set(before_); }
    scoped_variable(const scoped_variable&) = delete;
    scoped_variable& operator=(const scoped_variable&) = delete;

private:
    void set(const std::optional<std::string>& value) {
        if (value)
            ::setenv(name_, value->c_str(), 1);
        else
            ::unsetenv(name_);
    }
    const char* name_;
    std::optional<std::string> before_;
};

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace testing_support
