#pragma once

#include <cstddef>

/// How often the calling thread has called `operator new`; this executable replaces it.
std::size_t allocations_of_this_thread() noexcept;

/// While it lives, `operator new` of the calling thread throws `std::bad_alloc`.
class no_memory {
public:
    no_memory() noexcept;
    no_memory(const no_memory&) = delete;
    no_memory& operator=(const no_memory&) = delete;
    ~no_memory();
};
