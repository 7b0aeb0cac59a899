// Messages to the server, byte for byte, and what is refused before a byte is written.
#include <tusk/wire/backend.hpp>
#include <tusk/wire/frontend.hpp>

#include <gtest/gtest.h>

#include <sys/mman.h>

using namespace tusk::wire;
using namespace std::string_view_literals;
using tusk::errc;

namespace frontend_test {

std::string taken(write_buffer& out) {
    std::string bytes{reinterpret_cast<const char*>(out.data()), out.size()};
    out.clear();
    return bytes;
}

std::string string_of(std::string_view text) { return std::string{text}; }

/// Readable memory of any size that costs nothing: pages of zeros that are never written.
class zeros {
public:
    explicit zeros(std::size_t size) : size_{size} {
        at_ = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }
    ~zeros() { ::munmap(at_, size_); }
    std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(at_), size_}; }

private:
    std::size_t size_;
    void* at_;
};

constexpr auto with_nul = "a\0b"sv;

TEST(frontend, writes_messages_without_content) {
    write_buffer out;
    write_sync(out);
    write_flush(out);
    write_terminate(out);
    write_copy_done(out);
    EXPECT_EQ(taken(out), string_of("S\0\0\0\4H\0\0\0\4X\0\0\0\4c\0\0\0\4"sv));
    write_ssl_request(out);
    EXPECT_EQ(taken(out), string_of("\0\0\0\x08\x04\xd2\x16\x2f"sv));
}

TEST(frontend, writes_a_cancel_request_with_a_key_of_any_length) {
    write_buffer out;
    const std::byte key[] = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}, std::byte{5}};
    write_cancel_request(out, 0x01020304, std::span{key}.first(4));
    EXPECT_EQ(taken(out), string_of("\0\0\0\x10\x04\xd2\x16\x2e\1\2\3\4\1\2\3\4"sv));
    write_cancel_request(out, -1, key);
    EXPECT_EQ(taken(out), string_of("\0\0\0\x11\x04\xd2\x16\x2e\xff\xff\xff\xff\1\2\3\4\5"sv));
}

TEST(frontend, writes_the_startup_message) {
    write_buffer out;
    const std::pair<std::string, std::string> parameters[] = {{"user", "u"}, {"database", "d"}};
    EXPECT_FALSE(write_startup(out, 0, parameters));
    EXPECT_EQ(taken(out), string_of("\0\0\0\x1b\0\3\0\0user\0u\0database\0d\0\0"sv));
    EXPECT_FALSE(write_startup(out, 2, {}));
    EXPECT_EQ(taken(out), string_of("\0\0\0\x09\0\3\0\2\0"sv));
}

TEST(frontend, writes_passwords_and_sasl) {
    write_buffer out;
    EXPECT_FALSE(write_password(out, "pw"));
    EXPECT_EQ(taken(out), string_of("p\0\0\0\7pw\0"sv));
    EXPECT_FALSE(write_sasl_initial(out, "SCRAM-SHA-256", "n,,"));
    EXPECT_EQ(taken(out), string_of("p\0\0\0\x19SCRAM-SHA-256\0\0\0\0\3n,,"sv));
    EXPECT_FALSE(write_sasl_response(out, "c=\0x"sv));
    EXPECT_EQ(taken(out), string_of("p\0\0\0\x08"
                                    "c=\0x"sv))
        << "SASL data is bytes, not text";
}

TEST(frontend, writes_query_parse_describe_close_execute) {
    write_buffer out;
    EXPECT_FALSE(write_query(out, "select 1"));
    EXPECT_EQ(taken(out), string_of("Q\0\0\0\x0dselect 1\0"sv));
    EXPECT_FALSE(write_query(out, ""));
    EXPECT_EQ(taken(out), string_of("Q\0\0\0\5\0"sv));
    const std::uint32_t types[] = {23, 0xffffffff};
    EXPECT_FALSE(write_parse(out, "s", "x", types));
    EXPECT_EQ(taken(out), string_of("P\0\0\0\x12s\0x\0\0\2\0\0\0\x17\xff\xff\xff\xff"sv));
    EXPECT_FALSE(write_describe(out, 'S', "s"));
    EXPECT_EQ(taken(out), string_of("D\0\0\0\7Ss\0"sv));
    EXPECT_FALSE(write_close(out, 'P', ""));
    EXPECT_EQ(taken(out), string_of("C\0\0\0\6P\0"sv));
    EXPECT_FALSE(write_execute(out, "p", 0x80000001U));
    EXPECT_EQ(taken(out), string_of("E\0\0\0\x0ap\0\x80\0\0\1"sv));
}

TEST(frontend, writes_bind_with_arguments_and_formats) {
    write_buffer out;
    const std::int16_t formats[] = {0, 1};
    const auto values = "\0\0\0\1x\xff\xff\xff\xff"sv; // "x" and NULL
    const std::int16_t results[] = {1};
    EXPECT_FALSE(write_bind(out, "", "s", {formats, std::as_bytes(std::span{values})}, results));
    EXPECT_EQ(taken(out), string_of("B\0\0\0\x1c\0s\0\0\2\0\0\0\1\0\2\0\0\0\1x\xff\xff\xff\xff\0\1\0\1"sv));
    EXPECT_FALSE(write_bind(out, "", "", {}, {}));
    EXPECT_EQ(taken(out), string_of("B\0\0\0\x0c\0\0\0\0\0\0\0\0"sv));
}

