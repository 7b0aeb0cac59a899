#include <set>

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <services/http/request.hpp>
#include <services/http/response.hpp>
#include <tusk/core/error.hpp>

namespace request_response_test {

using namespace tusk::http;
using std::string_literals::operator""s;

TEST(header_list, compares_names_without_case) {
    header_list headers;
    headers.add("Content-Type", "text/plain");
    EXPECT_EQ(headers.find("content-TYPE"), "text/plain");
    EXPECT_FALSE(headers.find("Content-Typ"));
    EXPECT_FALSE(headers.find("Content-Type-"));
}

TEST(header_list, keeps_repeated_fields_until_one_replaces_them) {
    header_list headers;
    headers.add("X", "1");
    headers.add("Y", "other");
    headers.add("x", "2");
    EXPECT_EQ(headers.find_all("X"), (std::vector<std::string_view>{"1", "2"}));
    headers.set("X", headers.find("X").value()); // a view of what is replaced
    EXPECT_EQ(headers.find_all("X"), std::vector<std::string_view>{"1"});
    EXPECT_EQ(headers.erase("X"), 1u);
    EXPECT_EQ(headers.size(), 1u);
}

TEST(header_list, refuses_fields_that_would_break_the_message) {
    header_list headers;
    EXPECT_THROW(headers.add("X", "a\r\nSet-Cookie: b"), tusk::error);
    EXPECT_THROW(headers.set("X", "a\nb"), tusk::error);
    EXPECT_THROW(headers.add("X", "a\0b"s), tusk::error);
    EXPECT_THROW(headers.add("X Y", "a"), tusk::error);
    EXPECT_THROW(headers.add("X:", "a"), tusk::error);
    EXPECT_THROW(headers.add("", "a"), tusk::error);
    EXPECT_TRUE(headers.empty());
}

TEST(request, takes_its_target_apart) {
    const request r{"GET", "/a%20b/c%2Fd?k=1&k=2&e=%C3%A9"};
    EXPECT_EQ(r.path(), "/a b/c/d");
    EXPECT_EQ(r.encoded_path(), "/a%20b/c%2Fd");
    EXPECT_EQ(r.query("k"), "1");
    EXPECT_EQ(r.query("e"), "\xC3\xA9");
    EXPECT_FALSE(r.query("missing"));
    EXPECT_EQ(r.query_all("k"), (std::vector<std::string_view>{"1", "2"}));
    EXPECT_EQ(r.query_all("missing").size(), 0u);
}

TEST(request, refuses_a_malformed_target) {
    EXPECT_THROW((request{"GET", "/%zz"}), tusk::error);
    EXPECT_THROW((request{"GET", "/?a=%"}), tusk::error);
    request r{"GET", "/fine?a=1"};
    EXPECT_FALSE(r.set_target("/%"));
    EXPECT_EQ(r.path(), "");
    EXPECT_FALSE(r.query("a"));
    EXPECT_EQ(r.target(), "/%");
}

TEST(request, takes_a_sane_request_id_and_makes_one_otherwise) {
    request r{"GET", "/"};
    const auto generated = r.id();
    EXPECT_EQ(generated.size(), 32u);
    EXPECT_EQ(generated.find_first_not_of("0123456789abcdef"), std::string::npos);
    r.set_header("x-request-id", "no spaces, please");
    EXPECT_EQ(r.id(), generated);
    r.set_header("x-request-id", std::string(129, 'a'));
    EXPECT_EQ(r.id(), generated);
    r.set_header("x-request-id", "trace:1-2_3.4");
    EXPECT_EQ(r.id(), "trace:1-2_3.4");
}

TEST(request, makes_different_ids) {
    std::set<std::string> ids;
    for (int i = 0; i < 1000; ++i) ids.insert(generate_request_id());
    EXPECT_EQ(ids.size(), 1000u);
}

TEST(response, helpers_set_status_type_and_body) {
    const auto json = response::json(201, "{}");
    EXPECT_EQ(json.status(), 201u);
    EXPECT_EQ(json.headers().find("Content-Type"), "application/json");
    EXPECT_EQ(json.body(), "{}");
    EXPECT_EQ(response::text(200, "x").headers().find("Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(response::empty().status(), 204u);
    EXPECT_TRUE(response::empty().headers().empty());
}

TEST(response, refuses_a_status_that_is_not_final) {
    EXPECT_THROW(response{100}, tusk::error);
    EXPECT_THROW(response{600}, tusk::error);
    EXPECT_THROW(response{}.set_status(0), tusk::error);
}

TEST(error_response, is_the_envelope_whatever_the_message_holds) {
    const auto answer = error_response(404, "NOT_FOUND", "no \"x\"\n\\ \x01", "id-1");
    EXPECT_EQ(answer.status(), 404u);
    const auto parsed = boost::json::parse(answer.body());
    const auto& inner = parsed.at("error").as_object();
    EXPECT_EQ(inner.at("code"), "NOT_FOUND");
    EXPECT_EQ(inner.at("message"), "no \"x\"\n\\ \x01");
    EXPECT_EQ(inner.at("request_id"), "id-1");
    const std::string timestamp{inner.at("timestamp").as_string().c_str()};
    ASSERT_EQ(timestamp.size(), 24u);
    EXPECT_EQ(timestamp[10], 'T');
    EXPECT_EQ(timestamp[19], '.');
    EXPECT_EQ(timestamp.back(), 'Z');
}

} // namespace request_response_test
