#include <tusk/schema/execute.hpp>

#include <random>
#include <thread>

#include <tusk/schema/identifier.hpp>
#include <tusk/schema/scratch.hpp>

namespace tusk::schema {

namespace {

using segment = std::vector<statement>;

/// What a CREATE INDEX CONCURRENTLY that failed leaves behind.
void drop_invalid_index(blocking::connection& on, const statement& s) {
    constexpr std::string_view mark = "INDEX CONCURRENTLY ";
    const auto at = s.sql.find(mark);
    if (s.sql.rfind("CREATE", 0) != 0 || at == std::string::npos) return;
    std::string_view rest = s.sql;
    rest.remove_prefix(at + mark.size());
    const auto name = take_identifier(rest);
    const auto found =
        on.query("select quote_ident(n.nspname) || '.' || quote_ident(c.relname) from pg_index i join "
                 "pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where "
                 "not i.indisvalid and c.relkind = 'i' and c.relname = $1",
                 name);
    for (const auto row : found)
        static_cast<void>(on.try_script("drop index concurrently if exists " + std::string{row[0].text()}));
}

/// Runs one group; `failed_at` says where it stopped.
failure run_segment(blocking::connection& on, const segment& all, const statement*& failed_at) {
    const bool transaction = all.front().transactional && all.front().change != "session";
    if (transaction)
        if (auto f = on.try_script("begin")) return f;
    for (const auto& s : all) {
        failed_at = &s;
        auto f = on.try_script(s.sql);
        if (!f) continue;
        if (transaction && on.is_open()) static_cast<void>(on.try_script("rollback"));
        f.set_sql(s.sql);
        return f;
    }
    if (transaction)
        if (auto f = on.try_script("commit")) return f;
    failed_at = nullptr;
    return {};
}

void wait_a_little(unsigned attempt) {
    static thread_local std::minstd_rand random{std::random_device{}()};
    const auto most = std::min(2000u, 50u << std::min(attempt, 6u));
    std::this_thread::sleep_for(
        std::chrono::milliseconds{std::uniform_int_distribution<unsigned>{most / 2, most}(random)});
}

} // namespace

executed execute(blocking::connection& on, const plan& what, const execute_options& how) {
    executed out;
    const auto before = std::string{on.query("select current_setting('lock_timeout')")[0][0].text()};
    throw_if(on.try_script("set lock_timeout = " + std::to_string(how.lock_timeout().count())));
    for (const auto& all : what.segments()) {
        if (how.on_statement())
            for (const auto& s : all) how.on_statement()(s);
        unsigned attempt = 0;
        int roles = 0;
        for (;;) {
            if (!all.front().transactional) drop_invalid_index(on, all.front());
            const statement* failed_at = nullptr;
            out.why = run_segment(on, all, failed_at);
            if (!out.why) break;
            if (how.makes_roles() && ++roles < 20 && make_missing_role(on, out.why)) continue;
            if (out.why == condition::lock_timeout && attempt < how.retries()) {
                wait_a_little(attempt++);
                continue;
            }
            for (const auto& s : what.statements())
                if (failed_at != nullptr && s.sql == failed_at->sql) out.failed_at = &s;
            break;
        }
        if (out.why) break;
        out.statements += all.size();
    }
    if (on.is_open()) static_cast<void>(on.try_script("set lock_timeout = " + quote_literal(before)));
    return out;
}

} // namespace tusk::schema
