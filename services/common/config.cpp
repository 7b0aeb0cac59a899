#include <services/common/config.hpp>

#include <algorithm>
#include <charconv>
#include <thread>

#include <unistd.h>

#include <services/common/suggest.hpp>

namespace tusk::common {

namespace {

constexpr std::string_view embedded_scheme = "embedded://";
constexpr std::string_view log_levels[] = {"trace", "debug", "info", "warn", "error", "critical", "off"};
constexpr std::string_view log_formats[] = {"logfmt", "json"};
constexpr std::string_view ssl_modes[] = {"disable", "allow",     "prefer",
                                          "require", "verify-ca", "verify-full"};

std::string join(std::span<const std::string_view> words) {
    std::string joined;
    for (const auto word : words) (joined += joined.empty() ? "" : ", ") += word;
    return joined;
}

std::optional<std::uint64_t> parse_whole(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// "1048576", "512KiB", "10MiB".
std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t factor = 1;
    for (const auto& [unit, bytes] : {std::pair{std::string_view{"KiB"}, 1ULL << 10},
                                      {std::string_view{"MiB"}, 1ULL << 20},
                                      {std::string_view{"GiB"}, 1ULL << 30}}) {
        if (!text.ends_with(unit)) continue;
        text.remove_suffix(unit.size());
        factor = bytes;
    }
    const auto count = parse_whole(text);
    if (!count || *count > (1ULL << 40)) return std::nullopt;
    return *count * factor;
}

std::string size_text(std::uint64_t bytes) {
    for (const auto& [unit, factor] :
         {std::pair{"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}})
        if (bytes >= factor && bytes % factor == 0) return std::to_string(bytes / factor) + unit;
    return std::to_string(bytes);
}

bool is_listen_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return false;
    const auto host = text.substr(0, colon);
    const auto port = parse_whole(text.substr(colon + 1));
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (host.find(':') != std::string_view::npos && !bracketed) return false;
    return port && *port <= 65535 && host.find_first_of(" /") == std::string_view::npos;
}

/// Values in quotes for a keyword/value connection string.
std::string keyword_value(std::string_view value) {
    std::string out = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out += '\'';
}

std::string percent_encoded(std::string_view value) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (plain)
            out += c;
        else
            (out += '%').append({digits[byte >> 4], digits[byte & 15]});
    }
    return out;
}

/// The text of the file; empty when none was named.
std::string file_text(const config_sources& from, std::vector<std::string>& problems) {
    if (from.text()) return *from.text();
    if (from.path().empty()) return {};
    const auto file = from.env().read_file(from.path().string());
    if (!file)
        problems.push_back(from.path().string() + ": cannot be read");
    else if (!file->regular)
        problems.push_back(from.path().string() + ": not a regular file");
    else if (file->truncated)
        problems.push_back(from.path().string() + ": larger than 4 MiB");
    else
        return file->text;
    return {};
}

std::string seconds(service_config::duration time) {
    const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    return count % 1000 == 0 ? std::to_string(count / 1000) + "s" : std::to_string(count) + "ms";
}

raw_layer read_flags(const config_sources& from) {
    raw_layer found;
    if (from.listen_flag()) found.emplace("server.listen", raw_value{*from.listen_flag(), "--listen"});
    if (from.database_url_flag())
        found.emplace("database.url", raw_value{*from.database_url_flag(), "--database-url"});
    return found;
}

} // namespace

result<void> config_reader::read(const config_sources& from, std::span<const known_key> keys,
                                 service_config& out) {
    std::vector<known_key> all{common_keys().begin(), common_keys().end()};
    const auto log_keys =
        std::find_if(all.begin(), all.end(), [](const auto& key) { return key.path.starts_with("log."); });
    all.insert(log_keys, keys.begin(), keys.end());
    env_ = from.env();
    out_ = &out;
    settings_ = read_yaml(from.path().string(), file_text(from, problems_), all, problems_);
    overlay(settings_, read_environment(env_, all), all);
    overlay(settings_, read_flags(from), all);
    server();
    own();
    log_section();
    pool_limits();
    database();
    if (problems_.empty()) return {};
    std::string text;
    for (const auto& problem : problems_) (text += text.empty() ? "" : "\n") += problem;
    return failure{errc::invalid_configuration, std::move(text)};
}

const raw_value* config_reader::find(std::string_view path) const {
    const auto found = settings_.find(path);
    return found == settings_.end() ? nullptr : &found->second;
}

void config_reader::complain(const raw_value& what, const std::string& accepted) {
    problems_.push_back(what.origin + ": \"" + what.text + "\": " + accepted);
}

void config_reader::complain_secretly(const raw_value& what, const std::string& why) {
    problems_.push_back(what.origin + ": " + why);
}

std::optional<std::uint64_t> config_reader::whole(std::string_view path, std::uint64_t least,
                                                  std::uint64_t most) {
    const auto* given = find(path);
    if (!given) return std::nullopt;
    const auto value = parse_whole(given->text);
    if (value && *value >= least && *value <= most) return value;
    complain(*given,
             "a whole number from " + std::to_string(least) + " to " + std::to_string(most) + " is accepted");
    return std::nullopt;
}

std::optional<service_config::duration> config_reader::time(std::string_view path, bool zero_allowed) {
    const auto* given = find(path);
    if (!given) return std::nullopt;
    const auto value = parse_duration(given->text);
    if (value && (zero_allowed || *value > service_config::duration::zero())) return *value;
    complain(*given, std::string{"a duration such as 500ms, 30s, 5m or 1h is accepted"} +
                         (zero_allowed ? ", or 0" : ", more than 0"));
    return std::nullopt;
}

std::optional<std::string> config_reader::word(std::string_view path,
                                               std::span<const std::string_view> words) {
    const auto* given = find(path);
    if (!given) return std::nullopt;
    if (std::find(words.begin(), words.end(), given->text) != words.end()) return given->text;
    complain(*given, "one of " + join(words) + " is accepted" + did_you_mean(given->text, words));
    return std::nullopt;
}

void config_reader::server() {
    if (const auto* given = find("server.listen")) {
        if (is_listen_address(given->text))
            out_->listen = given->text;
        else
            complain(*given,
                     "HOST:PORT is accepted, such as 127.0.0.1:8080, [::1]:8080 or :8080 for all addresses");
    }
    out_->threads = static_cast<unsigned>(
        whole("server.threads", 1, 256).value_or(std::max(1U, std::thread::hardware_concurrency())));
    const auto set = [this](std::string_view path, service_config::duration& where, bool zero_allowed) {
        if (const auto value = time(path, zero_allowed)) where = *value;
    };
    set("server.read_timeout", out_->read_timeout, false);
    set("server.write_timeout", out_->write_timeout, false);
    set("server.idle_timeout", out_->idle_timeout, false);
    set("server.shutdown_timeout", out_->shutdown_timeout, false);
    set("server.shutdown_delay", out_->shutdown_delay, true);
}

void config_reader::log_section() {
    if (auto level = word("log.level", log_levels)) out_->log_level = std::move(*level);
    if (const auto format = word("log.format", log_formats))
        out_->format = *format == "json" ? log_format::json : log_format::logfmt;
}

void config_reader::pool_limits() {
    max_ = whole("database.max_conns", 1, 100'000);
    min_ = whole("database.min_conns", 0, 100'000);
    lifetime_ = time("database.max_conn_lifetime", true);
    idle_ = time("database.max_conn_idle_time", true);
    health_ = time("database.health_check_period", true);
    connect_ = time("database.connect_timeout", true);
    acquire_ = time("database.acquire_timeout", false);
    statement_ = time("database.statement_timeout", true);
}

void config_reader::database() {
    const auto* url = find("database.url");
    if (url && url->text.starts_with(embedded_scheme))
        embedded(*url);
    else if (url && url->text.find("://") != std::string::npos && !url->text.starts_with("postgres"))
        complain_secretly(*url, "postgres://…, key=value … and embedded://[DIR] are accepted");
    else
        external(url);
}

void config_reader::embedded(const raw_value& url) {
    for (const auto& key : common_keys())
        if (const auto* given = key.connection ? find(key.path) : nullptr)
            complain_secretly(*given, "has no meaning beside an embedded:// URL");
    const auto dir = url.text.substr(embedded_scheme.size());
    if (dir.find('\0') != std::string::npos || dir.find('?') != std::string::npos)
        return complain(url, "embedded:// followed by a directory, or by nothing, is accepted");
    out_->embedded_dir = dir.empty() ? default_dir(url) : std::filesystem::path{dir};
    pool_of(connect_config{});
}

std::filesystem::path config_reader::default_dir(const raw_value& url) {
    const auto below = "tusk/" + program_;
    if (::geteuid() == 0) return std::filesystem::path{"/var/lib"} / below;
    const std::filesystem::path xdg = env_.variable("XDG_DATA_HOME").value_or("");
    if (xdg.is_absolute()) return xdg / below;
    if (const auto home = env_.home_directory()) return std::filesystem::path{*home} / ".local/share" / below;
    complain(url, "no home directory is known to keep the data in; write embedded:///DIRECTORY");
    return {};
}

void config_reader::external(const raw_value* url) {
    const auto text = connection_string(url);
    if (!text) return;
    auto parsed = parse_connect_config(*text, env_);
    if (parsed) return pool_of(std::move(*parsed));
    problems_.push_back((url ? url->origin : std::string{"database"}) + ": " +
                        std::string{parsed.error().text()});
}

/// The URL, or nothing, completed by the single settings: the last value of a key counts.
std::optional<std::string> config_reader::connection_string(const raw_value* url) {
    struct part {
        std::string_view path;
        std::string_view keyword;
    };
    static constexpr part parts[] = {{"database.host", "host"},         {"database.port", "port"},
                                     {"database.database", "dbname"},   {"database.user", "user"},
                                     {"database.password", "password"}, {"database.ssl_mode", "sslmode"}};
    const auto before = problems_.size();
    static_cast<void>(whole("database.port", 1, 65535));
    static_cast<void>(word("database.ssl_mode", ssl_modes));
    std::string text = url ? url->text : std::string{};
    const bool is_url = text.find("://") != std::string::npos;
    char separator = text.find('?') == std::string::npos ? '?' : '&';
    for (const auto& [path, keyword] : parts) {
        const auto* given = find(path);
        if (!given) continue;
        if (given->text.find('\0') != std::string::npos)
            complain_secretly(*given, "must not hold a NUL character");
        text += is_url ? separator : ' ';
        text +=
            std::string{keyword} + "=" + (is_url ? percent_encoded(given->text) : keyword_value(given->text));
        separator = '&';
    }
    const bool named =
        url || find("database.database") || env_.variable("PGDATABASE") || env_.variable("PGSERVICE");
    if (!named) text += " dbname=" + program_;
    if (problems_.size() != before) return std::nullopt;
    return text;
}

void config_reader::pool_of(connect_config server) {
    if (server.application_name().empty()) server.application_name(program_);
    if (connect_) server.connect_timeout(std::chrono::duration_cast<std::chrono::milliseconds>(*connect_));
    auto made = pool_config::from(std::move(server));
    if (!made) {
        problems_.push_back((find("database.url") ? find("database.url")->origin : "database") + ": " +
                            std::string{made.error().text()});
        return;
    }
    apply_limits(*made);
    out_->pool = std::move(*made);
}

void config_reader::apply_limits(pool_config& to) {
    if (to.name() == "default") to.name(program_);
    if (max_) to.max_connections(static_cast<unsigned>(*max_));
    if (min_)
        to.min_connections(static_cast<unsigned>(*min_));
    else
        to.min_connections(std::min(to.min_connections(), to.max_connections()));
    if (lifetime_) to.max_lifetime(*lifetime_);
    if (idle_) to.max_idle_time(*idle_);
    if (health_) to.health_check_period(*health_);
    if (acquire_) to.acquire_timeout(*acquire_);
    if (statement_) to.statement_timeout(*statement_);
    if (to.min_connections() > to.max_connections() && min_)
        complain(*find("database.min_conns"),
                 "at most database.max_conns (" + std::to_string(to.max_connections()) + ") is accepted");
}

std::optional<std::uint64_t> config_reader::size(std::string_view path, std::uint64_t least,
                                                 std::uint64_t most) {
    const auto* given = find(path);
    if (!given) return std::nullopt;
    const auto value = parse_size(given->text);
    if (value && *value >= least && *value <= most) return value;
    complain(*given, "a size from " + size_text(least) + " to " + size_text(most) +
                         " is accepted, such as 10MiB, or a number of bytes");
    return std::nullopt;
}

std::string describe_server(const service_config& what) {
    std::string out;
    const auto line = [&out](std::string_view key, std::string_view value) {
        out.append(key).append(": ").append(value) += '\n';
    };
    line("server.listen", what.listen);
    line("server.threads", std::to_string(what.threads));
    line("server.read_timeout", seconds(what.read_timeout));
    line("server.write_timeout", seconds(what.write_timeout));
    line("server.idle_timeout", seconds(what.idle_timeout));
    line("server.shutdown_timeout", seconds(what.shutdown_timeout));
    line("server.shutdown_delay", seconds(what.shutdown_delay));
    line("database.url",
         what.embedded_dir ? "embedded://" + what.embedded_dir->string() : redacted(what.pool.server()));
    line("database.max_conns", std::to_string(what.pool.max_connections()));
    line("database.min_conns", std::to_string(what.pool.min_connections()));
    line("database.max_conn_lifetime", seconds(what.pool.max_lifetime()));
    line("database.max_conn_idle_time", seconds(what.pool.max_idle_time()));
    line("database.health_check_period", seconds(what.pool.health_check_period()));
    line("database.connect_timeout", seconds(what.pool.server().connect_timeout()));
    line("database.acquire_timeout", seconds(what.pool.acquire_timeout()));
    line("database.statement_timeout", seconds(what.pool.statement_timeout()));
    return out;
}

std::string describe_log(const service_config& what) {
    return "log.level: " + what.log_level +
           "\nlog.format: " + (what.format == log_format::json ? "json" : "logfmt") + "\n";
}

} // namespace tusk::common
