#include <tusk/protocol/shared_run.hpp>

#include <algorithm>

#include <tusk/wire/frontend.hpp>

namespace tusk::protocol {

// ---- one statement

flow shared_run::slot::on_row(std::span<const std::byte> body) {
    if (owner != nullptr && owner->sink().on_row(body) == flow::reject) return flow::reject;
    return flow::proceed; // sharing goes on without pauses
}

void shared_run::slot::on_complete(const wire::command_tag& tag) {
    if (owner != nullptr) owner->sink().on_complete(tag);
}

void shared_run::slot::on_error(const failure& why, request_phase where) {
    error = why;
    failed_in = where;
}

// ---- the run

action shared_run::resume(event e) {
    switch (e.kind) {
    case event_kind::start:
        if (io().broken) return lost(failure{errc::connection_closed, "the connection is closed"});
        take_more();
        return go_on();
    case event_kind::proceed:
    case event_kind::transferred: return go_on();
    case event_kind::poked: return on_poke();
    case event_kind::cancel_finished:
        if (cancel_ == cancel_state::pending) cancel_ = cancel_state::draining;
        return go_on();
    case event_kind::timed_out: // of the grace time that a CancelRequest has
    case event_kind::canceled:
        // Who was given up has his answer already; the others only travelled with him.
        return lost(interruption_
                        ? failure{errc::connection_lost,
                                  "the connection was closed, because the server did not react in time when "
                                  "another statement on it was to be cancelled"}
                        : failure{errc::canceled, "the connection was closed under the statement"});
    case event_kind::failed: {
        // What was received before counts, also an error that the server sent before it hung up.
        const auto progress = replies_.advance(io());
        settle_ready();
        if (progress == pipeline::progress::broken && replies_.error().server() != nullptr)
            return lost(replies_.take_error());
        return lost(std::move(e.why));
    }
    case event_kind::tls_established:
    case event_kind::secret_given:
    case event_kind::computed: break;
    }
    return lost(failure{errc::protocol_violation, "unexpected event"});
}

action shared_run::go_on() {
    auto progress = replies_.advance(io());
    settle_ready();
    if (progress == pipeline::progress::broken) return lost(replies_.take_error());
    static_cast<void>(replies_.take_error()); // every statement has kept its own
    if (cancel_ == cancel_state::none) take_more();
    if (slots_.empty()) return end_of_run();
    // The server comes to one that was given up while it waited for its turn.
    const bool in_vain = slots_.front().owner == nullptr && !slots_.front().was_target;
    if (in_vain && cancel_ != cancel_state::pending) return cancel_front();
    return {action_kind::transfer, true};
}

action shared_run::end_of_run() {
    switch (cancel_) {
    case cancel_state::none: return finish();
    case cancel_state::pending: return {action_kind::transfer, true};
    case cancel_state::draining:
        cancel_ = cancel_state::flushing;
        wire::write_sync(io().output);
        replies_.expect_sync();
        return {action_kind::transfer, true};
    case cancel_state::flushing: break;
    }
    if (!replies_.finished()) return {action_kind::transfer, true};
    return finish(); // the grace time counts for this run: another one goes on
}

action shared_run::cancel_front() {
    if (io().cancel_key.empty()) return lost(interruption_);
    slots_.front().was_target = true;
    cancel_ = cancel_state::pending;
    return {action_kind::cancel_request, true};
}

/// Those that nobody waits for leave. The first of those that are left is what the server works on.
action shared_run::on_poke() {
    for (auto& s : slots_) {
        if (s.owner == nullptr) continue;
        auto why = feed_.given_up(*s.owner);
        if (!why) continue;
        const auto far = sent(s);
        why.set_sql(s.text->text);
        why.set_sent(far, far == sent_state::none ? retry_advice::safe : retry_advice::if_idempotent);
        interruption_ = why;
        feed_.finished(*std::exchange(s.owner, nullptr), std::move(why), shared_end::over);
    }
    return go_on();
}

/// The connection is gone, and with it whatever is not answered.
action shared_run::lost(failure why) {
    io().broken = true;
    for (auto& s : slots_) {
        if (s.owner == nullptr) continue;
        const auto far = sent(s);
        // A FATAL error is about what the server was doing; the others only lost their connection.
        failure own =
            &s == &slots_.front() || why.server() == nullptr
                ? why
                : failure{errc::connection_lost, "the server ended the connection: " + why.message()};
        own.set_sql(s.text->text);
        const bool answered = &s == &slots_.front() && why.server() != nullptr;
        outcome o;
        o.answered = answered;
        o.sent = answered ? sent_state::answered : far;
        if (const auto code = to_sqlstate(own.code())) o.state = *code;
        o.tx = transaction_status::idle;
        own.set_sent(o.sent, advise_retry(o));
        const auto end = far == sent_state::none ? shared_end::again : shared_end::over;
        feed_.finished(*std::exchange(s.owner, nullptr), std::move(own), end);
    }
    slots_.clear();
    replies_.clear();
    io().discard_output();
    return finish(std::move(why));
}

// ---- writing

void shared_run::take_more() {
    while (auto* next = feed_.next(slots_.size())) {
        if (!write(*next)) continue; // it was refused before anything was sent
    }
}

std::uint64_t shared_run::bytes_sent() const noexcept { return written_ - io().pending_output().size(); }

sent_state shared_run::sent(const slot& s) const noexcept {
    const auto all = bytes_sent();
    return all >= s.end ? sent_state::complete : all > s.begin ? sent_state::partial : sent_state::none;
}

/// The server has the statement, or will have it before this one is bound.
bool shared_run::is_prepared(slot& s) {
    if (!named()) return false;
    auto* cached = io().statements.find(*s.text);
    if (cached == nullptr) cached = io().statements.find_renewed(s.text, io().to_close);
    if (cached != nullptr) {
        s.description = cached->description;
        return true;
    }
    for (auto other = slots_.rbegin(); other != slots_.rend(); ++other)
        if (&*other != &s && other->text == s.text && other->preparing) {
            s.description = other->description;
            s.answer = other->answer;
            return true;
        }
    return false;
}

bool shared_run::write(shared_statement& what) {
    auto& s = slots_.emplace_back();
    s.owner = &what;
    s.text = what.source().text();
    s.description = what.source().known_description();
    const bool prepared = is_prepared(s);
    if (!prepared && registry_.intern(s.text->text).description != s.description) {
        // What it was described as is not what it is any more: somebody has to look at it first.
        slots_.pop_back();
        feed_.finished(what, {}, shared_end::again);
        return false;
    }
    const auto before = io().output.size();
    wire::bound_values arguments;
    std::span<const std::int16_t> formats;
    failure f = s.description
                    ? what.source().bind(s.description, arguments, formats)
                    : failure{errc::invalid_argument, "only statements that were described are shared"};
    if (!f) f = write_messages(s, arguments, formats, prepared);
    if (f) {
        io().output.resize_down(before);
        slots_.pop_back();
        // About types, or what is remembered of them may have changed: that is for a connection of its own.
        const bool about_types = f.code() == errc::column_mismatch || f.code() == errc::type_mismatch;
        if (about_types || what.source().question() != nullptr) {
            feed_.finished(what, {}, shared_end::again);
            return false;
        }
        f.set_sql(what.source().text()->text);
        f.set_sent(sent_state::none, retry_advice::never);
        feed_.finished(what, std::move(f), shared_end::over);
        return false;
    }
    s.begin = written_;
    written_ += io().output.size() - before;
    s.end = written_;
    return true;
}

/// Everything is written before anything is expected: a message that cannot be written leaves no trace.
failure shared_run::write_messages(slot& s, const wire::bound_values& arguments,
                                   std::span<const std::int16_t> formats, bool known_to_server) {
    auto& out = io().output;
    const std::string_view name = named() ? std::string_view{s.text->server_name} : std::string_view{};
    const auto closes = io().to_close; // usually none
    for (const auto& gone : closes)
        if (auto f = wire::write_close(out, 'S', gone->server_name)) return f;
    if (!known_to_server) {
        if (auto f = wire::write_parse(out, name, s.text->text, s.description->parameters)) return f;
        if (auto f = wire::write_describe(out, 'S', name)) return f;
    }
    if (auto f = wire::write_bind(out, "", name, arguments, formats)) return f;
    if (auto f = wire::write_execute(out, "", 0)) return f;
    wire::write_sync(out);
    for (std::size_t i = 0; i < closes.size(); ++i) replies_.expect_close();
    io().to_close.clear();
    if (!known_to_server) {
        s.preparing = true;
        s.answer->expected = s.description.get();
        replies_.expect_parse(&s);
        replies_.expect_describe(*s.answer, &s);
    }
    replies_.expect_execute(s, s.answer.get());
    replies_.expect_sync(&s);
    return {};
}

// ---- reading

void shared_run::settle_ready() {
    while (!slots_.empty() && slots_.front().ready) {
        settle(slots_.front());
        slots_.pop_front();
    }
}

void shared_run::settle(slot& s) {
    if (s.preparing) {
        if (!s.answer->complete) {
            forget(s);
        } else {
            if (s.answer->stale) {
                s.description = std::make_shared<const statement_description>(std::move(s.answer->parameters),
                                                                              std::move(s.answer->columns));
                registry_.describe(s.text, s.description);
            }
            if (named()) io().statements.insert(s.text, s.description, io().to_close);
        }
    }
    auto end = shared_end::over;
    if (s.error && is_stale(s)) {
        forget(s);
        registry_.forget(*s.text);
        io().suspect_pooler(s.error);
        end = shared_end::again;
    } else if (s.error && s.error.code() == make_error_code("57014"_sqlstate) &&
               cancel_ != cancel_state::none && !s.was_target) {
        end = shared_end::again; // the CancelRequest was meant for another one
    } else if (!s.error && s.answer->stale) {
        s.error =
            failure{errc::column_mismatch,
                    "the result columns changed since the statement was described; it was executed, and "
                    "its rows were dropped"};
    }
    if (s.owner == nullptr) return;
    failure f = std::move(s.error);
    if (!f) f = s.owner->sink().take_failure();
    if (f) {
        f.set_sql(s.text->text);
        outcome o;
        o.answered = true;
        o.sent = sent_state::answered;
        if (const auto code = to_sqlstate(f.code())) o.state = *code;
        o.tx = transaction_status::idle;
        f.set_sent(o.sent, advise_retry(o));
    }
    feed_.finished(*std::exchange(s.owner, nullptr), std::move(f), end);
}

/// See `query::is_stale`.
bool shared_run::is_stale(const slot& s) const {
    if (s.error.server() == nullptr || s.failed_in == request_phase::execute ||
        s.failed_in == request_phase::commit)
        return false;
    const auto code = to_sqlstate(s.error.code());
    if (!code) return false;
    return *code == "26000"_sqlstate || *code == "42P05"_sqlstate ||
           (*code == "08P01"_sqlstate && s.answer->stale) ||
           (*code == "0A000"_sqlstate && s.error.server()->routine == "RevalidateCachedQuery") ||
           code->error_class() == "42000"_sqlstate.error_class();
}

void shared_run::forget(const slot& s) {
    if (!named()) return;
    io().statements.erase(*s.text);
    auto& closing = io().to_close;
    if (std::find(closing.begin(), closing.end(), s.text) == closing.end()) closing.push_back(s.text);
}

} // namespace tusk::protocol
