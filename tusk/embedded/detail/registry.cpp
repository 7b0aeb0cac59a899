#include <tusk/embedded/detail/registry.hpp>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <map>

#include <sys/stat.h>
#include <unistd.h>

#include <tusk/embedded/detail/keeper_process.hpp>
#include <tusk/embedded/detail/places.hpp>
#include <tusk/embedded/detail/process.hpp>
#include <tusk/embedded/detail/text.hpp>
#include <tusk/embedded/detail/tree.hpp>

namespace tusk::embedded::detail {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view extension = ".server";
constexpr auto stop_timeout = std::chrono::seconds{30};

fs::path file_of(const fs::path& dir, const std::string& name) {
    return dir / (name + std::string{extension});
}
fs::path lock_of(const fs::path& file) { return fs::path{file}.replace_extension(".lock"); }

template <class Number>
bool read_number(const std::string& text, Number& value) {
    const auto end = text.data() + text.size();
    const auto done = std::from_chars(text.data(), end, value);
    return done.ec == std::errc{} && done.ptr == end && !text.empty();
}

std::multimap<std::string, std::string> read_lines(std::string_view text) {
    std::multimap<std::string, std::string> fields;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (const auto equals = line.find('='); equals != std::string_view::npos)
            fields.emplace(line.substr(0, equals), percent_decode(line.substr(equals + 1)));
    }
    return fields;
}

} // namespace

int signal_of(stop_mode mode) noexcept {
    switch (mode) {
    case stop_mode::smart: return SIGTERM;
    case stop_mode::fast: return SIGINT;
    case stop_mode::immediate: break;
    }
    return SIGQUIT;
}

bool registration::is_alive() const { return process_start_time(server.pid) == start_time; }

std::string to_text(const registration& entry) {
    std::string text;
    const auto line = [&text](std::string_view key, const std::string& value) {
        text += std::string{key} + "=" + escape_line(value) + "\n";
    };
    line("name", entry.server.name);
    line("pid", std::to_string(entry.server.pid));
    line("start_time", std::to_string(entry.start_time));
    line("data_dir", entry.server.data_dir.string());
    line("socket_dir", entry.server.socket_dir.string());
    line("port", std::to_string(entry.server.port));
    line("version", entry.server.version);
    line("ephemeral", entry.server.ephemeral ? "1" : "0");
    line("url", entry.server.url);
    line("tcp_url", entry.tcp_url);
    line("log_file", entry.log_file.string());
    line("ca_file", entry.ca_file.string());
    for (const auto& dir : entry.removed) line("remove", dir.string());
    return text;
}

std::optional<registration> parse_registration(std::string_view text) {
    const auto fields = read_lines(text);
    const auto field = [&fields](const char* key) {
        const auto found = fields.find(key);
        return found == fields.end() ? std::string{} : found->second;
    };
    registration entry;
    auto& server = entry.server;
    if (!read_number(field("pid"), server.pid) || server.pid <= 0) return std::nullopt;
    if (!read_number(field("start_time"), entry.start_time)) return std::nullopt;
    if (!read_number(field("port"), server.port)) return std::nullopt;
    server.name = field("name");
    server.data_dir = field("data_dir");
    server.socket_dir = field("socket_dir");
    server.version = field("version");
    server.ephemeral = field("ephemeral") == "1";
    server.url = field("url");
    entry.tcp_url = field("tcp_url");
    entry.log_file = field("log_file");
    entry.ca_file = field("ca_file");
    const auto [first, last] = fields.equal_range("remove");
    for (auto dir = first; dir != last; ++dir) entry.removed.emplace_back(dir->second);
    if (server.name.empty() || server.data_dir.empty() || server.url.empty()) return std::nullopt;
    return entry;
}

result<registry_entry> registry_entry::open(const std::string& name) {
    const auto dir = state_dir();
    if (!dir) return dir.error();
    const auto file = file_of(*dir, name);
    auto lock = lock_file(lock_of(file));
    if (!lock) return lock.error();
    return registry_entry{file, std::move(*lock)};
}

std::optional<registration> registry_entry::load() const {
    const auto text = read_file(file_);
    return text ? parse_registration(*text) : std::nullopt;
}

failure registry_entry::save(const registration& entry) const { return write_file(file_, to_text(entry)); }

void registry_entry::erase(const registration& entry) const {
    struct stat info{};
    if (entry.server.ephemeral && ::stat(entry.server.data_dir.c_str(), &info) == 0)
        remove_shared_memory((entry.server.data_dir / "postmaster.pid").c_str(), info.st_uid);
    for (const auto& dir : entry.removed) remove_tree(dir);
    ::unlink(file_.c_str());
}

std::vector<registration> load_running() {
    std::vector<registration> running;
    const auto dir = state_dir();
    if (!dir) return running;
    std::error_code ignored;
    for (const auto& found : fs::directory_iterator{*dir, ignored}) {
        if (found.path().extension() != extension) continue;
        const auto text = read_file(found.path());
        auto entry = text ? parse_registration(*text) : std::nullopt;
        if (entry && entry->is_alive()) {
            running.push_back(*std::move(entry));
            continue;
        }
        auto lock = try_lock_file(lock_of(found.path()));
        if (!lock) continue; // being started or stopped just now
        const registry_entry mine{found.path(), std::move(lock)};
        if (const auto again = mine.load(); again && !again->is_alive()) mine.erase(*again);
    }
    std::sort(running.begin(), running.end(),
              [](const registration& a, const registration& b) { return a.server.name < b.server.name; });
    return running;
}

} // namespace tusk::embedded::detail

namespace tusk::embedded {

std::vector<detached_server> list_detached() {
    std::vector<detached_server> servers;
    for (auto& entry : detail::load_running()) servers.push_back(std::move(entry.server));
    return servers;
}

result<void> stop_detached(std::string_view name, stop_mode mode) {
    const std::string wanted{name};
    if (auto problem = server_options{}.name(wanted).check()) return problem;
    const auto entry = detail::registry_entry::open(wanted);
    if (!entry) return entry.error();
    const auto found = entry->load();
    const bool alive = found && found->is_alive();
    if (alive) {
        ::kill(found->server.pid, detail::signal_of(mode));
        if (!detail::wait_until_gone(found->server.pid, found->start_time,
                                     deadline::in(detail::stop_timeout)))
            return failure{errc::timeout,
                           "the server \"" + wanted + "\" (pid " + std::to_string(found->server.pid) +
                               ") has not stopped after 30 s; in smart mode it waits for its clients"};
    }
    if (found) entry->erase(*found);
    if (alive) return {};
    return failure{errc::environment, "no detached server named \"" + wanted + "\" is running"};
}

} // namespace tusk::embedded
