// A whole connection against a hostile server: connecting, a query, a script. The first byte chooses what is
// asked and what goes wrong, the second how the rest, the server's bytes, is cut. Whatever comes, a machine
// ends or waits for more, a failure says something, and what was received is never out of proportion.
#include <tusk/protocol/query.hpp>
#include <tusk/protocol/startup.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

using namespace tusk::protocol;

void require(bool holds) {
    if (!holds) std::abort();
}

class checking_sink final : public reply_sink {
public:
    explicit checking_sink(bool pausing) : pausing_{pausing} {}
    flow on_row(std::span<const std::byte> body) override {
        static_cast<void>(tusk::wire::validate_data_row(body, 2));
        return pausing_ ? flow::pause : flow::proceed;
    }

private:
    bool pausing_;
};

class plain_source final : public query_source {
public:
    explicit plain_source(known_statement what) : what_{std::move(what)} {}
    const statement_ptr& text() const noexcept override { return what_.text; }
    const description_ptr& known_description() const noexcept override { return what_.description; }
    tusk::failure bind(const description_ptr& description, tusk::wire::bound_values& out,
                       std::span<const std::int16_t>& formats) override {
        require(description != nullptr);
        out = {};
        formats = {};
        return {};
    }

private:
    known_statement what_;
};

/// The driver's part: hands the server's bytes over in pieces, and one interruption when its time has come.
class hostile_driver {
public:
    hostile_driver(std::span<const std::byte> bytes, std::uint8_t choices, std::uint8_t cut)
        : bytes_{bytes}, piece_{cut % 16 == 0 ? bytes.size() + 1 : cut % 16U},
          interrupt_at_{choices & 0x40 ? cut / 16U : 1000U} {}

    /// Runs a machine; false when the server's bytes are used up before it is done.
    bool run(machine& m) {
        auto& s = m.io();
        event next{event_kind::start, {}};
        // Every step uses bytes up or is one of few answers: more of them means a machine that turns in
        // circles.
        for (std::size_t steps = 0; steps < 2 * bytes_.size() + 64; ++steps) {
            const action a = m.resume(std::move(next));
            next = event{event_kind::transferred, {}};
            require(s.input.capacity() <= 4 * tusk::wire::read_buffer::initial_capacity + 4 * bytes_.size());
            switch (a.kind) {
            case action_kind::done:
                if (m.result()) require(!m.result().message().empty());
                require(!s.output_pending());
                return true;
            case action_kind::paused: next.kind = event_kind::proceed; break;
            case action_kind::start_tls: next.kind = event_kind::tls_established; break;
            case action_kind::compute:
                m.stop_computing(); // the key derivation has a fuzzer of its own
                m.compute();
                next.kind = event_kind::timed_out;
                break;
            case action_kind::cancel_request: canceling_ = true; [[fallthrough]];
            case action_kind::stream:
            case action_kind::transfer:
                require(a.read || a.kind != action_kind::transfer);
                s.sent(s.pending_output().size());
                if (!feed(s, next)) return false;
                break;
            }
        }
        require(false);
        return false;
    }

private:
    bool feed(session& s, event& next) {
        if (interrupt_at_-- == 0) {
            next.kind = event_kind::timed_out;
            return true;
        }
        if (canceling_) {
            canceling_ = false;
            next.kind = event_kind::cancel_finished;
            return true;
        }
        if (at_ == bytes_.size()) {
            if (over_) return false;
            over_ = true;
            next = event{event_kind::failed, tusk::failure{tusk::errc::connection_lost, "the end"}};
            return true;
        }
        const auto n = std::min(piece_, bytes_.size() - at_);
        const auto space = s.input.prepare();
        const auto taken = std::min(n, space.size());
        std::memcpy(space.data(), bytes_.data() + at_, taken);
        s.input.commit(taken);
        at_ += taken;
        return true;
    }

    std::span<const std::byte> bytes_;
    std::size_t at_ = 0;
    std::size_t piece_;
    std::size_t interrupt_at_;
    bool canceling_ = false;
    bool over_ = false;
};

bool connect(session& s, hostile_driver& driver, std::uint8_t choices) {
    startup_options options;
    options.user = "tester";
    options.password = "secret";
    options.parameters = {{"user", "tester"}};
    options.minor_version = choices & 0x08 ? 2 : 0;
    options.secure_channel = (choices & 0x10) != 0;
    startup machine{s, options, choices & 0x20 ? tls_policy::optional : tls_policy::off};
    if (!driver.run(machine) || machine.result()) return false;
    require(!s.broken && s.transaction != tusk::transaction_status::unknown);
    return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::uint8_t choices = data[0];
    hostile_driver driver{std::as_bytes(std::span{data + 2, size - 2}), choices, data[1]};
    session s;
    if (choices & 0x01) {
        if (!connect(s, driver, choices)) return 0;
    } else {
        s.transaction = tusk::transaction_status::idle;
        s.cancel_key.assign(4, std::byte{1});
    }
    statement_registry registry;
    for (int i = 0; i < 3 && !s.broken; ++i) {
        checking_sink sink{(choices & 0x02) != 0};
        if (choices & 0x04 && i == 1) {
            simple_query machine{s, "select 1; select 2", sink};
            if (!driver.run(machine)) return 0;
        } else {
            plain_source source{registry.intern("select id, name from users")};
            query machine{s, registry, source, sink};
            if (!driver.run(machine)) return 0;
            if (machine.result()) require(machine.result().sql() == source.text()->text);
        }
    }
    return 0;
}
