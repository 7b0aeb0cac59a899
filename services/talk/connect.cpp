// Connect's unary protocol, with JSON. Source: connectrpc.com/docs/protocol.
#include <charconv>
#include <exception>
#include <set>
#include <variant>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <services/talk/api.hpp>
#include <services/talk/problem.hpp>
#include <services/talk/proto_json.hpp>

namespace tusk::talk {

namespace asio = boost::asio;
namespace json = boost::json;
using http::request;
using http::response;

namespace {

constexpr std::string_view package = "/talk.v1.";

problem unimplemented(std::string message, unsigned status) {
    return {status, "NOT_IMPLEMENTED", "unimplemented", std::move(message)};
}

/// Connect-Timeout-Ms: up to ten digits.
std::optional<std::chrono::milliseconds> timeout_of(const request& from) {
    const auto header = from.header("Connect-Timeout-Ms");
    if (!header) return std::nullopt;
    std::uint64_t count = 0;
    const auto* end = header->data() + header->size();
    const auto [stop, ec] = std::from_chars(header->data(), end, count);
    if (ec != std::errc{} || stop != end || header->size() > 10)
        throw refusal{bad_input("Connect-Timeout-Ms must be up to ten digits")};
    return std::chrono::milliseconds{count};
}

void check_protocol(const request& from) {
    if (from.header("Connect-Protocol-Version").value_or("1") != "1")
        throw refusal{bad_input("Connect-Protocol-Version must be 1")};
    const auto coding = from.header("Content-Encoding").value_or("identity");
    if (coding != "identity" && !coding.empty())
        throw refusal{unimplemented("the compression of the request is not known; identity is", 501)};
}

json::object message_of_body(const request& from) {
    if (from.body().empty()) throw refusal{bad_input("the message is missing; {} is an empty one")};
    json::error_code ec;
    const auto body = json::parse(from.body(), ec);
    if (ec) throw refusal{bad_input("the message is not JSON: " + ec.message())};
    if (!body.is_object()) throw refusal{bad_input("the message must be a JSON object")};
    return from_proto_json(body.get_object());
}

/// What came of a procedure.
class outcome {
public:
    reply done;
    std::exception_ptr thrown;
};

asio::awaitable<outcome> run_caught(const services& behind, const endpoint& to, arguments& given) {
    outcome out;
    try {
        out.done = co_await to.run(behind, given);
    } catch (...) {
        out.thrown = std::current_exception();
    }
    co_return out;
}

/// The procedure, for as long as the client waits: what it awaits is cancelled then, on the server too.
asio::awaitable<reply> run_in_time(const services& behind, const endpoint& to, arguments& given,
                                   std::optional<std::chrono::milliseconds> within) {
    using namespace asio::experimental::awaitable_operators;
    if (!within) co_return co_await to.run(behind, given);
    asio::steady_timer timer{co_await asio::this_coro::executor, *within};
    // The operator waits for a success: a failure has to look like one.
    auto first = co_await (run_caught(behind, to, given) || timer.async_wait(asio::use_awaitable));
    auto* ended = std::get_if<0>(&first);
    if (!ended) throw refusal{problem{504, "TIMEOUT", "deadline_exceeded", "The client's time was up."}};
    if (ended->thrown) std::rethrow_exception(ended->thrown);
    co_return std::move(ended->done);
}

asio::awaitable<response> run_connect(std::shared_ptr<const backend> behind, const endpoint* to,
                                      request& from) {
    std::optional<problem> why;
    try {
        check_protocol(from);
        const auto within = timeout_of(from);
        arguments given{message_of_body(from)};
        const auto done = co_await run_in_time(behind->all, *to, given, within);
        const auto body = done.body.is_null() ? json::value(json::object{}) : to_proto_json(done.body);
        co_return response::json(200, json::serialize(body));
    } catch (const refusal& e) {
        why = e.why();
    } catch (const error& e) {
        why = problem_of(e, to->subject);
        if (why->status() == 500) behind->report(std::current_exception(), from);
    }
    co_return connect_response(*why);
}

asio::awaitable<response> no_such_procedure(request& from) {
    co_return connect_response(unimplemented("there is no procedure " + from.path(), 404));
}

} // namespace

void add_connect_routes(http::router& to, const std::shared_ptr<const backend>& behind,
                        std::uint64_t max_request_size) {
    std::set<std::string, std::less<>> known;
    for (const auto& one : endpoints()) {
        auto& added =
            to.post(std::string{package} + std::string{one.procedure},
                    [behind, which = &one](request& from) { return run_connect(behind, which, from); });
        added.max_body(max_request_size).accepts("application/json");
        known.emplace(one.procedure.substr(0, one.procedure.find('/')));
    }
    for (const auto& service : known)
        to.post(std::string{package} + service + "/{procedure}", &no_such_procedure);
}

} // namespace tusk::talk
