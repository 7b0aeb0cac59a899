#include <services/alerthist/schema.hpp>

#include <services/alerthist/embedded_files.hpp>
#include <tusk/migrate/migrator.hpp>

namespace tusk::alerthist {

namespace asio = boost::asio;

namespace {

/// Where the journal of the migrations is, whatever the search path.
constexpr std::string_view journal_schema = "atlas_schema_revisions";
constexpr std::string_view version_sql =
    "select coalesce(max(version), '') from atlas_schema_revisions.atlas_schema_revisions where applied = "
    "total";

/// What a database has that a program before migrations installed.
constexpr std::string_view first_version = "20260101000001";
constexpr int last_old_version = 1;

const migrate::directory& migrations() {
    static const migrate::directory all = [] {
        std::vector<std::pair<std::string, std::string>> files;
        for (const auto& [name, content] : embedded_files())
            if (name.ends_with(".sql")) files.emplace_back(name, content);
        return migrate::directory::of(std::move(files)).value();
    }();
    return all;
}

failure newer_failure(const std::string& found) {
    return failure{errc::invalid_configuration,
                   "the database has schema version " + found + ", this program knows version " +
                       std::string{schema_version()} + " only; run a newer alerthist"};
}

/// The version that a program before migrations wrote down; 0 when there was none.
asio::awaitable<int> old_version(pool& on) {
    auto found = co_await on.try_one<int>("select coalesce(max(version), 0) from schema_version");
    if (found) co_return *found;
    if (found.error() == tusk::condition::undefined_table) co_return 0;
    throw error{found.error()};
}

} // namespace

std::string_view schema_version() {
    static const std::string latest = migrations().latest();
    return latest;
}

asio::awaitable<void> install_schema(pool& on, std::stop_token stop) {
    const options call;
    const auto found = co_await installed_schema_version(on, call);
    if (found > schema_version()) throw error{newer_failure(found)};
    migrate::apply_options how;
    how.revisions_schema(std::string{journal_schema}).stop(std::move(stop));
    const int old = co_await old_version(on);
    if (old > last_old_version) throw error{newer_failure(std::to_string(old))};
    if (old > 0 && found.empty())
        how.baseline(std::string{first_version});
    else
        how.allow_dirty(); // the database may be somebody else's, too
    const migrator run{migrations(), on.config().server()};
    co_await run.apply(std::move(how));
}

asio::awaitable<std::string> installed_schema_version(pool& on, const options& call) {
    auto found = co_await on.try_one<std::string>(call, version_sql);
    if (found) co_return *found;
    if (found.error() == tusk::condition::undefined_table) co_return std::string{};
    throw error{found.error()};
}

} // namespace tusk::alerthist
