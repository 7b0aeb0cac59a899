#include <tusk/protocol/query.hpp>

#include <algorithm>

namespace tusk::protocol {

// ---- request_machine
// ------------------------------------------------------------------------------------------

action request_machine::resume(event e) {
    switch (e.kind) {
    case event_kind::start: {
        if (io().broken)
            return stop(failure{errc::connection_closed, "the connection is closed; take another one"});
        stage_ = stage::running;
        began_in_ = io().transaction;
        if (auto f = begin()) {
            discard_unsent();
            return stop(std::move(f));
        }
        return transfer();
    }
    case event_kind::proceed:
    case event_kind::transferred: return run();
    case event_kind::timed_out:
    case event_kind::canceled: return interrupted(e.kind);
    case event_kind::cancel_finished: cancel_pending_ = false; return run();
    case event_kind::failed: return transport_failed(std::move(e.why));
    case event_kind::tls_established:
    case event_kind::poked:
    case event_kind::secret_given:
    case event_kind::computed: break;
    }
    return transport_failed(failure{errc::protocol_violation, "unexpected event"});
}

action request_machine::transfer() { return {action_kind::transfer, true}; }

/// The driver does not tell when everything was sent, only when something was received: look at the output.
void request_machine::note_sent() {
    if (!io().output_pending())
        sent_ = sent_state::complete;
    else if (io().output_sent > 0 && sent_ == sent_state::none)
        sent_ = sent_state::partial;
}

void request_machine::discard_unsent() {
    if (io().output_sent > 0)
        io().broken = true; // half a message is out: a server that answers early is none
    io().discard_output();
    replies_.clear();
    restore_preamble();
    written_in_vain();
}

failure request_machine::write_preamble() {
    auto& commands = io().preamble;
    if (commands.empty()) [[likely]]
        return {};
    preamble_ = std::make_unique<taken_preamble>(std::exchange(commands, {}), false);
    began_in_ = transaction_status::in_transaction;
    for (const auto& sql : preamble_->commands) {
        if (auto f = wire::write_parse(io().output, "", sql, {})) return f;
        if (auto f = wire::write_bind(io().output, "", "", {}, {})) return f;
        if (auto f = wire::write_execute(io().output, "", 0)) return f;
        replies_.expect_parse(preamble_.get());
        replies_.expect_execute(*preamble_);
    }
    return {};
}

failure request_machine::write_simple(std::string_view sql, reply_sink& sink,
                                      const pipeline::described* described_by) {
    replies_.expect_simple(sink, described_by);
    if (io().preamble.empty()) return wire::write_query(io().output, sql);
    preamble_ = std::make_unique<taken_preamble>(std::exchange(io().preamble, {}), true);
    began_in_ = transaction_status::in_transaction;
    std::string text;
    for (const auto& command : preamble_->commands) text.append(command).append("; ");
    return wire::write_query(io().output, text.append(sql));
}

/// What has not begun is still to begin.
void request_machine::restore_preamble() {
    if (!preamble_) return;
    auto& commands = preamble_->commands;
    auto& executed = preamble_->executed;
    if (preamble_->as_text && sent_ != sent_state::none && io().transaction != transaction_status::idle)
        executed = commands.size();
    commands.erase(commands.begin(), commands.begin() + static_cast<std::ptrdiff_t>(executed));
    executed = 0;
    if (!commands.empty()) io().preamble = std::exchange(commands, {});
}

action request_machine::run() {
    if (stage_ == stage::over) return finish(std::move(result_));
    paused_ = false;
    note_sent();
    auto progress = replies_.advance(io());
    while (progress == pipeline::progress::paused && stage_ != stage::running) {
        // Nobody will ask for the next row: pausing again would leave the cancelling half-done.
        rows_lost_ = true;
        replies_.drop_rows();
        progress = replies_.advance(io());
    }
    switch (progress) {
    case pipeline::progress::need_input: return stage_ == stage::running ? await_answer() : transfer();
    case pipeline::progress::paused: paused_ = true; return {action_kind::paused, false};
    case pipeline::progress::broken: {
        auto why = replies_.take_error();
        if (why.server() == nullptr && interruption_) why = interruption_;
        return stop(std::move(why));
    }
    case pipeline::progress::finished: return conclude();
    }
    return transfer();
}

action request_machine::conclude() {
    auto error = replies_.take_error();
    if (stage_ == stage::running) {
        if (proceed_after(std::move(error))) {
            sent_ = sent_state::partial;
            return transfer();
        }
        complete_ = true;
        if (result_) return stop(std::move(result_));
        stage_ = stage::over;
        return finish();
    }
    // Interrupted. The answer may still be a success, or the server's own error; then a Sync of its own makes
    // sure that a late cancel has hit this request or nothing.
    if (stage_ == stage::canceling) {
        judge_interrupted(std::move(error));
        stage_ = stage::awaiting_cancel;
    }
    if (stage_ == stage::awaiting_cancel) {
        if (cancel_pending_) return transfer();
        stage_ = stage::flushing_cancel;
        wire::write_sync(io().output);
        replies_.expect_sync();
        return transfer();
    }
    auto outcome = std::move(result_);
    stage_ = stage::over;
    if (outcome) return stop(std::move(outcome));
    return finish();
}

void request_machine::judge_interrupted(failure error) {
    const bool obeyed = error && error.code() == make_error_code("57014"_sqlstate);
    const bool more =
        proceed_after(std::move(error)); // also when obeyed: it keeps account of what is prepared
    if (more) discard_unsent();
    if (more || obeyed || (rows_lost_ && !result_))
        result_ = interruption_;
    else
        complete_ = true;
}

action request_machine::interrupted(event_kind why) {
    if (stage_ != stage::running) {
        // The grace time is over as well: the connection's state is unknown.
        io().broken = true;
        return stop(std::move(interruption_));
    }
    if (why == event_kind::canceled && paused_ && wind_up()) {
        replies_.drop_rows();
        return run();
    }
    interruption_ = why == event_kind::timed_out
                        ? failure{errc::timeout, "the deadline passed before the server had answered"}
                        : failure{errc::canceled, "the operation was cancelled"};
    note_sent();
    if (sent_ == sent_state::none) {
        discard_unsent();
        return stop(std::move(interruption_));
    }
    if (!worth_cancelling() || io().cancel_key.empty()) {
        io().broken = true;
        return stop(std::move(interruption_));
    }
    on_interruption();
    stage_ = stage::canceling;
    cancel_pending_ = cancel_requested_ = true;
    return {action_kind::cancel_request, true};
}

action request_machine::transport_failed(failure why) {
    io().broken = true;
    note_sent();
    const auto progress = replies_.advance(io());
    // A FATAL error that the server sent before hanging up says more than the hang-up, and so does the whole
    // answer.
    if (progress == pipeline::progress::broken && replies_.error().server() != nullptr)
        why = replies_.take_error();
    else if (interruption_)
        why = std::move(interruption_);
    else if (progress == pipeline::progress::finished && stage_ == stage::running &&
             !proceed_after(replies_.take_error())) {
        complete_ = true;
        why = std::move(result_);
    }
    return stop(std::move(why));
}

action request_machine::stop(failure why) {
    classify(why);
    stage_ = stage::over;
    if (why) restore_preamble();
    if (io().broken) {
        io().discard_output();
        replies_.clear();
    }
    return finish(std::move(why));
}

void request_machine::classify(failure& f) const {
    if (!f) return;
    if (preamble_ && preamble_->failed) f.set_sql(preamble_->commands.at(preamble_->executed));
    if (f.sql().empty() && !sql_text().empty()) f.set_sql(sql_text());
    outcome o;
    o.answered = f.server() != nullptr || (complete_ && !nothing_executed());
    o.sent = o.answered ? sent_state::answered : nothing_executed() ? sent_state::none : sent_;
    if (const auto code = to_sqlstate(f.code())) o.state = *code;
    o.tx = began_in_;
    f.set_sent(o.sent, advise_retry(o));
}

// ---- query
// ----------------------------------------------------------------------------------------------------

/// What is remembered of a statement may be what does not fit: then it is described once more, before the
/// caller is told. (A text can mean something else since a `set search_path`, an `alter table`, or with
/// another cursor.)
failure query::begin() {
    auto f = begin_as_remembered();
    const bool about_types = f.code() == errc::column_mismatch || f.code() == errc::type_mismatch;
    if (!about_types || !from_memory_ || io().transaction == transaction_status::failed) return f;
    discard_unsent();
    retried_ = true;
    forget_statement();
    registry_.forget(*source_.text());
    description_ = nullptr;
    if (auto again = write_preamble()) return again;
    return write_prepare(nullptr);
}

failure query::begin_as_remembered() {
    mode_ = source_.mode(io().mode);
    limit_ = source_.rows_at_a_time();
    if (mode_ == exec_mode::simple_protocol) return write_undescribed();
    if (auto f = write_preamble()) return f;
    if (mode_ == exec_mode::exec) return write_undescribed();
    if (mode_ == exec_mode::describe_exec) return write_prepare(nullptr);
    const auto& text = source_.text();
    if (mode_ == exec_mode::cache_describe) return write_prepare(source_.known_description());
    const auto* cached = io().statements.find(*text);
    if (cached == nullptr) cached = io().statements.find_renewed(text, io().to_close);
    if (cached == nullptr) {
        // A description that somebody found stale meanwhile is not trusted: it could cost the rows.
        auto known = source_.known_description();
        if (known && registry_.intern(text->text).description != known) known = nullptr;
        return write_prepare(known);
    }
    description_ = cached->description;
    from_memory_ = true;
    return write_execute(description_);
}

failure query::write_pending_closes() {
    for (const auto& gone : io().to_close) {
        if (auto f = wire::write_close(io().output, 'S', gone->server_name)) return f;
        replies_.expect_close();
        closing_.push_back(gone);
    }
    io().to_close.clear();
    return {};
}

/// The server has not closed them: the next request has to.
void query::written_in_vain() {
    io().to_close.insert(io().to_close.end(), closing_.begin(), closing_.end());
    closing_.clear();
}

failure query::write_parse(const description_ptr& known) {
    const std::span<const std::uint32_t> types =
        known ? std::span{known->parameters} : std::span<const std::uint32_t>{};
    if (auto f = wire::write_parse(io().output, server_name(), source_.text()->text, types)) return f;
    replies_.expect_parse();
    return {};
}

failure query::write_prepare(const description_ptr& known) {
    preparing_ = true;
    described_ = true;
    from_memory_ = known != nullptr;
    answer_ = {};
    if (auto f = write_pending_closes()) return f;
    if (auto f = write_parse(known)) return f;
    if (auto f = wire::write_describe(io().output, 'S', server_name())) return f;
    replies_.expect_describe(answer_);
    if (known) {
        answer_.expected = known.get();
        description_ = known;
        return write_execute(known);
    }
    phase_ = phase::describing;
    wire::write_sync(io().output);
    replies_.expect_sync();
    return {};
}

failure query::write_execute(const description_ptr& description) {
    wire::bound_values arguments;
    std::span<const std::int16_t> formats;
    if (auto f = write_pending_closes()) return f;
    if (auto f = source_.bind(description, arguments, formats)) return ask(std::move(f));
    // Between two round trips a pooler may have gone to another server, which has not seen the Parse.
    if (!named() && phase_ != phase::executing)
        if (auto f = write_parse(description)) return f;
    if (auto f = wire::write_bind(io().output, "", server_name(), arguments, formats)) return f;
    if (auto f = wire::write_execute(io().output, "", limit_)) return f;
    replies_.expect_execute(sink_, &answer_, limit_ != 0);
    write_end();
    return {};
}

/// Without a look at the statement before: its columns come with its rows.
failure query::write_undescribed() {
    wire::bound_values arguments;
    if (auto f = source_.bind_text(arguments)) return f;
    if (mode_ == exec_mode::simple_protocol) {
        if (!arguments.formats.empty())
            return failure{
                errc::invalid_argument,
                "the simple protocol carries no arguments, and values never get into the text here; "
                "take exec_mode::exec"};
        phase_ = phase::executing;
        return write_simple(source_.text()->text, sink_);
    }
    if (auto f = write_pending_closes()) return f;
    if (auto f = write_parse(nullptr)) return f;
    if (auto f = wire::write_bind(io().output, "", "", arguments, {})) return f;
    if (auto f = wire::write_describe(io().output, 'P', "")) return f;
    if (auto f = wire::write_execute(io().output, "", limit_)) return f;
    replies_.expect_execute_described(sink_, limit_ != 0);
    write_end();
    return {};
}

/// What follows an Execute. The answers up to the Sync's are expected in any case.
void query::write_end() {
    phase_ = phase::executing;
    replies_.expect_sync();
    sync_owed_ = limit_ != 0;
    if (sync_owed_)
        wire::write_flush(io().output);
    else
        wire::write_sync(io().output);
}

action query::await_answer() {
    if (sync_owed_) {
        const bool suspended = replies_.take_suspended();
        if (suspended && !winding_up_) {
            // Short and without names: these cannot fail.
            static_cast<void>(wire::write_execute(io().output, "", limit_));
            wire::write_flush(io().output);
            replies_.execute_again();
        } else if (suspended || replies_.at_sync()) {
            wire::write_sync(io().output);
            sync_owed_ = false;
        }
    }
    return {action_kind::transfer, true};
}

void query::on_interruption() {
    if (!std::exchange(sync_owed_, false)) return;
    wire::write_sync(io().output);
}

bool query::wind_up() {
    if (!sync_owed_) return false;
    return winding_up_ = true;
}

/// The source cannot bind yet, or not at all.
failure query::ask(failure unbound) {
    question_ = source_.question();
    if (question_ == nullptr) return unbound;
    phase_ = phase::asking;
    return write_question(io(), replies_, *question_);
}

void query::adopt_answer() {
    closing_.clear();
    if (!std::exchange(preparing_, false)) return;
    const auto& text = source_.text();
    if (!answer_.complete) return forget_statement(); // Parse may have succeeded although Describe failed
    if (description_ == nullptr || answer_.stale) {
        description_ = std::make_shared<const statement_description>(std::move(answer_.parameters),
                                                                     std::move(answer_.columns));
        if (mode_ != exec_mode::describe_exec) registry_.describe(text, description_);
    }
    if (named()) io().statements.insert(text, description_, io().to_close);
}

/// Whatever the server has under the statement's name is closed before the name is used again.
void query::forget_statement() {
    if (!named()) return;
    const auto& text = source_.text();
    io().statements.erase(*text);
    auto& closing = io().to_close;
    if (std::find(closing.begin(), closing.end(), text) == closing.end()) closing.push_back(text);
}

/// The server's idea of the statement is not ours any more, and nothing was executed: it vanished
/// (DEALLOCATE, a pooler), exists already, its result type changed, or it was bound by a stale description. A
/// statement that was good once and does not pass analysis now (class 42) may have the parameter types of
/// tables as they were then.
bool query::is_stale(const failure& error) const {
    if (error.server() == nullptr || replies_.executed() || undescribed()) return false;
    const auto code = to_sqlstate(error.code());
    if (!code) return false;
    // A parameter's type is gone ("cache lookup failed"): the server has no better code for it.
    if (from_memory_ && *code == "XX000"_sqlstate) return true;
    return *code == "26000"_sqlstate || *code == "42P05"_sqlstate ||
           (*code == "08P01"_sqlstate && answer_.stale) ||
           (*code == "0A000"_sqlstate && error.server()->routine == "RevalidateCachedQuery") ||
           (from_memory_ && code->error_class() == "42000"_sqlstate.error_class());
}

bool query::proceed_after(failure error) {
    adopt_answer();
    if (auto* asked = std::exchange(question_, nullptr); asked != nullptr && !error)
        error = asked->take_failure();
    const bool distrusted = error && !replies_.executed() && source_.distrusts(error);
    if (error && (distrusted || is_stale(error))) {
        forget_statement();
        io().suspect_pooler(error);
        mode_ = source_.mode(io().mode);
        registry_.forget(*source_.text());
        description_ = nullptr;
        if (!retried_ && io().transaction == transaction_status::idle) {
            retried_ = true;
            error = write_prepare(nullptr);
            if (!error) return true;
        }
    } else if (!error && phase_ != phase::executing) {
        answer_.stale = false; // if it was, there is a new description now
        error = write_execute(description_);
        if (!error) return true;
    } else if (!error && answer_.stale) {
        error = failure{errc::column_mismatch,
                        "the result columns changed since the statement was described; it was "
                        "executed, and its rows were dropped"};
    }
    if (!error) error = sink_.take_failure();
    if (error && io().output_pending()) discard_unsent(); // a request that could not be written completely
    result_ = std::move(error);
    return false;
}

// ---- the small ones
// -------------------------------------------------------------------------------------------

failure simple_query::begin() {
    if (with_preamble_) return write_simple(sql_, sink_);
    replies_.expect_simple(sink_);
    return wire::write_query(io().output, sql_);
}

bool simple_query::proceed_after(failure error) {
    result_ = error ? std::move(error) : sink_.take_failure();
    return false;
}

failure type_query::begin() { return write_question(io(), replies_, what_); }

bool type_query::proceed_after(failure error) {
    result_ = error ? std::move(error) : what_.take_failure();
    return false;
}

failure ping::begin() {
    wire::write_sync(io().output);
    replies_.expect_sync();
    return {};
}

bool ping::proceed_after(failure error) {
    result_ = std::move(error);
    return false;
}

action terminate::resume(event e) {
    if (e.kind == event_kind::start && !io().broken) {
        io().broken = true;
        io().discard_output();
        wire::write_terminate(io().output);
        return {action_kind::transfer, false};
    }
    io().broken = true;
    return finish(std::move(e.why));
}

} // namespace tusk::protocol
