#include <tusk/protocol/copy.hpp>

namespace tusk::protocol {

// ---- both directions
// --------------------------------------------------------------------------------------------

failure copy_machine::begin() {
    if (!shape_.empty()) {
        if (auto f = write_preamble()) return f;
        if (auto f = wire::write_parse(io().output, "", shape_.sql(), {})) return f;
        if (auto f = wire::write_describe(io().output, 'S', "")) return f;
        wire::write_sync(io().output);
        answer_.expected = shape_.expected();
        replies_.expect_parse();
        replies_.expect_describe(answer_);
        replies_.expect_sync();
    }
    return write_simple(sql_, *this, &answer_);
}

void copy_machine::on_complete(const wire::command_tag& tag) {
    if (tag.command() == "COPY") rows_ = tag.rows;
}

failure copy_machine::stale_failure() const {
    return failure{errc::column_mismatch,
                   "the columns changed since their types were looked up; nothing was copied, call it again"};
}

// ---- in
// ---------------------------------------------------------------------------------------------------------

bool copy_in::on_copy_in(const wire::copy_response&) {
    if (phase_ != phase::waiting) return false; // a second COPY in one text: its data are nowhere
    phase_ = phase::sending;
    if (interrupted_ || stale() || replies_.error()) give_up("the data are not sent");
    return true;
}

action copy_in::await_answer() {
    if (phase_ == phase::sending && replies_.error()) {
        // The server has had enough, and reads over what is still on its way.
        drop_unsent_messages();
        phase_ = phase::over;
    }
    if (phase_ != phase::sending) return {action_kind::transfer, true};
    if (!io().output_pending()) send_more();
    if (phase_ != phase::sending) return {action_kind::transfer, true};
    return {action_kind::stream, false};
}

void copy_in::send_more() {
    switch (source_.fill(io().output)) {
    case copy_source::progress::more: break;
    case copy_source::progress::end:
        wire::write_copy_done(io().output);
        phase_ = phase::over;
        break;
    case copy_source::progress::failed: give_up("the data could not be produced"); break;
    }
}

void copy_in::give_up(std::string_view reason) {
    drop_unsent_messages();
    phase_ = phase::given_up;
    // A text without NUL and far below the limits: it cannot fail.
    static_cast<void>(wire::write_copy_fail(io().output, reason));
}

/// Throws away what was written and not sent, but for the rest of a message that is half sent.
void copy_in::drop_unsent_messages() {
    auto& out = io().output;
    std::size_t at = 0;
    while (at < io().output_sent) at += 1 + wire::load_big_endian<std::uint32_t>(out.data() + at + 1);
    out.resize_down(at);
    if (!io().output_pending()) io().discard_output();
}

/// A CancelRequest alone does not reach a server that waits for data; CopyFail does not reach one that is
/// busy.
void copy_in::on_interruption() {
    interrupted_ = true;
    if (phase_ == phase::sending) give_up("interrupted by the client");
}

bool copy_in::proceed_after(failure error) {
    if (error && !error_) error_ = std::move(error);
    drop_unsent_messages();
    if (io().output_pending() && !interrupted_ && !io().broken) {
        // The server had enough in the middle of a message. Its rest has to go; the answer to a Sync shows
        // that it has gone.
        wire::write_sync(io().output);
        replies_.expect_sync();
        return true;
    }
    auto own = phase_ == phase::given_up && !interrupted_
                   ? (stale() ? stale_failure() : source_.take_failure())
                   : failure{};
    if (own)
        result_ = std::move(own); // the server's error only repeats what CopyFail told it
    else if (error_)
        result_ = std::move(error_);
    else if (phase_ == phase::waiting)
        result_ = failure{errc::invalid_argument,
                          "the statement is not a COPY FROM STDIN; it was executed, and no data were sent"};
    return false;
}

// ---- out
// --------------------------------------------------------------------------------------------------------

bool copy_out::on_copy_out(const wire::copy_response& format) {
    began_ = true;
    target_.begin(format);
    return true;
}

bool copy_out::proceed_after(failure error) {
    if (!error && stale()) error = stale_failure();
    if (!error && !began_)
        error = failure{errc::invalid_argument,
                        "the statement is not a COPY TO STDOUT; it was executed, and its rows were dropped"};
    if (!error) error = target_.take_failure();
    result_ = std::move(error);
    return false;
}

// ---- describing
// --------------------------------------------------------------------------------------------------

failure describe::begin() {
    if (auto f = wire::write_parse(io().output, "", sql_, {})) return f;
    if (auto f = wire::write_describe(io().output, 'S', "")) return f;
    wire::write_sync(io().output);
    replies_.expect_parse();
    replies_.expect_describe(answer_);
    replies_.expect_sync();
    return {};
}

bool describe::proceed_after(failure error) {
    result_ = std::move(error);
    return false;
}

description_ptr describe::take() {
    if (!answer_.complete) return nullptr;
    return std::make_shared<const statement_description>(std::move(answer_.parameters),
                                                         std::move(answer_.columns));
}

} // namespace tusk::protocol
