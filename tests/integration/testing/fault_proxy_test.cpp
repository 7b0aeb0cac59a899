#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

#include <gtest/gtest.h>

#include <tests/temporary_directory.hpp>
#include <tusk/testing/fault_proxy.hpp>
#include <tusk/testing/scripted_server.hpp>

namespace fault_proxy_test {

using namespace std::chrono_literals;
using namespace tusk::testing;
namespace be = tusk::testing::backend;

/// A plain socket that is connected to a proxy.
class raw_client {
public:
    explicit raw_client(const fault_proxy& proxy) : raw_client{proxy.port()} {}
    explicit raw_client(std::uint16_t port) : fd_{::socket(AF_INET, SOCK_STREAM, 0)} {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) connect_error = errno;
    }
    explicit raw_client(const std::string& path) : fd_{::socket(AF_UNIX, SOCK_STREAM, 0)} {
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        path.copy(at.sun_path, sizeof at.sun_path - 1);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) connect_error = errno;
    }
    ~raw_client() { ::close(fd_); }
    raw_client(const raw_client&) = delete;
    raw_client& operator=(const raw_client&) = delete;

    void send(std::string_view bytes) {
        EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), std::ssize(bytes));
    }
    void half_close() { ::shutdown(fd_, SHUT_WR); }
    /// What arrives until `size` bytes are there, or the end; then "<end>" or "<reset>" stands behind it.
    std::string receive(std::size_t size) {
        std::string out;
        char buffer[65536];
        while (out.size() < size) {
            if (!readable(10s)) return out + "<nothing>";
            const auto n = ::recv(fd_, buffer, std::min(sizeof buffer, size - out.size()), 0);
            if (n == 0) return out + "<end>";
            if (n < 0) return out + (errno == ECONNRESET ? "<reset>" : "<error>");
            out.append(buffer, static_cast<std::size_t>(n));
        }
        return out;
    }
    std::string to_the_end() { return receive(std::string::npos); }
    bool readable(std::chrono::milliseconds within) const {
        pollfd p{fd_, POLLIN, 0};
        return ::poll(&p, 1, static_cast<int>(within.count())) > 0;
    }

    int connect_error = 0;

private:
    int fd_;
};

std::string startup_bytes() { return be::number(std::int32_t{8}) + be::number(std::int32_t{3 << 16}); }
/// What one that asks the server below for its answer has to send.
std::string request() { return startup_bytes() + be::message('Q', be::text("select")); }
const std::string answer = be::command_complete("A") + be::data_row({"b"}) + be::ready_for_query();

/// Answers and waits; as often as it is told.
std::vector<server_script> answering(std::size_t times = 1, const std::string& bytes = answer) {
    return std::vector<server_script>(
        times, server_script{}.expect(received_message::startup).expect('Q').send(bytes).wait_for_hang_up());
}
tusk::host_address at(const scripted_server& server) {
    return tusk::host_address{"127.0.0.1", server.port()};
}

TEST(fault_proxy, forwards_and_counts) {
    scripted_server server{answering()};
    const fault_proxy proxy{at(server)};
    {
        raw_client client{proxy};
        client.send(request());
        EXPECT_EQ(client.receive(answer.size()), answer);
        EXPECT_TRUE(
            proxy.wait_for([](const fault_counts& c) { return c.to_client.forwarded == answer.size(); }));
        EXPECT_EQ(proxy.counts().open, 1U);
    }
    EXPECT_TRUE(proxy.wait_for([](const fault_counts& c) { return c.open == 0; }));
    const auto seen = proxy.counts();
    EXPECT_EQ(seen.connections, 1U);
    EXPECT_EQ(seen.faults, 0U);
    EXPECT_EQ(seen.to_server.received, request().size());
    EXPECT_EQ(seen.to_server.forwarded, request().size());
    EXPECT_EQ(seen.to_server.of('0'), 1U);
    EXPECT_EQ(seen.to_server.of('Q'), 1U);
    EXPECT_EQ(seen.to_client.of('D'), 1U);
    EXPECT_EQ(seen.to_client.of('x'), 0U);
    EXPECT_EQ(server.problems(), "");
}

TEST(fault_proxy, passes_a_half_close_on_and_still_brings_the_answer) {
    scripted_server server{{server_script{}.expect('0').wait_for_hang_up().send(answer)}};
    const fault_proxy proxy{at(server)};
    raw_client client{proxy};
    client.send(startup_bytes());
    client.half_close();
    EXPECT_EQ(client.to_the_end(), answer + "<end>");
    EXPECT_TRUE(proxy.wait_for([](const fault_counts& c) { return c.open == 0; }));
}

