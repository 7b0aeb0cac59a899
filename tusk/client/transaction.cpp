#include <tusk/client/transaction.hpp>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tusk/client/batch.hpp>
#include <tusk/client/connection.hpp>
#include <tusk/client/connection_core.hpp>

namespace tusk {

transaction::transaction(connection& on, unsigned depth, std::shared_ptr<void> keep_alive)
    : connection_{&on}, depth_{depth}, keep_alive_{std::move(keep_alive)},
      watch_{detail::transaction_watch::make(on.core_->settings, depth > 0)} {}

transaction::transaction(transaction&& other) noexcept
    : verbs{std::move(other)}, connection_{std::exchange(other.connection_, nullptr)}, depth_{other.depth_},
      resolvable_{other.resolvable_}, control_{other.control_}, keep_alive_{std::move(other.keep_alive_)},
      watch_{std::move(other.watch_)} {}

transaction& transaction::operator=(transaction&& other) noexcept {
    abandon();
    connection_ = std::exchange(other.connection_, nullptr);
    depth_ = other.depth_;
    resolvable_ = other.resolvable_;
    control_ = other.control_;
    keep_alive_ = std::move(other.keep_alive_);
    watch_ = std::move(other.watch_);
    return *this;
}

transaction::~transaction() { abandon(); }

void transaction::abandon() noexcept {
    if (connection_ == nullptr) return;
    auto& core = *connection_->core_;
    try {
        if (!detail::forget_unsent_begin(core.driver.session().preamble, depth_))
            core.pending_control = depth_ == 0 ? std::string{"rollback"}
                                               : "rollback to savepoint " + detail::savepoint_name(depth_);
    } catch (...) {
        core.driver.close(); // out of memory: the server rolls back when the connection goes
    }
    connection_ = nullptr;
    if (watch_) watch_->finish({}, false);
    keep_alive_.reset();
}

failure transaction::check_open() const {
    return connection_ != nullptr ? failure{} : detail::transaction_closed_failure();
}

namespace {

asio::awaitable<failure> already(failure f) { co_return f; }

} // namespace

asio::awaitable<failure> transaction::execute(request& what, client_sink& sink) {
    if (connection_ != nullptr) return connection_->execute(what, sink); // no frame of its own
    return already(std::move(detail::transaction_closed_failure().set_sql(what.text()->text)));
}

asio::awaitable<failure> transaction::execute_batch(batch& b, options o) {
    if (connection_ == nullptr) return already(detail::transaction_closed_failure());
    if (b.is_independent()) return already(detail::independent_in_transaction_failure());
    return connection_->execute_batch(b, o);
}

asio::awaitable<result<std::unique_ptr<detail::stream_source>>>
transaction::open_stream(request what, std::shared_ptr<client_sink> sink,
                         std::function<void()> abandon_rows) {
    if (auto f = check_open()) co_return f;
    co_return co_await connection_->open_stream(std::move(what), std::move(sink), std::move(abandon_rows));
}

protocol::known_statement transaction::intern(std::string_view sql) {
    if (connection_ == nullptr) throw error{detail::transaction_closed_failure()};
    return connection_->intern(sql);
}

asio::awaitable<failure> transaction::try_commit() {
    if (auto f = check_open()) co_return f;
    auto& on = *std::exchange(connection_, nullptr);
    const auto lease = std::move(keep_alive_);
    auto f = co_await commit_on(on);
    if (watch_) watch_->finish(f, !f);
    co_return f;
}

asio::awaitable<failure> transaction::commit_on(connection& on) {
    const auto core = on.core_;
    if (detail::forget_unsent_begin(core->driver.session().preamble, depth_)) co_return failure{};
    if (depth_ > 0)
        co_return co_await core->control("release savepoint " + detail::savepoint_name(depth_), control_);
    detail::command_sink id;
    detail::command_sink answer;
    const bool ask = resolvable_ && on.status() == transaction_status::in_transaction;
    if (ask) {
        auto f = co_await core->control(std::string{detail::transaction_id_sql}, control_, &id);
        if (f) {
            core->pending_control = "rollback";
            co_return f;
        }
    }
    const bool had_failed = on.status() == transaction_status::failed;
    auto f = co_await core->control("commit", control_, &answer);
    if (ask) co_return detail::judge_commit(std::move(f), answer.tag(), had_failed, id.value());
    co_return detail::judge_commit(std::move(f), answer.tag(), had_failed);
}

asio::awaitable<void> transaction::commit() { throw_if(co_await try_commit()); }

asio::awaitable<failure> transaction::try_rollback() {
    if (connection_ == nullptr) co_return failure{};
    auto& on = *std::exchange(connection_, nullptr);
    const auto lease = std::move(keep_alive_);
    auto f = co_await roll_back_on(on);
    if (watch_) watch_->finish(f, false);
    co_return f;
}

asio::awaitable<failure> transaction::roll_back_on(connection& on) {
    if (!on.is_open()) co_return failure{}; // the server has rolled back
    const auto core = on.core_;
    if (detail::forget_unsent_begin(core->driver.session().preamble, depth_)) co_return failure{};
    if (depth_ == 0) co_return co_await core->control("rollback", control_);
    const auto name = detail::savepoint_name(depth_);
    co_return co_await core->control("rollback to savepoint " + name + "; release savepoint " + name,
                                     control_);
}

asio::awaitable<void> transaction::rollback() { throw_if(co_await try_rollback()); }

asio::awaitable<transaction> transaction::begin() { return detail::begin_on(*this, tx_options{}); }

namespace detail {

/// The door for transactions to make transactions.
struct transaction_access {
    static connection* on(transaction& t) { return t.connection_; }
    static unsigned depth(const transaction& t) { return t.depth_; }
    static const options& control(const transaction& t) { return t.control_; }
    static void set_options(transaction& t, const options& control, bool resolvable) {
        t.control_ = control;
        t.resolvable_ = resolvable;
    }
    /// The command travels with the first statement.
    static void announce(connection& c, std::string sql) {
        if (auto f = c.core_->enter(deadline::never())) throw error{std::move(f)};
        c.core_->driver.session().preamble.push_back(std::move(sql));
    }
};

asio::awaitable<transaction> begin_on(connection& on, tx_options o) {
    transaction_access::announce(on, o.begin_sql());
    transaction tx{on, 0};
    transaction_access::set_options(tx, o.call_options(), o.is_resolvable());
    co_return tx;
}

asio::awaitable<transaction> begin_on(transaction& outer, tx_options) {
    auto* on = transaction_access::on(outer);
    if (on == nullptr) throw error{detail::transaction_closed_failure()};
    const unsigned depth = transaction_access::depth(outer) + 1;
    transaction_access::announce(*on, "savepoint " + detail::savepoint_name(depth));
    transaction inner{*on, depth};
    transaction_access::set_options(inner, transaction_access::control(outer), false);
    co_return inner;
}

asio::awaitable<void> back_off(unsigned attempt) {
    boost::asio::steady_timer timer{co_await asio::this_coro::executor};
    timer.expires_after(back_off_time(attempt));
    boost::system::error_code ec;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
}

} // namespace detail

} // namespace tusk
