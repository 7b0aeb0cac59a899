#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include <tusk/core/error.hpp>
#include <tusk/wire/buffer.hpp>
#include <tusk/wire/frontend.hpp>

namespace tusk {

/// Bytes of encoded values. Small argument lists stay inside the object, so that a query allocates nothing.
class value_sink {
public:
    value_sink() noexcept = default;
    value_sink(value_sink&& other) noexcept { take(other); }
    value_sink& operator=(value_sink&& other) noexcept {
        if (this != &other) take(other);
        return *this;
    }

    std::size_t size() const noexcept { return size_; }
    std::byte* data() noexcept { return heap_ ? heap_.get() : inline_; }
    std::span<const std::byte> bytes() const noexcept { return {heap_ ? heap_.get() : inline_, size_}; }
    void clear() noexcept { size_ = 0; }

    /// Space for `n` more bytes, already counted.
    std::byte* append(std::size_t n) {
        if (n > capacity_ - size_) grow(n);
        std::byte* at = data() + size_;
        size_ += n;
        return at;
    }
    void put(std::span<const std::byte> bytes) {
        if (!bytes.empty()) std::memcpy(append(bytes.size()), bytes.data(), bytes.size());
    }
    void put(std::string_view text) {
        if (!text.empty()) std::memcpy(append(text.size()), text.data(), text.size());
    }
    void put_byte(char c) { *append(1) = static_cast<std::byte>(c); }
    template <class Int>
    void put_int(Int value) {
        wire::store_big_endian(append(sizeof value), value);
    }
    /// Drops what was appended after the first `size` bytes.
    void resize_down(std::size_t size) noexcept { size_ = size < size_ ? size : size_; }

    /// Writes on in the memory of a message buffer, behind what is there; `release` gives it back. What the
    /// sink held is lost.
    void adopt(wire::write_buffer::memory m) {
        heap_ = std::move(m.data);
        size_ = heap_ ? m.size : 0;
        capacity_ = heap_ ? m.capacity : inline_capacity;
    }
    /// Empties the sink into the memory of a message buffer.
    wire::write_buffer::memory release() {
        if (!heap_) move_to_heap();
        return {std::move(heap_), std::exchange(size_, 0), std::exchange(capacity_, inline_capacity)};
    }

private:
    static constexpr std::size_t inline_capacity = 256;
    void grow(std::size_t n);
    void move_to_heap();
    void take(value_sink& other) noexcept {
        heap_ = std::move(other.heap_);
        size_ = other.size_;
        capacity_ = other.capacity_;
        if (!heap_ && size_ != 0) std::memcpy(inline_, other.inline_, size_);
        other.size_ = 0;
        other.capacity_ = inline_capacity;
    }

    std::unique_ptr<std::byte[]> heap_;
    std::size_t size_ = 0;
    std::size_t capacity_ = inline_capacity;
    std::byte inline_[inline_capacity]; // not initialised: only the first size_ bytes mean something
};

/// The encoded arguments of one statement, in the form that Bind carries.
class parameters {
public:
    parameters() noexcept = default;
    parameters(parameters&& other) noexcept { take(other); }
    parameters& operator=(parameters&& other) noexcept {
        if (this != &other) take(other);
        return *this;
    }

    std::size_t count() const noexcept { return count_; }
    void clear() noexcept {
        count_ = 0;
        values_.clear();
    }
    wire::bound_values bound() const noexcept { return {{formats(), count_}, values_.bytes()}; }

    void add_null() {
        add_format(0);
        values_.put_int(std::int32_t{-1});
    }
    /// Opens a value; append its bytes to the sink, then call `end_value()`.
    value_sink& begin_value(bool binary) {
        add_format(binary ? 1 : 0);
        length_at_ = values_.size();
        values_.append(4);
        return values_;
    }
    /// Writes the length. A value past the protocol's limit is caught when the message is written.
    void end_value() noexcept {
        const std::size_t length = values_.size() - length_at_ - 4;
        wire::store_big_endian(values_.data() + length_at_,
                               static_cast<std::int32_t>(length > 0x7fffffff ? 0x7fffffff : length));
    }

private:
    static constexpr std::size_t inline_formats = 16;
    const std::int16_t* formats() const noexcept { return heap_formats_ ? heap_formats_.get() : inline_; }
    void add_format(std::int16_t format);
    void take(parameters& other) noexcept {
        values_ = std::move(other.values_);
        heap_formats_ = std::move(other.heap_formats_);
        count_ = other.count_;
        capacity_ = other.capacity_;
        if (!heap_formats_) std::memcpy(inline_, other.inline_, sizeof inline_);
        other.count_ = 0;
        other.capacity_ = inline_formats;
    }

    value_sink values_;
    std::size_t length_at_ = 0;
    std::unique_ptr<std::int16_t[]> heap_formats_;
    std::size_t count_ = 0;
    std::size_t capacity_ = inline_formats;
    std::int16_t inline_[inline_formats] = {};
};

} // namespace tusk
