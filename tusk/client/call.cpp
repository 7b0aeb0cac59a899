#include <tusk/client/call.hpp>

namespace tusk::detail {

query_watch::query_watch(observer* to, const connection_settings& settings, const request& what,
                         const protocol::session& s)
    : observer_{to} {
    if (observer_ == nullptr) return;
    event_.pool = settings.pool_name();
    event_.start = steady_clock::now();
    event_.sql = what.text()->text;
    event_.table = what.call_options().table();
    event_.arguments = what.argument_count();
    event_.backend_pid = s.backend_pid;
    observer_->query_started(event_);
}

void query_watch::finish(const failure& f, const client_sink& sink, bool described) {
    if (observer_ == nullptr) return;
    event_.elapsed = steady_clock::now() - event_.start;
    event_.error = f ? &f : nullptr;
    event_.command = sink.command();
    event_.rows = sink.row_count();
    event_.described = described;
    observer_->query_finished(event_);
}

batch_watch::batch_watch(observer* to, const connection_settings& settings, const batch& b,
                         const protocol::session& s)
    : observer_{to} {
    if (observer_ == nullptr) return;
    event_.pool = settings.pool_name();
    event_.start = steady_clock::now();
    event_.statements = b.size();
    event_.independent = b.is_independent();
    event_.backend_pid = s.backend_pid;
    observer_->batch_started(event_);
}

void batch_watch::finish(const failure& f) {
    if (observer_ == nullptr) return;
    event_.elapsed = steady_clock::now() - event_.start;
    event_.error = f ? &f : nullptr;
    observer_->batch_finished(event_);
}

failure busy_failure() {
    return failure{errc::connection_busy,
                   "the connection executes another statement; await it first, or take a pool"};
}

failure closed_connection_failure() {
    failure f{errc::connection_closed, "the connection is closed; open another one"};
    f.set_sent(sent_state::none, retry_advice::safe);
    return f;
}

failure late_failure() {
    failure f{errc::timeout, "the deadline passed before the statement was sent"};
    f.set_sent(sent_state::none, retry_advice::safe);
    return f;
}

connect_watch::connect_watch(const connection_settings& settings, const std::string& database,
                             const std::string& user)
    : observer_{settings.observed_by().get()} {
    if (observer_ == nullptr) return;
    event_.pool = settings.pool_name();
    event_.start = steady_clock::now();
    event_.database = database;
    event_.user = user;
    observer_->connect_started(event_);
}

void connect_watch::finish(const failure& f, const std::string& host, std::uint16_t port,
                           const protocol::session& s) {
    if (observer_ == nullptr) return;
    event_.elapsed = steady_clock::now() - event_.start;
    event_.error = f ? &f : nullptr;
    event_.host = host;
    event_.port = port;
    event_.backend_pid = s.backend_pid;
    event_.tls = s.tls;
    observer_->connect_finished(event_);
}

result<std::optional<notification>> take_notification(const kept_notifications& from) {
    std::optional<notification> out;
    if (!from) return out;
    auto event = from->pop();
    if (!event) return out;
    if (auto* lost = std::get_if<gap>(&*event))
        return failed<std::optional<notification>>(failure{
            errc::connection_busy, std::to_string(lost->dropped()) +
                                       " notifications were dropped, because more of them waited than "
                                       "notification_capacity allows"});
    out = std::move(std::get<notification>(*event));
    return out;
}

void forward_messages(protocol::session& s, const connection_settings& settings, kept_notifications& kept) {
    if (settings.observed_by())
        s.on_notice = [o = settings.observed_by()](const server_error& n) { o->notice(n); };
    s.on_notification = [&s, &kept, f = settings.on_notification(), most = settings.notification_capacity(),
                         others = settings.ignores_own_notifications()](notification&& n) {
        if (others && n.pid == s.backend_pid) return;
        if (f) return f(n);
        if (!kept) kept = std::make_unique<notification_queue>(most);
        kept->push(std::move(n));
    };
}

} // namespace tusk::detail
