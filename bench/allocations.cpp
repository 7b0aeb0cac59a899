#include <bench/allocations.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<bool> counting{false};
std::atomic<std::uint64_t> calls{0};
std::atomic<std::uint64_t> bytes{0};

void note(std::size_t size) noexcept {
    if (!counting.load(std::memory_order_relaxed)) [[likely]]
        return;
    calls.fetch_add(1, std::memory_order_relaxed);
    bytes.fetch_add(size, std::memory_order_relaxed);
}

void* take(std::size_t size) {
    note(size);
    if (void* p = std::malloc(size == 0 ? 1 : size)) [[likely]]
        return p;
    throw std::bad_alloc{};
}

void* take_aligned(std::size_t size, std::size_t alignment) noexcept {
    note(size);
    void* p = nullptr;
    return posix_memalign(&p, std::max(alignment, sizeof(void*)), size == 0 ? 1 : size) == 0 ? p : nullptr;
}

void* take(std::size_t size, std::align_val_t alignment) {
    if (void* p = take_aligned(size, static_cast<std::size_t>(alignment))) [[likely]]
        return p;
    throw std::bad_alloc{};
}

} // namespace

namespace bench::allocations {

void start() noexcept {
    calls = 0;
    bytes = 0;
    counting = true;
}

count stop() noexcept {
    counting = false;
    return {calls.load(), bytes.load()};
}

} // namespace bench::allocations

// The nothrow and array forms of the standard library call these.
void* operator new(std::size_t size) { return take(size); }
void* operator new(std::size_t size, std::align_val_t alignment) { return take(size, alignment); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

// Asio takes the memory of coroutines and handlers from here, past operator new.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    return take_aligned(size, alignment);
}