TEST(frontend, writes_copy_messages) {
    write_buffer out;
    EXPECT_FALSE(write_copy_data(out, std::as_bytes(std::span{"1\0\n"sv})));
    EXPECT_EQ(taken(out), string_of("d\0\0\0\7"
                                    "1\0\n"sv));
    EXPECT_FALSE(write_copy_data(out, {}));
    EXPECT_EQ(taken(out), string_of("d\0\0\0\4"sv));
    EXPECT_FALSE(write_copy_fail(out, "no"));
    EXPECT_EQ(taken(out), string_of("f\0\0\0\7no\0"sv));
}

TEST(frontend, appends_and_leaves_what_is_there) {
    write_buffer out;
    write_sync(out);
    EXPECT_TRUE(write_query(out, with_nul));
    EXPECT_FALSE(write_query(out, "x"));
    EXPECT_EQ(taken(out), string_of("S\0\0\0\4Q\0\0\0\6x\0"sv)) << "a refused message leaves no trace";
}

// ---- refusals
// -------------------------------------------------------------------------------------------------

TEST(frontend_refuses, nul_in_every_text) {
    write_buffer out;
    const std::pair<std::string, std::string> bad_value[] = {{"application_name", std::string{with_nul}}};
    const std::pair<std::string, std::string> bad_name[] = {{std::string{with_nul}, "x"}};
    const tusk::failure refusals[] = {write_startup(out, 0, bad_value),
                                      write_startup(out, 0, bad_name),
                                      write_password(out, with_nul),
                                      write_sasl_initial(out, with_nul, ""),
                                      write_query(out, with_nul),
                                      write_parse(out, with_nul, "x", {}),
                                      write_parse(out, "s", with_nul, {}),
                                      write_bind(out, with_nul, "", {}, {}),
                                      write_bind(out, "", with_nul, {}, {}),
                                      write_describe(out, 'S', with_nul),
                                      write_close(out, 'S', with_nul),
                                      write_execute(out, with_nul, 0),
                                      write_copy_fail(out, with_nul)};
    for (const auto& f : refusals) {
        EXPECT_EQ(f.code(), tusk::make_error_code(errc::invalid_argument));
        EXPECT_NE(f.message().find("NUL"), std::string::npos) << f.message();
        EXPECT_EQ(f.message().find('\0'), std::string::npos);
    }
    EXPECT_EQ(out.size(), 0U);
    EXPECT_NE(refusals[0].message().find("application_name"), std::string::npos);
    EXPECT_EQ(refusals[2].message().find(with_nul), std::string::npos) << "the password is not shown";
}

TEST(frontend_refuses, more_than_65535_parameters) {
    write_buffer out;
    const std::vector<std::uint32_t> types(65536, 23);
    EXPECT_EQ(write_parse(out, "", "x", types).code(), tusk::make_error_code(errc::too_many_parameters));
    const std::vector<std::int16_t> formats(65536, 0);
    EXPECT_EQ(write_bind(out, "", "", {formats, {}}, {}).code(),
              tusk::make_error_code(errc::too_many_parameters));
    EXPECT_EQ(out.size(), 0U);
    EXPECT_FALSE(write_parse(out, "", "x", std::span{types}.first(65535)));
    EXPECT_FALSE(write_bind(out, "", "", {std::span{formats}.first(65535), {}}, {}));
}

TEST(frontend_refuses, messages_past_the_servers_limit_without_copying_them) {
    // The server takes lengths up to 0x3ffffffe, its own four bytes included (PQ_LARGE_MESSAGE_LIMIT). What
    // is larger is refused by its size alone: a buffer that had taken a copy would have grown.
    for (const std::size_t size :
         {std::size_t{0x3ffffffe} - 3, std::size_t{0x3fffffff}, std::size_t{0x80000000},
          std::size_t{0x100000000} + 1, std::size_t{1} << 36}) {
        const zeros huge{size};
        ASSERT_NE(huge.bytes().data(), MAP_FAILED);
        const std::string_view as_text{reinterpret_cast<const char*>(huge.bytes().data()), size};
        write_buffer out;
        const std::int16_t formats[] = {1};
        for (const auto& f : {write_copy_data(out, huge.bytes()), write_sasl_response(out, as_text),
                              write_sasl_initial(out, "SCRAM-SHA-256", as_text),
                              write_bind(out, "", "", {formats, huge.bytes()}, {})}) {
            EXPECT_EQ(f.code(), tusk::make_error_code(errc::message_too_large)) << size;
            EXPECT_NE(f.message().find("1 GiB"), std::string::npos);
        }
        EXPECT_EQ(out.size(), 0U);
        EXPECT_EQ(out.data(), nullptr) << "nothing was allocated";
    }
}

} // namespace frontend_test
