#include <tusk/testing/database.hpp>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>

#include <tusk/embedded/server.hpp>

namespace tusk::testing {

namespace {

/// Serialises the building of templates, of every process on the server.
constexpr std::int64_t template_lock = 0x7475736b746d706c; // "tusktmpl"

/// FNV-1a over everything that the template depends on: an edited script is another template.
std::string content_hash(const std::vector<std::string>& scripts) {
    std::uint64_t hash = 14695981039346656037ULL;
    const auto mix = [&](std::string_view text) {
        for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
        hash = (hash ^ 0xff) * 1099511628211ULL; // a boundary, so that moving text between scripts counts
    };
    for (const auto& s : scripts) mix(s);
    char text[17] = {};
    for (std::size_t i = 0; i < 16; ++i) text[i] = "0123456789abcdef"[(hash >> (60 - 4 * i)) & 15];
    return text;
}

/// The connection that creates and drops databases; one per process, used under its mutex.
class administrator {
public:
    static administrator& instance() {
        static administrator a;
        return a;
    }
    template <class F>
    auto with(F f) {
        const std::lock_guard lock{mutex_};
        if (!connection_.is_open()) connection_ = blocking::connection::open(test_server::shared().url());
        return f(connection_);
    }

private:
    administrator() : connection_{blocking::connection::open(test_server::shared().url())} {}
    std::mutex mutex_;
    blocking::connection connection_;
};

/// The copying strategy: on a server without fsync copying files is two to three times faster than WAL.
/// Before PostgreSQL 15 there was no other, and no way to ask for it.
std::string clone_sql(const std::string& name, const std::string& from) {
    std::string sql = "create database " + name + " template " + from;
    auto& server = test_server::shared();
    if (server.is_embedded() && server.major_version() >= 15) sql += " strategy file_copy";
    return sql;
}

bool exists(blocking::connection& admin, const std::string& name) {
    return admin.one<bool>(
        "select exists (select from pg_catalog.pg_database where datname = $1 and datistemplate)", name);
}

void build_template(blocking::connection& admin, const std::string& name,
                    const std::vector<std::string>& scripts) {
    const std::string draft = name + "_draft";
    admin.script("drop database if exists " + draft + " with (force)");
    admin.script(clone_sql(draft, "template0"));
    {
        auto db = blocking::connection::open(test_server::shared().url_for(draft));
        std::size_t number = 0;
        for (const auto& sql : scripts) {
            ++number;
            if (auto f = db.try_script(sql))
                throw error{std::move(f.add_context("script " + std::to_string(number)))};
        }
    }
    // Sealed only when whole: a half-built template is never found under its name.
    admin.script("alter database " + draft + " rename to " + name);
    admin.script("alter database " + name + " is_template true allow_connections false");
}

std::string template_for(blocking::connection& admin, const std::vector<std::string>& scripts) {
    if (scripts.empty()) return "template0";
    const std::string name = "tusk_template_" + content_hash(scripts);
    if (exists(admin, name)) return name;
    admin.exec("select pg_catalog.pg_advisory_lock($1)", template_lock);
    try {
        if (!exists(admin, name)) build_template(admin, name, scripts);
    } catch (...) {
        static_cast<void>(admin.try_exec("select pg_catalog.pg_advisory_unlock($1)", template_lock));
        throw;
    }
    admin.exec("select pg_catalog.pg_advisory_unlock($1)", template_lock);
    return name;
}

} // namespace

struct test_server::running {
    explicit running(embedded::server s) : server{std::move(s)} {}
    embedded::server server;
};

test_server& test_server::shared() {
    static test_server server;
    return server;
}

test_server::test_server() {
    if (const char* given = std::getenv("TUSK_TEST_URL"); given != nullptr && *given != '\0') {
        url_ = given;
        return;
    }
    auto started = embedded::server::start();
    if (!started) throw error{started.error()};
    running_ = std::make_unique<running>(std::move(*started));
    url_ = running_->server.url();
    embedded_ = true;
}

test_server::~test_server() = default;

int test_server::major_version() {
    std::call_once(asked_, [this] {
        major_version_ = running_
                             ? running_->server.binaries().major
                             : blocking::connection::open(url_).one<int>(
                                   "select pg_catalog.current_setting('server_version_num')::int4 / 10000");
    });
    return major_version_;
}

std::string test_server::url_for(std::string_view database) const {
    auto config = parse_connect_config(url_);
    if (!config) throw error{config.error()};
    // The path of the URL is the database; everything else stays as it was given.
    const auto scheme = url_.find("://");
    if (scheme == std::string::npos) return url_ + " dbname=" + std::string{database};
    const auto authority = url_.find('/', scheme + 3);
    const auto query = url_.find('?', scheme + 3);
    const auto end = std::min(authority, query);
    std::string out = url_.substr(0, end) + "/" + std::string{database};
    if (query != std::string::npos) out += url_.substr(query);
    return out;
}

database::database(std::string name) : name_{std::move(name)}, url_{test_server::shared().url_for(name_)} {}

database database::create(const database_options& o) {
    static std::atomic<unsigned> counter{0};
    const std::string name = "t_" + std::to_string(::getpid()) + "_" + std::to_string(++counter);
    administrator::instance().with([&](blocking::connection& admin) {
        const auto source = template_for(admin, o.scripts());
        admin.script(clone_sql(name, source));
    });
    return database{name};
}

database::database(database&& other) noexcept
    : name_{std::exchange(other.name_, std::string{})}, url_{std::move(other.url_)}, kept_{other.kept_} {}

database& database::operator=(database&& other) noexcept {
    drop();
    name_ = std::exchange(other.name_, std::string{});
    url_ = std::move(other.url_);
    kept_ = other.kept_;
    return *this;
}

database::~database() { drop(); }

void database::drop() noexcept {
    if (name_.empty() || kept_) return;
    try {
        administrator::instance().with([&](blocking::connection& admin) {
            static_cast<void>(admin.try_script("drop database if exists " + name_ + " with (force)"));
        });
    } catch (...) { // the server is gone, and the database with it
    }
    name_.clear();
}

} // namespace tusk::testing
