#include <services/alerthist/security.hpp>

#include <algorithm>

namespace tusk::alerthist {

namespace {

using answer = boost::asio::awaitable<http::response>;

constexpr std::string_view token_name = "access_token";
constexpr std::string_view token_paths[] = {"/ws", "/api/v1/events/stream"};

/// Moves the parameter into the header. The query is taken apart as text, so that the rest stays as it was.
void take_token(http::request& from) {
    if (std::find(std::begin(token_paths), std::end(token_paths), from.path()) == std::end(token_paths))
        return;
    const auto token = from.query(token_name);
    if (!token) return;
    const std::string key{*token};
    const auto target = from.target();
    const auto question = target.find('?');
    std::string rest;
    std::string_view query = std::string_view{target}.substr(question + 1);
    while (!query.empty()) {
        const auto end = query.find('&');
        const auto one = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
        if (one.substr(0, one.find('=')) == token_name) continue;
        (rest += rest.empty() ? "?" : "&") += one;
    }
    static_cast<void>(from.set_target(target.substr(0, question) + rest));
    if (from.query(token_name))
        static_cast<void>(from.set_target(target.substr(0, question))); // spelt with %
    if (!http::credentials(from) && key.find_first_of("\r\n") == std::string::npos &&
        key.find('\0') == std::string::npos)
        from.set_header("X-API-Key", key);
}

} // namespace

void security::set(std::shared_ptr<const http::api_keys> keys, std::string webhook_secret) {
    const std::lock_guard lock{mutex_};
    state_.keys = std::move(keys);
    state_.secret = std::move(webhook_secret);
}

security::state security::current() const {
    const std::lock_guard lock{mutex_};
    return state_;
}

bool security::is_on() const { return !current().keys->empty(); }

http::middleware security::authenticate() {
    return [this](http::request& from, http::next go_on) -> answer {
        take_token(from);
        const auto run = http::authenticate(current().keys);
        co_return co_await run(from, go_on);
    };
}

http::handler security::require_sender(http::handler run) {
    const auto keyed = http::require_role(http::role::operator_, run);
    return [this, keyed, run](http::request& from) -> answer {
        const auto now = current();
        if (now.secret.empty() || !from.header("X-Webhook-Signature")) return keyed(from);
        http::signature_options with{now.secret};
        return http::require_signature(std::move(with), run)(from);
    };
}

} // namespace tusk::alerthist
