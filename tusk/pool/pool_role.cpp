#include <tusk/pool/pool_core.hpp>

/// What the pool does when a server takes another role while connections to it are open.
namespace tusk::detail {

/// The server has told that it is no more what target_session_attrs asked for: a standby was promoted, or a
/// primary became read-only.
bool pool_core::has_lost_role(const pooled& what) const noexcept {
    const auto wanted = target_->config().target_session_attrs();
    if (wanted == target_session_attrs::any || wanted == target_session_attrs::prefer_standby) return false;
    const auto role = protocol::reported_role(what.conn.parameter("in_hot_standby"),
                                              what.conn.parameter("default_transaction_read_only"));
    return role && !net::fits(*role, wanted);
}

/// The idle connections have most likely lost it too, and hear of it only with their next answer: they go as
/// well. Those in use are looked at when they come back.
void pool_core::discard_for_role(item what) noexcept {
    std::vector<item> idle;
    {
        const std::lock_guard lock{mutex_};
        idle = slots_.drain();
        counters_.closed_broken += idle.size();
    }
    for (std::size_t i = 0; i < idle.size(); ++i) report_closed(close_reason::health);
    discard(std::move(what), close_reason::health);
}

} // namespace tusk::detail
