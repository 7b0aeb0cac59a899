import { useEffect, useMemo } from "preact/hooks";
import { Chart } from "../components/chart";
import { Problem, ProblemLine } from "../components/states";
import { BreakerBadge } from "../components/status";
import { quantity, seconds } from "../lib/format";
import { apiKey } from "../model/api";
import { pool, series, statements } from "../model/pool";
import type { Percentiles, Pool, PoolSample } from "../model/types";
import { BreakerStrip } from "./breaker_strip";
import { Connections, SlowQueries, StatementTable, Totals } from "./pool_tables";

const every = 5000; // milliseconds: tables; the charts get a sample a second by news

const inSeconds = (milliseconds: number | null): number | null => (milliseconds === null ? null : milliseconds / 1000);
const whole = (value: number | null): string => (value === null ? "–" : String(Math.round(value)));
const rate = (value: number | null): string => (value === null ? "–" : quantity(Math.round(value * 10) / 10));

const percentiles = [
    { label: "p50", color: "--series-1", width: 2 },
    { label: "p95", color: "--series-2", dash: [7, 3] },
    { label: "p99", color: "--series-3", dash: [2, 3] },
];

type Rows = [number[], ...(number | null)[][]];

function columns(samples: PoolSample[], ...of: ((sample: PoolSample) => number | null)[]): Rows {
    return [samples.map((one) => Date.parse(one.at) / 1000), ...of.map((pick) => samples.map(pick))];
}

const spread = (samples: PoolSample[], pick: (sample: PoolSample) => Percentiles): Rows =>
    columns(samples, (s) => inSeconds(pick(s).p50), (s) => inSeconds(pick(s).p95), (s) => inSeconds(pick(s).p99));

/** The worst of the last ten seconds that had any: a single second says little. */
function recent(samples: PoolSample[], pick: (sample: PoolSample) => number | null): number | null {
    const values = samples.slice(-10).map(pick).filter((value): value is number => value !== null);
    return values.length === 0 ? null : Math.max(...values);
}

function Figures({ samples, state }: { samples: PoolSample[]; state: Pool | null }) {
    const last = samples[samples.length - 1] ?? state?.now ?? null;
    const used = last ? last.in_use / Math.max(1, last.max) : 0;
    return (
        <dl class="figure-cards">
            <div class={`card figure-card${used > 0.8 ? " figure-warning" : ""}`}>
                <dt>In use</dt><dd>{last ? <>{last.in_use}<span class="figure-of"> of {last.max}</span></> : "–"}</dd>
                <span class="figure-gauge"><span style={{ width: `${used * 100}%` }} /></span>
            </div>
            <div class={`card figure-card${(last?.waiting ?? 0) > 0 ? " figure-warning" : ""}`}>
                <dt>Waiting</dt><dd>{last ? last.waiting : "–"}</dd><span class="faint">callers in the queue</span>
            </div>
            <div class="card figure-card">
                <dt>Acquire p95</dt><dd>{seconds(inSeconds(recent(samples, (s) => s.acquire_wait_ms.p95)))}</dd><span class="faint">worst of 10 s</span>
            </div>
            <div class="card figure-card">
                <dt>Query p95</dt><dd>{seconds(inSeconds(recent(samples, (s) => s.query_ms.p95)))}</dd><span class="faint">worst of 10 s</span>
            </div>
            <div class={`card figure-card${(last?.errors_per_second ?? 0) > 0 ? " figure-bad" : ""}`}>
                <dt>Queries</dt><dd>{last ? rate(last.queries_per_second) : "–"}<span class="figure-of"> /s</span></dd>
                <span class="faint">{last ? `${rate(last.errors_per_second)} /s failed` : " "}</span>
            </div>
            <div class={`card figure-card figure-word${last && !last.healthy ? " figure-bad" : ""}`}>
                <dt>Breaker</dt><dd>{last ? <BreakerBadge breaker={last.breaker} /> : "–"}</dd>
                <span class="faint clip" title={state?.last_connect_error}>{last ? (last.healthy ? "server healthy" : state?.last_connect_error || "server not healthy") : " "}</span>
            </div>
        </dl>
    );
}

export function PoolPage() {
    useEffect(() => {
        const load = () => {
            if (document.hidden) return;
            void pool.load();
            void statements.load();
        };
        scrollTo(0, 0);
        load();
        const timer = setInterval(load, every);
        return () => {
            clearInterval(timer);
            pool.cancel();
            statements.cancel();
        };
    }, [apiKey.value]);
    const state = pool.value.value;
    const problem = pool.problem.value;
    const samples = series.value;
    const data = useMemo(() => ({
        connections: columns(samples, (s) => s.in_use, (s) => s.idle, (s) => s.constructing, (s) => s.max),
        waits: spread(samples, (s) => s.acquire_wait_ms),
        queries: spread(samples, (s) => s.query_ms),
        throughput: columns(samples, (s) => s.queries_per_second, (s) => s.acquires_per_second, (s) => s.errors_per_second),
        queue: columns(samples, (s) => s.waiting, (s) => s.timeouts_per_second),
        service: columns(samples, (s) => s.http_requests_per_second, (s) => s.events_per_second, (s) => s.published_per_second),
    }), [samples]);
    return (
        <div class="page">
            <div class="page-head">
                <h1>Pool</h1>
                <p class="soft clip">{state ? <>{state.name} · <code title={state.server}>{state.server.split("?")[0]}</code></> : " "}</p>
                <span class="faint push">last five minutes</span>
            </div>
            {problem && state && <ProblemLine problem={problem} retry={() => void pool.load()} />}
            {problem && !state ? <div class="card"><Problem problem={problem} retry={() => void pool.load()} /></div> : (
                <>
                    <Figures samples={samples} state={state} />
                    <div class="charts">
                        <Chart title="Connections" hint="now" data={data.connections} format={whole} least={4} series={[
                            { label: "in use", color: "--series-1", fill: true, width: 2 },
                            { label: "idle", color: "--series-4", dash: [7, 3] },
                            { label: "opening", color: "--series-2", dash: [2, 3] },
                            { label: "max", color: "--line-strong", width: 1 },
                        ]} />
                        <Chart title="Waiting callers" hint="queue, and given up each second" data={data.queue} format={rate} least={4} series={[
                            { label: "waiting", color: "--series-1", fill: true, width: 2 },
                            { label: "timeouts/s", color: "--critical", dash: [4, 3] },
                        ]} />
                        <Chart title="Waiting for a connection" hint="by second" data={data.waits} format={seconds} least={0.001} series={percentiles} />
                        <Chart title="Query latency" hint="by second" data={data.queries} format={seconds} least={0.001} series={percentiles} />
                        <Chart title="Throughput" hint="each second" data={data.throughput} format={rate} least={5} series={[
                            { label: "queries", color: "--series-1", fill: true, width: 2 },
                            { label: "acquires", color: "--series-4", dash: [7, 3] },
                            { label: "failed", color: "--critical", dash: [4, 3] },
                        ]} />
                        <Chart title="Service" hint="each second" data={data.service} format={rate} least={5} series={[
                            { label: "requests", color: "--series-1", width: 2 },
                            { label: "events", color: "--series-2", dash: [7, 3] },
                            { label: "published", color: "--series-4", dash: [2, 3] },
                        ]} />
                    </div>
                    <BreakerStrip samples={samples} />
                    <SlowQueries of={state} />
                    <StatementTable of={statements.value.value} />
                    <div class="halves">
                        <Connections of={state} />
                        <Totals of={state} />
                    </div>
                </>
            )}
        </div>
    );
}
