#include <gtest/gtest.h>

#include <services/http/static_files.hpp>

#include "support.hpp"

namespace static_files_test {

using namespace tusk::http;

router site() {
    auto files = std::make_shared<static_files>();
    files->add("index.html", "<html>");
    files->add("assets/app-3f2a9c1b.js", "let a", "packed");
    files->add("style.css", "body{}");
    router routes;
    routes.get("/{path...}", serve_files(files));
    return routes;
}

response get(std::string target, std::string_view header = {}, std::string_view value = {}) {
    const auto routes = site();
    request of{"GET", std::move(target)};
    if (!header.empty()) of.set_header(header, value);
    return answer_of(routes, of);
}

TEST(static_files, knows_types_and_hashed_names) {
    EXPECT_EQ(content_type_of("a.js"), "text/javascript; charset=utf-8");
    EXPECT_EQ(content_type_of("a"), "application/octet-stream");
    for (const auto* yes : {"app-3f2a9c1b.js", "x/app.3f2a9c1b.css", "app-3f2a9c1b.js.map", "a-ABCDEFG9.js"})
        EXPECT_TRUE(has_hashed_name(yes)) << yes;
    for (const auto* no : {"app.js", "app-3f2a.js", "jquery-min.js", "some-component.js", "3f2a9c1b",
                           ".3f2a9c1b", "3f2a9c1b0/app.js"})
        EXPECT_FALSE(has_hashed_name(no)) << no;
}

TEST(static_files, serves_html_with_its_policy) {
    const auto page = get("/");
    EXPECT_EQ(page.status(), 200u);
    EXPECT_EQ(page.body(), "<html>");
    EXPECT_EQ(header_of(page, "Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(header_of(page, "Cache-Control"), "no-cache");
    EXPECT_NE(header_of(page, "Content-Security-Policy").find("default-src 'self'"), std::string::npos);
    EXPECT_FALSE(get("/style.css").headers().contains("Content-Security-Policy"));
    EXPECT_EQ(get("/nothing.css").status(), 404u);
    EXPECT_EQ(get("/assets/").status(), 404u);
}

TEST(static_files, keeps_hashed_names_for_ever_and_packs_them) {
    const auto packed = get("/assets/app-3f2a9c1b.js", "Accept-Encoding", "gzip");
    EXPECT_EQ(packed.body(), "packed");
    EXPECT_EQ(header_of(packed, "Content-Encoding"), "gzip");
    EXPECT_NE(header_of(packed, "Cache-Control").find("immutable"), std::string::npos);
    const auto plain = get("/assets/app-3f2a9c1b.js");
    EXPECT_EQ(plain.body(), "let a");
    EXPECT_EQ(header_of(plain, "Vary"), "Accept-Encoding");
    EXPECT_NE(header_of(plain, "ETag"), header_of(packed, "ETag"));
}

TEST(static_files, says_304_to_those_who_have_it) {
    const auto etag = header_of(get("/style.css"), "ETag");
    ASSERT_GT(etag.size(), 10u);
    const auto again = get("/style.css", "If-None-Match", "\"x\", " + etag);
    EXPECT_EQ(again.status(), 304u);
    EXPECT_EQ(again.body(), "");
    EXPECT_EQ(header_of(again, "ETag"), etag);
    EXPECT_EQ(get("/style.css", "If-None-Match", "\"x\"").status(), 200u);
}

} // namespace static_files_test
