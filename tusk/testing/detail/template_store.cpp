#include <tusk/testing/detail/template_store.hpp>

#include <chrono>
#include <thread>

#include <tusk/migrate/digest.hpp>
#include <tusk/testing/detail/administrator.hpp>
#include <tusk/testing/test_server.hpp>

namespace tusk::testing::detail {

namespace {

/// Serialises the building of templates, of every process on the server.
constexpr std::int64_t template_lock = 0x7475736b746d706c; // "tusktmpl"
constexpr int format = 2; ///< Of the templates: another one is never taken for one of these.
constexpr int clone_attempts = 50;
constexpr auto clone_pause = std::chrono::milliseconds{100};

/// 128 bits of a SHA-256 in hexadecimal digits.
std::string hex_of(const std::string& base64) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr std::size_t digits = 32;
    std::string out;
    unsigned bits = 0;
    unsigned have = 0;
    for (const char c : base64) {
        bits = (bits << 6U | static_cast<unsigned>(alphabet.find(c))) & 0xffffU;
        for (have += 6; have >= 4 && out.size() < digits; have -= 4)
            out += "0123456789abcdef"[(bits >> (have - 4)) & 15U];
        if (out.size() == digits) return out;
    }
    return out;
}

std::string name_of(const database_options& o) {
    migrate::digest digest;
    const auto add = [&](std::string_view text) {
        // With its length, so that moving text from one step to the next counts.
        digest.add(std::to_string(text.size()) + ":").add(text);
    };
    add(std::to_string(format) + " " + std::to_string(test_server::shared().major_version()) + " " +
        TUSK_VERSION);
    add(o.role());
    for (const auto& step : o.steps()) {
        add(step.name.starts_with("script ") || step.name.starts_with("step ") ? "" : step.name);
        add(step.content());
    }
    return "tusk_template_" + hex_of(digest.base64());
}

/// Whether it is there and whole; the day of its use is noted, so that nobody takes it for an old one.
bool exists(blocking::connection& admin, const std::string& name) {
    const auto noted = admin.maybe<bool>(
        "select coalesce(pg_catalog.shobj_description(oid, 'pg_database') = 'tusk: used ' || current_date, "
        "false) from pg_catalog.pg_database where datname = $1 and datistemplate",
        name);
    if (!noted) return false;
    if (!*noted) {
        const auto today = admin.one<std::string>("select 'tusk: used ' || current_date");
        static_cast<void>(
            admin.try_script("comment on database " + quote_identifier(name) + " is " + quote_text(today)));
    }
    return true;
}

void ensure_role(blocking::connection& admin, const database_options& o) {
    if (o.role().empty()) return;
    const auto role = quote_identifier(o.role());
    const auto there =
        admin.one<bool>("select exists (select from pg_catalog.pg_roles where rolname = $1)", o.role());
    const auto password = o.password().empty() ? std::string{} : " password " + quote_text(o.password());
    if (!there) admin.script("create role " + role + " login" + password);
    // To give a database away one has to be a member of who gets it.
    const auto member = admin.one<bool>("select pg_catalog.pg_has_role($1::name, 'member')", o.role());
    if (!member) admin.script("grant " + role + " to current_user");
}

void build_template(blocking::connection& admin, const std::string& name, const database_options& o) {
    const std::string draft = name + "_draft";
    admin.script("drop database if exists " + draft + " with (force)");
    ensure_role(admin, o);
    clone(admin, draft, "template0", o.role());
    auto url = test_server::shared().url_for(draft);
    if (!o.role().empty()) url = with_role(url, o.role(), o.password());
    for (const auto& step : o.steps()) {
        try {
            step.run(url);
        } catch (const error& e) {
            throw error{failure{e.as_failure()}.add_context(step.name)};
        }
    }
    // Sealed only when whole: a half-built template is never found under its name.
    admin.script("alter database " + draft + " allow_connections false");
    admin.exec(
        "select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity where datname = $1",
        draft);
    // What just ended may still be on its way out.
    for (int attempt = 1;; ++attempt) {
        auto f = admin.try_script("alter database " + draft + " rename to " + name);
        if (!f) break;
        if (attempt == clone_attempts) throw error{std::move(f)};
        std::this_thread::sleep_for(clone_pause / 10);
    }
    admin.script("alter database " + name + " is_template true");
    static_cast<void>(exists(admin, name));
}

failure with_remedy(failure problem) {
    const auto* server = problem.server();
    if (server == nullptr) return problem;
    const auto remedy = [&]() -> std::string {
        if (server->sqlstate == "53100")
            return "the disk of the test server is full: `tusk test clean` drops what earlier runs kept; "
                   "TMPDIR chooses another place for embedded servers";
        if (server->sqlstate == "55006")
            return "somebody is connected to the database that is to be copied; close that connection";
        if (server->sqlstate == "42501")
            return "the role of the test server's URL needs the right to create databases: alter role … "
                   "createdb";
        if (server->sqlstate == "53300")
            return "the server has no more connections: run fewer test processes at a time, or raise its "
                   "max_connections";
        return {};
    }();
    if (remedy.empty()) return problem;
    return failure{problem.code(), problem.message() + "\nremedy: " + remedy};
}

} // namespace

bool is_missing_template(const failure& problem) {
    return problem.server() != nullptr && problem.server()->sqlstate == "3D000";
}

failure try_clone(blocking::connection& admin, const std::string& name, const std::string& from,
                  const std::string& owner) {
    auto& server = test_server::shared();
    std::string sql = "create database " + quote_identifier(name) + " template " + quote_identifier(from);
    if (!owner.empty()) sql += " owner " + quote_identifier(owner);
    // Before PostgreSQL 15 there was no other way, and no way to ask for it. Where nothing is flushed,
    // copying files is two to three times faster than writing them into the WAL.
    if (server.is_forgetful() && server.major_version() >= 15) sql += " strategy file_copy";
    for (int attempt = 1;; ++attempt) {
        auto f = admin.try_script(sql);
        const bool busy = f && f.server() != nullptr && f.server()->sqlstate == "55006";
        if (!busy || attempt == clone_attempts) return f ? with_remedy(std::move(f)) : failure{};
        std::this_thread::sleep_for(clone_pause);
    }
}

void clone(blocking::connection& admin, const std::string& name, const std::string& from,
           const std::string& owner) {
    throw_if(try_clone(admin, name, from, owner));
}

std::string template_for(blocking::connection& admin, const database_options& o) {
    if (!o.template_name().empty()) return o.template_name();
    if (o.steps().empty() && o.role().empty()) return "template0";
    const auto name = name_of(o);
    if (exists(admin, name)) return name;
    admin.exec("select pg_catalog.pg_advisory_lock($1)", template_lock);
    try {
        if (!exists(admin, name)) build_template(admin, name, o);
    } catch (...) {
        static_cast<void>(admin.try_exec("select pg_catalog.pg_advisory_unlock($1)", template_lock));
        throw;
    }
    admin.exec("select pg_catalog.pg_advisory_unlock($1)", template_lock);
    return name;
}

} // namespace tusk::testing::detail
