#pragma once

#include <tusk/protocol/action.hpp>
#include <tusk/protocol/query.hpp>
#include <tusk/testing/scripted_server.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Runs protocol machines from memory. A script says, in order, what the machine has to write and what the
/// server sends; it can be replayed with the server's bytes cut anywhere, and with a failure in place of any
/// step.
namespace algo {

namespace be = tusk::testing::backend;

/// Names of the messages at the front of `bytes`, "Parse Describe Sync"; "?" for what is none.
std::string frontend_names(std::string_view bytes);
std::string as_string(std::span<const std::byte> bytes);

/// One machine with all it needs. Made anew for every run of a script.
class fixture {
public:
    virtual ~fixture() = default;
    tusk::protocol::session session;
    virtual tusk::protocol::machine& machine() = 0;
    /// The machine is a request: its failures say how far it got.
    bool request = true;
    /// How many questions about types it asks, which execute nothing of the caller's.
    std::size_t questions = 0;
};
using make_fixture = std::function<std::unique_ptr<fixture>()>;

template <class Machine>
class holding : public fixture {
public:
    tusk::protocol::machine& machine() override { return *held; }
    std::unique_ptr<Machine> held;
};

/// How the server's bytes reach the machine.
class chunking {
public:
    static chunking whole() { return chunking{mode::whole, 0}; }
    static chunking bytewise() { return chunking{mode::bytes, 0}; }
    static chunking messagewise() { return chunking{mode::messages, 0}; }
    /// Two parts, cut after `at` bytes of everything the server ever sends.
    static chunking cut(std::size_t at) { return chunking{mode::cut, at}; }
    /// How many bytes of `left` come now, when `fed` came before.
    std::size_t next(std::size_t fed, std::string_view left) const;

private:
    enum class mode : std::uint8_t { whole, bytes, messages, cut };
    chunking(mode m, std::size_t at) : mode_{m}, cut_{at} {}
    mode mode_;
    std::size_t cut_;
};

class runner;

class script {
public:
    /// The machine wants these messages sent ("Bind Execute Sync"), and then to read.
    script& sends(std::string names);
    /// The machine wants these messages sent and goes on at once; `arriving` is there when it does.
    script& streams(std::string names, std::string arriving = {});
    /// The same, byte for byte.
    script& sends_bytes(std::string bytes);
    /// The machine wants these sent, and no answer.
    script& sends_last(std::string names);
    /// The server's bytes.
    script& receives(std::string bytes);
    script& starts_tls();
    script& computes();
    /// The machine pauses and is told to proceed.
    script& pauses();
    /// The deadline passes, the caller cancels, the cancel connection is over.
    script& event(tusk::protocol::event_kind kind);
    script& wants_cancel_request();
    /// The end, successful or with this code. A session that must not be used any more is `broken`.
    script& done();
    script& fails(std::error_code code, bool broken);
    script& fails(tusk::errc code, bool broken) { return fails(tusk::make_error_code(code), broken); }

    /// Runs once, with the bytes as they are. The fixture is there to be looked at.
    std::unique_ptr<fixture> run(const make_fixture& make, chunking how = chunking::whole()) const;
    /// Runs with the bytes whole, one at a time, and cut in two at every place; `look` sees every outcome.
    void run_however_cut(const make_fixture& make, const std::function<void(fixture&)>& look = {}) const;
    /// Replays the script up to each step and lets the connection fail, the deadline pass and the caller
    /// cancel there; with the machine's output unsent, half sent and sent. See the source for what must hold.
    void check_failures_everywhere(const make_fixture& make) const;

private:
    friend class runner;
    using step = std::function<void(runner&)>;
    script& add(step s) {
        steps_.push_back(std::move(s));
        return *this;
    }
    std::vector<step> steps_;
    std::size_t server_bytes_ = 0;
};

// ---- what queries need
// ----------------------------------------------------------------------------------------

/// Keeps what arrives, as text.
class recording_sink : public tusk::protocol::reply_sink {
public:
    void on_columns(const std::vector<tusk::wire::column_description>& c) override {
        columns.push_back(c.size());
    }
    tusk::protocol::flow on_row(std::span<const std::byte> body) override;
    void on_complete(const tusk::wire::command_tag& tag) override { tags.emplace_back(tag.text); }
    tusk::failure take_failure() override { return std::exchange(failing_with, tusk::failure{}); }

