#include "allocations.hpp"

#include <cstdlib>
#include <new>

namespace {
constinit thread_local std::size_t allocations = 0;
constinit thread_local bool out_of_memory = false;

void* allocate(std::size_t size, std::size_t alignment) {
    ++allocations;
    if (out_of_memory) throw std::bad_alloc{};
    const auto whole = (size + alignment - 1) / alignment * alignment;
    if (void* p = std::aligned_alloc(alignment, whole == 0 ? alignment : whole)) return p;
    throw std::bad_alloc{};
}
} // namespace

std::size_t allocations_of_this_thread() noexcept { return allocations; }

no_memory::no_memory() noexcept { out_of_memory = true; }
no_memory::~no_memory() { out_of_memory = false; }

void* operator new(std::size_t size) { return allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    try {
        return allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
