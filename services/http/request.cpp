#include <services/http/request.hpp>

#include <algorithm>
#include <array>
#include <random>

#include <tusk/core/error.hpp>

namespace tusk::http {

std::string generate_request_id() {
    thread_local std::mt19937_64 generator = [] {
        std::random_device device;
        std::seed_seq seed{device(), device(), device(), device()};
        return std::mt19937_64{seed};
    }();
    constexpr std::string_view digits = "0123456789abcdef";
    std::string id;
    id.reserve(32);
    for (int word = 0; word < 2; ++word) {
        auto bits = generator();
        for (int digit = 0; digit < 16; ++digit, bits >>= 4) id += digits[bits & 15];
    }
    return id;
}

bool is_sane_request_id(std::string_view id) noexcept {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '_' || c == ':' || c == '-';
    };
    return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), allowed);
}

request::request() : id_{generate_request_id()}, received_at_{std::chrono::system_clock::now()} {}

request::request(std::string method, std::string target) : request{} {
    method_ = std::move(method);
    if (!set_target(std::move(target)))
        throw error{errc::invalid_argument, "malformed request target " + target_};
}

std::string_view request::encoded_path() const noexcept {
    const auto parts = split_target(target_);
    return parts ? parts->path() : std::string_view{};
}

std::optional<std::string_view> request::query(std::string_view name) const noexcept {
    for (const auto& [key, value] : query_)
        if (key == name) return value;
    return std::nullopt;
}

std::vector<std::string_view> request::query_all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& [key, value] : query_)
        if (key == name) values.emplace_back(value);
    return values;
}

std::string_view request::param(std::string_view name) const noexcept {
    for (const auto& [key, value] : params_)
        if (key == name) return value;
    return {};
}

request& request::set_identity(http::identity who) {
    identity_ = std::move(who);
    return *this;
}

request& request::set_method(std::string method) {
    method_ = std::move(method);
    return *this;
}

bool request::set_target(std::string target) {
    target_ = std::move(target);
    path_.clear();
    query_.clear();
    const auto parts = split_target(target_);
    if (!parts) return false;
    auto path = percent_decode(parts->path());
    auto query = parse_query(parts->query());
    if (!path || !query) return false;
    path_ = std::move(*path);
    query_ = std::move(*query);
    return true;
}

request& request::set_headers(header_list headers) {
    headers_ = std::move(headers);
    adopt_id();
    return *this;
}

request& request::set_header(std::string_view name, std::string_view value) {
    headers_.set(name, value);
    adopt_id();
    return *this;
}

void request::adopt_id() {
    const auto id = headers_.find("X-Request-Id");
    if (id && is_sane_request_id(*id)) id_ = *id;
}

request& request::set_body(std::string body) {
    body_ = std::move(body);
    return *this;
}

request& request::set_remote_address(std::string address) {
    remote_address_ = std::move(address);
    return *this;
}

request& request::set_received_at(std::chrono::system_clock::time_point at) {
    received_at_ = at;
    return *this;
}

} // namespace tusk::http
