#include <gtest/gtest.h>

#include "support.hpp"

namespace alertmanager_test {

using namespace tusk::alerthist;

parsed_notification parse(const std::string& body, std::size_t max_alerts = 1000) {
    return parse_notification(body, max_alerts);
}

/// Why the body is refused; empty when it is not.
std::string refusal(const std::string& body) {
    const auto out = parse(body);
    return out ? std::string{} : out.error().message();
}

/// A body of one alert with these members.
std::string body_with(const std::string& members) {
    return R"({"version":"4","alerts":[{)" + members + "}]}";
}
constexpr auto sound_alert =
    R"("status":"firing","labels":{"alertname":"A"},"startsAt":"2026-01-01T00:00:00Z")";

TEST(alertmanager_body, of_a_real_alertmanager_is_read_completely) {
    const auto out = parse(real_body());
    ASSERT_TRUE(out) << out.error().message();
    EXPECT_EQ(out->receiver, "hook");
    EXPECT_EQ(out->group_key, R"({}:{alertname="DiskFull", namespace="prod"})");
    ASSERT_EQ(out->alerts.size(), 3U);

    const auto& firing = out->alerts[0];
    EXPECT_EQ(firing.fingerprint, "ddcdf6115a6dfd9e");
    EXPECT_EQ(firing.status, alert_status::firing);
    EXPECT_EQ(firing.starts_at, at("2026-11-21T22:15:09.904960Z")) << "nine digits are rounded down to six";
    EXPECT_EQ(firing.ends_at, std::nullopt) << "Go's zero time is no time";
    EXPECT_EQ(firing.generator_url, "http://127.0.0.1:19090/graph?g0.expr=x");
    const label_set labels{{"alertname", "DiskFull"},
                           {"instance", "node-1"},
                           {"mountpoint", "/var"},
                           {"namespace", "prod"},
                           {"severity", "critical"}};
    EXPECT_EQ(firing.labels, labels);
    EXPECT_EQ(firing.annotations.at("runbook_url"), "https://example.org/rb?a=1&b=<2>");
    EXPECT_EQ(firing.annotations.at("summary"), "Диск /var на node-1 заполнен");

    const auto& resolved = out->alerts[1];
    EXPECT_EQ(resolved.status, alert_status::resolved) << "its own status counts, not the group's";
    EXPECT_EQ(resolved.starts_at, at("2026-11-21T22:10:17.915957Z"));
    EXPECT_EQ(resolved.ends_at, at("2026-11-21T22:15:16.915957Z"));
}

TEST(alertmanager_body, fingerprints_are_those_of_alertmanager) {
    const auto out = parse(real_body());
    ASSERT_TRUE(out);
    for (const auto& one : out->alerts) EXPECT_EQ(compute_fingerprint(one.labels), one.fingerprint);
}

TEST(alertmanager_body, a_missing_fingerprint_is_computed) {
    for (const std::string member :
         {R"("fingerprint":"ddcdf6115a6dfd9e")", R"("nothing":"x")", R"("fingerprint":"")"}) {
        const auto body = replaced(real_body(), R"("fingerprint":"ddcdf6115a6dfd9e")", member);
        const auto out = parse(body);
        ASSERT_TRUE(out) << out.error().message();
        EXPECT_EQ(out->alerts[0].fingerprint, "ddcdf6115a6dfd9e");
    }
}

TEST(fingerprint, separates_names_and_values) {
    EXPECT_NE(compute_fingerprint({{"a", "bc"}}), compute_fingerprint({{"ab", "c"}}));
    EXPECT_NE(compute_fingerprint({{"a", "b"}, {"c", "d"}}), compute_fingerprint({{"a", "bcd"}}));
    EXPECT_EQ(compute_fingerprint({}), "cbf29ce484222325") << "FNV's offset basis";
}

TEST(alertmanager_body, keys_of_newer_versions_are_ignored) {
    auto body =
        replaced(real_body(), R"({"receiver")", R"({"notification_reason":{"a":[1,null]},"receiver")");
    body = replaced(body, R"("alerts":[{)", R"("alerts":[{"silencedBy":[],"x":1.5,)");
    EXPECT_EQ(refusal(body), "");
}

TEST(alertmanager_body, what_may_be_missing_may_be_missing) {
    const auto out = parse(body_with(sound_alert));
    ASSERT_TRUE(out) << out.error().message();
    EXPECT_EQ(out->receiver, "");
    EXPECT_TRUE(out->alerts[0].annotations.empty());
    EXPECT_EQ(out->alerts[0].generator_url, "");
    EXPECT_EQ(refusal(R"({"alerts":[]})"), "");
    EXPECT_EQ(refusal(R"( {"alerts":[],"receiver":null,"groupKey":null} )"), "");
    EXPECT_EQ(refusal(body_with(std::string{sound_alert} +
                                R"(,"annotations":null,"endsAt":null,"generatorURL":null)")),
              "");
}

TEST(alertmanager_body, a_firing_alert_has_no_end_and_a_resolved_one_may_lack_it) {
    const auto firing = parse(body_with(std::string{sound_alert} + R"(,"endsAt":"2026-01-01T00:05:00Z")"));
    ASSERT_TRUE(firing);
    EXPECT_EQ(firing->alerts[0].ends_at, std::nullopt);
    const auto resolved = parse(replaced(body_with(sound_alert), "firing", "resolved"));
    ASSERT_TRUE(resolved);
    EXPECT_EQ(resolved->alerts[0].ends_at, std::nullopt);
}

TEST(alertmanager_body, refusals_name_the_path) {
    const auto of = [](const std::string& what, const std::string& with) {
        return refusal(replaced(real_body(), what, with));
    };
    EXPECT_EQ(of(R"("alerts":[)", R"("alarms":[)"), "alerts: is missing");
    EXPECT_EQ(refusal(R"({"alerts":{}})"), "alerts: expected an array, got an object");
    EXPECT_EQ(refusal(R"({"alerts":[{"a":1},2]})"), "alerts[0].status: is missing");
    EXPECT_EQ(refusal(R"({"alerts":[2]})"), "alerts[0]: expected an object, got a number");
    EXPECT_EQ(refusal("[]"), "body: expected an object, got an array");
    EXPECT_EQ(refusal("null"), "body: expected an object, got null");
    EXPECT_EQ(of(R"("version":"4")", R"("version":"3")"), R"(version: "3" is not supported; expected "4")");
    EXPECT_EQ(of(R"("version":"4")", R"("version":4)"), "version: expected a string, got a number");
    EXPECT_EQ(of(R"("receiver":"hook")", R"("receiver":true)"), "receiver: expected a string, got a boolean");
    EXPECT_EQ(of(R"({"status":"resolved")", R"({"status":"done")"),
              R"(alerts[1].status: "done" is neither "firing" nor "resolved")");
    EXPECT_EQ(of(R"({"status":"resolved")", R"({"status":"")"), "alerts[1].status: is empty");
    EXPECT_EQ(of(R"("instance":"node-2")", R"("instance":2)"),
              "alerts[1].labels.instance: expected a string, got a number");
    EXPECT_EQ(of(R"("instance":"node-2")", R"("":"node-2")"), "alerts[1].labels: a name is empty");
    EXPECT_EQ(of(R"("summary":"Диск /var на node-3 заполнен")", R"("summary":["x"])"),
              "alerts[2].annotations.summary: expected a string, got an array");
    EXPECT_EQ(of(R"("startsAt":"2026-11-21T22:10:17.915957Z")", R"("startsAt":"yesterday")"),
              R"(alerts[1].startsAt: "yesterday" is not a time as in RFC 3339)");
    EXPECT_EQ(of(R"("startsAt":"2026-11-21T22:10:17.915957Z")", R"("startsAt":"0001-01-01T00:00:00Z")"),
              "alerts[1].startsAt: is missing");
    EXPECT_EQ(of(R"("endsAt":"2026-11-21T22:15:16.915957Z")", R"("endsAt":12)"),
              "alerts[1].endsAt: expected a string, got a number");
    EXPECT_EQ(of(R"("fingerprint":"122d84ec5d43950c")", R"("fingerprint":"a b")").substr(0, 22),
              "alerts[2].fingerprint:");
    EXPECT_EQ(refusal(body_with(R"("status":"firing","startsAt":"2026-01-01T00:00:00Z")")),
              "alerts[0].labels: at least one label is needed");
    EXPECT_EQ(refusal(body_with(R"("status":"firing","labels":"x")")),
              "alerts[0].labels: expected an object, got a string");
}

TEST(alertmanager_body, text_that_postgresql_cannot_hold_is_refused_by_path) {
    const std::string nul = R"(\u0000)";
    const auto of = [](const std::string& what, const std::string& with) {
        return refusal(replaced(real_body(), what, with));
    };
    const std::string why = ": holds the character U+0000, which cannot be stored";
    EXPECT_EQ(of("node-2", "node" + nul), "alerts[1].labels.instance" + why);
    EXPECT_EQ(of("заполнен", nul), "alerts[0].annotations.summary" + why);
    EXPECT_EQ(of("/graph", nul), "alerts[0].generatorURL" + why);
    EXPECT_EQ(of(R"("hook")", "\"" + nul + "\""), "receiver" + why);
    EXPECT_EQ(of(R"("groupKey":"{}:)", R"("groupKey":")" + nul), "groupKey" + why);
    EXPECT_EQ(of(R"("mountpoint")", R"("mount)" + nul + "\""), "alerts[0].labels: a name" + why.substr(1));
    EXPECT_NE(of("ddcdf6115a6dfd9e", "dd" + nul).find("alerts[0].fingerprint"), std::string::npos);
}