TEST(fault_proxy, cuts_after_exactly_so_many_bytes) {
    scripted_server server{answering(6)};
    const fault_proxy proxy{at(server)};
    for (const std::size_t n : {0U, 7U, 20U}) {
        for (const bool hard : {false, true}) {
            const auto place = proxy.to_client().at_byte(n);
            if (hard)
                fault_cut{place}.reset();
            else
                fault_cut{place}.close();
            raw_client client{proxy};
            client.send(request());
            const auto got = client.to_the_end();
            EXPECT_EQ(got.substr(got.find('<')), hard ? "<reset>" : "<end>");
            if (!hard) { // a reset may throw away what was not read yet
                EXPECT_EQ(got.substr(0, n), answer.substr(0, n));
                EXPECT_EQ(got.size(), n + 5);
            }
        }
    }
    EXPECT_EQ(proxy.counts().faults, 6U);
    EXPECT_EQ(server.problems(), "");
}

TEST(fault_proxy, cuts_the_way_to_the_server_too) {
    scripted_server server{{server_script{}.expect('0').wait_for_hang_up()}};
    const fault_proxy proxy{at(server)};
    proxy.to_server().at_message('Q').close();
    raw_client client{proxy};
    client.send(request());
    EXPECT_EQ(server.problems(), "");
    EXPECT_EQ(server.received_types(0), "0");
}

TEST(fault_proxy, meddles_with_messages) {
    scripted_server server{answering(4)};
    const fault_proxy proxy{at(server)};
    const auto got = [&](std::size_t size) {
        raw_client client{proxy};
        client.send(request());
        return client.receive(size);
    };
    const auto c = be::command_complete("A"), d = be::data_row({"b"}), z = be::ready_for_query();
    proxy.to_client().at_message('D').duplicate();
    EXPECT_EQ(got(answer.size() + d.size()), c + d + d + z);
    proxy.to_client().at_message('C').swap_with_next();
    EXPECT_EQ(got(answer.size()), d + c + z);
    proxy.to_client().at_any_message(2).drop();
    EXPECT_EQ(got(answer.size() - d.size()), c + z);
    EXPECT_EQ(got(answer.size()), answer) << "a rule strikes once";
}

TEST(fault_proxy, a_rule_may_be_for_one_connection_only) {
    scripted_server server{answering(2)};
    const fault_proxy proxy{at(server)};
    proxy.to_client().at_any_message().on_connection(1).replace("!");
    raw_client first{proxy};
    first.send(request());
    EXPECT_EQ(first.receive(answer.size()), answer);
    raw_client second{proxy};
    second.send(request());
    EXPECT_EQ(second.receive(1), "!");
}

TEST(fault_proxy, is_a_black_hole_until_it_is_told_otherwise) {
    scripted_server server{answering()};
    fault_proxy proxy{at(server)};
    proxy.stop();
    raw_client client{proxy};
    client.send(request());
    ASSERT_TRUE(
        proxy.wait_for([](const fault_counts& c) { return c.to_server.received == request().size(); }));
    EXPECT_EQ(proxy.counts().to_server.forwarded, 0U);
    proxy.to_server().resume();
    ASSERT_TRUE(proxy.wait_for([](const fault_counts& c) { return c.to_client.received == answer.size(); }));
    EXPECT_FALSE(client.readable(0ms));
    proxy.to_client().resume();
    EXPECT_EQ(client.receive(answer.size()), answer);
}

TEST(fault_proxy, holds_the_end_back_in_a_black_hole_and_knows_of_it) {
    scripted_server server{{server_script{}.expect('0').wait_for_hang_up()}};
    fault_proxy proxy{at(server)};
    {
        raw_client client{proxy};
        client.send(startup_bytes());
        ASSERT_TRUE(proxy.wait_for([](const fault_counts& c) { return c.to_server.forwarded == 8; }));
        proxy.stop();
    }
    EXPECT_TRUE(proxy.wait_for([](const fault_counts& c) { return c.to_server.hang_ups == 1; }));
    EXPECT_EQ(proxy.counts().open, 1U);
    proxy.resume();
    EXPECT_EQ(server.problems(), "");
    EXPECT_TRUE(proxy.wait_for([](const fault_counts& c) { return c.open == 0; }));
}

TEST(fault_proxy, takes_a_bounded_amount_into_the_black_hole) {
    scripted_server server{{server_script{}.wait_for_hang_up()}};
    fault_proxy proxy{at(server)};
    proxy.stop();
    raw_client client{proxy};
    client.send(std::string(1024 * 1024, 'x'));
    ASSERT_TRUE(proxy.wait_for([](const fault_counts& c) { return c.to_server.received >= 64U * 1024; }));
    EXPECT_LE(proxy.counts().to_server.received, 80U * 1024);
    proxy.resume();
    EXPECT_TRUE(proxy.wait_for([](const fault_counts& c) { return c.to_server.forwarded == 1024U * 1024; }));
}

