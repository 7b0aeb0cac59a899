#include <gtest/gtest.h>

#include <services/alerthist/cursor.hpp>

#include "support.hpp"

namespace cursor_test {

using namespace tusk::alerthist;

alert_cursor alert_at(const char* time, std::string fingerprint) {
    alert_cursor out;
    out.starts_at = at(time);
    out.fingerprint = std::move(fingerprint);
    return out;
}

TEST(cursor, reads_what_it_wrote) {
    for (const auto* time : {"0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z",
                             "2026-11-21T22:15:09.904960Z", "9999-12-31T23:59:59.999999Z"})
        for (const std::string& fingerprint :
             {std::string{"a"}, std::string{"ddcdf6115a6dfd9e"}, std::string(128, 'z')}) {
            const auto text = alert_at(time, fingerprint).encode();
            const auto back = alert_cursor::decode(text);
            ASSERT_TRUE(back) << text;
            EXPECT_EQ(back->starts_at, at(time));
            EXPECT_EQ(back->fingerprint, fingerprint);
        }
    event_cursor event;
    event.happened_at = at("2026-11-21T22:15:09.904960Z");
    event.id = 9'007'199'254'740'993;
    const auto back = event_cursor::decode(event.encode());
    ASSERT_TRUE(back);
    EXPECT_EQ(back->happened_at, event.happened_at);
    EXPECT_EQ(back->id, event.id);
}

TEST(cursor, needs_no_escaping_in_a_url) {
    const auto text = alert_at("2026-11-21T22:15:09.904960Z", "ab:cd-ef_gh.ij").encode();
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
}

TEST(cursor, refuses_what_it_did_not_write) {
    const auto alert = alert_at("2026-11-21T22:15:09Z", "ddcdf6115a6dfd9e").encode();
    event_cursor one;
    one.id = 7;
    const auto event = one.encode();
    EXPECT_FALSE(event_cursor::decode(alert)) << "of another listing";
    EXPECT_FALSE(alert_cursor::decode(event)) << "of another listing";
    for (const auto& bad :
         {std::string{}, std::string{"!"}, std::string{"A"}, alert + "A", alert + "=", alert + " ",
          alert.substr(1), std::string(100'000, 'A'), std::string{"YTE6"} /* a1: */,
          std::string{"YTE6eDphYg"} /* a1:x:ab */, std::string{"YTE6MTo"} /* a1:1: */,
          std::string{"YTE6OTIyMzM3MjAzNjg1NDc3NTgwNzphYg"} /* past the last timestamp */,
          std::string{"YTE6OTk5OTk5OTk5OTk5OTk5OTk5OTk6YWI"} /* past 64 bits */})
        EXPECT_FALSE(alert_cursor::decode(bad)) << bad;
    for (std::size_t i = 0; i + 1 < event.size(); ++i)
        EXPECT_FALSE(event_cursor::decode(event.substr(0, i))) << i;
}

} // namespace cursor_test
