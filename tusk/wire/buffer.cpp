#include <tusk/wire/buffer.hpp>

#include <algorithm>
#include <new>

namespace tusk::wire {

namespace {
// Above this an emptied receive buffer gives its memory back: one huge row must not pin its size forever.
constexpr std::size_t keep_capacity = 1024 * 1024;
} // namespace

void write_buffer::grow(std::size_t n) {
    if (n > SIZE_MAX - size_) throw std::bad_alloc{};
    const std::size_t needed = size_ + n;
    const std::size_t capacity = std::max({needed, capacity_ * 2, std::size_t{512}});
    auto bigger = std::make_unique_for_overwrite<std::byte[]>(capacity);
    if (size_ != 0) std::memcpy(bigger.get(), data_.get(), size_);
    data_ = std::move(bigger);
    capacity_ = capacity;
}

std::span<std::byte> read_buffer::prepare() {
    const std::size_t unread = tail_ - head_;
    if (unread == 0) {
        head_ = tail_ = 0;
        if (capacity_ > keep_capacity) {
            data_.reset();
            capacity_ = 0;
        }
    }
    if (capacity_ == 0) {
        data_ = std::make_unique_for_overwrite<std::byte[]>(initial_capacity);
        capacity_ = initial_capacity;
    }
    if (tail_ == capacity_ || capacity_ - tail_ < capacity_ / 4) {
        if (head_ > 0 && unread <= capacity_ / 2) {
            std::memmove(data_.get(), data_.get() + head_, unread);
        } else if (tail_ == capacity_) {
            auto bigger = std::make_unique_for_overwrite<std::byte[]>(capacity_ * 2);
            std::memcpy(bigger.get(), data_.get() + head_, unread);
            data_ = std::move(bigger);
            capacity_ *= 2;
        } else {
            return {data_.get() + tail_, capacity_ - tail_};
        }
        head_ = 0;
        tail_ = unread;
    }
    return {data_.get() + tail_, capacity_ - tail_};
}

} // namespace tusk::wire
