// Connecting, from the first byte to ReadyForQuery: TLS negotiation, the welcome, and servers that are none.
#include <tusk/protocol/startup.hpp>

#include <gtest/gtest.h>

#include "algo_test.hpp"

using namespace algo;
using tusk::errc;
using tusk::make_error_code;
using tusk::protocol::startup;
using tusk::protocol::startup_options;
using tusk::protocol::tls_policy;
using namespace tusk::literals;

namespace startup_test {

class startup_fixture final : public holding<startup> {
public:
    startup_options options;
};

template <class Prepare>
make_fixture connecting(tls_policy tls, Prepare prepare) {
    return [tls, prepare] {
        auto f = std::make_unique<startup_fixture>();
        f->request = false;
        f->options.user = "tester";
        f->options.parameters = {{"user", "tester"}, {"database", "test"}};
        prepare(f->options);
        f->held = std::make_unique<startup>(f->session, f->options, tls);
        return f;
    };
}
make_fixture connecting(tls_policy tls = tls_policy::off) {
    return connecting(tls, [](startup_options&) {});
}

std::string startup_bytes(std::uint16_t minor = 0) {
    const auto body = be::number(std::uint16_t{3}) + be::number(minor) + be::text("user") +
                      be::text("tester") + be::text("database") + be::text("test") + '\0';
    return be::number(static_cast<std::int32_t>(body.size() + 4)) + body;
}
std::string ssl_request_bytes() { return be::number(std::int32_t{8}) + be::number(std::int32_t{80877103}); }

void expect_message(fixture& f, const std::string& word) {
    EXPECT_NE(f.machine().result().message().find(word), std::string::npos) << f.machine().result().message();
}

TEST(startup, takes_in_what_the_server_tells_about_itself) {
    const auto s = script{}.sends_bytes(startup_bytes()).receives(be::welcome(4711)).done();
    s.run_however_cut(connecting(), [](fixture& f) {
        EXPECT_EQ(f.session.backend_pid, 4711);
        EXPECT_EQ(as_string(f.session.cancel_key), "KEY!");
        EXPECT_EQ(f.session.parameter("server_version"), "15.14");
        EXPECT_EQ(f.session.transaction, tusk::transaction_status::idle);
    });
}

TEST(startup, works_without_a_cancel_key) {
    // As some poolers do; cancelling is then impossible, and known to be.
    const auto held = script{}
                          .sends("StartupMessage")
                          .receives(be::authentication_ok() + be::ready_for_query())
                          .done()
                          .run(connecting());
    EXPECT_TRUE(held->session.cancel_key.empty());
}

TEST(startup, asynchronous_messages_may_stand_anywhere) {
    const std::vector<std::string> pieces{be::authentication_ok(),
                                          be::parameter_status("client_encoding", "UTF8"),
                                          be::backend_key_data(1), be::ready_for_query()};
    for (std::size_t at = 0; at < pieces.size(); ++at) {
        std::string answer;
        for (std::size_t i = 0; i < pieces.size(); ++i)
            answer += (i == at ? be::parameter_status("TimeZone", "UTC") + be::notice_response("hi") : "") +
                      pieces[i];
        script{}
            .sends("StartupMessage")
            .receives(answer)
            .done()
            .run_however_cut(connecting(),
                             [](fixture& f) { EXPECT_EQ(f.session.parameter("TimeZone"), "UTC"); });
    }
}

TEST(startup, refuses_a_session_that_is_not_utf8) {
    script{}
        .sends("StartupMessage")
        .receives(be::authentication_ok() + be::parameter_status("client_encoding", "LATIN1"))
        .fails(errc::protocol_violation, true)
        .run_however_cut(connecting(), [](fixture& f) { expect_message(f, "client_encoding"); });
}

TEST(startup, takes_an_error_with_any_subset_of_fields) {
    const be::error_fields all{{'S', "FATAL"},  {'V', "FATAL"}, {'C', "57P03"}, {'M', "starting up"},
                               {'D', "detail"}, {'H', "hint"},  {'Z', "new"},   {'F', "x.c"},
                               {'L', "12"},     {'R', "f"}};
    for (unsigned set = 0; set < 1U << all.size(); ++set) {
        be::error_fields some;
        for (std::size_t i = 0; i < all.size(); ++i)
            if ((set >> i & 1) != 0) some.push_back(all[i]);
        const bool coded = (set >> 2 & 1) != 0;
        const auto held =
            script{}
                .sends("StartupMessage")
                .receives(be::error_response(some))
                .fails(coded ? make_error_code("57P03"_sqlstate) : make_error_code(errc::protocol_violation),
                       true)
                .run(connecting());
        const auto* server = held->machine().result().server();
        ASSERT_NE(server, nullptr);
        EXPECT_EQ(server->message, (set >> 3 & 1) != 0 ? "starting up" : "");
        EXPECT_EQ(server->line, (set >> 8 & 1) != 0 ? 12 : 0);
        if (HasFailure()) return;
    }
}

TEST(startup, an_error_in_any_phase_ends_it) {
    const auto refused = be::error_response("53300", "too many clients", "FATAL");
    for (const auto& before :
         {std::string{}, be::authentication_ok(), be::authentication_ok() + be::backend_key_data(1)})
        script{}
            .sends("StartupMessage")
            .receives(before + refused)
            .fails(make_error_code("53300"_sqlstate), true)
            .run_however_cut(connecting());
}

TEST(startup, takes_settings_that_cannot_be_sent_as_errors_of_this_side) {
    const auto bad = connecting(tls_policy::off, [](startup_options& o) {
        o.parameters.emplace_back("application_name", std::string{"x\0user\0admin", 12});
    });
    const auto held = script{}.fails(errc::invalid_argument, true).run(bad);
    expect_message(*held, "application_name");
    EXPECT_EQ(held->session.output.size(), 0U);
}

// ---- TLS negotiation
// ------------------------------------------------------------------------------------------

TEST(startup_tls, begins_after_a_single_byte_s) {
    for (const auto tls : {tls_policy::optional, tls_policy::required}) {
        const auto held = script{}
                              .sends_bytes(ssl_request_bytes())
                              .receives("S")
                              .starts_tls()
                              .sends_bytes(startup_bytes())
                              .receives(be::welcome())
                              .done()
                              .run(connecting(tls));
        EXPECT_TRUE(held->session.tls);
    }
}

TEST(startup_tls, begins_at_once_when_direct) {
    script{}
        .starts_tls()
        .sends_bytes(startup_bytes())
        .receives(be::welcome())
        .done()
        .run(connecting(tls_policy::direct));
}

TEST(startup_tls, is_optional_or_required_when_the_server_says_no) {
    script{}
        .sends("SSLRequest")
        .receives("N")
        .sends_bytes(startup_bytes())
        .receives(be::welcome())
        .done()
        .run(connecting(tls_policy::optional));
    const auto held = script{}
                          .sends("SSLRequest")
                          .receives("N")
                          .fails(errc::tls_refused, true)
                          .run(connecting(tls_policy::required));
    expect_message(*held, "sslmode");
    EXPECT_EQ(held->session.output.size(), 0U) << "neither user nor password leave";
}

TEST(startup_tls, never_believes_plain_text_that_follows_the_answer) {
    // CVE-2021-23222
    for (const auto tls : {tls_policy::optional, tls_policy::required})
        for (const auto& answer :
             {"S" + be::authentication_ok(), "N" + be::authentication_ok(), std::string{"SS"}}) {
            const auto held = script{}
                                  .sends("SSLRequest")
                                  .receives(answer)
                                  .fails(errc::protocol_violation, true)
                                  .run(connecting(tls));
            expect_message(*held, "unencrypted");
        }
}

TEST(startup_tls, does_not_show_the_text_of_an_error_that_nobody_has_vouched_for) {
    // CVE-2024-10977
    const auto held =
        script{}
            .sends("SSLRequest")
            .receives(be::error_response("53300", "send your password to evil.example", "FATAL"))
            .fails(errc::tls_refused, true)
            .run(connecting(tls_policy::required));
    EXPECT_EQ(held->machine().result().message().find("evil"), std::string::npos);
}

TEST(startup_tls, any_other_answer_is_no_postgresql) {
    for (int code = 0; code < 256; ++code) {
        const char answer = static_cast<char>(code);
        if (answer == 'S' || answer == 'N' || answer == 'E') continue;
        const auto held = script{}
                              .sends("SSLRequest")
                              .receives(std::string(1, answer))
                              .fails(errc::protocol_violation, true)
                              .run(connecting(tls_policy::required));
        expect_message(*held, "not PostgreSQL");
    }
}

// ---- strangers
// ------------------------------------------------------------------------------------------------

TEST(startup_strangers, are_recognised_by_their_first_byte) {
    for (const char* greeting : {"HTTP/1.1 400 Bad Request\r\n\r\n", "220 mail.example ESMTP\r\n",
                                 "-ERR unknown\r\n", "\x15\x03\x01", "<html>"}) {
        const auto held = script{}.sends("StartupMessage").receives(greeting).run(connecting());
        EXPECT_EQ(held->machine().result().code(), make_error_code(errc::protocol_violation));
        EXPECT_TRUE(held->session.broken);
    }
}

TEST(startup_strangers, that_happen_to_begin_like_a_server_fail_by_their_length) {
    for (const char* greeting : {"SSH-2.0-OpenSSH_9.2\r\n", "RFB 003.008\n", "E\x7f\x01\x02\x03"}) {
        const auto held = script{}.sends("StartupMessage").receives(greeting).run(connecting());
        EXPECT_EQ(held->machine().result().code(), make_error_code(errc::protocol_violation));
        EXPECT_LE(held->session.input.capacity(), tusk::wire::read_buffer::initial_capacity);
    }
}

TEST(startup_strangers, a_server_without_a_process_to_spare_says_so_in_plain_text) {
    const std::string said = "could not fork new process for connection: Resource temporarily unavailable\n";
    const auto plain = "E" + said;
    script{}
        .sends("StartupMessage")
        .receives(plain + std::string(1, '\0'))
        .fails(errc::connect_failed, true)
        .run_however_cut(connecting(),
                         [](fixture& f) { expect_message(f, "Resource temporarily unavailable"); });
    for (std::size_t n = 0; n <= plain.size(); ++n) {
        const auto held = script{}
                              .sends("StartupMessage")
                              .receives(plain.substr(0, n))
                              .event(tusk::protocol::event_kind::failed)
                              .run(connecting());
        const bool readable = n >= 5;
        EXPECT_EQ(held->machine().result().code(),
                  make_error_code(readable ? errc::connect_failed : errc::connection_lost));
        if (readable) expect_message(*held, plain.substr(1, n - 2)); // but for a line feed
    }
    script{}
        .sends("StartupMessage")
        .receives("E" + std::string(100'000, 'x'))
        .fails(errc::connect_failed, true)
        .run(connecting());
}

TEST(startup_strangers, with_impossible_lengths_are_refused_at_once) {
    for (const std::int32_t length : {-1, 0, 3, INT32_MIN, INT32_MAX, 0x40000004})
        for (const char type : {'R', 'E', 'S', 'K', 'Z'}) {
            const auto first = type == 'K' || type == 'Z' ? be::authentication_ok() : std::string{};
            script{}
                .sends("StartupMessage")
                .receives(first + be::message(type, {}, length))
                .fails(errc::protocol_violation, true)
                .run(connecting());
        }
}

// ---- versions and keys
// ----------------------------------------------------------------------------------------

std::string negotiate(std::int32_t version, const std::vector<std::string>& options = {}) {
    std::string body = be::number(version) + be::number(static_cast<std::int32_t>(options.size()));
    for (const auto& o : options) body += be::text(o);
    return be::message('v', body);
}

make_fixture asking_for(int minor, int least) {
    return connecting(tls_policy::off, [=](startup_options& o) {
        o.minor_version = minor;
        o.min_minor_version = least;
    });
}

std::string rest_of_welcome(const std::string& key) {
    return be::authentication_ok() + be::backend_key_data(1, key) + be::ready_for_query();
}

TEST(startup_versions, an_older_server_may_talk_the_version_down) {
    for (const std::int32_t version : {3 << 16, 0}) // some send the minor version alone
        script{}
            .sends_bytes(startup_bytes(2))
            .receives(negotiate(version) + rest_of_welcome("KEY!"))
            .done()
            .run_however_cut(asking_for(2, 0));
}

TEST(startup_versions, but_not_below_what_is_acceptable) {
    const auto held = script{}
                          .sends("StartupMessage")
                          .receives(negotiate(3 << 16))
                          .fails(errc::protocol_violation, true)
                          .run(asking_for(2, 2));
    expect_message(*held, "min_protocol_version");
}

TEST(startup_versions, nor_up_nor_to_another_protocol_nor_with_options_never_sent) {
    for (const auto& answer :
         {negotiate((3 << 16) | 1), negotiate(2 << 16), negotiate(4 << 16), negotiate(-1),
          negotiate(3 << 16, {"_pq_.x"}), be::message('v', be::number(std::int32_t{3 << 16})),
          be::message('v', be::number(std::int32_t{3 << 16}) + be::number(std::int32_t{-1}))})
        script{}
            .sends("StartupMessage")
            .receives(answer)
            .fails(errc::protocol_violation, true)
            .run(asking_for(0, 0));
}

TEST(startup_versions, nor_once_the_server_has_let_us_in) {
    script{}
        .sends("StartupMessage")
        .receives(be::authentication_ok() + negotiate(3 << 16))
        .fails(errc::protocol_violation, true)
        .run(asking_for(2, 0));
}

TEST(startup_keys, have_four_bytes_or_up_to_256_in_protocol_3_2) {
    for (const std::size_t size : {0U, 1U, 3U, 4U, 5U, 32U, 256U, 257U})
        for (const int minor : {0, 2}) {
            SCOPED_TRACE(std::to_string(size) + " bytes in 3." + std::to_string(minor));
            const bool good = minor == 0 ? size == 4 : size >= 4 && size <= 256;
            auto s = script{}.sends("StartupMessage").receives(rest_of_welcome(std::string(size, 'k')));
            if (good)
                s.done();
            else
                s.fails(errc::protocol_violation, true);
            const auto held = s.run(asking_for(minor, 0));
            EXPECT_EQ(held->session.cancel_key.size(), good ? size : 0);
        }
}

// ---- order and damage
// -----------------------------------------------------------------------------------------

TEST(startup_damage, messages_out_of_order_are_violations) {
    for (const auto& answer :
         {be::ready_for_query(), be::backend_key_data(1), be::authentication_ok() + be::authentication_ok(),
          be::authentication_ok() + be::parse_complete(), be::authentication_ok() + be::data_row({"1"}),
          be::authentication_ok() + be::authentication(3), be::authentication_ok() + be::message('\xff', {}),
          be::authentication_ok() + be::message('Z', "X"), be::authentication_ok() + be::message('Z', "")})
        script{}
            .sends("StartupMessage")
            .receives(answer)
            .fails(errc::protocol_violation, true)
            .run(connecting());
}

TEST(startup_damage, a_message_dropped_swapped_or_doubled_never_lets_us_in_unauthenticated) {
    const std::vector<std::string> pieces{be::authentication_ok(),
                                          be::parameter_status("client_encoding", "UTF8"),
                                          be::backend_key_data(1), be::ready_for_query()};
    const auto run = [&](const std::vector<std::string>& answer) {
        std::string bytes;
        for (const auto& p : answer) bytes += p;
        const auto held = script{}.sends("StartupMessage").receives(bytes).run(connecting());
        return std::pair{held->session.transaction, held->session.broken};
    };
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        auto dropped = pieces;
        dropped.erase(dropped.begin() + static_cast<std::ptrdiff_t>(i));
        const auto [status, broken] = run(dropped);
        EXPECT_TRUE(broken || i != 0) << "without AuthenticationOk";
        EXPECT_TRUE(status == tusk::transaction_status::unknown || i != 3) << "without ReadyForQuery";
        auto doubled = pieces;
        doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(i), pieces[i]);
        EXPECT_TRUE(run(doubled).second || i != 0) << "two AuthenticationOk";
        for (std::size_t j = i + 1; j < pieces.size(); ++j) {
            auto swapped = pieces;
            std::swap(swapped[i], swapped[j]);
            EXPECT_TRUE(run(swapped).second || i != 0 || j == 1) << i << " and " << j;
        }
    }
}

TEST(startup_damage, a_stream_that_ends_at_any_byte_is_a_lost_connection) {
    const auto whole = be::welcome();
    for (std::size_t n = 0; n < whole.size(); ++n) {
        const auto held = script{}
                              .sends("StartupMessage")
                              .receives(whole.substr(0, n))
                              .event(tusk::protocol::event_kind::failed)
                              .run(connecting());
        EXPECT_TRUE(held->session.broken) << "after byte " << n;
        EXPECT_TRUE(held->machine().result());
    }
}

TEST(startup_damage, a_changed_byte_is_survived) {
    const auto whole = be::welcome();
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (const char value : {'\0', '\x7f', '\xff', 'E'}) {
            auto bytes = whole;
            bytes[at] = value;
            const auto held = script{}.sends("StartupMessage").receives(bytes).run(connecting());
            EXPECT_EQ(held->session.broken, static_cast<bool>(held->machine().result()));
            EXPECT_LE(held->session.input.capacity(), tusk::wire::read_buffer::initial_capacity);
        }
}

TEST(startup_damage, failures_are_sound_at_every_point) {
    script{}.sends("StartupMessage").receives(be::welcome()).done().check_failures_everywhere(connecting());
    script{}
        .sends("SSLRequest")
        .receives("S")
        .starts_tls()
        .sends("StartupMessage")
        .receives(be::welcome())
        .done()
        .check_failures_everywhere(connecting(tls_policy::required));
}

} // namespace startup_test
