// Large objects of both clients.
#include <boost/asio/use_awaitable.hpp>

#include <filesystem>
#include <random>
#include <sstream>

#include <unistd.h>

#include <tusk/client/large_object.hpp>

#include "both.hpp"

using namespace client_test;
using tusk::lo_from;
using tusk::lo_mode;

namespace large_object_test {

std::vector<std::byte> random_bytes(std::size_t n) {
    std::mt19937 random{7};
    std::vector<std::byte> out(n);
    for (auto& b : out) b = static_cast<std::byte>(random());
    return out;
}

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span{text.data(), text.size()});
}

std::string as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class large_objects : public users_test {};

TEST_F(large_objects, keep_five_megabytes) {
    const auto data = random_bytes(5 * 1024 * 1024 + 1);
    auto db = connect();
    auto tx = db.begin();
    tusk::blocking::large_objects objects{tx};
    const auto oid = objects.create();
    auto object = objects.open(oid, lo_mode::write);
    object.write(data);
    EXPECT_EQ(object.tell(), static_cast<std::int64_t>(data.size()));
    EXPECT_EQ(object.size(), static_cast<std::int64_t>(data.size()));
    object.close();
    tx.commit();
    auto later = db.begin();
    auto again = tusk::blocking::large_objects{later}.open(oid);
    std::vector<std::byte> got(data.size() + 10);
    EXPECT_EQ(again.read(got), data.size());
    got.resize(data.size());
    EXPECT_TRUE(got == data);
    EXPECT_EQ(again.read(got), 0U) << "the end";
}

TEST_F(large_objects, keep_five_megabytes_asynchronously) {
    async([](tusk::connection& db) -> asio::awaitable<void> {
        const auto data = random_bytes(5 * 1024 * 1024 + 1);
        auto tx = co_await db.begin();
        tusk::large_objects objects{tx};
        const auto oid = co_await objects.create();
        auto object = co_await objects.open(oid, lo_mode::write);
        co_await object.write(data);
        EXPECT_EQ(co_await object.size(), static_cast<std::int64_t>(data.size()));
        co_await object.seek(0);
        std::vector<std::byte> got(data.size());
        EXPECT_EQ(co_await object.read(got), data.size());
        EXPECT_TRUE(got == data);
        co_await object.close();
        co_await tx.commit();
        const auto f = failure_of([&] { static_cast<void>(object.tell()); });
        EXPECT_EQ(f.code(), tusk::errc::transaction_closed) << f.message();
    });
}

TEST_F(large_objects, have_places_behind_their_end) {
    auto db = connect();
    auto tx = db.begin();
    tusk::blocking::large_objects objects{tx};
    const auto oid = objects.create();
    auto object = objects.open(oid, lo_mode::write);
    constexpr std::int64_t far = std::int64_t{5} * 1024 * 1024 * 1024; // more than 32 bits
    EXPECT_EQ(object.seek(far), far);
    std::vector<std::byte> got(4);
    EXPECT_EQ(object.read(got), 0U);
    object.write(bytes_of("end"));
    EXPECT_EQ(object.size(), far + 3);
    EXPECT_EQ(object.seek(-5, lo_from::end), far - 2);
    got.resize(5);
    EXPECT_EQ(object.read(got), 5U);
    EXPECT_EQ(as_text(got), std::string("\0\0end", 5));
    EXPECT_EQ(object.seek(-1, lo_from::current), far + 2);
    EXPECT_LT(db.one<std::int64_t>("select count(*) from pg_largeobject"), 10) << "the hole takes no space";
}

TEST_F(large_objects, are_cut_and_filled_up) {
    auto db = connect();
    auto tx = db.begin();
    tusk::blocking::large_objects objects{tx};
    const auto oid = objects.create();
    auto object = objects.open(oid, lo_mode::write);
    object.write(bytes_of("hello world"));
    object.truncate(5);
    EXPECT_EQ(object.size(), 5);
    object.truncate(8);
    object.seek(0);
    std::vector<std::byte> got(20);
    got.resize(object.read(got));
    EXPECT_EQ(as_text(got), std::string("hello\0\0\0", 8));
    auto more = objects.open(oid, lo_mode::append);
    more.write(bytes_of("!"));
    EXPECT_EQ(more.size(), 9);
}

TEST_F(large_objects, that_are_not_there_are_undefined_objects) {
    auto db = connect();
    auto tx = db.begin();
    tusk::blocking::large_objects objects{tx};
    EXPECT_EQ(failure_of([&] { objects.unlink(4'000'000'000U); }).server()->sqlstate, "42704");
    EXPECT_EQ(failure_of([&] { objects.create(); }).server()->sqlstate, "25P02")
        << "the transaction has failed";
    tx.rollback();
    EXPECT_EQ(failure_of([&] { objects.create(); }).code(), tusk::errc::transaction_closed);
    auto other = db.begin();
    EXPECT_EQ(
        failure_of([&] { tusk::blocking::large_objects{other}.open(4'000'000'000U); }).server()->sqlstate,
        "42704");
}

TEST_F(large_objects, may_have_an_oid_of_the_callers_choice_and_go) {
    auto db = connect();
    auto tx = db.begin();
    tusk::blocking::large_objects objects{tx};
    EXPECT_EQ(objects.create(4'000'000'001U), 4'000'000'001U);
    objects.unlink(4'000'000'001U);
    EXPECT_EQ(db.one<std::int64_t>("select count(*) from pg_largeobject_metadata"), 0);
    objects.create(4'000'000'002U);
    EXPECT_EQ(failure_of([&] { objects.create(4'000'000'002U); }).code(), tusk::condition::duplicate);
}

TEST_F(large_objects, opened_for_reading_are_not_written) {
    auto db = connect();
    auto tx = db.begin();
    tusk::blocking::large_objects objects{tx};
    auto object = objects.open(objects.create(), lo_mode::read);
    EXPECT_TRUE(failure_of([&] { object.write(bytes_of("x")); }));
}

TEST_F(large_objects, come_from_streams_and_files_and_go_there) {
    const auto data = as_text(random_bytes(700'000)); // several pieces
    const auto file = std::filesystem::temp_directory_path() / ("tusk_lo_" + std::to_string(::getpid()));
    auto db = connect();
    auto tx = db.begin();
    tusk::blocking::large_objects objects{tx};
    std::istringstream in{data};
    const auto oid = objects.import_from(in);
    EXPECT_EQ(objects.export_to(oid, file), static_cast<std::int64_t>(data.size()));
    const auto copy = objects.import_from(file);
    std::ostringstream out;
    EXPECT_EQ(objects.export_to(copy, out), static_cast<std::int64_t>(data.size()));
    EXPECT_TRUE(out.str() == data);
    tx.commit();
    std::filesystem::remove(file);
    EXPECT_EQ(failure_of([&] {
                  auto t = db.begin();
                  tusk::blocking::large_objects{t}.import_from(file);
              }).code(),
              tusk::errc::environment);
    async([&](tusk::connection& c) -> asio::awaitable<void> {
        auto t = co_await c.begin();
        tusk::large_objects all{t};
        std::ostringstream to;
        EXPECT_EQ(co_await all.export_to(oid, to), static_cast<std::int64_t>(data.size()));
        std::istringstream from{to.str()};
        const auto made = co_await all.import_from(from);
        auto object = co_await all.open(made);
        EXPECT_EQ(co_await object.size(), static_cast<std::int64_t>(data.size()));
        co_await all.unlink(made);
        co_await t.commit();
    });
}

} // namespace large_object_test
