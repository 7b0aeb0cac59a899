#include <services/alerthist/schema.hpp>

#include <span>
#include <string_view>

namespace tusk::alerthist {

namespace asio = boost::asio;

namespace {

/// Any number will do, as long as every instance takes the same: "alerthis" in ASCII.
constexpr std::int64_t advisory_lock = 0x616c657274686973;

constexpr std::string_view version_table = "create table if not exists schema_version ("
                                           " version integer primary key,"
                                           " applied_at timestamptz not null default now())";

// Fingerprints are compared as bytes, so that a cursor means the same whatever the database's collation is.
// `happened_at` is the moment since when the state holds: the start of a firing, the end of a resolved alert.
constexpr std::string_view version_1[] = {
    R"(create table alerts (
        fingerprint   text collate "C" primary key,
        status        text not null check (status in ('firing', 'resolved')),
        labels        jsonb not null,
        annotations   jsonb not null,
        starts_at     timestamptz not null,
        ends_at       timestamptz check (ends_at is null or status = 'resolved'),
        generator_url text not null,
        receiver      text not null,
        group_key     text not null,
        created_at    timestamptz not null default now(),
        updated_at    timestamptz not null default now(),
        alert_name    text not null generated always as (coalesce(labels ->> 'alertname', '')) stored
    ))",
    "comment on table alerts is 'The current state of each alert, one row a fingerprint'",
    "create index alerts_by_start on alerts (starts_at desc, fingerprint desc)",
    "create index alerts_firing_by_start on alerts (starts_at desc, fingerprint desc) where status = "
    "'firing'",
    "create index alerts_by_label on alerts using gin (labels jsonb_path_ops)",
    R"(create table alert_events (
        id            bigint generated always as identity primary key,
        fingerprint   text collate "C" not null references alerts on delete cascade,
        status        text not null check (status in ('firing', 'resolved')),
        starts_at     timestamptz not null,
        ends_at       timestamptz check (ends_at is null or status = 'resolved'),
        labels        jsonb not null,
        annotations   jsonb not null,
        generator_url text not null,
        receiver      text not null,
        group_key     text not null,
        received_at   timestamptz not null default now(),
        happened_at   timestamptz not null generated always as (greatest(starts_at, ends_at)) stored,
        unique (fingerprint, status, starts_at)
    ))",
    "comment on table alert_events is 'Every change of state of every alert; rows are only added'",
    "create index alert_events_by_time on alert_events (fingerprint, happened_at desc, id desc)",
};

/// The statements that lead to version 1, 2, …, in this order.
constexpr std::span<const std::string_view> steps[] = {version_1};
static_assert(std::size(steps) == schema_version);

failure newer_failure(int found) {
    return failure{errc::invalid_configuration, "the database has schema version " + std::to_string(found) +
                                                    ", this program knows version " +
                                                    std::to_string(schema_version) +
                                                    " only; run a newer alerthist"};
}

asio::awaitable<void> upgrade(transaction& tx) {
    co_await tx.exec("select pg_advisory_xact_lock($1)", advisory_lock);
    co_await tx.exec(version_table);
    const auto found = co_await tx.one<int>("select coalesce(max(version), 0) from schema_version");
    if (found > schema_version) throw error{newer_failure(found)};
    for (int version = found; version < schema_version; ++version) {
        for (const auto statement : steps[version]) co_await tx.exec(statement);
        co_await tx.exec("insert into schema_version (version) values ($1)", version + 1);
    }
}

} // namespace

asio::awaitable<void> install_schema(pool& on) {
    auto work = [](transaction& tx) { return upgrade(tx); };
    co_await on.transact(work);
}

asio::awaitable<int> installed_schema_version(pool& on, const options& call) {
    auto found = co_await on.try_one<int>(call, "select coalesce(max(version), 0) from schema_version");
    if (found) co_return *found;
    if (found.error() == condition::undefined_table) co_return 0;
    throw error{found.error()};
}

} // namespace tusk::alerthist
