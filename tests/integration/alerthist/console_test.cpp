// The console is served by the program itself: no other files, no other host.
#include <services/alerthist/console_files.hpp>

#include "support.hpp"

namespace console_test {

using namespace alerthist_test;

class console : public ::testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(service_.becomes_ready()); }

    answer ask(const std::string& target, const std::string& headers) {
        http_connection c{service_.port()};
        c.send("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + "\r\n");
        return c.receive();
    }

private:
    running_service service_{new_database()};
};

const std::string browser = "Accept: text/html,application/xhtml+xml\r\n";

std::string_view content_of(std::string_view path) {
    for (const auto& one : tusk::alerthist::console_files())
        if (one.path == path) return one.content;
    return {};
}

TEST_F(console, is_what_a_browser_gets_and_programs_get_text) {
    const auto page = ask("/", browser);
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
    EXPECT_EQ(page.body, content_of("index.html"));
    const auto policy = page.headers.at("content-security-policy");
    EXPECT_NE(policy.find("default-src 'none'"), std::string::npos) << policy;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;

    const auto text = ask("/", "Accept: */*\r\n");
    EXPECT_EQ(text.status, 200);
    EXPECT_EQ(text.headers.at("content-type").substr(0, 10), "text/plain");
}

TEST_F(console, has_parts_that_are_kept_for_good_and_a_page_that_is_asked_for_again) {
    const auto page = ask("/", browser);
    EXPECT_EQ(page.headers.at("cache-control"), "no-cache");
    EXPECT_EQ(ask("/", browser + "If-None-Match: " + page.headers.at("etag") + "\r\n").status, 304);
    for (const auto& one : tusk::alerthist::console_files()) {
        if (!one.path.starts_with("assets/")) continue;
        const auto part = ask("/" + std::string{one.path}, "");
        EXPECT_EQ(part.status, 200) << one.path;
        EXPECT_EQ(part.body, one.content) << one.path;
        EXPECT_NE(part.headers.at("cache-control").find("immutable"), std::string::npos) << one.path;
        if (one.gzipped.empty()) continue;
        const auto packed = ask("/" + std::string{one.path}, "Accept-Encoding: gzip\r\n");
        EXPECT_EQ(packed.headers.at("content-encoding"), "gzip") << one.path;
        EXPECT_EQ(packed.body, one.gzipped) << one.path;
    }
    EXPECT_EQ(ask("/assets/none.js", "").status, 404);
    EXPECT_EQ(ask("/assets/../index.html", "").status, 404);
}

} // namespace console_test
