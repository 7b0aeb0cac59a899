#include <tusk/testing/test_run.hpp>

#include <algorithm>
#include <cstdlib>

#include <tusk/embedded/shared_server.hpp>
#include <tusk/testing/detail/administrator.hpp>
#include <tusk/testing/detail/clone_store.hpp>
#include <tusk/testing/detail/process_environment.hpp>
#include <tusk/testing/detail/template_store.hpp>

namespace tusk::testing {

namespace {

using detail::administrator;
using detail::quote_identifier;

} // namespace

test_run::test_run(const database_options& o, std::size_t workers) {
    template_name_ =
        administrator::instance().with([&](auto& admin) { return detail::template_for(admin, o); });
    database_options once{o};
    once.prefetch(0);
    for (std::size_t i = 0; i < std::max<std::size_t>(workers, 1); ++i)
        databases_.push_back(database::create(once));
}

/// Those that the run's own processes asked for go, too: they have our owner in their names.
test_run::~test_run() {
    const bool whole = !template_name_.empty();
    std::vector<std::string> kept;
    for (const auto& each : databases_)
        if (each.is_kept()) kept.push_back(each.name());
    databases_.clear();
    if (!whole || !detail::variable("TUSK_TEST_OWNER").empty()) return;
    try {
        auto& administration = administrator::instance();
        const auto ours = administration.with([&](blocking::connection& admin) {
            return admin.all<std::string>(
                "select datname::text from pg_catalog.pg_database where starts_with(datname::text, $1)",
                "tusk_t_" + administration.owner() + "_");
        });
        for (const auto& name : ours)
            if (std::find(kept.begin(), kept.end(), name) == kept.end())
                detail::clone_store::instance().drop(name);
    } catch (const std::exception&) { // the next run sweeps
    }
}

std::map<std::string, std::string> test_run::variables() const {
    std::map<std::string, std::string> out;
    const auto& first = databases_.front().url();
    out["DATABASE_URL"] = first;
    for (std::size_t i = 0; i < databases_.size(); ++i)
        out["DATABASE_URL_" + std::to_string(i)] = databases_[i].url();
    const auto config = parse_connect_config(first, environment{}).value();
    const auto& host = config.hosts().front();
    out["PGHOST"] = host.host;
    out["PGPORT"] = std::to_string(host.port);
    out["PGUSER"] = config.user();
    out["PGDATABASE"] = config.database();
    if (!config.password().empty()) out["PGPASSWORD"] = config.password();
    out["TUSK_TEST_SERVER"] = test_server::shared().url();
    out["TUSK_TEST_TEMPLATE"] = template_name_;
    out["TUSK_TEST_OWNER"] = administrator::instance().owner();
    return out;
}

std::string test_run::keep() {
    std::string out;
    for (auto& each : databases_) {
        each.keep("tusk test run");
        out += each.psql_line() + "\n";
    }
    return out;
}

std::string database_of_run() {
    const auto source = detail::variable("TUSK_TEST_TEMPLATE");
    if (source.empty() || detail::variable("TUSK_TEST_OWNER").empty())
        throw error{
            errc::invalid_configuration,
            "there is no test run to make a database for\nremedy: start the tests with `tusk test run "
            "-- COMMAND`"};
    auto& administration = administrator::instance();
    const auto name = administration.new_name();
    administration.with([&](blocking::connection& admin) { detail::clone(admin, name, source); });
    return test_server::shared().url_for(name);
}

cleaned clean_up() {
    cleaned out;
    for (const auto& server : embedded::list_shared())
        if (embedded::stop_shared(server.name)) out.servers.push_back(server.name);
    const auto choice = server_choice::from_environment();
    if (!choice) throw error{choice.error()};
    if (choice->kind != server_kind::url) return out;
    auto admin = blocking::connection::open(choice->url);
    const auto abandoned = detail::abandoned_databases(admin);
    const auto found = admin.all<std::string>(
        "select datname::text from pg_catalog.pg_database where datname ~ '^tusk_template_[0-9a-f]{32}' or "
        "(datname ~ '^tusk_t_' and pg_catalog.shobj_description(oid, 'pg_database') ~ '^tusk: kept ')");
    std::vector<std::string> all{abandoned};
    all.insert(all.end(), found.begin(), found.end());
    for (const auto& name : all) {
        static_cast<void>(
            admin.try_script("alter database " + quote_identifier(name) + " is_template false"));
        if (!admin.try_script("drop database if exists " + quote_identifier(name) + " with (force)"))
            out.databases.push_back(name);
    }
    return out;
}

} // namespace tusk::testing
