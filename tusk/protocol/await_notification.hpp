#pragma once

#include <tusk/protocol/action.hpp>
#include <tusk/protocol/session.hpp>

namespace tusk::protocol {

/// Reads while nothing is asked of the server, until a notification has come in (`session.on_notification`
/// was called meanwhile). Deadline and cancellation end it at once and leave the connection as it is:
/// `errc::timeout`, `errc::canceled`. Source: PostgreSQL documentation, section 55.2.7, asynchronous
/// operations.
class await_notification final : public machine {
public:
    explicit await_notification(session& s) : machine{s}, before_{s.notifications} {}
    action resume(event e) override;

private:
    action look();
    std::uint64_t before_;
};

} // namespace tusk::protocol