TEST(alertmanager_body, text_that_is_not_unicode_is_refused) {
    for (const std::string bad : {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82",
                                  R"(\ud800)", R"(\udc00)", "\x80"}) {
        const auto why = refusal(replaced(real_body(), "node-2", bad));
        EXPECT_EQ(why.substr(0, 29), "body: not valid JSON at byte ") << bad;
    }
    EXPECT_EQ(refusal(replaced(real_body(), "node-2", R"(\ud83d\ude00)")), "")
        << "a pair of surrogates is a character";
}

TEST(alertmanager_body, broken_json_is_refused_wherever_it_ends) {
    const auto body = real_body();
    const auto end = body.find_last_of('}');
    for (std::size_t size = 0; size <= end; ++size)
        EXPECT_EQ(refusal(body.substr(0, size)).substr(0, 21), "body: not valid JSON ") << size;
    EXPECT_EQ(refusal(body.substr(0, end + 1)), "");
    EXPECT_NE(refusal(body.substr(0, end + 1) + "x"), "");
    EXPECT_NE(refusal(body.substr(0, end + 1) + " {}"), "");
    EXPECT_EQ(refusal(body.substr(0, end + 1) + " \r\n\t"), "");
}

TEST(alertmanager_body, any_changed_byte_is_either_accepted_or_refused_by_place) {
    const auto body = real_body();
    for (std::size_t i = 0; i < body.size(); i += 3) {
        for (const char with : {'\0', '"', '0', '}', '\xFF'}) {
            auto changed = body;
            changed[i] = with;
            const auto out = parse(changed);
            if (!out)
                EXPECT_NE(out.error().message().find(": "), std::string::npos) << i;
            else
                EXPECT_LE(out->alerts.size(), 3U);
        }
    }
}

