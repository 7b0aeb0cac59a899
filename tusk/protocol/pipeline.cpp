#include <tusk/protocol/pipeline.hpp>

#include <algorithm>

#include <tusk/wire/frontend.hpp>

namespace tusk::protocol {

namespace {

bool same_columns(const std::vector<wire::column_description>& a,
                  const std::vector<wire::column_description>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
        return x.type_oid == y.type_oid && x.name == y.name;
    });
}

/// These say all there is to say by their type.
bool has_no_body(char type) noexcept {
    using namespace wire::backend;
    switch (type) {
    case parse_complete:
    case bind_complete:
    case close_complete:
    case no_data:
    case empty_query_response:
    case copy_done: return true;
    default: return false;
    }
}

const char* name_of(pipeline::step_kind kind) {
    switch (kind) {
    case pipeline::step_kind::parse: return "Parse";
    case pipeline::step_kind::describe: return "Describe";
    case pipeline::step_kind::execute: return "Execute";
    case pipeline::step_kind::close: return "Close";
    case pipeline::step_kind::sync: return "Sync";
    case pipeline::step_kind::simple: return "Query";
    case pipeline::step_kind::settle: return "Close";
    }
    return "?";
}

request_phase phase_of(pipeline::step_kind kind, bool bound) {
    switch (kind) {
    case pipeline::step_kind::parse: return request_phase::parse;
    case pipeline::step_kind::describe: return request_phase::describe;
    case pipeline::step_kind::sync: return request_phase::commit;
    default: return bound ? request_phase::execute : request_phase::bind;
    }
}

} // namespace

pipeline::progress pipeline::fail(session& s, failure why) {
    s.broken = true;
    if (error_.server() == nullptr) error_ = std::move(why);
    return progress::broken;
}

pipeline::progress pipeline::unexpected(session& s, const wire::frame& f) {
    const auto code = static_cast<unsigned char>(f.type);
    std::string shown = code >= 32 && code < 127 ? std::string{"'"} + f.type + "'" : std::to_string(code);
    return fail(s, protocol_failure("message of type " + shown + " arrived while the answer to " +
                                    (finished() ? "nothing" : name_of(steps_[at_].kind)) + " was expected"));
}

pipeline::progress pipeline::advance(session& s) {
    while (!finished()) {
        wire::frame f;
        failure why;
        switch (s.next(f, why)) {
        case session::next_result::need_input: return progress::need_input;
        case session::next_result::failed: return fail(s, std::move(why));
        case session::next_result::frame: break;
        }
        auto p = on_frame(s, f);
        s.consume(f);
        if (f.type == wire::backend::data_row && p == progress::need_input) p = on_further_rows(s);
        if (p != progress::need_input) return p;
    }
    return progress::finished;
}

pipeline::progress pipeline::on_row(session& s, step& current, const wire::frame& f) {
    ++current.rows;
    if (mute_ || current.is_stale()) return progress::need_input;
    return obey(s, current.sink->on_row(f.body));
}

/// Behind a row mostly comes another one, of which nothing has to be found out but its length.
pipeline::progress pipeline::on_further_rows(session& s) {
    auto& current = steps_[at_];
    if (mute_ || current.is_stale() || s.on_message) return progress::need_input;
    wire::frame f;
    while (wire::next_frame(s.input.unread(), f) == wire::frame_status::ok &&
           f.type == wire::backend::data_row) {
        ++current.rows;
        const auto wish = current.sink->on_row(f.body);
        s.consume(f);
        if (wish != flow::proceed) return obey(s, wish);
    }
    return progress::need_input;
}

pipeline::progress pipeline::obey(session& s, flow wish) {
    if (wish == flow::reject)
        return fail(s, protocol_failure("a row arrived that does not fit its own description"));
    return wish == flow::pause ? progress::paused : progress::need_input;
}

