#include <tusk/net/frame_memory.hpp>

#include <array>
#include <new>

#if defined(__has_feature) // clang's way to say it
#if __has_feature(address_sanitizer)
#define TUSK_POISONS 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(TUSK_POISONS)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) static_cast<void>(0)
#define ASAN_UNPOISON_MEMORY_REGION(at, size) static_cast<void>(0)
#endif

namespace tusk::net {

namespace {

constexpr std::size_t size_step = 128;
constexpr std::size_t size_classes = frame_memory::largest / size_step;

std::size_t class_of(std::size_t size) noexcept { return size == 0 ? 0 : (size - 1) / size_step; }
std::size_t room_of(std::size_t number) noexcept { return (number + 1) * size_step; }

struct kept_piece {
    kept_piece* next;
};

/// What one thread keeps. Plain data, so that it is there until the thread is gone, whatever is destroyed in
/// which order.
struct shelf {
    std::array<kept_piece*, size_classes> first{};
    std::size_t kept = 0;
    bool swept = false; ///< The thread ends: nothing is kept any more.
    bool known = false; ///< To the sweeper.
};
constinit thread_local shelf my_shelf{};

struct sweeper {
    sweeper() noexcept { my_shelf.known = true; }
    ~sweeper() {
        my_shelf.swept = true;
        my_shelf.kept = 0;
        for (auto& list : my_shelf.first)
            while (list != nullptr) {
                auto* gone = list;
                ASAN_UNPOISON_MEMORY_REGION(gone, sizeof(kept_piece));
                list = gone->next;
                ::operator delete(gone);
            }
    }
    sweeper(const sweeper&) = delete;
    sweeper& operator=(const sweeper&) = delete;
};

/// Makes sure that the thread's pieces are freed with it.
[[gnu::noinline]] void introduce() noexcept {
    thread_local const sweeper at_the_end;
    static_cast<void>(at_the_end);
}

} // namespace

void* frame_memory::take(std::size_t size) {
    if (size > largest) return ::operator new(size);
    const auto number = class_of(size);
    auto* found = my_shelf.first[number];
    if (found == nullptr) return ::operator new(room_of(number));
    ASAN_UNPOISON_MEMORY_REGION(found, room_of(number));
    my_shelf.first[number] = found->next;
    my_shelf.kept -= room_of(number);
    return found;
}

void frame_memory::give_back(void* what, std::size_t size) noexcept {
    const auto number = class_of(size);
    if (size > largest || my_shelf.swept || my_shelf.kept + room_of(number) > most_kept) {
        ::operator delete(what);
        return;
    }
    if (!my_shelf.known) [[unlikely]]
        introduce();
    auto* kept = ::new (what) kept_piece{my_shelf.first[number]};
    my_shelf.first[number] = kept;
    my_shelf.kept += room_of(number);
    ASAN_POISON_MEMORY_REGION(kept, room_of(number)); // who still uses it is found out
}

std::size_t frame_memory::kept() noexcept { return my_shelf.kept; }

} // namespace tusk::net
