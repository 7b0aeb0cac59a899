#include <tusk/types/parameters.hpp>

#include <algorithm>
#include <new>

namespace tusk {

void value_sink::grow(std::size_t n) {
    if (n > SIZE_MAX / 2 - size_) throw std::bad_alloc{};
    const std::size_t capacity = std::max(size_ + n, capacity_ * 2);
    auto bigger = std::make_unique_for_overwrite<std::byte[]>(capacity);
    std::memcpy(bigger.get(), data(), size_);
    heap_ = std::move(bigger);
    capacity_ = capacity;
}

void value_sink::move_to_heap() {
    heap_ = std::make_unique_for_overwrite<std::byte[]>(capacity_);
    std::memcpy(heap_.get(), inline_, size_);
}

void parameters::add_format(std::int16_t format) {
    if (count_ == capacity_) {
        const std::size_t capacity = capacity_ * 2;
        auto bigger = std::make_unique<std::int16_t[]>(capacity);
        std::copy_n(formats(), count_, bigger.get());
        heap_formats_ = std::move(bigger);
        capacity_ = capacity;
    }
    (heap_formats_ ? heap_formats_.get() : inline_)[count_++] = format;
}

} // namespace tusk