bool pipeline::on_description(step& current, const wire::frame& f) {
    const bool parameters = f.type == wire::backend::parameter_description;
    if (parameters == std::exchange(current.target->has_parameters, true)) return false; // twice, or never
    if (parameters) return wire::parse_parameter_description(f.body, current.target->parameters);
    if (f.type == wire::backend::row_description &&
        !wire::parse_row_description(f.body, current.target->columns))
        return false;
    current.target->complete = true;
    if (current.target->expected != nullptr &&
        !same_columns(current.target->columns, current.target->expected->columns))
        current.target->stale = true;
    ++at_;
    return true;
}

pipeline::progress pipeline::on_ready(session& s, const wire::frame& f) {
    if (!wire::parse_ready_for_query(f.body, s.transaction))
        return fail(s, protocol_failure("malformed ReadyForQuery"));
    const auto& current = steps_[at_];
    if (current.kind == step_kind::simple && !current.completed && !error_)
        return fail(s, protocol_failure("ReadyForQuery arrived before the answer"));
    auto* sink = current.kind == step_kind::sync ? current.sink : nullptr;
    ++at_;
    if (sink != nullptr) sink->on_ready();
    return progress::need_input;
}

pipeline::progress pipeline::on_complete(session& s, step& current, const wire::frame& f) {
    wire::command_tag tag;
    if (!wire::parse_command_complete(f.body, tag))
        return fail(s, protocol_failure("malformed CommandComplete"));
    // Without this a row that got lost, or came twice, would be believed. SELECT is also the tag of CREATE
    // TABLE AS, which returns none; the other tags count what was changed.
    const bool returns = current.rows > 0 || current.has_columns || current.sink->expects_rows();
    if (returns && tag.has_rows && tag.command() == "SELECT" && tag.rows != current.rows)
        return fail(s, protocol_failure("the server says that it sent " + std::to_string(tag.rows) +
                                        " rows, and " + std::to_string(current.rows) + " arrived"));
    answered_ = current.completed = true;
    if (tag.text == "DISCARD ALL" || tag.text == "DEALLOCATE ALL") s.statements_gone();
    current.sink->on_complete(tag);
    current.has_columns = current.copying = false;
    current.rows = 0;
    if (current.kind == step_kind::execute) ++at_;
    return progress::need_input;
}

pipeline::progress pipeline::on_error(session& s, const wire::frame& f) {
    server_error e;
    if (!wire::parse_error(f.body, e)) return fail(s, protocol_failure("malformed ErrorResponse"));
    const bool fatal = e.is_fatal();
    answered_ = true;
    failure why{std::move(e)};
    if (fatal) return fail(s, std::move(why)); // the server closes the connection; no ReadyForQuery follows
    if (steps_[at_].sink != nullptr)
        steps_[at_].sink->on_error(why, phase_of(steps_[at_].kind, steps_[at_].bound));
    if (!error_) error_ = std::move(why);
    // The server skips to the next Sync: no answer comes for what stands before it.
    while (at_ < steps_.size() && steps_[at_].kind != step_kind::sync &&
           steps_[at_].kind != step_kind::simple)
        ++at_;
    if (at_ == steps_.size()) return fail(s, protocol_failure("an error arrived outside of a request"));
    return progress::need_input;
}

/// The server waits for data that nobody has; CopyFail gets the session back. By the extended protocol it has
/// usually read over the Sync that was sent before, so that another one is needed; but when the statement
/// fails before it looks for data (a BEFORE trigger that raises), both are answered. A Close marks the place
/// where it is certain.
pipeline::progress pipeline::end_copy_in(session& s) {
    steps_[at_].copying = true;
    if (!error_)
        error_ = failure{errc::invalid_argument, "COPY FROM STDIN takes no data here; use copy_in()"};
    if (auto e = wire::write_copy_fail(s.output, "COPY FROM STDIN needs copy_in()"))
        return fail(s, std::move(e));
    if (steps_[at_].kind == step_kind::simple) return progress::need_input;
    wire::write_sync(s.output);
    if (auto e = wire::write_close(s.output, 'P', "")) return fail(s, std::move(e));
    wire::write_sync(s.output);
    auto sync = std::find_if(steps_.begin() + static_cast<std::ptrdiff_t>(at_), steps_.end(),
                             [](const step& x) { return x.kind == step_kind::sync; });
    if (sync != steps_.end()) ++sync;
    steps_.insert(sync, {step{step_kind::settle}, step{step_kind::sync}});
    return progress::need_input;
}

