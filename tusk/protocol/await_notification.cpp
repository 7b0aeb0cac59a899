#include <tusk/protocol/await_notification.hpp>

namespace tusk::protocol {

action await_notification::resume(event e) {
    switch (e.kind) {
    case event_kind::start:
        if (io().broken)
            return finish(failure{errc::connection_closed, "the connection is closed; open another one"});
        return look();
    case event_kind::timed_out:
        return finish(failure{errc::timeout, "no notification arrived before the deadline"});
    case event_kind::canceled: return finish(failure{errc::canceled, "the operation was cancelled"});
    case event_kind::failed: {
        // A FATAL error that the server sent before hanging up says more than the hang-up.
        const auto a = look();
        if (a.kind == action_kind::done && result_) return a;
        io().broken = true;
        return finish(std::move(e.why));
    }
    default: return look();
    }
}

action await_notification::look() {
    wire::frame f;
    failure why;
    switch (io().next(f, why)) {
    case session::next_result::need_input:
        if (io().notifications != before_) return finish();
        return {action_kind::transfer, true};
    case session::next_result::failed: break;
    case session::next_result::frame: {
        server_error e;
        if (f.type == wire::backend::error_response && wire::parse_error(f.body, e))
            why = failure{std::move(e)};
        else
            why = protocol_failure("a message arrived that nothing had asked for");
        io().consume(f);
        break;
    }
    }
    io().broken = true;
    return finish(std::move(why));
}

} // namespace tusk::protocol
