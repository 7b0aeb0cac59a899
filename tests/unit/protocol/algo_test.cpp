#include "algo_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include <tusk/wire/backend.hpp>

namespace algo {

using tusk::protocol::action;
using tusk::protocol::action_kind;
using tusk::protocol::event;
using tusk::protocol::event_kind;

std::string as_string(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

namespace algo_test {

std::int32_t number_at(std::string_view bytes, std::size_t at) {
    return tusk::wire::load_big_endian<std::int32_t>(reinterpret_cast<const std::byte*>(bytes.data() + at));
}

std::string untyped_name(std::int32_t code) {
    if (code == 80877103) return "SSLRequest";
    if (code == 80877102) return "CancelRequest";
    return (code >> 16) == 3 ? "StartupMessage" : "?";
}

std::string typed_name(char type) {
    static constexpr std::pair<char, const char*> names[] = {
        {'B', "Bind"},     {'C', "Close"},   {'d', "CopyData"}, {'c', "CopyDone"}, {'f', "CopyFail"},
        {'D', "Describe"}, {'E', "Execute"}, {'H', "Flush"},    {'P', "Parse"},    {'p', "Password"},
        {'Q', "Query"},    {'S', "Sync"},    {'X', "Terminate"}};
    for (const auto& [letter, name] : names)
        if (letter == type) return name;
    return "?";
}

std::string frontend_names(std::string_view bytes) {
    std::string out;
    while (!bytes.empty()) {
        if (!out.empty()) out += ' ';
        const std::size_t header = bytes[0] == '\0' ? 0 : 1;
        if (bytes.size() < header + 4) return out + "?";
        const auto size = header + static_cast<std::size_t>(number_at(bytes, header));
        if (size > bytes.size() || size < header + 4) return out + "?";
        out += header == 0 ? untyped_name(size < 8 ? 0 : number_at(bytes, 4)) : typed_name(bytes[0]);
        bytes.remove_prefix(size);
    }
    return out;
}

std::size_t chunking::next(std::size_t fed, std::string_view left) const {
    switch (mode_) {
    case mode::bytes: return 1;
    case mode::messages:
        if (left.size() < 5) return left.size();
        return std::min(left.size(), static_cast<std::size_t>(number_at(left, 1)) + 1);
    case mode::cut: return fed < cut_ ? std::min(cut_ - fed, left.size()) : left.size();
    case mode::whole: break;
    }
    return left.size();
}

// ---- running
// --------------------------------------------------------------------------------------------------

/// One run: the driver's part, from memory.
class runner {
public:
    /// What happens instead of the `at`-th resumption or in the `at`-th sending.
    struct injection {
        std::size_t at = SIZE_MAX;
        event_kind kind = event_kind::failed;
        unsigned sent_quarters = 4; ///< How much of the pending output leaves before that.
    };

    runner(const make_fixture& make, chunking how, injection what)
        : how_{how}, injection_{what}, held_{make()} {
        resume(event_kind::start);
    }

    fixture& held() { return *held_; }
    std::unique_ptr<fixture> release() { return std::move(held_); }
    const action& last() const { return action_; }
    bool injected() const { return injected_; }
    std::size_t points() const { return points_; }
    std::string_view all_sent() const { return sent_; }

    void run(const std::vector<script::step>& steps) {
        for (const auto& s : steps) {
            if (injected_) return;
            s(*this);
            if (::testing::Test::HasFatalFailure()) return;
        }
        pump();
    }

    void resume(event_kind kind) {
        if (points_++ == injection_.at) {
            injected_ = true;
            kind = injection_.kind;
        }
        event e{kind, {}};
        if (kind == event_kind::failed) e.why = tusk::failure{tusk::errc::connection_lost, "injected"};
        action_ = held_->machine().resume(std::move(e));
    }

    /// All output goes out; an injection may stop it on the way.
    void send_all() {
        const auto pending = held_->session.pending_output().size();
        if (points_ != injection_.at) {
            ++points_;
            leave(pending);
            return;
        }
        leave(pending * injection_.sent_quarters / 4);
        resume(injection_.kind);
    }

    /// `n` bytes of the output go out to the server.
    void leave(std::size_t n) {
        auto& s = held_->session;
        sent_ += as_string(s.pending_output().first(n));
        s.sent(n);
    }

    void feed(std::string bytes) { unfed_ += bytes; }
    bool has_unfed() const { return !unfed_.empty(); }

    /// Hands over the server's bytes for as long as the machine only wants to read.
    void pump() {
        while (!injected_ && transferring() && !held_->session.output_pending() && !unfed_.empty()) {
            const auto n = how_.next(fed_, unfed_);
            receive(std::string_view{unfed_}.substr(0, n));
            fed_ += n;
            unfed_.erase(0, n);
            resume(event_kind::transferred);
        }
    }

    bool transferring() const {
        return action_.kind == action_kind::transfer || action_.kind == action_kind::cancel_request;
    }

    /// These bytes arrive, whatever the script says.
    void deliver(std::string_view bytes) {
        receive(bytes);
        resume(event_kind::transferred);
    }

private:
    void receive(std::string_view bytes) {
        auto& input = held_->session.input;
        while (!bytes.empty()) {
            const auto space = input.prepare();
            const auto n = std::min(space.size(), bytes.size());
            std::memcpy(space.data(), bytes.data(), n);
            input.commit(n);
            bytes.remove_prefix(n);
        }
    }

    chunking how_;
    injection injection_;
    std::unique_ptr<fixture> held_;
    action action_;
    std::string unfed_;
    std::string sent_;
    std::size_t fed_ = 0;
    std::size_t points_ = 0;
    bool injected_ = false;
};

// ---- the steps
// ------------------------------------------------------------------------------------------------

std::string pending_of(runner& r) { return as_string(r.held().session.pending_output()); }

void check_transfer(runner& r) {
    r.pump();
    if (r.injected()) return;
    ASSERT_TRUE(r.transferring()) << "the machine does not want to send: "
                                  << r.held().machine().result().message();
}

script& script::sends(std::string names) {
    return add([names = std::move(names)](runner& r) {
        check_transfer(r);
        if (r.injected() || ::testing::Test::HasFatalFailure()) return;
        ASSERT_EQ(frontend_names(pending_of(r)), names);
        EXPECT_TRUE(r.last().read);
        r.send_all();
    });
}

script& script::sends_bytes(std::string bytes) {
    return add([bytes = std::move(bytes)](runner& r) {
        check_transfer(r);
        if (r.injected() || ::testing::Test::HasFatalFailure()) return;
        ASSERT_EQ(pending_of(r), bytes);
        EXPECT_TRUE(r.last().read);
        r.send_all();
    });
}

script& script::streams(std::string names, std::string arriving) {
    server_bytes_ += arriving.size();
    return add([names = std::move(names), arriving = std::move(arriving)](runner& r) {
        r.pump();
        if (r.injected()) return;
        ASSERT_EQ(r.last().kind, action_kind::stream) << r.held().machine().result().message();
        ASSERT_EQ(frontend_names(pending_of(r)), names);
        r.send_all();
        if (r.injected()) return;
        r.deliver(arriving);
    });
}

script& script::sends_last(std::string names) {
    return add([names = std::move(names)](runner& r) {
        check_transfer(r);
        if (r.injected() || ::testing::Test::HasFatalFailure()) return;
        ASSERT_EQ(frontend_names(pending_of(r)), names);
        EXPECT_FALSE(r.last().read);
        r.send_all();
        if (!r.injected()) r.resume(event_kind::transferred);
    });
}

script& script::receives(std::string bytes) {
    server_bytes_ += bytes.size();
    return add([bytes = std::move(bytes)](runner& r) {
        r.feed(bytes);
        r.pump();
    });
}

script& script::starts_tls() {
    return add([](runner& r) {
        r.pump();
        if (r.injected()) return;
        ASSERT_EQ(r.last().kind, action_kind::start_tls) << r.held().machine().result().message();
        r.resume(event_kind::tls_established);
    });
}

script& script::computes() {
    return add([](runner& r) {
        r.pump();
        if (r.injected()) return;
        ASSERT_EQ(r.last().kind, action_kind::compute) << r.held().machine().result().message();
        r.held().machine().compute();
        r.resume(event_kind::computed);
    });
}

script& script::pauses() {
    return add([](runner& r) {
        r.pump();
        if (r.injected()) return;
        ASSERT_EQ(r.last().kind, action_kind::paused) << r.held().machine().result().message();
        r.resume(event_kind::proceed);
    });
}

script& script::event(event_kind kind) {
    return add([kind](runner& r) {
        r.pump();
        if (!r.injected()) r.resume(kind);
    });
}

script& script::wants_cancel_request() {
    return add([](runner& r) {
        r.pump();
        if (r.injected()) return;
        ASSERT_EQ(r.last().kind, action_kind::cancel_request) << r.held().machine().result().message();
    });
}

script& script::done() {
    return add([](runner& r) {
        r.pump();
        if (r.injected()) return;
        ASSERT_EQ(r.last().kind, action_kind::done);
        EXPECT_FALSE(r.held().machine().result()) << r.held().machine().result().message();
        EXPECT_FALSE(r.held().session.broken);
        EXPECT_FALSE(r.has_unfed()) << "bytes of the server were not read";
        EXPECT_TRUE(r.held().session.input.unread().empty()) << "received bytes were not used";
        EXPECT_FALSE(r.held().session.output_pending());
    });
}

script& script::fails(std::error_code code, bool broken) {
    return add([code, broken](runner& r) {
        r.pump();
        if (r.injected()) return;
        ASSERT_EQ(r.last().kind, action_kind::done);
        EXPECT_EQ(r.held().machine().result().code(), code) << r.held().machine().result().message();
        EXPECT_EQ(r.held().session.broken, broken) << r.held().machine().result().message();
        EXPECT_FALSE(r.held().session.output_pending());
        EXPECT_FALSE(r.held().machine().result().message().empty());
    });
}

// ---- replays
// --------------------------------------------------------------------------------------------------

std::unique_ptr<fixture> script::run(const make_fixture& make, chunking how) const {
    runner r{make, how, {}};
    r.run(steps_);
    return r.release();
}

void script::run_however_cut(const make_fixture& make, const std::function<void(fixture&)>& look) const {
    const auto once = [&](const std::string& label, chunking how) {
        SCOPED_TRACE(label);
        const auto held = run(make, how);
        if (look) look(*held);
    };
    once("whole", chunking::whole());
    once("one byte at a time", chunking::bytewise());
    for (std::size_t at = 1; at < server_bytes_ && !::testing::Test::HasFailure(); ++at)
        once("cut after byte " + std::to_string(at), chunking::cut(at));
}

/// Something besides the first `questions` statements, which only ask about types.
bool executes(std::string_view sent, std::size_t questions) {
    const auto names = frontend_names(sent);
    std::size_t count = 0;
    for (auto at = names.find("Execute"); at != names.npos; at = names.find("Execute", at + 1)) ++count;
    return count > questions || names.find("Query") != std::string::npos;
}

/// A request that was interrupted: the deadline passes again, the connection is lost, or the server obeys.
void check_interrupted(runner& r, const std::string& ending) {
    auto& s = r.held().session;
    auto& machine = r.held().machine();
    if (ending == "passes again") {
        r.resume(event_kind::timed_out);
    } else if (ending == "lost") {
        r.resume(event_kind::failed);
    } else {
        r.leave(s.pending_output().size());
        r.deliver(be::error_response("57014", "canceling statement due to user request") +
                  be::ready_for_query());
        ASSERT_TRUE(r.transferring()) << machine.result().message();
        r.resume(event_kind::cancel_finished);
        ASSERT_TRUE(r.transferring()) << machine.result().message();
        EXPECT_EQ(frontend_names(pending_of(r)), "Sync");
        r.leave(s.pending_output().size());
        r.deliver(be::ready_for_query());
    }
    ASSERT_EQ(r.last().kind, action_kind::done);
    EXPECT_TRUE(machine.result());
    EXPECT_EQ(s.broken, ending != "obeys") << machine.result().message();
    EXPECT_FALSE(s.output_pending());
}

/// What must hold wherever it happens: a lost connection ends the machine at once, with a failure and a
/// session that is not used again. An interruption ends it at once, or asks for a CancelRequest first; then
/// the session stays usable when the server obeys. A failure says that nothing was sent only if nothing that
/// executes was sent.
void script::check_failures_everywhere(const make_fixture& make) const {
    std::size_t points = 0;
    {
        runner r{make, chunking::messagewise(), {}};
        r.run(steps_);
        points = r.points();
    }
    ASSERT_FALSE(::testing::Test::HasFailure()) << "the script itself must succeed";
    for (std::size_t at = 1; at < points; ++at)
        for (const auto kind : {event_kind::failed, event_kind::timed_out, event_kind::canceled})
            for (const unsigned quarters : {0U, 2U, 4U})
                for (const char* ending : {"passes again", "lost", "obeys"}) {
                    const bool answered = at + 1 == points; // the last message has arrived
                    if (answered && kind != event_kind::failed) continue;
                    SCOPED_TRACE("point " + std::to_string(at) + ", event " +
                                 std::to_string(static_cast<int>(kind)) + ", " + std::to_string(quarters) +
                                 "/4 sent, then " + ending);
                    runner r{make, chunking::messagewise(), {at, kind, quarters}};
                    r.run(steps_);
                    ASSERT_TRUE(r.injected());
                    auto& machine = r.held().machine();
                    if (r.last().kind == action_kind::cancel_request) {
                        ASSERT_NE(kind, event_kind::failed);
                        check_interrupted(r, ending);
                        if (::testing::Test::HasFatalFailure()) return;
                    }
                    ASSERT_EQ(r.last().kind, action_kind::done);
                    EXPECT_TRUE(machine.result() || answered);
                    EXPECT_TRUE(r.held().session.broken || kind != event_kind::failed);
                    const bool harmless =
                        machine.result() && (machine.result().sent() == tusk::sent_state::none ||
                                             machine.result().retry() == tusk::retry_advice::safe);
                    EXPECT_FALSE(harmless && r.held().request && executes(r.all_sent(), r.held().questions));
                    EXPECT_FALSE(r.held().session.output_pending());
                    if (::testing::Test::HasFailure()) return;
                    if (kind == event_kind::failed) break; // the ending plays no role
                }
}

// ---- what queries need
// ----------------------------------------------------------------------------------------

tusk::protocol::flow recording_sink::on_row(std::span<const std::byte> body) {
    tusk::wire::body_reader in{body};
    std::string row;
    const std::size_t count = in.get_int<std::uint16_t>();
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) row += ',';
        const auto size = in.get_int<std::int32_t>();
        if (size < 0)
            row += "NULL";
        else
            row += as_string(in.get_bytes(static_cast<std::size_t>(size)));
    }
    rows.push_back(in.finished() ? row : "malformed");
    return pausing ? tusk::protocol::flow::pause : tusk::protocol::flow::proceed;
}

tusk::failure text_source::bind(const tusk::protocol::description_ptr& description,
                                tusk::wire::bound_values& out, std::span<const std::int16_t>& formats) {
    if (types.left > 0) return tusk::failure{tusk::errc::type_mismatch, "types have to be looked up"};
    bound_for.push_back(description);
    formats = {};
    return bind_text(out);
}

tusk::failure text_source::bind_text(tusk::wire::bound_values& out) {
    if (failing_with) return failing_with;
    formats_.assign(arguments.size(), 0);
    values_.clear();
    for (const auto& a : arguments) values_ += be::number(static_cast<std::int32_t>(a.size())) + a;
    out = {formats_, std::as_bytes(std::span{values_})};
    return {};
}

query_fixture::query_fixture() {
    session.transaction = tusk::transaction_status::idle;
    session.backend_pid = 7;
    session.cancel_key.assign(4, std::byte{1});
    source = std::make_unique<text_source>(registry->intern(sql));
    source->arguments = {"5"};
}

tusk::protocol::description_ptr query_fixture::known_description() {
    std::vector<tusk::wire::column_description> columns(2);
    columns[0].name = "id";
    columns[0].type_oid = 23;
    columns[1].name = "name";
    columns[1].type_oid = 25;
    return std::make_shared<const tusk::protocol::statement_description>(std::vector<std::uint32_t>{23},
                                                                         std::move(columns));
}

query_fixture& query_fixture::known() {
    registry->describe(source->text(), known_description());
    auto arguments = source->arguments;
    source = std::make_unique<text_source>(registry->intern(sql));
    source->arguments = std::move(arguments);
    return *this;
}

query_fixture& query_fixture::prepared() {
    known();
    session.statements.insert(source->text(), source->known_description(), session.to_close);
    return *this;
}

query_fixture& query_fixture::in_transaction() {
    session.transaction = tusk::transaction_status::in_transaction;
    return *this;
}

query_fixture& query_fixture::start() {
    held = std::make_unique<tusk::protocol::query>(session, *registry, *source, sink);
    return *this;
}

} // namespace algo_test

} // namespace algo
