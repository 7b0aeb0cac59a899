#include <tusk/client/call.hpp>

namespace tusk::detail {

protocol::flow command_sink::on_row(std::span<const std::byte> body) {
    field_view first;
    const std::byte* at = body.data() + 2;
    if (body.size() < 2 || wire::load_big_endian<std::uint16_t>(body.data()) == 0 ||
        !next_value(at, body.data() + body.size(), first))
        return protocol::flow::proceed; // whoever wants a value misses it
    value_ = first.is_null() ? std::nullopt : std::optional<std::string>{first.text()};
    return protocol::flow::proceed;
}

transaction_watch::transaction_watch(const connection_settings& settings, bool nested)
    : observer_{settings.observed_by()} {
    event_.pool = settings.pool_name();
    event_.start = steady_clock::now();
    event_.nested = nested;
}

std::unique_ptr<transaction_watch> transaction_watch::make(const connection_settings& settings, bool nested) {
    return settings.observed_by() ? std::make_unique<transaction_watch>(settings, nested) : nullptr;
}

void transaction_watch::finish(const failure& f, bool committed) {
    const auto to = std::exchange(observer_, nullptr);
    if (!to) return;
    event_.elapsed = steady_clock::now() - event_.start;
    event_.error = f ? &f : nullptr;
    event_.committed = committed;
    to->transaction_finished(event_);
}

query_watch::query_watch(observer* to, const connection_settings& settings, const request& what,
                         std::int32_t backend_pid)
    : observer_{to} {
    if (observer_ == nullptr) return;
    event_.pool = settings.pool_name();
    event_.start = steady_clock::now();
    event_.sql = what.text()->text;
    event_.table = what.call_options().table();
    event_.trace = what.call_options().trace();
    event_.arguments = what.argument_count();
    event_.backend_pid = backend_pid;
    observer_->query_started(event_);
}

namespace {

void report_cancel(observer& to, const observed& of, const protocol::request_machine& machine,
                   std::string_view sql, std::int32_t pid) {
    if (!machine.cancel_requested()) return;
    cancel_event e;
    static_cast<observed&>(e) = of;
    e.context = nullptr;
    e.sql = sql;
    e.timed_out = of.error != nullptr && of.error->code() == errc::timeout;
    e.backend_pid = pid;
    to.canceled(e);
}

} // namespace

void query_watch::finish(const failure& f, const client_sink& sink, const protocol::query& machine) {
    if (observer_ == nullptr) return;
    auto& to = *std::exchange(observer_, nullptr);
    event_.elapsed = steady_clock::now() - event_.start;
    event_.error = f ? &f : nullptr;
    event_.command = sink.command();
    event_.rows = sink.row_count();
    event_.described = machine.described();
    if (machine.described() && machine.description()) {
        prepare_event e;
        static_cast<observed&>(e) = event_;
        e.context = nullptr;
        e.sql = event_.sql;
        e.parameters = static_cast<std::uint16_t>(machine.description()->parameters.size());
        e.columns = static_cast<std::uint16_t>(machine.description()->columns.size());
        e.backend_pid = event_.backend_pid;
        to.prepared(e);
    }
    report_cancel(to, event_, machine, event_.sql, event_.backend_pid);
    to.query_finished(event_);
}

void query_watch::finish(const failure& f, const client_sink& sink) {
    if (observer_ == nullptr) return;
    event_.elapsed = steady_clock::now() - event_.start;
    event_.error = f ? &f : nullptr;
    event_.command = sink.command();
    event_.rows = sink.row_count();
    std::exchange(observer_, nullptr)->query_finished(event_);
}

batch_watch::batch_watch(observer* to, const connection_settings& settings, const batch& b, const options& o,
                         const protocol::session& s)
    : observer_{to} {
    if (observer_ == nullptr) return;
    event_.pool = settings.pool_name();
    event_.start = steady_clock::now();
    event_.statements = b.size();
    event_.trace = o.trace();
    event_.independent = b.is_independent();
    event_.backend_pid = s.backend_pid;
    observer_->batch_started(event_);
}

void batch_watch::finish(const failure& f, const protocol::request_machine& machine) {
    if (observer_ == nullptr) return;
    event_.elapsed = steady_clock::now() - event_.start;
    event_.error = f ? &f : nullptr;
    report_cancel(*observer_, event_, machine, {}, event_.backend_pid);
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
    s.on_message = settings.message_trace_to();
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
