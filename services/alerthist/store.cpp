#include <services/alerthist/store.hpp>

#include <algorithm>

#include <services/alerthist/common.hpp>
#include <tusk/client/batch.hpp>
#include <tusk/types/array.hpp>
#include <tusk/types/time.hpp>

namespace tusk::alerthist {

namespace asio = boost::asio;

namespace {

/// Bodies that meet in the same rows may have to wait for each other; the server resolves what it sees as
/// deadlock.
constexpr unsigned attempts_after_deadlock = 3;

// A state gives way to one that holds since a later moment; at the same moment to that of a later start (it
// fired again at once), and a firing to its own end. An equal one is heard again: its annotations may have
// changed.
constexpr std::string_view save_states = R"(
    insert into alerts (fingerprint, status, labels, annotations, starts_at, ends_at, generator_url, receiver, group_key,
        classification, outcome, outcome_reason)
    select n.fingerprint, n.status, n.labels, n.annotations, n.starts_at, n.ends_at, n.generator_url, $8, $9,
        n.classification, n.outcome, n.reason
    from unnest($1::text[], $2::text[], $3::jsonb[], $4::jsonb[], $5::timestamptz[], $6::timestamptz[], $7::text[],
            $10::jsonb[], $11::text[], $12::text[])
        as n (fingerprint, status, labels, annotations, starts_at, ends_at, generator_url, classification, outcome, reason)
    on conflict (fingerprint) do update set
        status = excluded.status, labels = excluded.labels, annotations = excluded.annotations,
        starts_at = excluded.starts_at, ends_at = excluded.ends_at, generator_url = excluded.generator_url,
        receiver = excluded.receiver, group_key = excluded.group_key, updated_at = now(),
        classification = excluded.classification, outcome = excluded.outcome, outcome_reason = excluded.outcome_reason
    where (greatest(excluded.starts_at, excluded.ends_at), excluded.starts_at, excluded.status = 'resolved')
        >= (greatest(alerts.starts_at, alerts.ends_at), alerts.starts_at, alerts.status = 'resolved'))";

// Identifiers are given out in the order of commits, so that who has seen one has seen all below it. NOTIFY
// makes commits wait for each other all the same. The states come first: whoever holds this lock waits for no
// row of another body.
constexpr std::string_view take_turn = "select pg_advisory_xact_lock(7310868735486556274)"; // "eventlog"

constexpr std::string_view save_events = R"(
    with n as (
        select * from unnest($1::text[], $2::text[], $3::jsonb[], $4::jsonb[], $5::timestamptz[], $6::timestamptz[],
                $7::text[], $10::jsonb[], $11::text[], $12::text[]) with ordinality
            as n (fingerprint, status, labels, annotations, starts_at, ends_at, generator_url, classification, outcome,
                reason, place)),
    added as (
        insert into alert_events (fingerprint, status, labels, annotations, starts_at, ends_at, generator_url, receiver,
            group_key, classification, outcome, outcome_reason, is_first)
        select n.fingerprint, n.status, n.labels, n.annotations, n.starts_at, n.ends_at, n.generator_url, $8, $9,
            n.classification, n.outcome, n.reason, a.created_at = now()
        from n join alerts a using (fingerprint) order by place
        on conflict (fingerprint, status, starts_at) do nothing
        returning id, fingerprint, status, starts_at),
    queued as (
        insert into outbox (event_id, target_id, priority, next_attempt_at)
        select added.id, p.target, p.priority, now() + make_interval(secs => p.delay)
        from added join n using (fingerprint, status, starts_at)
            join unnest($13::int[], $14::bigint[], $15::smallint[], $16::int[]) as p (place, target, priority, delay)
                on p.place = n.place
            join publishing_targets t on t.id = p.target
        returning id)
    select count(*) as created,
        case when count(*) > 0 then pg_notify('alerthist_events', min(id) || '-' || max(id))::text end as told,
        case when exists (select from queued) then pg_notify('alerthist_outbox', '')::text end as woken
    from added)";

