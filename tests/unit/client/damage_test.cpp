// A whole session from memory, over and over, with every message of the server in turn lost, doubled, swapped
// or bent, and its stream cut at every byte. Every answer must be the right one or a failure, the machines
// must come to an end, and a connection that is still in use must go on answering rightly.
#include "memory_server.hpp"

#include <gtest/gtest.h>

#include <functional>

#include <tusk/client/batch.hpp>
#include <tusk/client/call.hpp>
#include <tusk/client/sinks.hpp>
#include <tusk/client/tx_options.hpp>
#include <tusk/protocol/batch_query.hpp>
#include <tusk/protocol/copy.hpp>
#include <tusk/protocol/startup.hpp>
#include <tusk/wire/frontend.hpp>

namespace damage_test {

using memory::damage;
using kind = damage::kind;
using tusk::failure;

struct user {
    int id = 0;
    std::string name;
    friend bool operator==(const user&, const user&) = default;
};

class two_lines final : public tusk::protocol::copy_source {
public:
    progress fill(tusk::wire::write_buffer& out) override {
        if (next_ == 2) return progress::end;
        const std::string line = ++next_ == 1 ? "1\n" : "2\n";
        EXPECT_FALSE(tusk::wire::write_copy_data(out, std::as_bytes(std::span{line})));
        return progress::more;
    }
    failure take_failure() override { return {}; }

private:
    int next_ = 0;
};

class text_target final : public tusk::protocol::copy_target {
public:
    tusk::protocol::flow take(std::span<const std::byte> data) override {
        text.append(reinterpret_cast<const char*>(data.data()), data.size());
        return tusk::protocol::flow::proceed;
    }
    failure take_failure() override { return {}; }
    std::string text;
};

/// What a client does with its connection; each step says whether it got its answer.
class client {
public:
    explicit client(damage d) : hurt{d}, driver{d} {}

    void run() {
        if (!connect()) return;
        const std::function<bool()> steps[] = {
            [&] { return plus_one(5); },  [&] { return users(); },     [&] { return plus_one(6); },
            [&] { return update(); },     [&] { return fails(); },     [&] { return plus_one(7); },
            [&] { return batch(false); }, [&] { return plus_one(8); }, [&] { return batch(true); },
            [&] { return commits(); },    [&] { return ping(); },      [&] { return copies_in(); },
            [&] { return copies_out(); }, [&] { return stream(); },    [&] { return plus_one(9); },
            [&] { return users(); },      [&] { return plus_one(10); }};
        for (const auto& step : steps) {
            if (driver.session.broken) break;
            if (step()) ++answered;
        }
        EXPECT_FALSE(driver.turned_in_circles);
        if (!driver.session.broken) {
            EXPECT_FALSE(driver.session.output_pending());
        }
    }

