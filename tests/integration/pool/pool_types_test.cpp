// The catalog of types is the pool's: what one connection has looked up, the others know.
#include <filesystem>
#include <fstream>

#include <boost/asio/co_spawn.hpp>

#include <tusk/embedded/server.hpp>
#include <tusk/pool.hpp>
#include <tusk/testing/gtest.hpp>

namespace pool_types_test {

namespace asio = boost::asio;

enum class mood { sad, happy };
struct address {
    std::string street;
    int number;
    friend bool operator==(const address&, const address&) = default;
};

/// How often the server was asked about types, by its log.
std::size_t questions(const std::filesystem::path& log) {
    std::ifstream in{log};
    std::size_t count = 0;
    for (std::string line; std::getline(in, line);)
        if (line.find("LOG:  execute") != line.npos && line.find("from pg_catalog.pg_type t") != line.npos)
            ++count;
    return count;
}

asio::awaitable<void> use_from_every_connection(tusk::pool& p) {
    std::vector<tusk::lease> all;
    for (int i = 0; i < 4; ++i) all.push_back(co_await p.acquire());
    const address home{"Main St", 5};
    for (int round = 0; round < 3; ++round)
        for (auto& l : all) {
            EXPECT_EQ(co_await l->one<std::string>("select $1::address::text", home), "(\"Main St\",5)");
            EXPECT_EQ(co_await l->one<mood>("select 'happy'::mood"), mood::happy);
            EXPECT_EQ(co_await l->one<int>("select $1::int4", round), round);
        }
}

TEST(pool_types, are_looked_up_once_for_all_connections) {
    const auto log =
        std::filesystem::temp_directory_path() / ("tusk_pool_types_" + std::to_string(::getpid()) + ".log");
    auto options = tusk::embedded::server_options{};
    options.log_file(log).setting("log_statement", "all");
    auto server = tusk::embedded::server::start(options).value();
    auto body = [](std::string url) -> asio::awaitable<void> {
        auto config = tusk::pool_config::parse(url).value().max_connections(4).min_connections(0);
        auto p = co_await tusk::pool::open(std::move(config));
        co_await p.exec("create type mood as enum ('sad', 'happy')");
        co_await p.exec("create type address as (street text, number int4)");
        co_await use_from_every_connection(p);
        EXPECT_EQ(p.stats().connects, 4U);
        co_await p.close();
    };
    tusk::testing::run_async(body(server.url()));
    EXPECT_EQ(questions(log), 2U) << "one for each of the two types";
    std::filesystem::remove(log);
}

} // namespace pool_types_test
