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

/// One held handler: owned by its coroutine, so that nothing of it outlives the context.
class gate::waiter {
public:
    explicit waiter(const asio::any_io_executor& executor)
        : timer{executor, asio::steady_timer::time_point::max()} {}
    static void wake(const std::shared_ptr<waiter>& self) {
        asio::post(self->timer.get_executor(), [self] { self->timer.cancel(); });
    }

    asio::steady_timer timer;
};

asio::awaitable<void> gate::pass() {
    const auto executor = co_await asio::this_coro::executor;
    const auto own = std::make_shared<waiter>(executor);
    if (!enter(own)) co_return;
    co_await own->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    leave();
}

/// False when there is nothing to wait for.
bool gate::enter(const std::shared_ptr<waiter>& who) {
    const std::lock_guard lock{mutex_};
    ++arrived_;
    changed_.notify_all();
    if (open_) return false;
    waiting_.push_back(who);
    return true;
}

void gate::leave() {
    const std::lock_guard lock{mutex_};
    if (open_) return;
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
    for (const auto& one : waiting_)
        if (const auto who = one.lock()) waiter::wake(who);
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
        const std::lock_guard lock{mutex_};
        errors_.emplace_back(of ? of->route() + ": " : "", std::move(what));
        changed_.notify_all();
    });
    return to;
}

std::vector<recorder::entry> recorder::wait_for_completions(std::size_t count) {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, patience, [&] { return completed_.size() >= count; })) return {};
    return completed_;
}

bool recorder::wait_for_error_count(std::size_t count) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patience, [&] { return errors_.size() >= count; });
}

std::vector<std::string> recorder::errors() {
    const std::lock_guard lock{mutex_};
    std::vector<std::string> texts;
    for (const auto& [where, what] : errors_) {
        try {
            std::rethrow_exception(what);
        } catch (const std::exception& e) {
            texts.push_back(where + e.what());
        } catch (...) {
            texts.push_back(where + "not an exception of the standard library");
        }
    }
    return texts;
}

router usual_routes(gate* held) {
    router routes;
    routes.get("/hello", [](request& r) -> asio::awaitable<response> {
        co_return response::text(200, "hello " + std::string{r.query("name").value_or("you")});
    });
    routes.post("/echo",
                [](request& r) -> asio::awaitable<response> { co_return response::text(200, r.body()); });
    routes
        .post("/json",
              [](request& r) -> asio::awaitable<response> { co_return response::json(200, r.body()); })
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