    damage hurt;
    memory::driver driver;
    int answered = 0;

private:
    failure run(tusk::protocol::machine& m) {
        auto f = driver.run(m);
        if (f) {
            EXPECT_FALSE(f.message().empty());
        }
        EXPECT_TRUE(f || !driver.session.broken);
        return f;
    }
    bool connect() {
        tusk::protocol::startup_options options;
        options.user = "tester";
        options.parameters = {{"user", "tester"}};
        tusk::protocol::startup m{driver.session, options, tusk::protocol::tls_policy::off};
        return !run(m);
    }
    template <class Sink, class... A>
    std::optional<typename Sink::value_type> query(Sink sink, const char* sql, const A&... args) {
        tusk::request what{registry->intern(sql), tusk::options{}, args...};
        tusk::detail::call source{what, sink, settings};
        tusk::protocol::query m{driver.session, *registry, source, sink};
        if (run(m)) return std::nullopt;
        auto out = sink.take();
        if (!out) return std::nullopt;
        return std::move(*out);
    }
    bool plus_one(int n) {
        const auto got = query(tusk::detail::one_sink<int>{}, "select $1::int4 + 1 as n", n);
        if (got) {
            EXPECT_EQ(*got, n + 1);
        }
        return got.has_value();
    }
    bool users() {
        const auto got = query(tusk::detail::all_sink<user>{}, "select id, name from users");
        if (got) expect_users(*got);
        return got.has_value();
    }
    /// Two rows in the other order cannot be told from the right ones.
    void expect_users(const std::vector<user>& got) const {
        const std::vector<user> right{{1, "ann"}, {2, "bob"}};
        EXPECT_TRUE(got == right || (hurt.what == kind::swap && got == std::vector{right[1], right[0]}))
            << got.size() << " rows";
    }
    bool update() {
        const auto got = query(tusk::detail::exec_sink{}, "update users set age = $1", 3);
        if (got) {
            EXPECT_EQ(*got, 2U);
        }
        return got.has_value();
    }
    bool fails() {
        EXPECT_FALSE(query(tusk::detail::one_sink<int>{}, "select $1::int4 / 0 as n", 1));
        return true;
    }
    bool stream() {
        tusk::detail::stream_sink<user> sink;
        tusk::request what{registry->intern("select id, name from users"), tusk::options{}};
        tusk::detail::call source{what, sink, settings};
        tusk::protocol::query m{driver.session, *registry, source, sink};
        return !run(m);
    }
    bool batch(bool independent) {
        tusk::batch b;
        b.independent(independent);
        auto first = b.one<int>("select $1::int4 + 1 as n", 20);
        auto second = b.all<user>("select id, name from users");
        auto third = b.exec("update users set age = $1", 1);
        auto fourth = b.one<int>("select $1::int4 + 1 as n", 21);
        auto& source = b.begin([&](std::string_view sql) { return registry->intern(sql); }, settings.types());
        tusk::protocol::batch_query m{driver.session, *registry, source, independent};
        const bool good = !b.conclude(run(m));
        EXPECT_EQ(good, first.ok() && second.ok() && third.ok() && fourth.ok());
        if (first.ok()) expect_int(first, 21);
        if (second.ok()) expect_rows(second);
        if (fourth.ok()) expect_int(fourth, 22);
        return good;
    }
    static void expect_int(tusk::batch_result<int>& r, int right) {
        try {
            EXPECT_EQ(r.get(), right);
        } catch (const tusk::error&) { // no row came: an answer that does not fit is an error
        }
    }
    void expect_rows(tusk::batch_result<std::vector<user>>& r) const { expect_users(r.get()); }
    failure control(const char* sql, std::string& tag) {
        tusk::detail::command_sink sink;
        tusk::protocol::simple_query m{driver.session, sql, sink};
        auto f = run(m);
        tag = sink.tag();
        return f;
    }
    bool commits() {
        std::string tag;
        if (control("begin", tag)) return false;
        EXPECT_EQ(driver.session.transaction, tusk::transaction_status::in_transaction);
        if (!plus_one(1) && driver.session.broken) return false;
        const auto before = driver.peer.commits;
        const auto f = tusk::detail::judge_commit(control("commit", tag), tag, driver.peer.status == 'E');
        if (!f) {
            EXPECT_EQ(driver.peer.commits, before + 1);
        }
        if (f && driver.peer.commits > before) {
            EXPECT_TRUE(f == tusk::condition::in_doubt) << f.message();
        }
        return !f;
    }
    bool ping() {
        tusk::protocol::ping m{driver.session};
        return !run(m);
    }
    bool copies_in() {
        two_lines source;
        tusk::protocol::copy_in m{driver.session, "copy t from stdin", source};
        if (run(m)) return false;
        EXPECT_EQ(m.rows(), 2U);
        EXPECT_EQ(driver.peer.copied, "1\n2\n");
        return true;
    }
    bool copies_out() {
        text_target target;
        tusk::protocol::copy_out m{driver.session, "copy t to stdout", target};
        if (run(m)) return false;
        EXPECT_EQ(m.rows(), 2U);
        // Text has no structure to check: the lines themselves are the caller's.
        if (hurt.what == kind::none || !is_copy_data()) {
            EXPECT_EQ(target.text, "1\n2\n");
        }
        return true;
    }
    bool is_copy_data() const {
        const auto& types = driver.way.types;
        return hurt.at < types.size() && types[hurt.at] == 'd';
    }

    tusk::connection_settings settings;
    std::shared_ptr<tusk::protocol::statement_registry> registry =
        std::make_shared<tusk::protocol::statement_registry>();
};

struct undamaged {
    std::string types;
    std::size_t bytes = 0;
    int answered = 0;
};

undamaged without_damage() {
    client c{damage{}};
    c.run();
    EXPECT_FALSE(c.driver.session.broken);
    return {c.driver.way.types, c.driver.way.passed(), c.answered};
}

void run_with(kind what, std::size_t at, std::size_t offset = 0, unsigned char mask = 0) {
    damage d;
    d.what = what;
    d.at = at;
    d.offset = offset;
    d.mask = mask;
    client c{d};
    c.run();
    if (::testing::Test::HasFailure())
        std::printf("damage %d at %zu, offset %zu, mask %u; messages: %s\n", static_cast<int>(what), at,
                    offset, mask, c.driver.way.types.c_str());
}

void at_every_message(kind what) {
    const auto whole = without_damage();
    for (std::size_t at = 0; at < whole.types.size() && !::testing::Test::HasFailure(); ++at)
        run_with(what, at);
}

TEST(damaged_session, is_in_order_without_damage) {
    const auto whole = without_damage();
    EXPECT_EQ(whole.answered, 17);
    EXPECT_GT(whole.types.size(), 80U);
}

TEST(damaged_session, survives_the_loss_of_any_message) { at_every_message(kind::drop); }
TEST(damaged_session, survives_any_message_twice) { at_every_message(kind::duplicate); }
TEST(damaged_session, survives_any_two_messages_in_the_wrong_order) { at_every_message(kind::swap); }

TEST(damaged_session, survives_any_flipped_bit_in_a_type) {
    const auto whole = without_damage();
    for (std::size_t at = 0; at < whole.types.size(); ++at)
        for (unsigned bit = 0; bit < 8 && !HasFailure(); ++bit)
            run_with(kind::flip, at, 0, static_cast<unsigned char>(1U << bit));
}

TEST(damaged_session, survives_any_flipped_bit_in_a_length) {
    const auto whole = without_damage();
    for (std::size_t at = 0; at < whole.types.size(); ++at)
        for (std::size_t offset = 1; offset <= 4; ++offset)
            for (unsigned bit = 0; bit < 8 && !HasFailure(); ++bit)
                run_with(kind::flip, at, offset, static_cast<unsigned char>(1U << bit));
}

TEST(damaged_session, survives_a_stream_that_ends_at_any_byte) {
    const auto whole = without_damage();
    for (std::size_t at = 1; at < whole.bytes && !HasFailure(); ++at) run_with(kind::truncate, at);
}

} // namespace damage_test
