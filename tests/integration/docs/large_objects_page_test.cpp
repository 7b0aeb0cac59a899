// The code of docs/large-objects.md.
#include <tusk/client.hpp>

#include "page.hpp"

namespace large_objects_page {

using namespace docs_test;

class large_objects_page : public page_test {};

asio::awaitable<void> synopsis(tusk::connection& db) {
    const std::vector<std::byte> bytes(1000, std::byte{7});
    std::vector<std::byte> buffer(2000);

    auto tx = co_await db.begin();   // large objects live in transactions
    tusk::large_objects objects{tx}; // tusk::blocking::large_objects, without co_await

    const auto oid = co_await objects.create(); // or create(12345), import_from(stream or path)
    auto object = co_await objects.open(oid, tusk::lo_mode::write);
    co_await object.write(bytes); // std::span<const std::byte>
    co_await object.seek(0);
    const auto n = co_await object.read(buffer); // std::span<std::byte>; fewer bytes mean the end
    co_await tx.commit();

    EXPECT_EQ(n, bytes.size());
    EXPECT_EQ(buffer.at(999), std::byte{7});
}

TEST_F(large_objects_page, synopsis) {
    async(synopsis);
    EXPECT_EQ(connect().one<std::int64_t>("select count(*) from pg_largeobject_metadata"), 1);
}

} // namespace large_objects_page
