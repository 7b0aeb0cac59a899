#include <tusk/pool/describe.hpp>

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace describe_test {

using namespace std::chrono_literals;
using tusk::pool_description;

TEST(pool_description, is_json_for_a_debug_page) {
    pool_description d;
    d.name = "main";
    d.stats.max = 20;
    d.breaker = tusk::breaker_state::open;
    d.retry_after = 1500ms;
    d.last_connect_error = "refused";
    pool_description::pooled_connection held, idle;
    held.state = pool_description::connection_state::leased;
    held.backend_pid = 77;
    held.server = "db:5432";
    held.age = 2s;
    held.acquired_at = std::source_location::current();
    held.sql = "select '\"quoted\"'";
    idle.expires = 1min;
    d.connections = {held, idle};
    d.waiting.push_back({250ms, true});
    const auto read = boost::json::parse(to_json(d));
    EXPECT_EQ(read.at("name"), "main");
    EXPECT_EQ(read.at("stats").at("max"), 20);
    EXPECT_EQ(read.at("breaker").at("state"), "open");
    EXPECT_EQ(read.at("breaker").at("retry_after_ms"), 1500.0);
    EXPECT_EQ(read.at("last_connect_error"), "refused");
    const auto& first = read.at("connections").at(0);
    EXPECT_EQ(first.at("state"), "leased");
    EXPECT_EQ(first.at("age_ms"), 2000.0);
    EXPECT_EQ(first.at("sql"), "select '\"quoted\"'");
    const auto& place = first.at("holder").at("place").as_string();
    EXPECT_NE(place.find("describe_test.cpp:"), place.npos) << place;
    const auto& second = read.at("connections").at(1).as_object();
    EXPECT_FALSE(second.contains("holder"));
    EXPECT_EQ(second.at("expires_ms"), 60000.0);
    EXPECT_EQ(read.at("waiting").at(0).at("since_ms"), 250.0);
}

} // namespace describe_test
