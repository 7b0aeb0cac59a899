#include <tusk/testing/detail/fault_stream.hpp>
#include <tusk/testing/scripted_server.hpp>

#include <gtest/gtest.h>

namespace fault_stream_test {

using namespace std::chrono_literals;
using namespace tusk::testing;
using namespace tusk::testing::detail;
namespace be = tusk::testing::backend;

const auto start = tusk::steady_clock::time_point{} + 1h;

/// The stream of a server's messages, at a time that stands still.
class stream {
public:
    explicit stream(direction way = direction::to_client) : way_{way} {
        if (way == direction::to_client)
            talk_.next(direction::to_server, be::number(std::int32_t{8}) + be::number(std::int32_t{3 << 16}));
    }
    fault_rule& rule(fault_rule::unit counts, std::uint64_t position, fault_kind kind) {
        auto r = std::make_shared<fault_rule>();
        r->way = way_;
        r->counts = counts;
        r->position = position;
        r->kind = kind;
        rules_.push_back(r);
        return *r;
    }
    fault_rule& at_byte(std::uint64_t n, fault_kind kind) { return rule(fault_rule::unit::byte, n, kind); }
    fault_rule& at_message(char type, std::uint64_t k, fault_kind kind) {
        auto& r = rule(fault_rule::unit::message, k, kind);
        r.type = type;
        return r;
    }
    void arm() {
        for (const auto& r : rules_) stream_.arm(r);
        rules_.clear();
    }
    void feed(std::string_view bytes) { stream_.feed(bytes, {}, start); }
    /// Feeds the bytes and shows what leaves: cuts as "<reset>", "<close>", "<stop>".
    std::string through(std::string_view bytes, std::size_t piece = std::string_view::npos) {
        arm();
        while (!bytes.empty()) {
            feed(bytes.substr(0, piece));
            bytes.remove_prefix(std::min(piece, bytes.size()));
        }
        return taken();
    }
    std::string rest() {
        stream_.finish({}, start);
        return taken();
    }
    std::deque<fault_stream::parcel>& parcels() { return stream_.parcels(); }

