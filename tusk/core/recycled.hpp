#pragma once

#include <bit>
#include <cstddef>
#include <memory>
#include <new>

/// Memory that a thread keeps for its next small object, for what is made and dropped again with every
/// statement.
namespace tusk {

namespace detail {

/// Blocks of this thread, by size. What one thread takes another may give back; each keeps a bounded number.
class recycler {
public:
    static constexpr std::size_t smallest = 32;
    static constexpr std::size_t largest = 4096;
    static constexpr unsigned kept_of_a_size = 16;

    /// `bytes` <= `largest`.
    static void* take(std::size_t bytes);
    static void give_back(void* block, std::size_t bytes) noexcept;

private:
    struct free_block {
        free_block* next;
    };
    struct shelf {
        free_block* first = nullptr;
        unsigned count = 0;
    };
    /// The shelves of a thread; freed with it.
    struct store {
        static constexpr std::size_t sizes = std::bit_width(largest / smallest);
        shelf shelves[sizes];
        ~store();
    };
    static std::size_t shelf_of(std::size_t bytes) noexcept {
        return bytes <= smallest ? 0 : static_cast<std::size_t>(std::bit_width((bytes - 1) / smallest));
    }
    static store* of_this_thread() noexcept;
};

} // namespace detail

/// An allocator on such memory. Larger blocks, those of over-aligned types, and everything under
/// AddressSanitizer (which is to see each use after its end) come from `operator new`.
template <class T>
class recycled {
public:
    using value_type = T;
    recycled() noexcept = default;
    template <class U>
    recycled(const recycled<U>&) noexcept {} // NOLINT: meant to be implicit

    T* allocate(std::size_t n) {
        if (is_small(n)) return static_cast<T*>(detail::recycler::take(n * sizeof(T)));
        return std::allocator<T>{}.allocate(n);
    }
    void deallocate(T* at, std::size_t n) noexcept {
        if (is_small(n)) return detail::recycler::give_back(at, n * sizeof(T));
        std::allocator<T>{}.deallocate(at, n);
    }
    friend bool operator==(const recycled&, const recycled&) noexcept { return true; }

private:
    static constexpr bool is_small([[maybe_unused]] std::size_t n) noexcept {
#ifdef __SANITIZE_ADDRESS__
        return false;
#else
        return alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__ && n <= detail::recycler::largest / sizeof(T);
#endif
    }
};

} // namespace tusk
