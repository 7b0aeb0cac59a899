#include <tusk/net/detail/tls_bio.hpp>

#include <algorithm>
#include <cstring>
#include <new>

namespace tusk::net::detail {

std::span<std::byte> byte_queue::prepare(std::size_t n) {
    if (capacity_ - end_ < n) {
        const std::size_t used = size();
        if (capacity_ < used + n) {
            const std::size_t grown = std::max(used + n, capacity_ * 2);
            auto larger = std::make_unique_for_overwrite<std::byte[]>(grown);
            if (used > 0) std::memcpy(larger.get(), data_.get() + begin_, used);
            data_ = std::move(larger);
            capacity_ = grown;
        } else if (used > 0) {
            std::memmove(data_.get(), data_.get() + begin_, used);
        }
        begin_ = 0;
        end_ = used;
    }
    return {data_.get() + end_, capacity_ - end_};
}

void byte_queue::commit(std::size_t n) noexcept { end_ += std::min(n, capacity_ - end_); }

void byte_queue::consume(std::size_t n) noexcept {
    begin_ += std::min(n, size());
    if (begin_ == end_) begin_ = end_ = 0;
}

void byte_queue::append(std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    std::memcpy(prepare(bytes.size()).data(), bytes.data(), bytes.size());
    commit(bytes.size());
}

namespace {

tls_wire& wire_of(BIO* bio) noexcept { return *static_cast<tls_wire*>(BIO_get_data(bio)); }

int read_wire(BIO* bio, char* into, std::size_t size, std::size_t* got) noexcept {
    tls_wire& wire = wire_of(bio);
    BIO_clear_retry_flags(bio);
    const auto from = wire.input.readable();
    *got = std::min(size, from.size());
    if (*got == 0) {
        if (!wire.input_ended) BIO_set_retry_read(bio);
        return 0;
    }
    std::memcpy(into, from.data(), *got);
    wire.input.consume(*got);
    return 1;
}

int write_wire(BIO* bio, const char* from, std::size_t size, std::size_t* written) noexcept {
    BIO_clear_retry_flags(bio);
    *written = 0;
    try {
        wire_of(bio).output.append(std::as_bytes(std::span{from, size}));
    } catch (const std::bad_alloc&) {
        return 0; // an exception must not pass through C
    }
    *written = size;
    return 1;
}

long control_wire(BIO* bio, int command, long, void*) noexcept {
    switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return wire_of(bio).input_ended && wire_of(bio).input.size() == 0 ? 1 : 0;
    default: return 0;
    }
}

BIO_METHOD* make_method() noexcept {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tusk wire");
    if (method == nullptr) return nullptr;
    BIO_meth_set_read_ex(method, &read_wire);
    BIO_meth_set_write_ex(method, &write_wire);
    BIO_meth_set_ctrl(method, &control_wire);
    return method;
}

} // namespace

BIO* new_wire_bio(tls_wire& wire) {
    // Never freed: sessions that are statics of the program may outlive everything here.
    static const BIO_METHOD* const method = make_method();
    BIO* bio = method != nullptr ? BIO_new(method) : nullptr;
    if (bio == nullptr) return nullptr;
    BIO_set_data(bio, &wire);
    BIO_set_init(bio, 1);
    return bio;
}

} // namespace tusk::net::detail
