#include "running_server.hpp"

#include <stdexcept>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

namespace asio = boost::asio;
using namespace tusk::http;

namespace {

constexpr auto patience = std::chrono::seconds{10};

} // namespace

running_server::running_server(router routes, server_options options, int threads)
    : work_{asio::make_work_guard(context_)} {
    options.listen("127.0.0.1:0");
    server_.emplace(std::move(routes), std::move(options));
    server_->start(context_.get_executor());
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { context_.run(); });
}

running_server::~running_server() {
    server_.reset();
    work_.reset();
    for (auto& thread : threads_) thread.join();
}

std::future<bool> running_server::drain(std::chrono::milliseconds timeout) {
    return asio::co_spawn(context_, server_->drain(timeout), asio::use_future);
}

asio::awaitable<void> gate::pass() {
    const auto executor = co_await asio::this_coro::executor;
    const auto timer = std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
    {
        const std::lock_guard lock{mutex_};
        ++arrived_;
        if (!open_) waiting_.push_back([executor, timer] { asio::post(executor, [timer] { timer->cancel(); }); });
        else timer->expires_at(asio::steady_timer::time_point::min());
        changed_.notify_all();
    }
    co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
    const std::lock_guard lock{mutex_};
    if (open_) co_return;
    ++cancelled_;
    throw std::runtime_error{"cancelled"};
}

bool gate::wait_for_arrivals(int count) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patience, [&] { return arrived_ >= count; });
}

void gate::open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    for (const auto& wake : waiting_) wake();
    waiting_.clear();
}

int gate::cancelled() const {
    const std::lock_guard lock{mutex_};
    return cancelled_;
}

server_options& recorder::attach(server_options& to) {
    to.on_complete([this](const request& of, unsigned status, auto duration, std::uint64_t bytes) {
        entry made;
        made.method = of.method();
        made.route = of.route();
        made.id = of.id();
        made.remote_address = of.remote_address();
        made.status = status;
        made.bytes = bytes;
        made.duration = duration;
        const std::lock_guard lock{mutex_};
        completed_.push_back(std::move(made));
        changed_.notify_all();
    });
    to.on_error([this](std::exception_ptr what, const request* of) {
        std::string text = of ? of->route() + ": " : "";
        try {
            std::rethrow_exception(what);
        } catch (const std::exception& e) {
            text += e.what();
        } catch (...) {
            text += "not an exception of the standard library";
        }
        const std::lock_guard lock{mutex_};
        errors_.push_back(std::move(text));
        changed_.notify_all();
    });
    return to;
}

std::vector<recorder::entry> recorder::wait_for_completions(std::size_t count) {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, patience, [&] { return completed_.size() >= count; })) return {};
    return completed_;
}

std::vector<std::string> recorder::wait_for_errors(std::size_t count) {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, patience, [&] { return errors_.size() >= count; })) return {};
    return errors_;
}

router usual_routes(gate* held) {
    router routes;
    routes.get("/hello", [](request& r) -> asio::awaitable<response> {
        co_return response::text(200, "hello " + std::string{r.query("name").value_or("you")});
    });
    routes.post("/echo", [](request& r) -> asio::awaitable<response> { co_return response::text(200, r.body()); });
    routes.post("/json", [](request& r) -> asio::awaitable<response> { co_return response::json(200, r.body()); })
        .accepts("application/json");
    routes.get("/throw", [](request&) -> asio::awaitable<response> {
        throw std::runtime_error{"a secret"};
        co_return response{};
    });
    if (held)
        routes.get("/held", [held](request&) -> asio::awaitable<response> {
            co_await held->pass();
            co_return response::text(200, "let go");
        });
    return routes;
}
