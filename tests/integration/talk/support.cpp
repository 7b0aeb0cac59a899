#include "support.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json/parse.hpp>

#include <services/talk/migrations.hpp>

namespace talk_test {

bool eventually(const std::function<bool()>& done, std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < end) {
        if (done()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return done();
}

tusk::testing::database_options tables_test::options() const {
    tusk::testing::database_options out;
    for (const auto& file : tusk::talk::migrations().files()) out.script(file.content());
    return out;
}

namespace {

asio::awaitable<void> run_with_pool(std::string url, std::function<asio::awaitable<void>(tusk::pool&)> test) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    auto config = tusk::pool_config::from(tusk::parse_connect_config(url).value()).value();
    config.max_connections(4).min_connections(0);
    tusk::pool pool{executor, config};
    std::exception_ptr thrown;
    try {
        co_await test(pool);
    } catch (...) {
        thrown = std::current_exception();
    }
    const auto until = tusk::deadline::in(std::chrono::seconds{5});
    co_await pool.close(until);
    if (thrown) std::rethrow_exception(thrown);
}

tusk::talk::config test_settings(const std::string& database_url, const std::string& yaml) {
    tusk::common::config_sources from;
    from.file_text("test.yaml", "log: {level: 'off'}\n" + yaml)
        .listen("127.0.0.1:0")
        .database_url(database_url);
    from.environment(tusk::environment{}.set_os_user("postgres"));
    auto out = tusk::talk::load_config(from);
    if (!out) throw std::runtime_error{std::string{out.error().text()}};
    return std::move(*out);
}

} // namespace

void tables_test::with_pool(std::function<asio::awaitable<void>(tusk::pool&)> test) const {
    tusk::testing::run_async(run_with_pool(url(), std::move(test)));
}

running_talk::running_talk(const std::string& database_url, const std::string& yaml)
    : settings_{test_settings(database_url, yaml)}, application_{settings_},
      client_{context_.get_executor()} {
    host_ = std::make_unique<tusk::common::host>(application_, settings_);
    host_->start();
    thread_ = std::thread{[this] { host_->run(); }};
}

running_talk::~running_talk() {
    host_->stop();
    thread_.join();
}

bool running_talk::becomes_ready() {
    return eventually([this] { return ask("GET", "/readyz").status() == 200; });
}

tusk::http::client_response running_talk::ask(const std::string& method, const std::string& path,
                                              const std::string& body) {
    return ask(method, path, body, "Accept", "application/json");
}

tusk::http::client_response running_talk::ask(const std::string& method, const std::string& path,
                                              const std::string& body, const std::string& header,
                                              const std::string& value) {
    tusk::http::client_request what{method, url(path)};
    if (!body.empty()) what.body(body, "application/json");
    what.header(header, value);
    auto answer = asio::co_spawn(context_, client_.send(what), asio::use_future);
    context_.restart();
    context_.run();
    return answer.get();
}

json::object object_of(const tusk::http::client_response& of) {
    return json::parse(json::string_view{of.body().data(), of.body().size()}).as_object();
}

std::string text_of(const json::object& from, std::string_view name) {
    const auto& value = from.at(json::string_view{name.data(), name.size()});
    return value.is_null() ? "null" : std::string{value.as_string()};
}

std::int64_t id_of(const json::object& from) { return from.at("id").as_int64(); }

} // namespace talk_test
