#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/embedded/detached.hpp>
#include <tusk/embedded/detail/posix.hpp>

namespace tusk::embedded::detail {

/// What the registry knows of a detached server: a file `<name>.server` of `key=value` lines in
/// `state_dir()`.
struct registration {
    detached_server server;
    std::uint64_t start_time = 0; ///< Of the postmaster: a pid alone may be somebody else's later.
    std::vector<std::filesystem::path> removed; ///< Directories that go with the server.
    std::string tcp_url;
    std::filesystem::path log_file;
    std::filesystem::path ca_file; ///< Empty without TLS.

    bool is_alive() const;
};

std::string to_text(const registration& entry);
/// Nothing when a field is missing or makes no sense.
std::optional<registration> parse_registration(std::string_view text);

/// The registry entry of one name, locked against other processes while this object lives.
class registry_entry {
public:
    /// Waits for the lock.
    static result<registry_entry> open(const std::string& name);

    std::optional<registration> load() const;
    failure save(const registration& entry) const;
    /// Removes the entry and the directories that go with its server, which must be dead.
    void erase(const registration& entry) const;

private:
    friend std::vector<registration> load_running();

    registry_entry(std::filesystem::path file, unique_fd lock)
        : file_{std::move(file)}, lock_{std::move(lock)} {}

    std::filesystem::path file_;
    unique_fd lock_;
};

/// All entries whose server lives; the others are erased, unless somebody is at work on them.
std::vector<registration> load_running();

/// The signal that asks a postmaster to stop.
int signal_of(stop_mode mode) noexcept;

} // namespace tusk::embedded::detail