TEST(alertmanager_body, deep_nesting_is_refused_not_followed) {
    EXPECT_EQ(refusal(std::string(1'000'000, '[')).substr(0, 21), "body: not valid JSON ");
    const auto deep = std::string(100, '[') + std::string(100, ']');
    EXPECT_NE(refusal(R"({"alerts":[],"x":)" + deep + "}"), "");
}

TEST(alertmanager_body, limits_the_number_of_alerts) {
    const auto out = parse(real_body(), 2);
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().why(), rejection::reason::too_many_alerts);
    EXPECT_EQ(out.error().message(), "alerts: 3 alerts in one request; at most 2 are accepted");
    EXPECT_TRUE(parse(real_body(), 3));
    EXPECT_EQ(parse("{}").error().why(), rejection::reason::malformed);
}

TEST(alertmanager_body, long_values_are_cut_in_messages_at_a_character) {
    std::string cyrillic;
    for (int i = 0; i < 100; ++i) cyrillic += "ж";
    const auto why =
        refusal(replaced(real_body(), R"("status":"resolved")", "\"status\":\"x" + cyrillic + "\""));
    EXPECT_LT(why.size(), 200U);
    EXPECT_NE(why.find("ж…\""), std::string::npos) << why;
}

TEST(fingerprint, may_hold_what_other_senders_use) {
    EXPECT_TRUE(is_fingerprint("ddcdf6115a6dfd9e"));
    EXPECT_TRUE(is_fingerprint("A.b_c:d-9"));
    EXPECT_TRUE(is_fingerprint(std::string(128, 'a')));
    for (const std::string& bad :
         {std::string{}, std::string(129, 'a'), std::string{"a/b"}, std::string{"a b"}, std::string{"é"},
          std::string{"a'"}, std::string("a\0b", 3)})
        EXPECT_FALSE(is_fingerprint(bad)) << bad;
}

} // namespace alertmanager_test
