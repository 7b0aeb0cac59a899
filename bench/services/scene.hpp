#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <sys/types.h>

#include <tusk/client/blocking.hpp>
#include <tusk/embedded/server.hpp>

namespace bench_services {

/// PostgreSQL without fsync, and alerthist on it as a child process.
class scene {
public:
    /// `program` is alerthist; `scratch` is where the data go, empty is memory, where there is some. Throws
    /// what goes wrong.
    scene(const std::filesystem::path& program, const std::filesystem::path& scratch);
    ~scene();
    scene(const scene&) = delete;
    scene& operator=(const scene&) = delete;

    std::uint16_t port() const noexcept { return port_; }
    tusk::embedded::server& postgres() noexcept { return postgres_; }
    /// A connection of its own.
    tusk::blocking::connection sql() const;

    /// Seconds of processor that alerthist has used, and PostgreSQL with its processes of now.
    double alerthist_seconds() const;
    double postgres_seconds() const;
    /// The most memory that alerthist has had, MiB (VmHWM).
    double peak_memory() const;

private:
    void launch(const std::filesystem::path& program);
    void await_ready() const;

    tusk::embedded::server postgres_;
    std::filesystem::path settings_;
    pid_t alerthist_ = 0;
    int output_ = -1;
    std::uint16_t port_ = 0;
};

} // namespace bench_services
