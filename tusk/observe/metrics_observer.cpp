#include <tusk/observe/metrics_observer.hpp>

#include <new>
#include <string>

#include <tusk/observe/detail/labels.hpp>
#include <tusk/observe/detail/operations.hpp>
#include <tusk/observe/detail/recent.hpp>

#define TUSK_OBSERVE_TEXT(x) #x
#define TUSK_OBSERVE_VALUE(x) TUSK_OBSERVE_TEXT(x)

namespace tusk::observe {

namespace {

#if defined(__clang__)
constexpr std::string_view compiler =
    "clang " TUSK_OBSERVE_VALUE(__clang_major__) "." TUSK_OBSERVE_VALUE(__clang_minor__);
#else
constexpr std::string_view compiler =
    "gcc " TUSK_OBSERVE_VALUE(__GNUC__) "." TUSK_OBSERVE_VALUE(__GNUC_MINOR__);
#endif

/// Whether an acquire that ended so had joined the queue; a refusal at once says nothing about waiting.
bool tells_wait(acquire_result result) noexcept {
    return result != acquire_result::closed && result != acquire_result::circuit_open;
}

/// For a chart: the worse, the higher, and what an operator did on top.
double breaker_value(breaker_state s) noexcept {
    switch (s) {
    case breaker_state::closed: return 0;
    case breaker_state::half_open: return 1;
    case breaker_state::open: return 2;
    case breaker_state::forced_open: return 3;
    case breaker_state::disabled: return 4;
    }
    return 0;
}

} // namespace

metrics_observer::metrics_observer(registry& in)
    : id_{detail::next_observer_id()}, operations_{detail::measure_operations(in)},
      rows_{detail::measure_rows(in)}, servers_{detail::measure_servers(in)},
      errors_{in.counter("postgres_errors_total", "Failed statements and connection attempts", "class",
                         "sqlstate")},
      wait_duration_{in.histogram("postgres_connection_wait_duration_seconds",
                                  "Time spent waiting for a connection", database_buckets(), "pool")},
      acquires_{in.counter("postgres_acquires_total", "Attempts to acquire a connection", "pool", "result")},
      use_duration_{in.histogram("postgres_connection_use_duration_seconds",
                                 "Time that connections were leased", database_buckets(), "pool")},
      create_duration_{in.histogram("postgres_connection_create_duration_seconds",
                                    "Time spent opening connections", database_buckets(), "pool")},
      created_{in.counter("postgres_connections_created_total", "Connections opened", "pool")},
      closed_{in.counter("postgres_connections_closed_total", "Connections closed", "pool", "reason")},
      health_status_{
          in.gauge("postgres_health_status", "1 if the last health check succeeded, else 0", "pool")},
      health_failures_{in.counter("postgres_health_check_failures_total", "Failed health checks", "pool")},
      breaker_state_{in.gauge("postgres_circuit_breaker_state",
                              "0 closed, 1 half-open, 2 open, 3 held open, 4 disabled", "pool")},
      retries_{in.counter("postgres_retries_total", "Statements that were sent again", "pool")},
      pressure_{
          in.counter("postgres_pool_pressure_total", "How often a pool came to its limits", "pool", "kind")},
      leaks_{in.counter("postgres_leaked_leases_total", "Leases that were held for too long", "pool")} {
    detail::show_operations(in);
    in.gauge("postgres_build_info", "1; the labels tell which Tusk this is", "version", "compiler")
        .with(TUSK_OBSERVE_VERSION, compiler)
        .set(1);
}

void metrics_observer::connect_finished(connect_event& event) noexcept {
    if (event.error) return count_error(*event.error);
    const auto pool = detail::or_none(event.pool);
    created_.with(pool).add();
    create_duration_.with(pool).record(event.elapsed);
    try {
        const auto server = std::string{event.host} + '|' + std::to_string(event.port);
        servers_.with(pool, server, detail::or_none(event.database)).record(0.0);
    } catch (const std::bad_alloc&) { // an attribute less
    }
}

metrics_observer::statement_instruments metrics_observer::of_statement(const observed& event,
                                                                       std::string_view command,
                                                                       std::string_view table) noexcept {
    static constinit thread_local detail::recent<statement_instruments> seen;
    if (const auto* known = seen.find(id_, event.pool, table, command)) return *known;
    const auto pool = detail::or_none(event.pool), on = detail::or_none(table);
    const auto type = detail::query_type(command, false);
    const statement_instruments made{&operations_.with(pool, type, on, "none", "none"),
                                     &rows_.with(pool, type, on)};
    seen.remember(id_, made, event.pool, table, command);
    return made;
}

void metrics_observer::query_finished(query_event& event) noexcept {
    if (event.error) return record(event, detail::query_type(event.command, true), event.table);
    const auto to = of_statement(event, event.command, event.table);
    to.duration->record(event.elapsed);
    to.rows->record(static_cast<double>(event.rows));
}

/// The statements of a batch share its time, so that none of them has one of its own.
void metrics_observer::batch_finished(batch_event& event) noexcept { record(event, "batch", {}); }

/// A COPY is a statement as well.
void metrics_observer::copy_finished(copy_event& event) noexcept { record(event, "copy", event.table); }

void metrics_observer::record(const observed& event, std::string_view type, std::string_view table) noexcept {
    const auto pool = detail::or_none(event.pool), on = detail::or_none(table);
    if (!event.error) return operations_.with(pool, type, on, "none", "none").record(event.elapsed);
    const detail::error_labels why{event.error->code()};
    operations_.with(pool, type, on, why.error_class(), why.sqlstate()).record(event.elapsed);
    count_error(*event.error);
}

metrics_observer::pool_instruments metrics_observer::of_pool(std::string_view name) noexcept {
    static constinit thread_local detail::recent<pool_instruments> seen;
    if (const auto* known = seen.find(id_, name)) return *known;
    const auto pool = detail::or_none(name);
    const pool_instruments made{&acquires_.with(pool, "ok"), &wait_duration_.with(pool),
                                &use_duration_.with(pool)};
    seen.remember(id_, made, name);
    return made;
}

void metrics_observer::acquire_finished(acquire_event& event) noexcept {
    if (event.result == acquire_result::ok) {
        const auto to = of_pool(event.pool);
        to.acquired->add();
        return to.wait->record(event.elapsed);
    }
    const auto pool = detail::or_none(event.pool);
    acquires_.with(pool, detail::result_name(event.result)).add();
    if (tells_wait(event.result)) wait_duration_.with(pool).record(event.elapsed);
}

void metrics_observer::released(release_event& event) noexcept {
    of_pool(event.pool).use->record(event.elapsed);
}

void metrics_observer::connection_closed(connection_closed_event& event) noexcept {
    closed_.with(detail::or_none(event.pool), detail::reason_name(event.reason)).add();
}

void metrics_observer::health_checked(health_event& event) noexcept {
    const auto pool = detail::or_none(event.pool);
    health_status_.with(pool).set(event.healthy ? 1 : 0);
    if (!event.healthy) health_failures_.with(pool).add();
}

void metrics_observer::breaker_changed(breaker_event& event) noexcept {
    breaker_state_.with(detail::or_none(event.pool)).set(breaker_value(event.to));
}

void metrics_observer::retried(retry_event& event) noexcept {
    retries_.with(detail::or_none(event.pool)).add();
}

void metrics_observer::under_pressure(pressure_event& event) noexcept {
    const auto* kind = event.what == pressure_event::kind::usage ? "usage" : "slow_acquire";
    pressure_.with(detail::or_none(event.pool), kind).add();
}

void metrics_observer::leaked(leak_event& event) noexcept {
    if (!event.returned) leaks_.with(detail::or_none(event.pool)).add();
}

void metrics_observer::count_error(const failure& error) noexcept {
    const detail::error_labels labels{error.code()};
    errors_.with(labels.error_class(), labels.sqlstate()).add();
}

} // namespace tusk::observe

#undef TUSK_OBSERVE_VALUE
#undef TUSK_OBSERVE_TEXT