    /// Values of a row joined by ','; "NULL", and "malformed" for a row that is none.
    std::vector<std::string> rows;
    std::vector<std::size_t> columns;
    std::vector<std::string> tags;
    bool pausing = false;
    tusk::failure failing_with;
};

/// A question about types, asked `left` times.
class counted_question final : public tusk::protocol::type_question {
public:
    std::string_view sql() const noexcept override { return "types"; }
    std::span<const std::uint32_t> parameter_types() const noexcept override { return {}; }
    tusk::failure bind(tusk::wire::bound_values& arguments, std::span<const std::int16_t>& formats) override {
        arguments = {};
        formats = {};
        return {};
    }
    tusk::protocol::flow on_row(std::span<const std::byte>) override {
        ++rows;
        return tusk::protocol::flow::proceed;
    }
    tusk::failure take_failure() override {
        --left;
        return std::exchange(failing_with, tusk::failure{});
    }
    int left = 0;
    int rows = 0;
    tusk::failure failing_with;
};

/// A statement with text arguments.
class text_source final : public tusk::protocol::query_source {
public:
    explicit text_source(tusk::protocol::known_statement what) : what_{std::move(what)} {}
    const tusk::protocol::statement_ptr& text() const noexcept override { return what_.text; }
    const tusk::protocol::description_ptr& known_description() const noexcept override {
        return what_.description;
    }
    tusk::failure bind(const tusk::protocol::description_ptr& description, tusk::wire::bound_values& out,
                       std::span<const std::int16_t>& formats) override;

    tusk::failure bind_text(tusk::wire::bound_values& out) override;
    tusk::protocol::exec_mode mode(tusk::protocol::exec_mode usual) const noexcept override {
        return wanted_mode.value_or(usual);
    }
    std::uint32_t rows_at_a_time() const noexcept override { return limit; }

    std::optional<tusk::protocol::exec_mode> wanted_mode;
    std::uint32_t limit = 0;
    tusk::protocol::type_question* question() override { return types.left > 0 ? &types : nullptr; }
    bool distrusts(const tusk::failure& why) override {
        return why.code() == distrusted && distrusted != std::error_code{};
    }

    counted_question types; ///< What has to be asked before it can be bound.
    std::error_code distrusted;
    std::vector<std::string> arguments;
    std::vector<tusk::protocol::description_ptr> bound_for; ///< What each call of `bind` was given.
    tusk::failure failing_with;

private:
    tusk::protocol::known_statement what_;
    std::vector<std::int16_t> formats_;
    std::string values_;
};

/// One query on a session that is connected and idle.
class query_fixture final : public holding<tusk::protocol::query> {
public:
    static constexpr std::string_view sql = "select id, name from users where id = $1";
    /// What the statement's description says: one int4 parameter; columns id (int4) and name (text).
    static std::string description() {
        return be::parameter_description({23}) + be::row_description({{"id", 23, 0}, {"name", 25, 0}});
    }
    static tusk::protocol::description_ptr known_description();

    /// The statement is prepared on this connection already.
    query_fixture& prepared();
    /// Another connection has described it.
    query_fixture& known();
    query_fixture& in_transaction();
    /// Makes the machine; call it last.
    query_fixture& start();

    std::shared_ptr<tusk::protocol::statement_registry> registry =
        std::make_shared<tusk::protocol::statement_registry>();
    std::unique_ptr<text_source> source;
    recording_sink sink;
    query_fixture();
};

} // namespace algo
