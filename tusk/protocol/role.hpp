#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <tusk/protocol/action.hpp>
#include <tusk/protocol/session.hpp>

namespace tusk::protocol {

/// What `target_session_attrs` asks of a server.
struct server_role {
    bool standby = false;   ///< It is in recovery.
    bool read_only = false; ///< Its transactions are read-only by default; those of a standby always are.
};

/// The role by the parameters `in_hot_standby` and `default_transaction_read_only`, which PostgreSQL 14 and
/// newer report at startup and whenever they change; nothing when the server (or a pooler) does not report
/// both.
std::optional<server_role> reported_role(std::string_view in_hot_standby,
                                         std::string_view default_transaction_read_only) noexcept;
std::optional<server_role> reported_role(const session& s) noexcept;

/// Asks a server that does not report its role: one round trip on a connection that has just been set up.
/// When it is interrupted, nobody is told: the connection is given up anyway. Source: libpq, which asks the
/// same two questions.
class role_query final : public machine {
public:
    explicit role_query(session& s) : machine{s} {}
    action resume(event e) override;

    /// Once `result()` is empty.
    server_role role() const noexcept { return role_; }

private:
    action ask();
    action on_input();
    action on_frame(const wire::frame& f);
    bool take_answer(std::span<const std::byte> row);
    action conclude();
    action give_up(failure why);

    server_role role_;
    unsigned answers_ = 0;
    failure refused_;
};

} // namespace tusk::protocol
