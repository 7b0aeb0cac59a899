#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace e2e {

/// A directory that goes with the test.
class scratch {
public:
    scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "tusk-e2e-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
        path_ = name;
    }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;
    ~scratch() { std::filesystem::remove_all(path_); }
    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path write(const std::string& name, const std::string& text) const {
        std::ofstream{path_ / name} << text;
        return path_ / name;
    }

private:
    std::filesystem::path path_;
};

/// Asks again and again, for other processes do the work.
template <class F>
bool eventually(F done, std::chrono::seconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < until) {
        if (done()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
    return done();
}

} // namespace e2e