pipeline::progress pipeline::on_copy(session& s, step& current, const wire::frame& f) {
    const bool response =
        f.type == wire::backend::copy_in_response || f.type == wire::backend::copy_out_response;
    if (!response && !current.copying_out) return error_ ? progress::need_input : unexpected(s, f);
    if (f.type == wire::backend::copy_data) {
        if (mute_ || current.is_stale()) return progress::need_input;
        return obey(s, current.sink->on_copy_data(f.body));
    }
    if (f.type == wire::backend::copy_done) {
        current.copying_out = false;
        return progress::need_input;
    }
    wire::copy_response format;
    if (!wire::parse_copy_response(f.body, format))
        return fail(s, protocol_failure("malformed answer to COPY"));
    if (f.type == wire::backend::copy_in_response) {
        if (!current.sink->on_copy_in(format)) return end_copy_in(s);
        current.copying = true;
        return progress::need_input;
    }
    current.copying_out = current.sink->on_copy_out(format);
    if (!current.copying_out && !error_)
        error_ = failure{errc::invalid_argument, "COPY TO STDOUT returns no rows; use copy_out()"};
    return progress::need_input;
}

pipeline::progress pipeline::on_frame(session& s, const wire::frame& f) {
    using namespace wire::backend;
    step& current = steps_[at_];
    const bool executing = current.kind == step_kind::execute && current.bound;
    const bool simple = current.kind == step_kind::simple;
    if (has_no_body(f.type) && !f.body.empty())
        return fail(s, protocol_failure("a message arrived that is longer than it can be"));
    switch (f.type) {
    case data_row:
        if (current.takes_rows()) return on_row(s, current, f);
        break;
    case bind_complete:
        if (current.kind != step_kind::execute || current.bound) break;
        current.bound = executed_ = true;
        return progress::need_input;
    case command_complete:
        if (!executing && !simple) break;
        return on_complete(s, current, f);
    case empty_query_response:
        if (!executing && !simple) break;
        answered_ = current.completed = true;
        current.sink->on_complete({});
        if (executing) ++at_;
        return progress::need_input;
    case ready_for_query:
        if (current.kind == step_kind::sync || simple) return on_ready(s, f);
        if (current.kind != step_kind::settle) break;
        --at_; // a stray one: the step stays
        return on_ready(s, f);
    case error_response: return on_error(s, f);
    case parse_complete:
        if (current.kind != step_kind::parse) break;
        ++at_;
        return progress::need_input;
    case close_complete:
        if (current.kind != step_kind::close && current.kind != step_kind::settle) break;
        ++at_;
        return progress::need_input;
    case portal_suspended:
        if (!executing || !current.limited) break;
        answered_ = suspended_ = true;
        current.rows = 0; // the tag will count those of the last portion
        ++at_;
        return progress::need_input;
    case row_description:
        if (simple || (executing && current.describes && !current.has_columns)) {
            std::vector<wire::column_description> columns;
            if (!wire::parse_row_description(f.body, columns))
                return fail(s, protocol_failure("malformed RowDescription"));
            current.has_columns = true;
            current.sink->on_columns(columns);
            return progress::need_input;
        }
        [[fallthrough]];
    case parameter_description:
    case no_data:
        if (executing && current.describes && f.type == no_data) return progress::need_input;
        if (current.kind != step_kind::describe) break;
        if (!on_description(current, f))
            return fail(s, protocol_failure("malformed description of a statement"));
        return progress::need_input;
    case copy_in_response:
        if (current.copying) break;
        [[fallthrough]];
    case copy_out_response:
    case copy_data:
    case copy_done:
        if (!executing && !simple) break;
        return on_copy(s, current, f);
    default: break;
    }
    return unexpected(s, f);
}

} // namespace tusk::protocol
