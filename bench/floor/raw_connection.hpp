#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <tusk/wire/buffer.hpp>

namespace bench::raw {

/// A socket of which nothing is asked but sending bytes and throwing bytes away. A unix socket and `trust`
/// only.
class connection {
public:
    /// Throws std::runtime_error.
    explicit connection(const std::string& url);
    ~connection();
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    int backend() const noexcept { return backend_; }
    void send(std::span<const std::byte> message);
    /// Some bytes; they are gone with the next call.
    std::span<const std::byte> receive();
    /// Receives until the server is ready again; throws when an error is the first message.
    void skip_answer();

private:
    void start(const std::string& user, const std::string& database, const std::string& options);

    int fd_ = -1;
    int backend_ = 0;
    std::array<std::byte, 65536> buffer_;
};

} // namespace bench::raw
