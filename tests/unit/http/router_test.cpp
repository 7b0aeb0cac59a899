#include <exception>
#include <optional>
#include <stdexcept>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <services/http/router.hpp>
#include <tusk/core/error.hpp>

namespace router_test {

using namespace tusk::http;
namespace asio = boost::asio;

/// A handler that answers with its name and what it sees of the path.
handler named(std::string name) {
    return [name](request& r) -> asio::awaitable<response> {
        auto text = name;
        for (const auto* parameter : {"a", "b", "rest"}) {
            const auto value = r.param(parameter);
            if (!value.empty()) text += " " + std::string{parameter} + "=" + std::string{value};
        }
        co_return response::text(200, text);
    };
}

response run(const router& routes, request& r) {
    asio::io_context context;
    std::optional<response> answer;
    std::exception_ptr thrown;
    asio::co_spawn(
        context, [&] { return routes.handle(r); },
        [&](std::exception_ptr what, response made) {
            thrown = what;
            answer.emplace(std::move(made));
        });
    context.run();
    if (thrown) std::rethrow_exception(thrown);
    return std::move(answer.value());
}

response run(const router& routes, std::string method, std::string target) {
    request r{std::move(method), std::move(target)};
    return run(routes, r);
}

TEST(router, finds_literal_paths_exactly) {
    router routes;
    routes.get("/", named("root"));
    routes.get("/a/b", named("ab"));
    EXPECT_EQ(run(routes, "GET", "/").body(), "root");
    EXPECT_EQ(run(routes, "GET", "/a/b?x=1").body(), "ab");
    for (const auto* path : {"/a", "/a/b/", "/a//b", "/A/b", "/a/b/c", "//"})
        EXPECT_EQ(run(routes, "GET", path).status(), 404u) << path;
}

TEST(router, decodes_parameters_after_splitting) {
    router routes;
    routes.get("/alerts/{a}/events/{b}", named("events"));
    EXPECT_EQ(run(routes, "GET", "/alerts/x%2Fy/events/%7Bz%7D").body(), "events a=x/y b={z}");
    EXPECT_EQ(run(routes, "GET", "/alerts//events/1").status(), 404u) << "a parameter is not empty";
    EXPECT_EQ(run(routes, "GET", "/%61lerts/1/events/2").body(), "events a=1 b=2");
}

TEST(router, prefers_literal_to_parameter_to_rest) {
    router routes;
    routes.get("/x/{rest...}", named("rest"));
    routes.get("/x/{a}", named("parameter"));
    routes.get("/x/new", named("literal"));
    EXPECT_EQ(run(routes, "GET", "/x/new").body(), "literal");
    EXPECT_EQ(run(routes, "GET", "/x/1").body(), "parameter a=1");
    EXPECT_EQ(run(routes, "GET", "/x/1/2/").body(), "rest rest=1/2/");
    EXPECT_EQ(run(routes, "GET", "/x/").body(), "rest");
    EXPECT_EQ(run(routes, "GET", "/x").status(), 404u);
}

TEST(router, goes_back_from_a_branch_that_leads_nowhere) {
    router routes;
    routes.get("/a/b/c", named("literal"));
    routes.get("/a/{a}/d", named("parameter"));
    EXPECT_EQ(run(routes, "GET", "/a/b/d").body(), "parameter a=b");
}

TEST(router, takes_a_less_specific_pattern_that_has_the_method) {
    router routes;
    routes.post("/a/new", named("create"));
    routes.get("/a/{a}", named("read"));
    EXPECT_EQ(run(routes, "GET", "/a/new").body(), "read a=new");
    EXPECT_EQ(run(routes, "POST", "/a/new").body(), "create");
    const auto refused = run(routes, "PUT", "/a/new");
    EXPECT_EQ(refused.status(), 405u);
    EXPECT_EQ(refused.headers().find("Allow"), "GET, HEAD, OPTIONS, POST");
}

TEST(router, tells_405_with_allow_from_404) {
    router routes;
    routes.put("/a", named("put"));
    routes.del("/a", named("delete"));
    routes.patch("/a", named("patch"));
    const auto refused = run(routes, "GET", "/a");
    EXPECT_EQ(refused.status(), 405u);
    EXPECT_EQ(refused.headers().find("Allow"), "DELETE, OPTIONS, PATCH, PUT");
    EXPECT_NE(refused.body().find("METHOD_NOT_ALLOWED"), std::string::npos);
    const auto missing = run(routes, "GET", "/b");
    EXPECT_EQ(missing.status(), 404u);
    EXPECT_FALSE(missing.headers().contains("Allow"));
    EXPECT_EQ(run(routes, "HEAD", "/a").status(), 405u) << "HEAD needs a GET";
}

TEST(router, answers_head_by_get_and_options_itself) {
    router routes;
    routes.get("/a", named("get"));
    EXPECT_EQ(run(routes, "HEAD", "/a").body(), "get");
    const auto options = run(routes, "OPTIONS", "/a");
    EXPECT_EQ(options.status(), 204u);
    EXPECT_EQ(options.headers().find("Allow"), "GET, HEAD, OPTIONS");
    EXPECT_EQ(run(routes, "OPTIONS", "/b").status(), 404u);
    EXPECT_EQ(run(routes, "OPTIONS", "*").status(), 204u);
    EXPECT_EQ(run(routes, "GET", "*").status(), 404u);
}

TEST(router, lets_a_route_of_its_own_answer_head_and_options) {
    router routes;
    routes.get("/a", named("get"));
    routes.add("HEAD", "/a", named("head"));
    routes.add("OPTIONS", "/a", named("options"));
    EXPECT_EQ(run(routes, "HEAD", "/a").body(), "head");
    EXPECT_EQ(run(routes, "OPTIONS", "/a").body(), "options");
}

TEST(router, notes_the_pattern_in_the_request) {
    router routes;
    routes.get("/alerts/{a}", named("x"));
    request found{"GET", "/alerts/42"};
    EXPECT_EQ(routes.resolve(found).status(), 0u);
    EXPECT_EQ(found.route(), "/alerts/{a}");
    EXPECT_EQ(found.param("a"), "42");
    EXPECT_EQ(found.param("b"), "");
    request missing{"GET", "/nowhere"};
    EXPECT_EQ(routes.resolve(missing).status(), 404u);
    EXPECT_EQ(missing.route(), "");
}

TEST(router, refuses_malformed_and_repeated_patterns) {
    router routes;
    routes.get("/a/{a}", named("x"));
    for (const auto* pattern :
         {"", "a", "/{}", "/{...}", "/x{a}", "/{a}y", "/{a}/{a}", "/{rest...}/b", "/{a{b}}", "/a/{other}"})
        EXPECT_THROW(routes.get(pattern, named("y")), tusk::error) << pattern;
    EXPECT_THROW(routes.get("/b", handler{}), tusk::error);
    EXPECT_THROW(routes.add("", "/b", named("y")), tusk::error);
    EXPECT_THROW(routes.use(middleware{}), tusk::error);
    EXPECT_NO_THROW(routes.post("/a/{other}", named("z")));
}

TEST(router, requires_the_content_type_of_a_body) {
    router routes;
    routes.post("/a", named("ok")).accepts("application/json").accepts("text/json");
    const auto status = [&](const char* type, const char* body) {
        request r{"POST", "/a"};
        if (type) r.set_header("Content-Type", type);
        r.set_body(body);
        return run(routes, r).status();
    };
    EXPECT_EQ(status("application/json", "{}"), 200u);
    EXPECT_EQ(status("Application/JSON ; charset=utf-8", "{}"), 200u);
    EXPECT_EQ(status("text/json", "{}"), 200u);
    EXPECT_EQ(status("text/plain", "{}"), 415u);
    EXPECT_EQ(status("application/jsonx", "{}"), 415u);
    EXPECT_EQ(status(nullptr, "{}"), 415u);
    EXPECT_EQ(status(nullptr, ""), 200u) << "without a body there is nothing to refuse";
}

TEST(router, sees_a_body_that_is_still_to_come) {
    router routes;
    routes.post("/a", named("ok")).accepts("application/json");
    request declared{"POST", "/a"};
    declared.set_header("Content-Length", "3");
    EXPECT_EQ(routes.resolve(declared).status(), 415u);
    declared.set_header("Content-Length", "0");
    EXPECT_EQ(routes.resolve(declared).status(), 0u);
    request chunked{"POST", "/a"};
    chunked.set_header("Transfer-Encoding", "chunked");
    EXPECT_EQ(routes.resolve(chunked).status(), 415u);
    EXPECT_EQ(chunked.route(), "/a");
}

TEST(router, gives_the_routes_own_body_limit) {
    router routes;
    routes.post("/small", named("x")).max_body(10);
    routes.post("/default", named("x"));
    request small{"POST", "/small"};
    request usual{"POST", "/default"};
    EXPECT_EQ(routes.resolve(small).max_body(), 10u);
    EXPECT_FALSE(routes.resolve(usual).max_body());
}

TEST(router, runs_middleware_from_the_outside_in_for_every_request) {
    router routes;
    std::string order;
    for (const std::string name : {"1", "2"}) {
        routes.use([&order, name](request& r, next onward) -> asio::awaitable<response> {
            order += "<" + name;
            auto answer = co_await onward(r);
            order += name + ">";
            answer.set_header("X-" + name, "seen");
            co_return answer;
        });
    }
    routes.get("/a", named("a"));
    const auto answer = run(routes, "GET", "/a");
    EXPECT_EQ(order, "<1<22>1>");
    EXPECT_EQ(answer.body(), "a");
    EXPECT_TRUE(answer.headers().contains("X-1"));
    order.clear();
    EXPECT_EQ(run(routes, "GET", "/nowhere").status(), 404u);
    EXPECT_EQ(order, "<1<22>1>");
}

TEST(router, lets_middleware_answer_instead_of_the_handler) {
    router routes;
    bool reached = false;
    routes.use([](request& r, next onward) -> asio::awaitable<response> {
        if (r.header("Authorization")) co_return co_await onward(r);
        co_return error_response(401, "AUTHENTICATION_ERROR", "Who are you?", r.id());
    });
    routes.get("/a", [&reached](request&) -> asio::awaitable<response> {
        reached = true;
        co_return response{};
    });
    EXPECT_EQ(run(routes, "GET", "/a").status(), 401u);
    EXPECT_FALSE(reached);
    request allowed{"GET", "/a"};
    allowed.set_header("Authorization", "yes");
    EXPECT_EQ(run(routes, allowed).status(), 200u);
    EXPECT_TRUE(reached);
}

TEST(router, lets_a_handlers_exception_out_through_the_middleware) {
    router routes;
    routes.use([](request& r, next onward) -> asio::awaitable<response> { co_return co_await onward(r); });
    routes.get("/a", [](request&) -> asio::awaitable<response> {
        throw std::runtime_error{"boom"};
        co_return response{};
    });
    EXPECT_THROW(run(routes, "GET", "/a"), std::runtime_error);
}

} // namespace router_test
