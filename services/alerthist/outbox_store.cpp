#include <services/alerthist/outbox_store.hpp>

#include <fmt/format.h>

#include <services/alerthist/common.hpp>
#include <tusk/client/batch.hpp>
#include <tusk/types/array.hpp>
#include <tusk/types/time.hpp>

namespace tusk::alerthist {

namespace asio = boost::asio;

namespace {

/// A claimed entry as a flat row.
struct claimed_row {
    std::int64_t entry = 0;
    std::int32_t attempts = 0;
    std::int64_t id = 0;
    std::string fingerprint;
    std::string alert_name;
    std::string status;
    std::string severity;
    std::string space;
    json_text labels;
    json_text annotations;
    instant starts_at;
    std::optional<instant> ends_at;
    std::string generator_url;
    std::string receiver;
    std::string group_key;
    std::optional<json_text> classification;
    std::string outcome;
    std::string outcome_reason;
    bool is_first = false;
    instant happened_at;
    instant received_at;
};

event_row event_of(claimed_row&& from) {
    event_row out;
    out.id = from.id;
    out.fingerprint = std::move(from.fingerprint);
    out.alert_name = std::move(from.alert_name);
    out.status = std::move(from.status);
    out.severity = std::move(from.severity);
    out.space = std::move(from.space);
    out.labels = std::move(from.labels);
    out.annotations = std::move(from.annotations);
    out.starts_at = from.starts_at;
    out.ends_at = from.ends_at;
    out.generator_url = std::move(from.generator_url);
    out.receiver = std::move(from.receiver);
    out.group_key = std::move(from.group_key);
    out.classification = std::move(from.classification);
    out.outcome = std::move(from.outcome);
    out.outcome_reason = std::move(from.outcome_reason);
    out.is_first = from.is_first;
    out.happened_at = from.happened_at;
    out.received_at = from.received_at;
    return out;
}

constexpr std::string_view claim_sql = R"(
    with due as (
        select id from outbox
        where target_id = $1 and next_attempt_at <= now() and (locked_until is null or locked_until <= now())
        order by priority, next_attempt_at limit $2 for update skip locked),
    claimed as (
        update outbox o set attempts = o.attempts + 1, locked_until = now() + make_interval(secs => $3)
        from due where o.id = due.id returning o.id, o.event_id, o.attempts, o.priority)
    select claimed.id as entry, claimed.attempts, {}
    from claimed join alert_events e on e.id = claimed.event_id order by claimed.priority, e.id)";

constexpr std::string_view delivered_sql = R"(
    with gone as (delete from outbox where id = any($1) returning id)
    update publishing_targets set delivered = delivered + (select count(*) from gone), last_delivered_at = now()
    where id = $2 and exists (select from gone))";

constexpr std::string_view again_sql = R"(
    with failed as (
        select * from unnest($1::bigint[], $2::float8[], $3::int[], $4::text[]) as f (id, after, status, error)),
    changed as (
        update outbox o set locked_until = null, next_attempt_at = now() + make_interval(secs => failed.after),
            http_status = nullif(failed.status, 0), last_error = failed.error
        from failed where o.id = failed.id returning o.id)
    update publishing_targets set failed = failed + (select count(*) from changed), last_error_at = now(),
        last_error = (select error from failed order by id desc limit 1)
    where id = $5)";

constexpr std::string_view dead_sql = R"(
    with failed as (select * from unnest($1::bigint[], $2::int[], $3::text[]) as f (id, status, error)),
    gone as (
        delete from outbox o using failed where o.id = failed.id
        returning o.event_id, o.target_id, o.attempts, failed.status, failed.error),
    buried as (
        insert into dead_letters (event_id, target_id, attempts, http_status, error)
        select event_id, target_id, attempts, nullif(status, 0), error from gone returning id)
    update publishing_targets set failed = failed + (select count(*) from buried), last_error_at = now(),
        last_error = (select error from failed order by id desc limit 1)
    where id = $4)";

constexpr std::string_view state_sql = R"(
    select t.id, t.name, t.format, t.enabled, coalesce(o.pending, 0) as pending, coalesce(o.in_flight, 0) as in_flight,
        coalesce(o.retrying, 0) as retrying, coalesce(d.dead, 0) as dead, t.delivered, t.failed, t.last_delivered_at,
        t.last_error_at, t.last_error, o.oldest_seconds
    from publishing_targets t
    left join (select target_id, count(*) filter (where locked_until is null or locked_until <= now()) as pending,
            count(*) filter (where locked_until > now()) as in_flight,
            count(*) filter (where attempts > 0 and (locked_until is null or locked_until <= now())) as retrying,
            extract(epoch from now() - min(created_at) filter (where next_attempt_at <= now()))::float8 as oldest_seconds
        from outbox group by target_id) o on o.target_id = t.id
    left join (select target_id, count(*) as dead from dead_letters group by target_id) d on d.target_id = t.id
    order by t.id)";

