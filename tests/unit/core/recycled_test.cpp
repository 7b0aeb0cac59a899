#include <cstring>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <tusk/core/recycled.hpp>

namespace recycled_test {

using tusk::recycled;
using tusk::detail::recycler;

TEST(recycler, gives_a_block_of_the_same_size_again) {
    void* const first = recycler::take(100);
    std::memset(first, 1, 100);
    recycler::give_back(first, 100);
    EXPECT_EQ(recycler::take(70), first); // 65 to 128 bytes are one size
    recycler::give_back(first, 70);
}

TEST(recycler, keeps_sizes_apart) {
    for (const std::size_t bytes :
         {std::size_t{1}, std::size_t{32}, std::size_t{33}, std::size_t{64}, std::size_t{65},
          std::size_t{2048}, std::size_t{2049}, recycler::largest}) {
        void* const block = recycler::take(bytes);
        std::memset(block, 2, bytes);
        recycler::give_back(block, bytes);
        const std::size_t another = bytes > recycler::smallest ? 1 : 64;
        void* const other = recycler::take(another);
        EXPECT_NE(other, block) << bytes;
        recycler::give_back(other, another);
    }
}

TEST(recycler, keeps_no_more_than_its_bound) {
    std::vector<void*> many;
    for (unsigned i = 0; i < recycler::kept_of_a_size + 10; ++i) many.push_back(recycler::take(500));
    EXPECT_EQ(std::set<void*>(many.begin(), many.end()).size(), many.size());
    for (void* block : many) recycler::give_back(block, 500);
    std::set<void*> again;
    for (unsigned i = 0; i < recycler::kept_of_a_size; ++i) again.insert(recycler::take(500));
    EXPECT_EQ(again.size(), recycler::kept_of_a_size);
    for (void* block : again) recycler::give_back(block, 500);
}

TEST(recycler, takes_back_what_another_thread_took) {
    void* block = nullptr;
    std::thread{[&] { block = recycler::take(40); }}.join(); // and the thread's own store is gone
    std::memset(block, 3, 40);
    recycler::give_back(block, 40);
}

TEST(recycler, serves_objects_that_outlive_the_threads_store) {
    std::thread{[] {
        struct last {
            ~last() { recycler::give_back(recycler::take(50), 50); }
        };
        thread_local last made_first;
        static_cast<void>(made_first);
        recycler::give_back(recycler::take(50), 50);
    }}.join();
}

TEST(recycled, serves_containers_of_any_size) {
    std::vector<int, recycled<int>> numbers;
    for (int i = 0; i < 10'000; ++i) numbers.push_back(i);
    EXPECT_EQ(numbers[9'999], 9'999);
    std::basic_string<char, std::char_traits<char>, recycled<char>> text(3'000, 'x');
    text += text;
    EXPECT_EQ(text.size(), 6'000U);
    EXPECT_EQ((std::vector<int, recycled<int>>{1, 2}), (std::vector<int, recycled<int>>{1, 2}));
}

struct alignas(64) wide {
    char bytes[64];
};

TEST(recycled, respects_alignment) {
    std::vector<wide, recycled<wide>> all(3);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(all.data()) % 64, 0U);
}

} // namespace recycled_test
