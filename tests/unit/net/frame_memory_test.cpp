// What was given back is used again, on whatever thread, and no more is kept than is said.
#include <tusk/net/frame_memory.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

using tusk::net::frame_memory;

namespace frame_memory_test {

TEST(frame_memory, gives_what_came_back_to_the_next_one_of_about_its_size) {
    std::thread{[] { // a thread of its own: nothing is kept there yet
        void* const first = frame_memory::take(1500);
        std::memset(first, 1, 1500);
        EXPECT_EQ(frame_memory::kept(), 0U);
        frame_memory::give_back(first, 1500);
        EXPECT_GE(frame_memory::kept(), 1500U);
        void* const second = frame_memory::take(1501);
        EXPECT_EQ(second, first);
        std::memset(second, 2, 1501);
        void* const other = frame_memory::take(100);
        EXPECT_NE(other, second);
        frame_memory::give_back(other, 100);
        frame_memory::give_back(second, 1501);
    }}
        .join();
}

TEST(frame_memory, keeps_many_pieces_but_not_without_limit) {
    std::thread{[] {
        std::vector<void*> pieces;
        for (int i = 0; i < 2000; ++i) pieces.push_back(frame_memory::take(1024));
        EXPECT_EQ(std::set<void*>(pieces.begin(), pieces.end()).size(), pieces.size());
        for (auto* p : pieces) frame_memory::give_back(p, 1024);
        EXPECT_LE(frame_memory::kept(), frame_memory::most_kept);
        EXPECT_GE(frame_memory::kept(), frame_memory::most_kept / 2);
    }}.join();
}

TEST(frame_memory, does_not_keep_what_is_very_large) {
    const auto before = frame_memory::kept();
    void* const large = frame_memory::take(frame_memory::largest + 1);
    frame_memory::give_back(large, frame_memory::largest + 1);
    EXPECT_EQ(frame_memory::kept(), before);
}

TEST(frame_memory, takes_back_what_another_thread_took) {
    void* piece = nullptr;
    std::thread{[&] { piece = frame_memory::take(300); }}.join();
    std::thread{[&] {
        frame_memory::give_back(piece, 300);
        EXPECT_EQ(frame_memory::take(300), piece);
        frame_memory::give_back(piece, 300);
    }}.join(); // and frees it at its end
}

} // namespace frame_memory_test