    std::string messages;
    int faults = 0;

private:
    std::string taken() {
        std::string out;
        for (const auto& p : stream_.parcels()) {
            stream_.took(p.bytes.size());
            if (!p.cut)
                out += p.bytes;
            else
                out += *p.cut == fault_kind::reset   ? "<reset>"
                       : *p.cut == fault_kind::close ? "<close>"
                                                     : "<stop>";
        }
        stream_.parcels().clear();
        EXPECT_EQ(stream_.queued(), 0U);
        return out;
    }
    direction way_;
    conversation talk_;
    std::vector<std::shared_ptr<fault_rule>> rules_;
    fault_stream stream_{way_, 0, talk_,
                         fault_stream::events{[this](char type) { messages += type; }, [this] { ++faults; }}};
};

const std::string a = be::command_complete("A");
const std::string b = be::data_row({"b"});
const std::string c = be::command_complete("C");

TEST(fault_stream, passes_everything_without_rules_however_it_is_cut) {
    for (const std::size_t piece : {1U, 2U, 3U, 5U, 7U, 100U}) {
        stream s;
        EXPECT_EQ(s.through(a + b + c, piece), a + b + c);
        EXPECT_EQ(s.messages, "CDC");
    }
}

TEST(fault_stream, drops_doubles_swaps_and_replaces_the_kth_message_of_a_type) {
    for (const std::size_t piece : {1U, 4U, 100U}) {
        stream dropping;
        dropping.at_message('C', 2, fault_kind::drop);
        EXPECT_EQ(dropping.through(a + b + c + a, piece), a + b + a);
        EXPECT_EQ(dropping.faults, 1);
        EXPECT_EQ(dropping.messages, "CDCC") << "what came is counted, not what went";
        stream doubling;
        doubling.at_message('D', 1, fault_kind::duplicate);
        EXPECT_EQ(doubling.through(a + b + c, piece), a + b + b + c);
        stream swapping;
        swapping.at_message('C', 1, fault_kind::swap);
        EXPECT_EQ(swapping.through(a + b + c, piece), b + a + c);
        stream replacing;
        replacing.rule(fault_rule::unit::any_message, 2, fault_kind::replace).bytes = "xyz";
        EXPECT_EQ(replacing.through(a + b + c, piece), a + "xyz" + c);
    }
}

TEST(fault_stream, counts_only_messages_that_hold_the_text) {
    stream s;
    s.at_message('C', 1, fault_kind::drop).holding = "C"; // also the type of both
    EXPECT_EQ(s.through(a + b + c), a + b);
}

TEST(fault_stream, a_swapped_message_without_a_next_one_comes_with_the_end) {
    stream s;
    s.at_message('C', 1, fault_kind::swap);
    EXPECT_EQ(s.through(a), "");
    EXPECT_EQ(s.rest(), a);
}

TEST(fault_stream, a_message_that_a_rule_is_about_comes_whole_and_at_the_end_as_far_as_it_was_sent) {
    stream s;
    s.at_message('C', 2, fault_kind::drop);
    EXPECT_EQ(s.through(a.substr(0, 6)), "");
    EXPECT_EQ(s.rest(), a.substr(0, 6));
}

TEST(fault_stream, flips_type_and_length_without_losing_its_own_place) {
    stream s;
    s.at_message('C', 1, fault_kind::flip).mask = 0x80;
    auto& length = s.at_message('C', 2, fault_kind::flip);
    length.mask = 1;
    length.offset = 4;
    auto damaged_a = a, damaged_c = c;
    damaged_a[0] = static_cast<char>(damaged_a[0] ^ 0x80);
    damaged_c[4] = static_cast<char>(damaged_c[4] ^ 1);
    EXPECT_EQ(s.through(a + b + c + a), damaged_a + b + damaged_c + a);
    EXPECT_EQ(s.messages, "CDCC");
}

TEST(fault_stream, cuts_after_exactly_so_many_bytes) {
    const auto all = a + b + c;
    for (const auto kind : {fault_kind::reset, fault_kind::close, fault_kind::stop})
        for (std::size_t n = 0; n <= all.size(); ++n)
            for (const std::size_t piece : {1U, 3U, 100U}) {
                stream s;
                s.at_byte(n, kind);
                const auto out = s.through(all, piece);
                EXPECT_EQ(out.substr(0, n), all.substr(0, n));
                EXPECT_EQ(out.substr(n, 1), "<") << n;
            }
}

TEST(fault_stream, a_cut_at_a_message_stands_before_it_and_behind_it_after) {
    stream before;
    before.at_message('D', 1, fault_kind::reset);
    EXPECT_EQ(before.through(a + b).substr(0, a.size() + 7), a + "<reset>");
    stream behind;
    behind.at_message('D', 1, fault_kind::stop).behind = true;
    EXPECT_EQ(behind.through(a + b + c), a + b + "<stop>" + c);
}

TEST(fault_stream, bytes_are_flipped_replaced_dropped_doubled_and_swapped_in_place) {
    stream s{direction::to_server}; // no PostgreSQL client: only bytes
    s.at_byte(0, fault_kind::flip).mask = 0x20;
    s.at_byte(1, fault_kind::replace).bytes = "12";
    s.at_byte(2, fault_kind::drop);
    s.at_byte(3, fault_kind::duplicate);
    s.at_byte(4, fault_kind::swap);
    s.at_byte(6, fault_kind::insert).bytes = "!";
    EXPECT_EQ(s.through("ABCDEFGH"), "a12DDFE!GH");
    EXPECT_EQ(s.faults, 6);
    EXPECT_EQ(s.messages, "");
}

TEST(fault_stream, a_rule_strikes_once_or_as_often_as_it_is_told) {
    stream once;
    once.at_message('C', 1, fault_kind::drop);
    EXPECT_EQ(once.through(a + a + a), a + a);
    stream twice;
    twice.at_message('C', 2, fault_kind::drop).left = 2;
    EXPECT_EQ(twice.through(a + c + a + c + a + c), a + a + a + c);
}

TEST(fault_stream, latency_keeps_the_order_and_jitter_repeats_with_its_seed) {
    const auto dues = [](std::uint32_t seed) {
        link_settings how;
        how.latency = 100ms;
        how.jitter = 50ms;
        std::vector<tusk::steady_clock::duration> out;
        conversation talk;
        fault_stream f{direction::to_server, 0, talk, {[](char) {}, [] {}}};
        f.seed(seed);
        for (int i = 0; i < 50; ++i) f.feed("x", how, start + std::chrono::milliseconds{i});
        for (const auto& p : f.parcels()) out.push_back(p.due - start);
        return out;
    };
    const auto first = dues(1);
    EXPECT_TRUE(std::is_sorted(first.begin(), first.end()));
    EXPECT_GE(first.front(), 50ms);
    EXPECT_LE(first.back(), 200ms);
    EXPECT_EQ(first, dues(1));
    EXPECT_NE(first, dues(2));
}

TEST(fault_stream, a_delayed_message_delays_what_follows) {
    stream s;
    s.at_message('D', 1, fault_kind::delay).time = 1s;
    s.arm();
    s.feed(a + b + c);
    ASSERT_EQ(s.parcels().size(), 2U);
    EXPECT_EQ(s.parcels()[0].bytes, a);
    EXPECT_EQ(s.parcels()[0].due, start);
    EXPECT_EQ(s.parcels()[1].bytes, b + c);
    EXPECT_EQ(s.parcels()[1].due, start + 1s);
}

TEST(fault_stream, what_comes_within_the_window_leaves_together) {
    conversation talk;
    fault_stream f{direction::to_server, 0, talk, {[](char) {}, [] {}}};
    link_settings how;
    how.window = 10ms;
    for (const int ms : {0, 4, 9, 11, 12}) f.feed("x", how, start + std::chrono::milliseconds{ms});
    ASSERT_EQ(f.parcels().size(), 2U);
    EXPECT_EQ(f.parcels()[0].bytes, "xxx");
    EXPECT_EQ(f.parcels()[0].due, start + 10ms);
    EXPECT_EQ(f.parcels()[1].bytes, "xx");
}

TEST(conversation, tells_the_untyped_messages_apart) {
    conversation talk;
    const auto ssl = be::number(std::int32_t{8}) + be::number(std::int32_t{80877103});
    EXPECT_FALSE(talk.next(direction::to_server, ssl.substr(0, 7)));
    EXPECT_EQ(talk.next(direction::to_server, ssl)->type, received_message::ssl_request);
    const auto answer = talk.next(direction::to_client, "N" + a);
    EXPECT_EQ(answer->type, received_message::ssl_request);
    EXPECT_EQ(answer->size, 1U);
    const auto startup = be::number(std::int32_t{20}) + be::number(std::int32_t{3 << 16}) + "rest";
    const auto head = talk.next(direction::to_server, startup);
    EXPECT_EQ(head->type, received_message::startup);
    EXPECT_EQ(head->size, 20U);
    EXPECT_EQ(talk.next(direction::to_client, a)->type, 'C');
}

TEST(conversation, sees_only_bytes_once_tls_has_begun) {
    conversation talk;
    ASSERT_TRUE(
        talk.next(direction::to_server, be::number(std::int32_t{8}) + be::number(std::int32_t{80877103})));
    EXPECT_EQ(talk.next(direction::to_client, "S")->type, received_message::ssl_request);
    EXPECT_EQ(talk.next(direction::to_server, "\x16\x03\x01")->type, 0);
    EXPECT_EQ(talk.next(direction::to_client, a)->type, 0);
    conversation direct;
    EXPECT_EQ(direct.next(direction::to_server, "\x16")->type, 0);
    EXPECT_EQ(direct.next(direction::to_client, "\x16")->type, 0);
}

TEST(conversation, gives_up_on_what_has_impossible_lengths) {
    conversation talk;
    EXPECT_EQ(talk.next(direction::to_server, be::number(std::int32_t{7}) + "abcd")->type, 0);
    conversation typed;
    typed.next(direction::to_server, be::number(std::int32_t{8}) + be::number(std::int32_t{3 << 16}));
    EXPECT_EQ(typed.next(direction::to_client, be::message('C', "", 3))->type, 0);
    EXPECT_EQ(typed.next(direction::to_client, a)->type, 0);
}

} // namespace fault_stream_test
