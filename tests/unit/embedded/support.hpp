#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include <tests/temporary_directory.hpp>

namespace tusk::embedded::test {

using tests::temporary_directory;

/// Sets an environment variable (or removes it) until the end of the scope.
class scoped_variable {
public:
    scoped_variable(const char* name, const std::optional<std::string>& value) : name_{name} {
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

inline void write_text(const std::filesystem::path& file, const std::string& text, mode_t mode = 0644) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream{file} << text;
    ::chmod(file.c_str(), mode);
}

inline std::string read_text(const std::filesystem::path& file) {
    std::ifstream in{file};
    return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace tusk::embedded::test
