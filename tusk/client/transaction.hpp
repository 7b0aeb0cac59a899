#pragma once

#include <memory>
#include <optional>
#include <type_traits>

#include <tusk/client/tx_options.hpp>
#include <tusk/client/verbs.hpp>

namespace tusk {

class connection;
class transaction;

namespace detail {
struct transaction_access;

asio::awaitable<transaction> begin_on(connection& on, tx_options o);
asio::awaitable<transaction> begin_on(transaction& on, tx_options o);
/// Waits before another attempt: full jitter, 50 ms doubling up to 2 s.
asio::awaitable<void> back_off(unsigned attempt);

template <class F>
struct transact_result;
template <class T>
struct transact_result<asio::awaitable<T>> {
    using type = T;
};

template <class On, class F>
auto transact(On& on, F f, tx_options o)
    -> asio::awaitable<typename transact_result<std::invoke_result_t<F&, transaction&>>::type>;

} // namespace detail

/// A transaction, or a savepoint inside one (`begin()`). Destroying it without `commit()` rolls back: the
/// ROLLBACK is sent before the connection's next statement.
class transaction final : public verbs {
public:
    /// `keep_alive` holds a pool's lease.
    transaction(connection& on, unsigned depth, std::shared_ptr<void> keep_alive = nullptr);
    transaction(transaction&& other) noexcept;
    transaction& operator=(transaction&& other) noexcept;
    ~transaction() override;

    asio::awaitable<failure> execute(request& what, client_sink& sink) override;
    asio::awaitable<failure> execute_batch(batch& b, options o) override;
    asio::awaitable<result<std::unique_ptr<detail::stream_source>>>
    open_stream(request what, std::shared_ptr<client_sink> sink, std::function<void()> abandon) override;
    asio::awaitable<failure> copy(detail::copy_job& job) override;
    protocol::known_statement intern(std::string_view sql) override;

    /// Commits (or releases the savepoint). Errors: `errc::transaction_rolled_back` when the server had to
    /// roll back, `errc::in_doubt` when the answer was lost, and whatever a deferred constraint says.
    asio::awaitable<void> commit();
    asio::awaitable<failure> try_commit();
    /// Rolls back (or back to the savepoint). Does nothing when the transaction is over.
    asio::awaitable<void> rollback();
    asio::awaitable<failure> try_rollback();
    /// A savepoint; while it is open this object must not be used.
    asio::awaitable<transaction> begin();
    template <class F>
    auto transact(F f) {
        return detail::transact(*this, std::move(f), tx_options{});
    }

    bool is_open() const noexcept { return connection_ != nullptr; }
    /// Keeps something alive until the transaction is over: a pool's lease.
    void hold(std::shared_ptr<void> what) { keep_alive_ = std::move(what); }

private:
    friend struct detail::transaction_access;
    failure check_open() const;
    void abandon() noexcept;
    asio::awaitable<failure> commit_on(connection& on);
    asio::awaitable<failure> roll_back_on(connection& on);

    connection* connection_;
    unsigned depth_;
    bool resolvable_ = false;
    options control_;
    std::shared_ptr<void> keep_alive_;
    std::unique_ptr<detail::transaction_watch> watch_;
};

namespace detail {

/// `On` has `begin()`, by way of `begin_on`.
template <class On, class F>
auto transact(On& on, F f, tx_options o)
    -> asio::awaitable<typename transact_result<std::invoke_result_t<F&, transaction&>>::type> {
    using value = typename transact_result<std::invoke_result_t<F&, transaction&>>::type;
    for (unsigned attempt = 0;; ++attempt) {
        auto tx = co_await begin_on(on, o);
        std::exception_ptr thrown;
        try {
            if constexpr (std::is_void_v<value>) {
                co_await f(tx);
                co_await tx.commit();
                co_return;
            } else {
                auto out = co_await f(tx);
                co_await tx.commit();
                co_return std::move(out);
            }
        } catch (const error& e) {
            if (!lost_to_another(e) || attempt >= o.retries()) thrown = std::current_exception();
        } catch (...) {
            thrown = std::current_exception();
        }
        static_cast<void>(co_await tx.try_rollback()); // what failed before matters more
        if (thrown) std::rethrow_exception(thrown);
        co_await back_off(attempt);
    }
}

} // namespace detail

} // namespace tusk
