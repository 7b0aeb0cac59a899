#include <future>

#include <sys/resource.h>

#include <gtest/gtest.h>

#include <tusk/core/error.hpp>

#include "client.hpp"
#include "running_server.hpp"

namespace lifecycle_test {

using namespace std::chrono_literals;
using namespace tusk::http;
namespace asio = boost::asio;

TEST(start, names_the_address_that_is_taken) {
    running_server first{usual_routes()};
    const auto address = "127.0.0.1:" + std::to_string(first.port());
    asio::io_context context;
    server second{usual_routes(), server_options{}.listen(address)};
    try {
        second.start(context.get_executor());
        FAIL() << "two servers on one port";
    } catch (const tusk::error& e) {
        EXPECT_EQ(e.code(), std::errc::address_in_use);
        EXPECT_NE(std::string{e.what()}.find("cannot listen on " + address + ": "), std::string::npos)
            << e.what();
    }
    EXPECT_EQ(second.port(), 0);
}

TEST(start, refuses_options_that_make_no_sense) {
    asio::io_context context;
    const auto code = [&](server_options options) {
        server refused{usual_routes(), std::move(options)};
        try {
            refused.start(context.get_executor());
        } catch (const tusk::error& e) {
            return e.code();
        }
        return std::error_code{};
    };
    const auto base = server_options{}.listen("127.0.0.1:0");
    const auto invalid = make_error_code(tusk::errc::invalid_configuration);
    EXPECT_EQ(code(server_options{base}.listen("nonsense")), invalid);
    EXPECT_EQ(code(server_options{base}.listen("::1:80")), invalid);
    EXPECT_EQ(code(server_options{base}.max_header(1)), invalid);
    EXPECT_EQ(code(server_options{base}.max_connections(0)), invalid);
    EXPECT_EQ(code(server_options{base}.read_timeout(0s)), invalid);
    EXPECT_EQ(code(server_options{base}.write_timeout(-1s)), invalid);
    EXPECT_EQ(code(server_options{base}.idle_timeout(0s)), invalid);
    EXPECT_EQ(code(base), std::error_code{});
    EXPECT_NE(code(server_options{base}.listen("192.0.2.1:0")), std::error_code{}) << "an address of others";
}

TEST(start, works_once) {
    asio::io_context context;
    server one{usual_routes(), server_options{}.listen("127.0.0.1:0")};
    one.start(context.get_executor());
    EXPECT_NE(one.port(), 0);
    EXPECT_THROW(one.start(context.get_executor()), tusk::error);
}

TEST(start, listens_on_names_and_on_every_address) {
    for (const auto* address : {"localhost:0", ":0", "0.0.0.0:0"}) {
        SCOPED_TRACE(address);
        asio::io_context context;
        auto one = std::make_unique<server>(usual_routes(), server_options{}.listen(address));
        one->start(context.get_executor());
        EXPECT_NE(one->port(), 0);
        std::thread thread{[&] { context.run(); }};
        if (std::string_view{address} != "localhost:0") { // which may be ::1
            raw_client client{one->port()};
            EXPECT_EQ(client.ask(make_request("GET", "/hello")).status, 200);
        }
        one.reset();
        thread.join();
    }
}

TEST(drain, finishes_what_is_under_way_and_refuses_what_is_new) {
    gate held;
    running_server server{usual_routes(&held)};
    raw_client busy{server.port()};
    raw_client idle{server.port()};
    EXPECT_EQ(idle.ask(make_request("GET", "/hello")).status, 200);
    busy.send(make_request("GET", "/held"));
    ASSERT_TRUE(held.wait_for_arrivals(1));

    auto drained = server.drain(10s);
    EXPECT_EQ(idle.receive_to_end(), "") << "an idle connection is closed at once";
    raw_client late;
    EXPECT_FALSE(late.try_connect(server.port()));
    EXPECT_EQ(drained.wait_for(0s), std::future_status::timeout) << "a request is under way";

    held.open();
    const auto answer = busy.receive();
    EXPECT_EQ(answer.body, "let go");
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_EQ(busy.receive_to_end(), "");
    busy.end_sending();
    EXPECT_TRUE(drained.get());
    EXPECT_EQ(server.server().connections(), 0u);
}

TEST(drain, closes_a_connection_that_has_not_asked_yet) {
    running_server server{usual_routes()};
    raw_client client{server.port()};
    auto drained = server.drain(10s);
    EXPECT_EQ(client.receive_to_end(), "");
    EXPECT_TRUE(drained.get());
}

TEST(drain, answers_a_request_whose_first_half_has_arrived) {
    gate held;
    running_server server{usual_routes(&held)};
    raw_client idle{server.port()};
    EXPECT_EQ(idle.ask(make_request("GET", "/hello")).status, 200);
    raw_client client{server.port()};
    EXPECT_EQ(
        client.ask(make_request("POST", "/echo", "Expect: 100-continue\r\nContent-Length: 4\r\n")).status,
        100);
    auto drained = server.drain(10s);
    EXPECT_EQ(idle.receive_to_end(), "");
    const auto answer = client.ask("half");
    EXPECT_EQ(answer.body, "half");
    EXPECT_EQ(answer.header("connection"), "close");
    client.end_sending();
    EXPECT_TRUE(drained.get());
}

TEST(drain, cuts_at_the_deadline_and_cancels_handlers) {
    gate held;
    recorder seen;
    server_options options;
    running_server server{usual_routes(&held), seen.attach(options)};
    raw_client client{server.port()};
    client.send(make_request("GET", "/held"));
    ASSERT_TRUE(held.wait_for_arrivals(1));
    auto drained = server.drain(50ms);
    EXPECT_EQ(client.receive_to_end(), "");
    EXPECT_FALSE(drained.get());
    EXPECT_EQ(held.cancelled(), 1);
    EXPECT_EQ(server.server().connections(), 0u);
    const auto entries = seen.wait_for_completions(1);
    ASSERT_EQ(entries.size(), 1u);
    EXPECT_EQ(entries[0].status, 503u);
    EXPECT_EQ(entries[0].bytes, 0u);
    EXPECT_EQ(entries[0].route, "/held");
}

TEST(drain, may_be_asked_for_several_times) {
    gate held;
    running_server server{usual_routes(&held)};
    raw_client client{server.port()};
    client.send(make_request("GET", "/held", "Connection: close\r\n"));
    ASSERT_TRUE(held.wait_for_arrivals(1));
    auto first = server.drain(10s);
    auto second = server.drain(10s);
    held.open();
    EXPECT_EQ(client.receive().status, 200);
    client.end_sending();
    EXPECT_TRUE(first.get());
    EXPECT_TRUE(second.get());
    EXPECT_TRUE(server.drain(0s).get()) << "nothing is left";
}

TEST(destruction, cuts_what_is_left) {
    gate held;
    running_server server{usual_routes(&held)};
    raw_client busy{server.port()};
    raw_client idle{server.port()};
    EXPECT_EQ(idle.ask(make_request("GET", "/hello")).status, 200);
    busy.send(make_request("GET", "/held"));
    ASSERT_TRUE(held.wait_for_arrivals(1));
    server.destroy();
    EXPECT_EQ(busy.receive_to_end(), "");
    EXPECT_EQ(idle.receive_to_end(), "");
}

TEST(destruction, leaves_nothing_behind_when_the_context_never_runs_again) {
    asio::io_context context;
    server one{usual_routes(), server_options{}.listen("127.0.0.1:0")};
    one.start(context.get_executor());
    raw_client client{one.port()};
    client.send(make_request("GET", "/hello"));
    while (one.connections() == 0) context.run_one();
    // The connection is open and waiting; the sanitizers tell whether all of it is freed.
    EXPECT_EQ(one.connections(), 1u);
}

/// Takes the process' file descriptors away: nothing can be opened meanwhile.
class no_descriptors {
public:
    no_descriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        auto none = before_;
        none.rlim_cur = 0;
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    ~no_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    no_descriptors(const no_descriptors&) = delete;
    no_descriptors& operator=(const no_descriptors&) = delete;

private:
    rlimit before_{};
};

TEST(accept, goes_on_after_running_out_of_descriptors_without_spinning) {
#if defined(__SANITIZE_ADDRESS__)
    GTEST_SKIP() << "UBSan's vptr check opens a pipe and takes the missing descriptor for a bad object";
#endif
    recorder seen;
    server_options options;
    running_server server{usual_routes(), seen.attach(options)};
    raw_client established{server.port()};
    EXPECT_EQ(established.ask(make_request("GET", "/hello")).status, 200);
    raw_client client;
    {
        const no_descriptors limit;
        const auto begin = std::chrono::steady_clock::now();
        client.connect(server.port());
        ASSERT_TRUE(seen.wait_for_error_count(3));
        EXPECT_GE(std::chrono::steady_clock::now() - begin, 200ms) << "two pauses lie between three failures";
    }
    for (const auto& text : seen.errors()) EXPECT_NE(text.find("accept: "), std::string::npos) << text;
    EXPECT_EQ(client.ask(make_request("GET", "/hello")).status, 200);
    EXPECT_EQ(established.ask(make_request("GET", "/hello")).status, 200);
}

} // namespace lifecycle_test
