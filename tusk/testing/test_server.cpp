#include <tusk/testing/test_server.hpp>

#include <deque>
#include <filesystem>
#include <fstream>
#include <optional>

#include <tusk/embedded/server.hpp>
#include <tusk/embedded/shared_server.hpp>
#include <tusk/testing/docker_server.hpp>

namespace tusk::testing {

namespace {

constexpr auto kept_for = std::chrono::hours{1};

/// RFC 3986: only unreserved characters stay.
std::string encoded(std::string_view text) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '_' || c == '.' || c == '~';
        if (plain)
            out += c;
        else
            (out += '%') += {hex[byte >> 4], hex[byte & 15]};
    }
    return out;
}

std::string quoted_value(std::string_view value) {
    std::string out = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

embedded::server_options options_for(const server_choice& choice) {
    embedded::server_options options;
    options.version(choice.version).name("test");
    // The database of each line, so that a failed test can show its own.
    options.setting("log_line_prefix", "%m [%p] %d ");
    // All processes of the run and their pools.
    options.setting("max_connections", "400");
    if (choice.tcp) options.listen_tcp();
    return options;
}

} // namespace

std::string with_database(std::string_view conninfo, std::string_view database) {
    const std::string given{conninfo};
    if (auto config = parse_connect_config(given); !config) throw error{config.error()};
    const auto scheme = given.find("://");
    if (scheme == std::string::npos) return given + " dbname=" + quoted_value(database);
    // The path of the URL is the database; everything else stays as it was given.
    const auto authority = given.find('/', scheme + 3);
    const auto query = given.find('?', scheme + 3);
    std::string out = given.substr(0, std::min(authority, query)) + "/" + encoded(database);
    if (query != std::string::npos) out += given.substr(query);
    return out;
}

std::string with_role(std::string_view conninfo, std::string_view role, std::string_view password) {
    const std::string given{conninfo};
    const auto scheme = given.find("://");
    if (scheme == std::string::npos)
        return given + " user=" + quoted_value(role) + " password=" + quoted_value(password);
    const auto begin = scheme + 3;
    const auto end = std::min(given.find_first_of("/?", begin), given.size());
    const auto at = given.substr(begin, end - begin).rfind('@');
    const auto hosts = at == std::string::npos ? begin : begin + at + 1;
    std::string who = encoded(role);
    if (!password.empty()) who += ":" + encoded(password);
    return given.substr(0, begin) + who + "@" + given.substr(hosts);
}

struct test_server::running {
    std::optional<embedded::shared_server> shared;
    std::optional<embedded::server> own;
    std::optional<docker_server> container;
};

test_server& test_server::shared() {
    static test_server server{[] {
        auto choice = server_choice::from_environment();
        if (!choice) throw error{choice.error()};
        return *std::move(choice);
    }()};
    return server;
}

test_server::test_server(const server_choice& choice)
    : running_{std::make_unique<running>()}, url_{choice.url}, kind_{choice.kind} {
    if (kind_ == server_kind::embedded) {
        running_->shared.emplace(embedded::shared_server::join(options_for(choice)).value());
        url_ = choice.tcp ? running_->shared->tcp_url() : running_->shared->url();
        log_file_ = running_->shared->log_file().string();
    } else if (kind_ == server_kind::own) {
        running_->own.emplace(embedded::server::start(options_for(choice)).value());
        url_ = choice.tcp ? running_->own->tcp_url() : running_->own->url();
        log_file_ = running_->own->log_file().string();
    } else if (kind_ == server_kind::docker) {
        running_->container.emplace(docker_server::start(docker_options{}.image(choice.image)).value());
        url_ = running_->container->url();
    }
}

test_server::~test_server() = default;

void test_server::ask() {
    std::call_once(asked_, [this] {
        auto db = blocking::connection::open(url_);
        const auto [version, fsync] = db.one<std::tuple<std::int32_t, std::string>>(
            "select pg_catalog.current_setting('server_version_num')::int4 / 10000, "
            "pg_catalog.current_setting('fsync')");
        major_version_ = version;
        forgetful_ = fsync == "off";
    });
}

int test_server::major_version() {
    ask();
    return major_version_;
}

bool test_server::is_forgetful() {
    ask();
    return forgetful_;
}

std::uint64_t test_server::log_position() const {
    std::error_code problem;
    const auto size = log_file_.empty() ? 0 : std::filesystem::file_size(log_file_, problem);
    return problem ? 0 : size;
}

std::string test_server::log_since(std::uint64_t position, std::string_view database,
                                   std::size_t lines) const {
    std::ifstream in{log_file_};
    if (log_file_.empty() || !in.seekg(static_cast<std::streamoff>(position))) return {};
    const auto mark = "] " + std::string{database} + " ";
    std::deque<std::string> found;
    bool ours = false;
    for (std::string line; std::getline(in, line);) {
        // Lines that continue one begin with a tab.
        if (!line.starts_with('\t')) ours = line.find(mark) != std::string::npos;
        if (!ours) continue;
        found.push_back(line);
        if (found.size() > lines) found.pop_front();
    }
    std::string out;
    for (const auto& line : found) out += line + "\n";
    return out;
}

void test_server::keep() noexcept {
    if (running_->shared) static_cast<void>(running_->shared->keep_for(kept_for));
}

} // namespace tusk::testing
