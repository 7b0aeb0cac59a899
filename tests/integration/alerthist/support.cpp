#include "support.hpp"

#include <atomic>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <tusk/client/connection.hpp>

namespace alerthist_test {

namespace asio = boost::asio;

bool eventually(const std::function<bool()>& done, std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < end) {
        if (done()) return true;
        std::this_thread::sleep_for(
            std::chrono::milliseconds{5}); // leaves the processor to what is waited for
    }
    return done();
}

// ---- HTTP
// -----------------------------------------------------------------------------------------------------

http_connection::http_connection(std::uint16_t port)
    : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const timeval limit{30, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
    ::close(socket_);
    throw std::runtime_error{"cannot connect to the service"};
}

http_connection::~http_connection() { ::close(socket_); }

void http_connection::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return; // the service refuses the rest; its answer says why
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

answer http_connection::receive() {
    std::string all;
    char buffer[65536];
    for (ssize_t n = 0; (n = ::recv(socket_, buffer, sizeof buffer, 0)) > 0;)
        all.append(buffer, static_cast<std::size_t>(n));
    const auto end = all.find("\r\n\r\n");
    if (end == std::string::npos) throw std::runtime_error{"no complete answer: \"" + all + "\""};
    answer out;
    out.body = all.substr(end + 4);
    std::istringstream head{all.substr(0, end)};
    std::string version;
    head >> version >> out.status;
    std::string line;
    std::getline(head, line);
    while (std::getline(head, line)) {
        const auto colon = line.find(": ");
        auto name = line.substr(0, colon);
        for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        const auto last = line.find_last_not_of('\r');
        out.headers[name] = line.substr(colon + 2, last - colon - 1);
    }
    return out;
}

bool http_connection::receive_until(std::string_view what, std::string& seen) {
    char buffer[65536];
    while (seen.find(what) == std::string::npos) {
        const auto n = ::recv(socket_, buffer, sizeof buffer, 0);
        if (n <= 0) return false;
        seen.append(buffer, static_cast<std::size_t>(n));
    }
    return true;
}

std::string request_text(const std::string& method, const std::string& target, const std::string& text,
                         const std::string& content_type) {
    std::string out = method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n";
    if (!content_type.empty() && method != "GET") out += "Content-Type: " + content_type + "\r\n";
    if (method != "GET") out += "Content-Length: " + std::to_string(text.size()) + "\r\n";
    return out + "\r\n" + text;
}

answer get(std::uint16_t port, const std::string& target) {
    http_connection to{port};
    to.send(request_text("GET", target));
    return to.receive();
}

answer post(std::uint16_t port, const std::string& text, const std::string& content_type) {
    http_connection to{port};
    to.send(request_text("POST", "/webhook", text, content_type));
    return to.receive();
}

answer call(std::uint16_t port, const std::string& method, const std::string& target, const std::string& text,
            const std::string& headers) {
    http_connection to{port};
    std::string head =
        method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + headers;
    if (!text.empty() && headers.find("Content-Type") == std::string::npos)
        head += "Content-Type: application/json\r\n";
    if (!text.empty() || method == "POST" || method == "PUT")
        head += "Content-Length: " + std::to_string(text.size()) + "\r\n";
    to.send(head + "\r\n" + text);
    auto out = to.receive();
    EXPECT_EQ(objections(method, target, out), "")
        << method << " " << target << ": " << out.status << " " << out.body;
    return out;
}

std::string percent_encoded(const std::string& text) {
    std::ostringstream out;
    out << std::hex << std::uppercase;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out << '%' << (byte >> 4) << (byte & 15);
    }
    return out.str();
}

// ---- database
// -------------------------------------------------------------------------------------------------

tusk::embedded::server own_postgres() {
    auto made = tusk::embedded::server::start();
    if (!made) throw std::runtime_error{made.error().message()};
    return std::move(*made);
}

tusk::embedded::server& postgres() {
    static tusk::embedded::server shared = own_postgres();
    return shared;
}

