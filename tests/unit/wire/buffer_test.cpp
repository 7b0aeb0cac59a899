// Buffers that grow with what arrives, and a cursor that never leaves its message.
#include <tusk/wire/backend.hpp>
#include <tusk/wire/buffer.hpp>

#include <gtest/gtest.h>

using namespace tusk::wire;
using namespace std::string_view_literals;

namespace buffer_test {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }
std::string string_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void fill(read_buffer& b, std::string_view text) {
    while (!text.empty()) {
        const auto space = b.prepare();
        ASSERT_FALSE(space.empty());
        const auto n = std::min(space.size(), text.size());
        std::memcpy(space.data(), text.data(), n);
        b.commit(n);
        text.remove_prefix(n);
    }
}

TEST(byte_order, is_that_of_the_network_at_any_alignment) {
    std::byte at[17]{};
    store_big_endian(at + 1, std::int32_t{0x01020304});
    EXPECT_EQ(string_of({at + 1, 4}), "\1\2\3\4");
    EXPECT_EQ(load_big_endian<std::int32_t>(at + 1), 0x01020304);
    store_big_endian(at + 3, std::int16_t{-2});
    EXPECT_EQ(load_big_endian<std::int16_t>(at + 3), -2);
    store_big_endian(at + 5, INT64_MIN);
    EXPECT_EQ(load_big_endian<std::int64_t>(at + 5), INT64_MIN);
    store_big_endian(at, std::uint8_t{200});
    EXPECT_EQ(load_big_endian<std::uint8_t>(at), 200);
}

TEST(write_buffer, grows_and_keeps_its_content) {
    write_buffer b;
    std::string expected;
    for (int i = 0; i < 5000; ++i) {
        b.put_int(i);
        b.put_cstring("ab");
        expected += std::string{static_cast<char>(i >> 24), static_cast<char>(i >> 16),
                                static_cast<char>(i >> 8), static_cast<char>(i)} +
                    "ab" + '\0';
    }
    EXPECT_EQ(string_of(b.bytes()), expected);
}

TEST(write_buffer, keeps_its_memory_until_it_is_told_to_give_it_back) {
    write_buffer b;
    b.put(std::string(100'000, 'x'));
    const auto* memory = b.data();
    b.clear();
    b.put("y"sv);
    EXPECT_EQ(b.data(), memory);
    b.shrink(1000);
    EXPECT_EQ(b.data(), memory) << "not while it holds something";
    b.clear();
    b.shrink(1'000'000);
    EXPECT_EQ(b.data(), memory);
    b.shrink(1000);
    EXPECT_EQ(b.data(), nullptr);
    b.put("z"sv);
    EXPECT_EQ(string_of(b.bytes()), "z");
}

TEST(write_buffer, moves_and_cuts) {
    write_buffer a;
    a.put("abc"sv);
    write_buffer b{std::move(a)};
    EXPECT_EQ(string_of(b.bytes()), "abc");
    b.resize_down(2);
    b.resize_down(5);
    EXPECT_EQ(string_of(b.bytes()), "ab");
    write_buffer c;
    c = std::move(b);
    EXPECT_EQ(string_of(c.bytes()), "ab");
    c.put(""sv);
    c.put(std::span<const std::byte>{});
    EXPECT_EQ(c.size(), 2U);
}

TEST(read_buffer, hands_out_what_came_in_any_portions) {
    read_buffer b;
    std::string sent;
    std::string got;
    for (std::size_t i = 1; i < 400; ++i) {
        const std::string chunk(i * 7 % 1000 + 1, static_cast<char>('a' + i % 26));
        fill(b, chunk);
        sent += chunk;
        const auto take = b.unread().size() * (i % 3) / 2;
        const auto n = std::min(take, b.unread().size());
        got += string_of(b.unread().first(n));
        b.consume(n);
    }
    got += string_of(b.unread());
    EXPECT_EQ(got, sent);
}

TEST(read_buffer, grows_by_what_arrives_never_by_what_a_length_promises) {
    read_buffer b;
    fill(b, "D\x3f\xff\xff\xff"sv);
    frame f;
    EXPECT_EQ(next_frame(b.unread(), f), frame_status::incomplete);
    static_cast<void>(b.prepare());
    EXPECT_EQ(b.capacity(), read_buffer::initial_capacity);
    fill(b, std::string(200'000, 'x'));
    EXPECT_EQ(next_frame(b.unread(), f), frame_status::incomplete);
    EXPECT_LE(b.capacity(), std::size_t{4} * 200'000);
}

TEST(read_buffer, gives_the_memory_of_a_huge_message_back) {
    read_buffer b;
    fill(b, std::string(5'000'000, 'x'));
    EXPECT_GE(b.capacity(), 5'000'000U);
    b.consume(b.unread().size());
    static_cast<void>(b.prepare());
    EXPECT_EQ(b.capacity(), read_buffer::initial_capacity);
}

TEST(read_buffer, stays_small_while_messages_are_consumed_as_they_come) {
    read_buffer b;
    for (int i = 0; i < 10'000; ++i) {
        fill(b, std::string(1000, 'x'));
        b.consume(b.unread().size() - static_cast<std::size_t>(i % 7));
    }
    EXPECT_LE(b.capacity(), 2 * read_buffer::initial_capacity);
}

TEST(read_buffer, forgets_when_cleared) {
    read_buffer b;
    fill(b, "abc"sv);
    b.clear();
    EXPECT_TRUE(b.unread().empty());
    fill(b, "d"sv);
    EXPECT_EQ(string_of(b.unread()), "d");
}

TEST(body_reader, reads_in_order_and_knows_its_end) {
    const auto body = "\x01\x02\x03\x04\x05\x06\x07text\0rest"sv;
    body_reader in{bytes_of(body)};
    EXPECT_EQ(in.get_byte(), '\1');
    EXPECT_EQ(in.get_int<std::int16_t>(), 0x0203);
    EXPECT_EQ(in.get_int<std::int32_t>(), 0x04050607);
    EXPECT_EQ(in.get_cstring(), "text");
    EXPECT_EQ(in.left(), 4U);
    EXPECT_FALSE(in.finished());
    EXPECT_EQ(string_of(in.get_bytes(2)), "re");
    EXPECT_EQ(string_of(in.rest()), "st");
    EXPECT_TRUE(in.finished());
}

TEST(body_reader, fails_once_and_for_good_past_the_end) {
    const auto body = "\x01\x02\x03"sv;
    {
        body_reader in{bytes_of(body)};
        EXPECT_EQ(in.get_int<std::int32_t>(), 0);
        EXPECT_TRUE(in.failed());
        EXPECT_EQ(in.get_byte(), '\1') << "a reader that failed still stays inside";
        static_cast<void>(in.rest());
        EXPECT_FALSE(in.finished()) << "but it never finishes";
    }
    {
        body_reader in{bytes_of(body)};
        EXPECT_EQ(in.get_cstring(), "") << "no NUL";
        EXPECT_TRUE(in.failed());
    }
    {
        body_reader in{bytes_of(body)};
        EXPECT_TRUE(in.get_bytes(SIZE_MAX).empty());
        EXPECT_TRUE(in.failed());
    }
    {
        body_reader in{{}};
        EXPECT_TRUE(in.finished());
        EXPECT_EQ(in.get_cstring(), "");
        EXPECT_EQ(in.get_byte(), '\0');
        EXPECT_EQ(in.get_int<std::int64_t>(), 0);
        EXPECT_FALSE(in.finished());
    }
}

} // namespace buffer_test