TEST(fault_proxy, turns_newcomers_away_in_every_way) {
    scripted_server server{answering()};
    fault_proxy proxy{at(server)};
    proxy.arrivals(arrival::refuse);
    EXPECT_EQ(raw_client{proxy}.connect_error, ECONNREFUSED);
    EXPECT_EQ(raw_client{proxy}.connect_error, ECONNREFUSED);
    proxy.arrivals(arrival::close);
    EXPECT_EQ(raw_client{proxy}.to_the_end(), "<end>");
    proxy.arrivals(arrival::reset);
    EXPECT_EQ(raw_client{proxy}.to_the_end(), "<reset>");
    proxy.arrivals(arrival::hold);
    raw_client held{proxy};
    held.send(request());
    EXPECT_TRUE(
        proxy.wait_for([](const fault_counts& c) { return c.to_server.received == request().size(); }));
    EXPECT_EQ(proxy.counts().to_server.forwarded, 0U);
    proxy.arrivals(arrival::forward);
    raw_client client{proxy};
    client.send(request());
    EXPECT_EQ(client.receive(answer.size()), answer);
}

TEST(fault_proxy, cuts_all_that_are_there_and_lets_new_ones_in) {
    scripted_server server{answering(3)};
    fault_proxy proxy{at(server)};
    for (const bool hard : {true, false}) {
        raw_client client{proxy};
        client.send(request());
        EXPECT_EQ(client.receive(answer.size()), answer);
        if (hard)
            proxy.cut();
        else
            proxy.hang_up();
        EXPECT_EQ(client.to_the_end(), hard ? "<reset>" : "<end>");
    }
    raw_client client{proxy};
    client.send(request());
    EXPECT_EQ(client.receive(answer.size()), answer);
    EXPECT_TRUE(proxy.wait_for([](const fault_counts& c) { return c.open == 1; }));
}

TEST(fault_proxy, delays_and_limits) {
    scripted_server server{answering(3, std::string(2000, 'x'))};
    const fault_proxy proxy{at(server)};
    const auto time_of = [&] {
        const auto start = std::chrono::steady_clock::now();
        raw_client client{proxy};
        client.send(request());
        EXPECT_EQ(client.receive(2000).size(), 2000U);
        return std::chrono::steady_clock::now() - start;
    };
    proxy.to_client().latency(100ms);
    EXPECT_GE(time_of(), 100ms);
    proxy.to_client().heal().bandwidth(10'000);
    EXPECT_GE(time_of(), 150ms); // 2000 bytes; the last slice waits for nobody
    proxy.to_client().heal().pieces(500, 50ms);
    EXPECT_GE(time_of(), 150ms); // three pauses
}

TEST(fault_proxy, heals) {
    scripted_server server{answering()};
    fault_proxy proxy{at(server)};
    proxy.to_client().at_byte(3).reset();
    proxy.to_server().at_message('Q').drop();
    proxy.stop();
    proxy.arrivals(arrival::refuse);
    proxy.heal();
    raw_client client{proxy};
    client.send(request());
    EXPECT_EQ(client.receive(answer.size()), answer);
}

TEST(fault_proxy, reports_a_server_that_is_not_there) {
    const fault_proxy proxy{tusk::host_address{"127.0.0.1", 1}};
    raw_client client{proxy};
    EXPECT_EQ(client.to_the_end(), "<end>");
    EXPECT_EQ(proxy.counts().unreachable, 1U);
}

TEST(fault_proxy, stands_on_a_unix_socket_as_well) {
    const tests::temporary_directory place;
    const auto directory = place.path().string();
    scripted_server server{answering()};
    {
        fault_proxy proxy{at(server), directory};
        const auto path = directory + "/.s.PGSQL.5432";
        raw_client client{path};
        client.send(request());
        EXPECT_EQ(client.receive(answer.size()), answer);
        proxy.arrivals(arrival::refuse);
        EXPECT_EQ(raw_client{path}.connect_error, ECONNREFUSED);
        EXPECT_EQ(proxy.url("host=a port=9"), "host=a port=9 host=" + directory + " port=5432");
    }
}

TEST(fault_proxy, its_connection_string_leads_here) {
    const fault_proxy proxy{"postgresql://u@127.0.0.1:1/d?sslmode=disable"};
    const auto config = tusk::parse_connect_config(proxy.url()).value();
    ASSERT_EQ(config.hosts().size(), 1U);
    EXPECT_EQ(config.hosts()[0].host, "127.0.0.1");
    EXPECT_EQ(config.hosts()[0].port, proxy.port());
    EXPECT_EQ(config.user(), "u");
    const auto words = tusk::parse_connect_config(proxy.url("host=db1,db2 user=v")).value();
    ASSERT_EQ(words.hosts().size(), 1U);
    EXPECT_EQ(words.hosts()[0].port, proxy.port());
}

TEST(fault_proxy, a_handle_may_outlive_it) {
    auto proxy = std::make_unique<fault_proxy>(tusk::host_address{"127.0.0.1", 1});
    auto link = proxy->to_client();
    proxy.reset();
    link.stop();
    link.at_byte(3).reset();
    SUCCEED();
}

} // namespace fault_proxy_test