constexpr std::string_view letters_sql = R"(
    select d.id, d.event_id, d.target_id, coalesce(t.name, '') as target, e.fingerprint, e.alert_name, e.status,
        d.attempts, d.http_status, d.error, d.failed_at
    from dead_letters d join alert_events e on e.id = d.event_id left join publishing_targets t on t.id = d.target_id
    where ($1::bigint is null or d.target_id = $1) and ($2::bigint is null or d.id < $2)
    order by d.id desc limit $3)";

constexpr std::string_view replay_sql = R"(
    with gone as (
        delete from dead_letters d using publishing_targets t
        where t.id = d.target_id and ($1::bigint is null or d.id = $1) and ($2::bigint is null or d.target_id = $2)
        returning d.event_id, d.target_id),
    queued as (insert into outbox (event_id, target_id) select event_id, target_id from gone returning id)
    select count(*) as replayed, case when count(*) > 0 then pg_notify('alerthist_outbox', '')::text end as woken
    from queued)";

struct replayed_row {
    std::int64_t replayed = 0;
    std::optional<std::string> woken;
};

options on_outbox() { return options{}.table("outbox"); }

} // namespace

void delivery_results::again(std::int64_t entry, std::chrono::milliseconds after, int status,
                             std::string why) {
    again_.push_back(entry);
    after_.push_back(std::chrono::duration<double>{after}.count());
    again_statuses_.push_back(status);
    again_errors_.push_back(std::move(why));
}

void delivery_results::dead(std::int64_t entry, int status, std::string why) {
    dead_.push_back(entry);
    dead_statuses_.push_back(status);
    dead_errors_.push_back(std::move(why));
}

asio::awaitable<std::vector<claimed_entry>> outbox_store::claim(std::int64_t target, std::int64_t limit,
                                                                std::chrono::seconds hold) {
    static const std::string sql = fmt::format(claim_sql, event_columns("e"));
    const auto call = on_outbox();
    auto rows = co_await pool_->all<claimed_row>(call, sql, target, limit, static_cast<double>(hold.count()));
    std::vector<claimed_entry> out;
    out.reserve(rows.size());
    for (auto& row : rows) {
        auto& one = out.emplace_back();
        one.entry = row.entry;
        one.attempts = row.attempts;
        one.event = event_of(std::move(row));
    }
    co_return out;
}

asio::awaitable<void> outbox_store::settle_in(transaction& tx, std::int64_t target,
                                              const delivery_results& what) {
    batch work;
    if (!what.delivered_.empty()) work.exec(delivered_sql, what.delivered_, target);
    if (!what.again_.empty())
        work.exec(again_sql, what.again_, what.after_, what.again_statuses_, what.again_errors_, target);
    if (!what.dead_.empty()) work.exec(dead_sql, what.dead_, what.dead_statuses_, what.dead_errors_, target);
    co_await tx.run(work);
}

asio::awaitable<void> outbox_store::settle(std::int64_t target, const delivery_results& what) {
    auto work = [target, &what](transaction& tx) { return settle_in(tx, target, what); };
    tx_options how;
    how.retries(3);
    co_await pool_->transact(work, how);
}

asio::awaitable<std::optional<std::chrono::milliseconds>> outbox_store::next_due(std::int64_t target) {
    const auto call = on_outbox();
    const auto found = co_await pool_->one<std::optional<double>>(
        call,
        "select extract(epoch from min(greatest(next_attempt_at, locked_until)) - now())::float8 from outbox "
        "where target_id = $1",
        target);
    if (!found) co_return std::nullopt;
    co_return std::chrono::milliseconds{static_cast<std::int64_t>(*found * 1000)};
}

asio::awaitable<std::vector<target_queue>> outbox_store::state() {
    const auto call = on_outbox();
    co_return co_await pool_->all<target_queue>(call, state_sql);
}

asio::awaitable<std::vector<dead_letter_row>> outbox_store::dead_letters(std::optional<std::int64_t> target,
                                                                         std::optional<std::int64_t> before,
                                                                         std::int64_t limit) {
    const auto call = options{}.table("dead_letters");
    co_return co_await pool_->all<dead_letter_row>(call, letters_sql, target, before, limit);
}

asio::awaitable<std::int64_t> outbox_store::replay(std::optional<std::int64_t> letter,
                                                   std::optional<std::int64_t> target) {
    const auto call = options{}.table("dead_letters");
    const auto done = co_await pool_->one<replayed_row>(call, replay_sql, letter, target);
    co_return done.replayed;
}

asio::awaitable<bool> outbox_store::forget(std::int64_t letter) {
    const auto call = options{}.table("dead_letters");
    co_return co_await pool_->exec(call, "delete from dead_letters where id = $1", letter) > 0;
}

std::string to_json(const dead_letter_row& row) {
    json_object out;
    out.number("id", row.id).number("event_id", row.event_id).number("target_id", row.target_id);
    out.text("target", row.target).text("fingerprint", row.fingerprint).text("alert_name", row.alert_name);
    out.text("status", row.status).number("attempts", row.attempts);
    if (row.http_status)
        out.number("http_status", *row.http_status);
    else
        out.raw("http_status", "null");
    out.text("error", row.error).time("failed_at", row.failed_at);
    return out.finish();
}

} // namespace tusk::alerthist
