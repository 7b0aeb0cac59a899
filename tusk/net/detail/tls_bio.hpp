#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <openssl/bio.h>

namespace tusk::net::detail {

/// Bytes that are added at the end and taken from the front. Memory that is handed out is not cleared before.
class byte_queue {
public:
    std::span<const std::byte> readable() const noexcept { return {data_.get() + begin_, end_ - begin_}; }
    /// Room for at least `n` bytes behind the last one.
    std::span<std::byte> prepare(std::size_t n);
    void commit(std::size_t n) noexcept;
    void consume(std::size_t n) noexcept;
    void append(std::span<const std::byte> bytes);
    std::size_t size() const noexcept { return end_ - begin_; }

private:
    std::unique_ptr<std::byte[]> data_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

/// What OpenSSL takes for its transport.
struct tls_wire {
    byte_queue input;         ///< From the peer.
    byte_queue output;        ///< For the peer.
    bool input_ended = false; ///< Nothing will be added to `input`.
};

/// A BIO on `wire`, which must live longer. OpenSSL's own memory BIOs would copy every byte once more. Null
/// when there is no memory.
BIO* new_wire_bio(tls_wire& wire);

} // namespace tusk::net::detail
