#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tusk::wire {

/// Reads a big-endian integer; `p` need not be aligned.
template <class Int>
Int load_big_endian(const std::byte* p) noexcept {
    using U = std::make_unsigned_t<Int>;
    U raw;
    std::memcpy(&raw, p, sizeof raw);
    if constexpr (sizeof(Int) == 2)
        raw = __builtin_bswap16(raw);
    else if constexpr (sizeof(Int) == 4)
        raw = __builtin_bswap32(raw);
    else if constexpr (sizeof(Int) == 8)
        raw = __builtin_bswap64(raw);
    return static_cast<Int>(raw);
}

template <class Int>
void store_big_endian(std::byte* p, Int value) noexcept {
    using U = std::make_unsigned_t<Int>;
    U raw = static_cast<U>(value);
    if constexpr (sizeof(Int) == 2)
        raw = __builtin_bswap16(raw);
    else if constexpr (sizeof(Int) == 4)
        raw = __builtin_bswap32(raw);
    else if constexpr (sizeof(Int) == 8)
        raw = __builtin_bswap64(raw);
    std::memcpy(p, &raw, sizeof raw);
}
static_assert(std::endian::native == std::endian::little, "tusk::wire swaps bytes for little-endian hosts");

/// An append-only byte buffer that keeps its memory between uses and never zero-fills.
class write_buffer {
public:
    write_buffer() noexcept = default;
    write_buffer(write_buffer&& other) noexcept { swap(other); }
    write_buffer& operator=(write_buffer&& other) noexcept {
        swap(other);
        return *this;
    }

    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    const std::byte* data() const noexcept { return data_.get(); }
    std::byte* data() noexcept { return data_.get(); }
    std::span<const std::byte> bytes() const noexcept { return {data_.get(), size_}; }
    void clear() noexcept { size_ = 0; }
    void resize_down(std::size_t size) noexcept { size_ = size < size_ ? size : size_; }

    /// Space for `n` more bytes, already counted as written.
    std::byte* append(std::size_t n) {
        if (n > capacity_ - size_) grow(n);
        std::byte* at = data_.get() + size_;
        size_ += n;
        return at;
    }
    void put(std::span<const std::byte> bytes) {
        if (!bytes.empty()) std::memcpy(append(bytes.size()), bytes.data(), bytes.size());
    }
    void put(std::string_view text) {
        if (!text.empty()) std::memcpy(append(text.size()), text.data(), text.size());
    }
    template <class Int>
    void put_int(Int value) {
        store_big_endian(append(sizeof value), value);
    }
    void put_byte(char c) { *append(1) = static_cast<std::byte>(c); }
    /// `text` and a terminating NUL; the caller has checked that `text` holds none.
    void put_cstring(std::string_view text) {
        put(text);
        put_byte('\0');
    }

    /// The memory behind a buffer, for a moment in somebody else's hands.
    struct memory {
        std::unique_ptr<std::byte[]> data;
        std::size_t size = 0; ///< Bytes that are written.
        std::size_t capacity = 0;
    };
    /// Hands the memory out; the buffer is empty until `adopt`.
    memory release() noexcept {
        return {std::move(data_), std::exchange(size_, 0), std::exchange(capacity_, 0)};
    }
    /// Takes memory (back), with what is written in it.
    void adopt(memory m) noexcept {
        data_ = std::move(m.data);
        size_ = m.size;
        capacity_ = m.capacity;
    }

    /// Gives memory past `limit` bytes back; for after a burst.
    void shrink(std::size_t limit) {
        if (capacity_ > limit && size_ == 0) {
            data_.reset();
            capacity_ = 0;
        }
    }

private:
    void swap(write_buffer& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }
    void grow(std::size_t n);

    std::unique_ptr<std::byte[]> data_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

/// The receive buffer of one connection: bytes come in at the tail, whole messages go out at the head.
/// It grows by doubling what really arrived, never by what a length field promises.
class read_buffer {
public:
    static constexpr std::size_t initial_capacity = 32 * 1024;

    /// Space to receive into; at least 1 byte, usually much more. Invalidates views of unread bytes.
    std::span<std::byte> prepare();
    /// `n` bytes were received into the span of `prepare()`.
    void commit(std::size_t n) noexcept { tail_ += n; }

    /// Received and not yet consumed.
    std::span<const std::byte> unread() const noexcept { return {data_.get() + head_, tail_ - head_}; }
    /// The first `n` unread bytes are done with. Their memory stays valid until `prepare()`.
    void consume(std::size_t n) noexcept { head_ += n; }
    void clear() noexcept { head_ = tail_ = 0; }
    std::size_t capacity() const noexcept { return capacity_; }

private:
    std::unique_ptr<std::byte[]> data_;
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
    std::size_t capacity_ = 0;
};

/// A bounded cursor over the body of one message. A read past the end gives zero and sets `failed()`; a
/// length is never believed before it is compared with what is left.
class body_reader {
public:
    explicit body_reader(std::span<const std::byte> body) noexcept
        : at_{body.data()}, end_{body.data() + body.size()} {}

    bool failed() const noexcept { return failed_; }
    std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    /// Everything was read, nothing more and nothing less.
    bool finished() const noexcept { return !failed_ && at_ == end_; }

    template <class Int>
    Int get_int() noexcept {
        if (left() < sizeof(Int)) {
            failed_ = true;
            return 0;
        }
        const Int value = load_big_endian<Int>(at_);
        at_ += sizeof(Int);
        return value;
    }
    char get_byte() noexcept {
        if (left() < 1) {
            failed_ = true;
            return 0;
        }
        return static_cast<char>(*at_++);
    }
    /// A NUL-terminated string, without its NUL; the view points into the body.
    std::string_view get_cstring() noexcept {
        const void* nul = left() == 0 ? nullptr : std::memchr(at_, 0, left());
        if (nul == nullptr) {
            failed_ = true;
            return {};
        }
        const auto* last = static_cast<const std::byte*>(nul);
        const std::string_view text{reinterpret_cast<const char*>(at_), static_cast<std::size_t>(last - at_)};
        at_ = last + 1;
        return text;
    }
    std::span<const std::byte> get_bytes(std::size_t n) noexcept {
        if (left() < n) {
            failed_ = true;
            return {};
        }
        const std::span<const std::byte> out{at_, n};
        at_ += n;
        return out;
    }
    std::span<const std::byte> rest() noexcept { return get_bytes(left()); }

private:
    const std::byte* at_;
    const std::byte* end_;
    bool failed_ = false;
};

} // namespace tusk::wire
