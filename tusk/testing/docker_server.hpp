#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tusk/core/error.hpp>

namespace tusk::testing {

/// How a container is to be run.
class docker_options {
public:
    docker_options& image(std::string name) {
        image_ = std::move(name);
        return *this;
    }
    /// The program; "docker" of `PATH`, or `podman`.
    docker_options& program(std::string name) {
        program_ = std::move(name);
        return *this;
    }
    docker_options& setting(std::string name, std::string value) {
        settings_.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    /// How long it may take until the server answers; the image may have to be fetched. Default 5 minutes.
    docker_options& startup_timeout(std::chrono::milliseconds limit) {
        startup_timeout_ = limit;
        return *this;
    }

    const std::string& image() const noexcept { return image_; }
    const std::string& program() const noexcept { return program_; }
    const std::vector<std::pair<std::string, std::string>>& settings() const noexcept { return settings_; }
    std::chrono::milliseconds startup_timeout() const noexcept { return startup_timeout_; }

private:
    std::string image_ = "postgres:16-alpine";
    std::string program_ = "docker";
    std::vector<std::pair<std::string, std::string>> settings_;
    std::chrono::milliseconds startup_timeout_{std::chrono::minutes{5}};
};

/// PostgreSQL in a container, by the command line of Docker: no daemon's API, no library. The container
/// watches a pipe from this process and ends with it, also when it is killed.
class docker_server {
public:
    /// Returns when the server answers. Errors: `errc::environment` when there is no such program, no daemon
    /// or no image, with what Docker said; `errc::timeout`.
    static result<docker_server> start(const docker_options& options = docker_options{});
    docker_server(docker_server&&) noexcept;
    docker_server& operator=(docker_server&&) noexcept;
    ~docker_server();

    const std::string& url() const noexcept;
    /// The container's name.
    const std::string& name() const noexcept;
    /// What the container printed so far: the server's log.
    std::string log() const;

private:
    class impl;
    explicit docker_server(std::unique_ptr<impl> running) noexcept;
    std::unique_ptr<impl> impl_;
};

} // namespace tusk::testing
