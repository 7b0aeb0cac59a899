import { CalmIcon } from "../components/icons";
import { Message, Skeleton } from "../components/states";
import { Ago } from "../components/status";
import { count, duration, plural, quantity, seconds } from "../lib/format";
import type { Pool, Statements } from "../model/types";

const time = (milliseconds: number): string => seconds(milliseconds / 1000);

export function SlowQueries({ of }: { of: Pool | null }) {
    return (
        <section class="card" aria-label="Slow queries">
            <div class="card-head padded-head"><h2>Slow queries</h2><span class="faint">{of ? `longer than ${time(of.slow_query_ms)}` : " "}</span></div>
            {!of ? <div class="padded"><Skeleton lines={3} height={20} /></div> : of.slow_queries.length === 0 ? <Message icon={<CalmIcon />} title="No query was slow" /> : (
                <ol class="queries">
                    {of.slow_queries.map((query, i) => (
                        <li key={`${query.at} ${i}`} class="query">
                            <strong class="query-time">{time(query.duration_ms)}</strong>
                            <code class="query-sql" title={query.sql}>{query.sql}</code>
                            <span class="query-note soft">
                                {query.sqlstate ? <span class="bad">SQLSTATE {query.sqlstate}</span> : plural(query.rows, "row")} · <Ago at={query.at} />
                            </span>
                        </li>
                    ))}
                </ol>
            )}
        </section>
    );
}

export function StatementTable({ of }: { of: Statements | null }) {
    return (
        <section class="card" aria-label="Statements">
            <div class="card-head padded-head"><h2>Statements</h2><span class="faint">by total time{of && <> since <Ago at={of.since} /></>}</span></div>
            {!of ? <div class="padded"><Skeleton lines={5} height={20} /></div> : of.statements.length === 0 ? <Message title="None was executed yet" /> : (
                <div class="scroll-x" tabIndex={0} role="region" aria-label="Statements, scrolls sideways">
                    <table class="data">
                        <thead>
                            <tr><th scope="col">Statement</th><th scope="col">Calls</th><th scope="col">Total</th><th scope="col">Mean</th><th scope="col">p95</th><th scope="col">Max</th><th scope="col">Rows</th><th scope="col">Errors</th></tr>
                        </thead>
                        <tbody>
                            {of.statements.map((one) => (
                                <tr key={one.sql}>
                                    <td class="data-sql"><code class="clip" title={one.sql}>{one.sql}</code></td>
                                    <td>{quantity(one.calls)}</td><td>{time(one.total_ms)}</td><td>{time(one.mean_ms)}</td><td>{time(one.p95_ms)}</td>
                                    <td>{time(one.max_ms)}</td><td>{quantity(one.rows)}</td><td class={one.errors > 0 ? "bad" : ""}>{quantity(one.errors)}</td>
                                </tr>
                            ))}
                        </tbody>
                    </table>
                </div>
            )}
        </section>
    );
}

const states: Record<string, string> = { idle: "idle", leased: "leased", shared: "shared", looked_after: "being cleaned" };

export function Connections({ of }: { of: Pool | null }) {
    return (
        <section class="card" aria-label="Connections">
            <div class="card-head padded-head"><h2>Connections</h2><span class="faint">{of ? `${of.connections.length} open` : " "}</span></div>
            {!of ? <div class="padded"><Skeleton lines={5} height={20} /></div> : of.connections.length === 0 ? <Message title="No connection is open" /> : (
                <ol class="backends">
                    {of.connections.map((one) => (
                        <li key={one.backend_pid} class="backend">
                            <span class={`backend-state backend-${one.state}`}>{states[one.state] ?? one.state}</span>
                            <span class="faint nowrap">pid {one.backend_pid}</span>
                            <code class="clip" title={one.sql}>{one.sql || "–"}</code>
                            <span class="soft nowrap">{duration(one.state_seconds * 1000)}</span>
                        </li>
                    ))}
                </ol>
            )}
        </section>
    );
}

const names: [string, string][] = [
    ["acquires", "Acquires"], ["waited_acquires", "of these, waited"], ["timeouts", "Timeouts"], ["failed_acquires", "Failed acquires"],
    ["shared_statements", "Shared statements"], ["queries", "Queries"], ["query_errors", "Failed queries"], ["retries", "Retries"],
    ["connects", "Connections opened"], ["connect_failures", "Failed connects"], ["closed_by_lifetime", "Closed: lifetime"],
    ["closed_by_idle_time", "Closed: idle"], ["closed_broken", "Closed: broken"], ["health_check_failures", "Failed health checks"],
    ["breaker_openings", "Breaker openings"], ["leaks", "Leaked leases"],
];
const troubling = new Set(["timeouts", "failed_acquires", "query_errors", "connect_failures", "closed_broken", "health_check_failures", "breaker_openings", "leaks"]);

export function Totals({ of }: { of: Pool | null }) {
    return (
        <section class="card padded" aria-label="Totals">
            <div class="card-head"><h2>Totals</h2><span class="faint">since the start</span></div>
            {!of ? <Skeleton lines={8} /> : (
                <dl class="totals">
                    {names.map(([key, name]) => {
                        const value = of.totals[key] ?? 0;
                        return <div key={key}><dt>{name}</dt><dd class={troubling.has(key) && value > 0 ? "bad" : ""}>{count(value)}</dd></div>;
                    })}
                </dl>
            )}
        </section>
    );
}
