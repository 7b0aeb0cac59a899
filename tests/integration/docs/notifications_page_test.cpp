// The code of docs/notifications.md.
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <variant>

#include <tusk/pool.hpp>

#include "page.hpp"

namespace notifications_page {

using namespace docs_test;

class notifications_page : public page_test {};

/// What the program of the page hears.
std::vector<std::string> alerts, jobs;

void use(const std::string& payload) { alerts.push_back(payload); }
void use(const tusk::notification& n) {
    jobs.push_back(n.payload);
    if (n.payload == "last") throw std::runtime_error{"the page's loop has no end of its own"};
}
void read_everything_since(std::chrono::system_clock::time_point) {}

asio::awaitable<void> notify_and_listen(tusk::pool& pool, tusk::connection& db, std::string payload) {
    co_await db.notify("alerts", payload); // connection, transaction (with the commit), pool

    tusk::listener l{pool}; // a connection of its own, to the pool's server
    l.on("alerts", [](const tusk::notification& n) { use(n.payload); });
    l.listen("jobs");
    co_await l.ready(); // what is sent from now on arrives

    co_await db.script("notify alerts, 'fire'; notify jobs, 'first'; notify jobs, 'last'");
    for (;;) {
        const tusk::notification_event e = co_await l.next(); // a notification or a gap, of "jobs"
        if (const auto* g = std::get_if<tusk::gap>(&e))
            read_everything_since(g->since());
        else
            use(std::get<tusk::notification>(e));
    }
}

asio::awaitable<void> synopsis(std::string url) {
    auto db = co_await tusk::connection::open(url);
    auto pool = co_await tusk::pool::open(url);
    try {
        co_await notify_and_listen(pool, db, "nobody listens");
    } catch (const std::runtime_error&) {
    }
    EXPECT_EQ(jobs, (std::vector<std::string>{"first", "last"}));
    EXPECT_EQ(alerts, std::vector<std::string>{"fire"});
}

TEST_F(notifications_page, synopsis) { tusk::testing::run_async(synopsis(url())); }

/// Sends for as long as the page's listener may not have begun.
void shout(const std::stop_token& heard, const std::string& url) {
    auto db = tusk::blocking::connection::open(url);
    while (!heard.stop_requested()) db.exec("select pg_notify('alerts', 'fire'), pg_sleep(0.01)");
}

asio::awaitable<void> on_an_ordinary_connection(tusk::connection& db) {
    co_await db.script("listen alerts");
    const tusk::notification n = co_await db.next_notification(tusk::options{}.timeout(10s));
    EXPECT_EQ(n.payload, "fire");
}

TEST_F(notifications_page, on_an_ordinary_connection) {
    const std::jthread other{[&](const std::stop_token& heard) { shout(heard, url()); }};
    async(on_an_ordinary_connection);
}

} // namespace notifications_page