std::string new_database() {
    static std::atomic<int> count{0};
    const auto name = "alerthist_" + std::to_string(++count);
    execute(postgres().url(), "create database " + name);
    return replaced(postgres().url(), "/postgres?", "/" + name + "?");
}

namespace {

asio::awaitable<std::vector<std::string>> read_rows(std::string url, std::string sql) {
    auto conn = co_await tusk::connection::open(url);
    const auto found = co_await conn.all<std::optional<std::string>>(sql);
    std::vector<std::string> out;
    for (const auto& one : found) out.push_back(one.value_or("NULL"));
    co_return out;
}

asio::awaitable<void> run_script(std::string url, std::string sql) {
    auto conn = co_await tusk::connection::open(url);
    co_await conn.script(sql);
}

} // namespace

void execute(const std::string& url, const std::string& sql) {
    asio::io_context context;
    auto done = asio::co_spawn(context, run_script(url, sql), asio::use_future);
    context.run();
    done.get();
}

std::vector<std::string> rows(const std::string& url, const std::string& sql) {
    asio::io_context context;
    auto found = asio::co_spawn(context, read_rows(url, sql), asio::use_future);
    context.run();
    return found.get();
}

std::string value(const std::string& url, const std::string& sql) {
    const auto found = rows(url, sql);
    if (found.size() != 1) throw std::runtime_error{std::to_string(found.size()) + " rows: " + sql};
    return found.front();
}

// ---- service
// --------------------------------------------------------------------------------------------------

tusk::alerthist::config settings(const std::string& database_url, const std::string& yaml) {
    tusk::alerthist::config_sources from;
    from.file_text("test.yaml", "log: {level: 'off'}\n" + yaml)
        .listen("127.0.0.1:0")
        .database_url(database_url);
    from.environment(tusk::environment{}.set_os_user("postgres"));
    auto out = tusk::alerthist::load_config(from);
    if (!out) throw std::runtime_error{std::string{out.error().text()}};
    out->threads = 2;
    return std::move(*out);
}

running_service::running_service(const std::string& database_url, const std::string& yaml)
    : service_{settings(database_url, yaml)} {
    service_.start();
    thread_ = std::thread{[this] { service_.run(); }};
}

running_service::~running_service() {
    service_.stop();
    thread_.join();
}

bool running_service::becomes_ready() const {
    return eventually([this] { return get(port(), "/readyz").status == 200; });
}

// ---- bodies
// ---------------------------------------------------------------------------------------------------

std::string real_body() {
    std::ifstream file{ALERTHIST_TEST_DATA "/webhook-firing-and-resolved.json", std::ios::binary};
    if (!file) throw std::runtime_error{"the captured body is missing"};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string replaced(std::string in, const std::string& what, const std::string& with) {
    const auto at = in.find(what);
    if (at == std::string::npos) throw std::runtime_error{"not found: " + what};
    return in.replace(at, what.size(), with);
}

body& body::firing(const std::string& name, const std::string& start, const json::object& labels) {
    json::object alert;
    alert["status"] = "firing";
    alert["endsAt"] = "0001-01-01T00:00:00Z";
    return add(std::move(alert), name, start, labels);
}

body& body::resolved(const std::string& name, const std::string& start, const std::string& end,
                     const json::object& labels) {
    json::object alert;
    alert["status"] = "resolved";
    alert["endsAt"] = end;
    return add(std::move(alert), name, start, labels);
}

body& body::add(json::object alert, const std::string& name, const std::string& start,
                const json::object& labels) {
    auto all = labels;
    all["alertname"] = name;
    alert["labels"] = std::move(all);
    alert["startsAt"] = start;
    alerts_.push_back(std::move(alert));
    return *this;
}

std::string body::text() const {
    json::object out;
    out["version"] = "4";
    out["receiver"] = "test";
    out["alerts"] = alerts_;
    return json::serialize(out);
}

} // namespace alerthist_test
