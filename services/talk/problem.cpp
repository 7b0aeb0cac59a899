#include <services/talk/problem.hpp>

#include <services/common/json_writer.hpp>

namespace tusk::talk {

namespace {

constexpr std::string_view retry_after_seconds = "1";

problem unavailable() {
    return {503, "SERVICE_UNAVAILABLE", "unavailable", "The database is not available."};
}

/// Which unique index, foreign key or check it was, in words for people; nothing for those not known.
std::string_view words_for(std::string_view constraint) noexcept {
    struct entry {
        std::string_view constraint;
        std::string_view words;
    };
    static constexpr entry known[] = {
        {"users_email_key", "user already exists"},
        {"conversations_user_id_fkey", "there is no such user"},
        {"messages_conversation_id_fkey", "there is no such conversation"},
        {"user_settings_user_id_fkey", "there is no such user"},
        {"users_email_is_address", "email: an address such as ann@example.org is wanted"},
        {"users_name_length", "name: 1 to 200 characters are wanted"},
        {"conversations_topic_length", "topic: 1 to 500 characters are wanted"},
        {"messages_role_known", "role: system, user or assistant is wanted"},
        {"messages_content_length", "content: 1 to 100000 characters are wanted"},
        {"user_settings_locale_is_tag", "locale: a language tag such as en or pt-BR is wanted"},
        {"user_settings_time_zone_length", "time_zone: 1 to 64 characters are wanted"},
        {"user_settings_daily_goal_range", "daily_goal_minutes: 0 to 1440 is wanted"},
    };
    for (const auto& one : known)
        if (one.constraint == constraint) return one.words;
    return {};
}

std::string words_or(const error& what, std::string_view otherwise) {
    const auto* server = what.server();
    const auto words = server ? words_for(server->constraint) : std::string_view{};
    return std::string{words.empty() ? otherwise : words};
}

/// What a model's hook refuses before anything is sent says so in its own words, which stand after the hook's
/// name. (The server's may quote what they like.)
std::string words_of_hook(std::string_view what) {
    for (const std::string_view hook : {"before_insert: ", "before_update: "})
        if (what.starts_with(hook)) what.remove_prefix(hook.size());
    return std::string{what};
}

bool is_unavailable(const error& what) noexcept {
    for (const auto one :
         {condition::unavailable, condition::too_many_connections, condition::connection_lost,
          condition::cannot_connect, condition::serialization_failure, condition::deadlock,
          condition::lock_timeout, condition::read_only})
        if (what.is(one)) return true;
    for (const auto one : {errc::pool_timeout, errc::pool_closed, errc::circuit_open})
        if (what.code() == one) return true;
    return false;
}

} // namespace

problem bad_input(std::string message) {
    return {400, "VALIDATION_ERROR", "invalid_argument", std::move(message)};
}

problem conflict(std::string message) { return {409, "CONFLICT", "failed_precondition", std::move(message)}; }

problem missing(std::string message) { return {404, "NOT_FOUND", "not_found", std::move(message)}; }

problem problem_of(const error& what, std::string_view subject) {
    if (what.is(condition::duplicate))
        return {409, "CONFLICT", "already_exists", words_or(what, "already exists")};
    if (what.is(condition::foreign_key))
        return conflict(words_or(what, "refers to something that is not there"));
    if (what.is(condition::not_found)) return missing(std::string{subject} + " not found");
    // A failed COMMIT may have taken effect: to say "try again" would be wrong.
    if (what.code() == errc::in_doubt)
        return {500, "INTERNAL_ERROR", "unknown", "It is not known whether it was done."};
    if (is_unavailable(what)) return unavailable();
    if (what.is(condition::timeout) || what.is(condition::canceled))
        return {504, "TIMEOUT", "deadline_exceeded", "The database did not answer in time."};
    if (what.is(condition::check) || what.is(condition::not_null))
        return bad_input(words_or(what, "a value is missing or not allowed"));
    if (what.is(condition::invalid_input))
        return bad_input(what.server() ? "a value is not allowed" : words_of_hook(what.what()));
    return {500, "INTERNAL_ERROR", "internal", "internal server error"};
}

http::response rest_response(const problem& of, std::string_view request_id) {
    auto answer = http::error_response(of.status(), of.code(), of.message(), request_id);
    if (of.is_passing()) answer.set_header("Retry-After", retry_after_seconds);
    return answer;
}

http::response connect_response(const problem& of) {
    // Connect has one status for each of its codes.
    const unsigned status = of.connect_code() == "failed_precondition" ? 400 : of.status();
    common::json_object body;
    body.text("code", of.connect_code()).text("message", of.message());
    auto answer = http::response::json(status, body.finish());
    if (of.is_passing()) answer.set_header("Retry-After", retry_after_seconds);
    return answer;
}

} // namespace tusk::talk
