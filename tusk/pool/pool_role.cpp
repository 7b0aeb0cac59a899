#include <tusk/pool/pool_core.hpp>

#include <boost/asio/awaitable.hpp>

#include <tusk/pool/server_role.hpp>

/// What the pool does when a server takes another role while connections to it are open.
namespace tusk::detail {

bool pool_core::has_lost_role(const pooled& what) const noexcept {
    return detail::has_lost_role(what.conn, target_->config().target_session_attrs());
}

/// A server that reports its role is asked only when it is doubted.
std::string_view pool_core::question_for_role(const pooled& what, bool doubted) const noexcept {
    if (!doubted && role_of(what.conn)) return {};
    return detail::question_for_role(target_->config().target_session_attrs());
}

/// Whether the server is there and still has the wanted role, in one round trip either way.
/// At the deadline the connection is closed: a silent server would be as silent about a request to cancel.
asio::awaitable<failure> pool_core::ping(pooled& what, deadline until) {
    asio::steady_timer limit{executor_, until.at()};
    limit.async_wait([remote = what.remote](const boost::system::error_code& ec) {
        if (!ec) remote.close();
    });
    const options call;
    failure f;
    if (question_for_role(what, false).empty())
        f = co_await what.conn.ping(call);
    else
        f = co_await ask_for_role(what, call);
    limit.cancel();
    if (f && until.expired()) co_return failure{errc::timeout, "the server did not answer a ping in time"};
    co_return f;
}

asio::awaitable<failure> pool_core::ask_for_role(pooled& what, options o) {
    const auto answer = co_await what.conn.try_one<bool>(o, question_for_role(what, true));
    if (!answer) co_return answer.error();
    if (*answer) co_return failure{};
    co_return lost_role_failure();
}

/// The idle connections have most likely lost it too, and hear of it only with their next answer: they go as
/// well. Those in use are looked at when they come back.
void pool_core::drop_idle_for_role() noexcept {
    std::vector<item> idle;
    {
        const std::lock_guard lock{mutex_};
        idle = slots_.drain();
        counters_.closed_broken += idle.size();
    }
    close_all(std::move(idle), close_reason::health);
}

void pool_core::discard_for_role(item what) noexcept {
    drop_idle_for_role();
    discard(std::move(what), close_reason::health);
}

} // namespace tusk::detail