// The same end of the same firing, told again with a later time, is a correction and no event of its own.
constexpr std::string_view correct_ends = R"(
    update alert_events as e set ends_at = n.ends_at
    from unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[])
        as n (fingerprint, status, starts_at, ends_at)
    where e.fingerprint = n.fingerprint and e.status = n.status and e.starts_at = n.starts_at
        and n.ends_at is not null and (e.ends_at is null or e.ends_at < n.ends_at))";

struct saved_events {
    std::int64_t created = 0;
    std::optional<std::string> told;
    std::optional<std::string> woken;
};

/// One deadline for all attempts: whoever sent the body waits for the answer.
asio::awaitable<std::uint64_t> save_in(transaction& tx, const alert_batch& what, deadline until) {
    const auto& s = what.states;
    const auto& e = what.events;
    const auto& p = what.publications;
    batch work;
    work.exec(save_states, s.fingerprints, s.statuses, s.labels, s.annotations, s.starts, s.ends,
              s.generator_urls, what.receiver, what.group_key, s.classifications, s.outcomes, s.reasons);
    work.exec(take_turn);
    auto saved =
        work.one<saved_events>(save_events, e.fingerprints, e.statuses, e.labels, e.annotations, e.starts,
                               e.ends, e.generator_urls, what.receiver, what.group_key, e.classifications,
                               e.outcomes, e.reasons, p.events, p.targets, p.priorities, p.delays);
    const auto call = options{}.until(until);
    co_await tx.run(work, call);
    const auto created = static_cast<std::uint64_t>(saved.get().created);
    const auto events = options{}.table("alert_events").until(until);
    const bool has_ends =
        std::any_of(e.ends.begin(), e.ends.end(), [](const auto& end) { return end.has_value(); });
    if (created < e.size() && has_ends)
        co_await tx.exec(events, correct_ends, e.fingerprints, e.statuses, e.starts, e.ends);
    co_return created;
}

} // namespace

void alert_columns::reserve(std::size_t count) {
    fingerprints.reserve(count);
    statuses.reserve(count);
    labels.reserve(count);
    annotations.reserve(count);
    starts.reserve(count);
    ends.reserve(count);
    generator_urls.reserve(count);
    classifications.reserve(count);
    outcomes.reserve(count);
    reasons.reserve(count);
}

void alert_columns::add(const alert& one, const judgement& thought) {
    fingerprints.push_back(one.fingerprint);
    statuses.push_back(to_string(one.status));
    labels.emplace_back(to_json(one.labels));
    annotations.emplace_back(to_json(one.annotations));
    starts.push_back(one.starts_at);
    ends.push_back(one.ends_at);
    generator_urls.push_back(one.generator_url);
    auto& judged = classifications.emplace_back();
    if (thought.verdict) judged.emplace(to_json(*thought.verdict));
    outcomes.push_back(thought.made.outcome);
    reasons.push_back(thought.made.reason);
}

asio::awaitable<std::uint64_t> store::save(const alert_batch& what) {
    const auto until = deadline::in(pool_->config().statement_timeout());
    auto work = [&what, until](transaction& tx) { return save_in(tx, what, until); };
    tx_options how;
    how.retries(attempts_after_deadlock);
    co_return co_await pool_->transact(work, how);
}

asio::awaitable<std::int64_t> store::last_event_id() {
    const auto call = options{}.table("alert_events");
    co_return co_await pool_->one<std::int64_t>(call, "select coalesce(max(id), 0) from alert_events");
}

asio::awaitable<alert_counts> store::counts() {
    const auto call = options{}.table("alerts");
    co_return co_await pool_->one<alert_counts>(
        call, "select count(*) as total, count(*) filter (where status = 'firing') as firing, "
              "count(*) filter (where status = 'resolved') as resolved from alerts");
}

asio::awaitable<std::vector<std::pair<std::string, instant>>>
store::firing_since(const std::vector<std::string>& fingerprints) {
    const auto call = options{}.table("alerts");
    const auto rows = co_await pool_->all<std::tuple<std::string, instant>>(
        call, "select fingerprint, starts_at from alerts where status = 'firing' and fingerprint = any($1)",
        fingerprints);
    std::vector<std::pair<std::string, instant>> out;
    for (const auto& [fingerprint, since] : rows) out.emplace_back(fingerprint, since);
    co_return out;
}

} // namespace tusk::alerthist
