// A whole connection against a hostile server: connecting, then queries and a script, or a batch and COPY in
// both directions. The first byte chooses what is asked and what goes wrong, the second how the rest, the
// server's bytes, is cut. Whatever comes, a machine ends or waits for more, a failure says something, and
// what is received and allocated is never out of proportion.
#include <tusk/protocol/batch_query.hpp>
#include <tusk/protocol/copy.hpp>
#include <tusk/protocol/query.hpp>
#include <tusk/protocol/startup.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>

#include <sanitizer/allocator_interface.h>

namespace {

using namespace tusk::protocol;

void require(bool holds) {
    if (!holds) std::abort();
}

/// Bytes allocated since the beginning of an input.
std::size_t allocated = 0;

void count_allocation(const volatile void*, std::size_t size) { allocated += size; }
void ignore_release(const volatile void*) {}

class checking_sink final : public reply_sink {
public:
    explicit checking_sink(bool pausing) : pausing_{pausing} {}
    flow on_row(std::span<const std::byte> body) override {
        if (!tusk::wire::validate_data_row(body, 2)) return flow::reject;
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

class plain_batch final : public batch_source {
public:
    plain_batch(statement_registry& registry, bool pausing) {
        for (const char* text : {"select 1", "select 2", "select 1"}) {
            sources_.emplace_back(registry.intern(text));
            sinks_.emplace_back(pausing);
        }
    }
    std::size_t size() const noexcept override { return sources_.size(); }
    query_source& statement(std::size_t index) noexcept override { return sources_[index]; }
    reply_sink& sink(std::size_t index) noexcept override { return sinks_[index]; }
    void refused(std::size_t, const tusk::failure& why) override { require(static_cast<bool>(why)); }
    bool restart() override { return true; }

private:
    std::deque<plain_source> sources_;
    std::deque<checking_sink> sinks_;
};

class two_lines final : public copy_source {
public:
    progress fill(tusk::wire::write_buffer& out) override {
        const std::string_view line = "1\n";
        if (next_++ == 2) return progress::end;
        return tusk::wire::write_copy_data(out, std::as_bytes(std::span{line})) ? progress::failed
                                                                                : progress::more;
    }
    tusk::failure take_failure() override {
        return tusk::failure{tusk::errc::value_out_of_range, "too long"};
    }

private:
    int next_ = 0;
};

class counting_target final : public copy_target {
public:
    explicit counting_target(bool pausing) : pausing_{pausing} {}
    flow take(std::span<const std::byte> data) override {
        bytes_ += data.size();
        return pausing_ ? flow::pause : flow::proceed;
    }
    tusk::failure take_failure() override { return {}; }

private:
    bool pausing_;
    std::size_t bytes_ = 0;
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
            case action_kind::ask_secret:
                m.take_secret(tusk::result<std::string>{"secret"});
                next.kind = event_kind::secret_given;
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

void run_queries(session& s, statement_registry& registry, hostile_driver& driver, std::uint8_t choices) {
    for (int i = 0; i < 3 && !s.broken; ++i) {
        checking_sink sink{(choices & 0x02) != 0};
        if (choices & 0x04 && i == 1) {
            simple_query machine{s, "select 1; select 2", sink};
            if (!driver.run(machine)) return;
        } else {
            plain_source source{registry.intern("select id, name from users")};
            query machine{s, registry, source, sink};
            if (!driver.run(machine)) return;
            if (machine.result()) require(machine.result().sql() == source.text()->text);
        }
    }
}

void run_bulk(session& s, statement_registry& registry, hostile_driver& driver, std::uint8_t choices) {
    const bool pausing = (choices & 0x02) != 0;
    plain_batch statements{registry, false};
    batch_query batch{s, registry, statements, (choices & 0x04) != 0};
    if (!driver.run(batch) || s.broken) return;
    const statement_description shape{{}, std::vector<tusk::wire::column_description>(1)};
    two_lines lines;
    copy_in in{s, "copy t from stdin", lines,
               choices & 0x10 ? copy_shape{"select a from t", shape} : copy_shape{}};
    if (!driver.run(in) || s.broken) return;
    counting_target target{pausing};
    copy_out out{s, "copy t to stdout", target};
    if (!driver.run(out) || s.broken) return;
    ping last{s};
    driver.run(last);
}

void run_session(std::span<const std::uint8_t> input) {
    const std::uint8_t choices = input[0];
    hostile_driver driver{std::as_bytes(input.subspan(2)), choices, input[1]};
    session s;
    if (choices & 0x01) {
        if (!connect(s, driver, choices)) return;
    } else {
        s.transaction = tusk::transaction_status::idle;
        s.cancel_key.assign(4, std::byte{1});
    }
    statement_registry registry;
    if (choices & 0x80)
        run_bulk(s, registry, driver, choices);
    else
        run_queries(s, registry, driver, choices);
}

} // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    require(__sanitizer_install_malloc_and_free_hooks(count_allocation, ignore_release) != 0);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    allocated = 0;
    run_session({data, size});
    // Buffers, statements and failures have their size; beyond that an input costs by what it is long.
    require(allocated <= 1024 * 1024 + 256 * size);
    return 0;
}
