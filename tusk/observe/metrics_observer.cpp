#include <tusk/observe/metrics_observer.hpp>

#include <tusk/observe/detail/labels.hpp>

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
    : query_duration_{in.histogram("postgres_query_duration_seconds", "Time spent executing queries",
                                   "query_type", "table")},
      queries_{in.counter("postgres_queries_total", "Statements executed", "query_type", "table", "status")},
      errors_{in.counter("postgres_errors_total", "Failed statements and connection attempts", "class",
                         "sqlstate")},
      wait_duration_{in.histogram("postgres_connection_wait_duration_seconds",
                                  "Time spent waiting for a connection", "pool")},
      acquires_{in.counter("postgres_acquires_total", "Attempts to acquire a connection", "pool", "result")},
      use_duration_{in.histogram("postgres_connection_use_duration_seconds",
                                 "Time that connections were leased", "pool")},
      create_duration_{in.histogram("postgres_connection_create_duration_seconds",
                                    "Time spent opening connections", "pool")},
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
    in.gauge("postgres_build_info", "1; the labels tell which Tusk this is", "version", "compiler")
        .with(TUSK_OBSERVE_VERSION, compiler)
        .set(1);
}

void metrics_observer::connect_finished(connect_event& event) noexcept {
    if (event.error) return count_error(*event.error);
    const auto pool = detail::or_none(event.pool);
    created_.with(pool).add();
    create_duration_.with(pool).record(event.elapsed);
}

void metrics_observer::query_finished(query_event& event) noexcept {
    const auto type = detail::query_type(event.command, event.error != nullptr);
    const auto table = detail::or_none(event.table);
    query_duration_.with(type, table).record(event.elapsed);
    queries_.with(type, table, event.error ? "error" : "ok").add();
    if (event.error) count_error(*event.error);
}

/// A COPY is a statement as well.
void metrics_observer::copy_finished(copy_event& event) noexcept {
    const auto table = detail::or_none(event.table);
    query_duration_.with("copy", table).record(event.elapsed);
    queries_.with("copy", table, event.error ? "error" : "ok").add();
    if (event.error) count_error(*event.error);
}

void metrics_observer::acquire_finished(acquire_event& event) noexcept {
    const auto pool = detail::or_none(event.pool);
    acquires_.with(pool, detail::result_name(event.result)).add();
    if (tells_wait(event.result)) wait_duration_.with(pool).record(event.elapsed);
}

void metrics_observer::released(release_event& event) noexcept {
    use_duration_.with(detail::or_none(event.pool)).record(event.elapsed);
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
