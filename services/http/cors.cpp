#include <services/http/cors.hpp>

#include <algorithm>
#include <memory>

namespace tusk::http {

namespace {

void mark(response& answer, const cors_options& options, std::string_view origin) {
    if (options.allows_all()) {
        answer.set_header("Access-Control-Allow-Origin", "*");
    } else {
        answer.headers().add("Vary", "Origin");
        if (!options.allows(origin)) return;
        answer.set_header("Access-Control-Allow-Origin", origin);
    }
    answer.set_header("Access-Control-Expose-Headers", "ETag, Link, Location, Retry-After, X-Request-Id");
}

response preflight(const cors_options& options, std::string_view origin) {
    auto answer = response::empty();
    mark(answer, options, origin);
    if (!answer.headers().contains("Access-Control-Allow-Origin")) return answer;
    answer.set_header("Access-Control-Allow-Methods", options.methods());
    answer.set_header("Access-Control-Allow-Headers", options.headers());
    answer.set_header("Access-Control-Max-Age", std::to_string(options.max_age().count()));
    return answer;
}

boost::asio::awaitable<response> share(std::shared_ptr<const cors_options> options, request& of,
                                       next onward) {
    const auto origin = of.header("Origin");
    if (origin && of.method() == "OPTIONS" && of.header("Access-Control-Request-Method"))
        co_return preflight(*options, *origin);
    auto answer = co_await onward(of);
    if (const auto from = of.header("Origin")) mark(answer, *options, *from);
    co_return answer;
}

} // namespace

bool cors_options::allows(std::string_view origin) const noexcept {
    return std::any_of(origins_.begin(), origins_.end(),
                       [&](const auto& one) { return one == "*" || one == origin; });
}

middleware cors(cors_options options) {
    auto shared = std::make_shared<const cors_options>(std::move(options));
    return [shared](request& of, next onward) { return share(shared, of, onward); };
}

} // namespace tusk::http
