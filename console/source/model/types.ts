// What the service answers (services/alerthist/openapi.json), as far as the console shows it. Times are RFC 3339 in
// UTC with six digits, so that they sort as text.

export type Labels = Record<string, string>;
export type State = "firing" | "resolved";
export type Breaker = "closed" | "half_open" | "open" | "forced_open" | "disabled";
export type Decision = "published" | "delayed" | "filtered" | "silenced" | "inhibited" | "stored";

export interface Classification {
    severity: string;
    confidence: number;
    category: string;
    rule: string;
    source: string;
    reasoning: string;
    recommendations: string[];
}

/** What an alert and each event of its history have in common. */
export interface AlertState {
    fingerprint: string;
    alert_name: string;
    status: State;
    severity: string;
    namespace: string;
    labels: Labels;
    annotations: Labels;
    starts_at: string;
    ends_at: string | null;
    generator_url: string;
    receiver: string;
    group_key: string;
    classification: Classification | null;
    outcome: { decision: Decision; reason: string };
}

export interface Alert extends AlertState {
    created_at: string;
    updated_at: string;
}

export interface AlertEvent extends AlertState {
    id: number;
    happened_at: string;
    received_at: string;
}

export interface AlertPage {
    alerts: Alert[];
    next_cursor: string | null;
}

export interface EventPage {
    events: AlertEvent[];
    next_cursor: string | null;
}

export interface Stats {
    from: string;
    to: string;
    alerts: { total: number; firing: number; resolved: number };
    events: { total: number; firing: number; resolved: number };
    by_severity: { value: string; firing: number; events: number }[];
    by_namespace: { value: string; firing: number; events: number }[];
    by_outcome: Record<Decision, number>;
    bucket_seconds: number;
    timeline: { at: string; firing: number; resolved: number }[];
}

export interface TopAlert {
    alert_name: string;
    namespace: string;
    severity: string;
    fire_count: number;
    alert_count: number;
    last_fired_at: string;
    avg_duration_seconds: number | null;
}

export interface FlappingAlert {
    fingerprint: string;
    alert_name: string;
    severity: string;
    namespace: string;
    status: State;
    labels: Labels;
    transition_count: number;
    flapping_score: number;
    last_transition_at: string;
}

export interface TargetState {
    id: number;
    name: string;
    format: string;
    enabled: boolean;
    breaker: Breaker;
    retry_after_ms: number;
    pending: number;
    in_flight: number;
    retrying: number;
    dead: number;
    delivered: number;
    failed: number;
    last_delivered_at: string | null;
    last_error_at: string | null;
    last_error: string;
}

export interface Publishing {
    mode: string;
    targets: TargetState[];
    outbox: { pending: number; in_flight: number; retrying: number; oldest_seconds: number | null };
    dead_letters: number;
}

export interface DeadLetter {
    id: number;
    event_id: number;
    target_id: number;
    target: string;
    fingerprint: string;
    alert_name: string;
    status: string;
    attempts: number;
    http_status: number | null;
    error: string;
    failed_at: string;
}

export interface DeadLetterPage {
    dead_letters: DeadLetter[];
    next_cursor: string | null;
}

export interface Percentiles {
    p50: number | null;
    p95: number | null;
    p99: number | null;
    max: number | null;
}

/** One second of the pool and the service. */
export interface PoolSample {
    at: string;
    max: number;
    min: number;
    total: number;
    idle: number;
    in_use: number;
    constructing: number;
    waiting: number;
    healthy: boolean;
    breaker: Breaker;
    acquires_per_second: number;
    queries_per_second: number;
    errors_per_second: number;
    timeouts_per_second: number;
    acquire_wait_ms: Percentiles;
    query_ms: Percentiles;
    http_requests_per_second: number;
    alerts_per_second: number;
    events_per_second: number;
    published_per_second: number;
    clients: number;
}

export interface PoolConnection {
    state: "idle" | "leased" | "shared" | "looked_after";
    backend_pid: number;
    server: string;
    age_seconds: number;
    state_seconds: number;
    expires_in_seconds: number | null;
    acquired_at: string;
    sql: string;
}

export interface SlowQuery {
    at: string;
    duration_ms: number;
    sql: string;
    table: string;
    rows: number;
    sqlstate: string;
}

export interface Pool {
    name: string;
    server: string;
    config: {
        max_connections: number;
        min_connections: number;
        max_lifetime_seconds: number;
        max_idle_seconds: number;
        health_check_seconds: number;
        acquire_timeout_ms: number;
        statement_timeout_ms: number;
    };
    now: PoolSample;
    retry_after_ms: number;
    last_connect_error: string;
    totals: Record<string, number>;
    connections: PoolConnection[];
    waiting_callers: { since_ms: number; for_statement: boolean }[];
    series: PoolSample[];
    slow_queries: SlowQuery[];
    slow_query_ms: number;
}

export interface Statement {
    sql: string;
    table: string;
    calls: number;
    errors: number;
    rows: number;
    total_ms: number;
    mean_ms: number;
    p95_ms: number;
    max_ms: number;
}

export interface Statements {
    since: string;
    statements: Statement[];
}

export interface Matcher {
    name: string;
    value: string;
    /** As Alertmanager has it: true when nothing is said. */
    is_equal?: boolean;
    is_regex?: boolean;
}

export interface Silence {
    id: string;
    status: "pending" | "active" | "expired";
    matchers: Matcher[];
    starts_at: string;
    ends_at: string;
    created_by: string;
    comment: string;
}

export interface SilenceList {
    silences: Silence[];
}

export interface Me {
    name: string;
    role: "viewer" | "operator" | "admin" | "none";
    authentication: boolean;
}
