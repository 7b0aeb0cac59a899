#include <functional>
#include <thread>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/migrate/migrator.hpp>

namespace tusk {

namespace {

/// Work for another thread, and what became of it.
template <class T>
struct job {
    std::function<T(std::stop_token)> work;
    std::stop_source stop;
    std::optional<T> value;
    std::exception_ptr thrown;

    void run() noexcept {
        try {
            value.emplace(work(stop.get_token()));
        } catch (...) {
            thrown = std::current_exception();
        }
    }
};

/// Starts the thread; completes on the executor of the coroutine.
template <class T>
struct starter {
    std::shared_ptr<job<T>> what;
    asio::any_io_executor on;

    template <class Handler>
    void operator()(Handler handler) const {
        if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected())
            slot.assign([w = what](asio::cancellation_type) { w->stop.request_stop(); });
        std::thread{[w = what, guard = asio::make_work_guard(on), executor = on,
                     h = std::make_shared<Handler>(std::move(handler))]() mutable {
            w->run();
            asio::post(executor, [h] { std::move (*h)(); });
        }}.detach();
    }
};

/// An ordinary function: nothing that owns is made inside a co_await expression.
template <class T>
asio::awaitable<void> finished(const std::shared_ptr<job<T>>& what, const asio::any_io_executor& on) {
    return asio::async_initiate<const asio::use_awaitable_t<>&, void()>(starter<T>{what, on},
                                                                        asio::use_awaitable);
}

template <class T>
asio::awaitable<T> on_thread(std::function<T(std::stop_token)> work) {
    const auto what = std::make_shared<job<T>>();
    what->work = std::move(work);
    const auto executor = co_await asio::this_coro::executor;
    co_await finished(what, executor);
    if (what->thrown) std::rethrow_exception(what->thrown);
    co_return std::move(*what->value);
}

} // namespace

migrator::migrator(migrate::directory files, std::string_view url)
    : work_{std::make_shared<const blocking::migrator>(std::move(files), url)} {}

migrator::migrator(migrate::directory files, connect_config target)
    : work_{std::make_shared<const blocking::migrator>(std::move(files), std::move(target))} {}

asio::awaitable<migrate::apply_report> migrator::apply(migrate::apply_options o) const {
    return on_thread<migrate::apply_report>([w = work_, o = std::move(o)](std::stop_token stop) mutable {
        return w->apply(o.stop(std::move(stop)));
    });
}

asio::awaitable<migrate::apply_report> migrator::try_apply(migrate::apply_options o) const {
    return on_thread<migrate::apply_report>([w = work_, o = std::move(o)](std::stop_token stop) mutable {
        return w->try_apply(o.stop(std::move(stop)));
    });
}

asio::awaitable<migrate::apply_report> migrator::down(migrate::down_options o) const {
    return on_thread<migrate::apply_report>([w = work_, o = std::move(o)](std::stop_token stop) mutable {
        return w->down(o.run(migrate::apply_options{o.run()}.stop(std::move(stop))));
    });
}

asio::awaitable<migrate::apply_report> migrator::try_down(migrate::down_options o) const {
    return on_thread<migrate::apply_report>([w = work_, o = std::move(o)](std::stop_token stop) mutable {
        return w->try_down(o.run(migrate::apply_options{o.run()}.stop(std::move(stop))));
    });
}

asio::awaitable<migrate::status_report> migrator::status(migrate::apply_options o) const {
    return on_thread<migrate::status_report>([w = work_, o = std::move(o)](std::stop_token stop) mutable {
        return w->status(o.stop(std::move(stop)));
    });
}

asio::awaitable<result<migrate::status_report>> migrator::try_status(migrate::apply_options o) const {
    return on_thread<result<migrate::status_report>>(
        [w = work_, o = std::move(o)](std::stop_token stop) mutable {
            return w->try_status(o.stop(std::move(stop)));
        });
}

} // namespace tusk
