import { useEffect, useMemo } from "preact/hooks";
import { CalmIcon } from "../components/icons";
import { Message, Problem, Skeleton } from "../components/states";
import { Ago, SeverityMark, StateBadge } from "../components/status";
import { count, duration, plural } from "../lib/format";
import { addressOf, refine, route } from "../lib/router";
import { apiKey, get, withQuery } from "../model/api";
import { ranges, readFilters, writeFilters } from "../model/filters";
import { Resource } from "../model/resource";
import type { FlappingAlert, Stats, TopAlert } from "../model/types";

interface Report {
    metadata: { partial_failure: boolean; errors: string[] };
    summary: Stats | null;
    top_alerts: TopAlert[];
    flapping_alerts: FlappingAlert[];
}

const choices: [string, string][] = [["1h", "Hour"], ["24h", "Day"], ["7d", "Week"], ["30d", "Month"]];
const every = 15_000; // milliseconds

const alertsNamed = (name: string): string =>
    addressOf("alerts", "", writeFilters({ ...readFilters(new URLSearchParams()), status: "all", name }));

function Top({ of }: { of: TopAlert[] }) {
    if (of.length === 0) return <Message icon={<CalmIcon />} title="Nothing fired in this time" />;
    const most = Math.max(...of.map((one) => one.fire_count));
    return (
        <ol class="ranking">
            {of.map((one) => (
                <li key={`${one.alert_name} ${one.namespace} ${one.severity}`} class="ranked">
                    <span class="ranked-bar" style={{ width: `${(one.fire_count / most) * 100}%` }} />
                    <span class="ranked-name"><a class="clip" href={alertsNamed(one.alert_name)}>{one.alert_name}</a>
                        <span class="faint clip">{one.namespace || "no namespace"} · {plural(one.alert_count, "label set")}</span></span>
                    <SeverityMark word={one.severity} />
                    <span class="ranked-note soft">{one.avg_duration_seconds === null ? "not over yet" : `${duration(one.avg_duration_seconds * 1000)} on average`}</span>
                    <strong class="ranked-figure">{count(one.fire_count)}</strong>
                </li>
            ))}
        </ol>
    );
}

function Flapping({ of }: { of: FlappingAlert[] }) {
    if (of.length === 0) return <Message icon={<CalmIcon />} title="Nothing flaps" />;
    return (
        <ol class="ranking">
            {of.map((one) => (
                <li key={one.fingerprint} class="ranked">
                    <span class="ranked-name"><a class="clip" href={addressOf("alerts", one.fingerprint)}>{one.alert_name}</a>
                        <span class="faint clip">{one.labels.instance ?? one.labels.pod ?? one.namespace}</span></span>
                    <StateBadge state={one.status} />
                    <span class="ranked-note soft">{one.flapping_score.toFixed(1)} an hour · <Ago at={one.last_transition_at} /></span>
                    <strong class="ranked-figure">{count(one.transition_count)}</strong>
                </li>
            ))}
        </ol>
    );
}

function Shares({ title, of, link }: { title: string; of: [string, number][]; link?: (value: string) => string }) {
    const most = Math.max(1, ...of.map(([, value]) => value));
    return (
        <section class="card padded" aria-label={title}>
            <div class="card-head"><h2>{title}</h2><span class="faint">events</span></div>
            {of.length === 0 ? <p class="soft">There are none.</p> : (
                <ul class="shares">
                    {of.map(([name, value]) => (
                        <li key={name}>
                            {link ? <a class="clip" href={link(name)}>{name || "none"}</a> : <span class="clip">{name || "none"}</span>}
                            <span class="share"><span style={{ width: `${(value / most) * 100}%` }} /></span>
                            <span class="share-figure">{count(value)}</span>
                        </li>
                    ))}
                </ul>
            )}
        </section>
    );
}

export function InsightsPage() {
    const wanted = route.value.filters.get("range") ?? "24h";
    const range = wanted in ranges ? wanted : "24h";
    const report = useMemo(() => new Resource<Report>((stop) => get<Report>(withQuery("/api/v1/report", [
        ["from", new Date(Date.now() - (ranges[range] as number)).toISOString()],
        ["top", "10"], ["include_recent", "false"],
    ]), stop)), [range, apiKey.value]);
    useEffect(() => {
        const load = () => void (document.hidden || report.load());
        load();
        const timer = setInterval(load, every);
        return () => {
            clearInterval(timer);
            report.cancel();
        };
    }, [report]);
    useEffect(() => scrollTo(0, 0), []);
    const known = report.value.value;
    const problem = report.problem.value;
    const summary = known?.summary ?? null;
    const inNamespace = (namespace: string) =>
        addressOf("alerts", "", writeFilters({ ...readFilters(new URLSearchParams()), status: "all", namespace }));
    return (
        <div class="page">
            <div class="page-head">
                <h1>Insights</h1>
                <div class="segments push" role="group" aria-label="Time">
                    {choices.map(([value, name]) => (
                        <button key={value} type="button" class="segment" aria-pressed={range === value}
                            onClick={() => refine(new URLSearchParams({ range: value }))}>{name}</button>
                    ))}
                </div>
            </div>
            {known?.metadata.partial_failure && <div class="problem-line" role="alert">Some of this is missing: {known.metadata.errors.join("; ")}</div>}
            {problem && !known ? <div class="card"><Problem problem={problem} retry={() => void report.load()} /></div> : (
                <div class="halves">
                    <section class="card" aria-label="Fired most">
                        <div class="card-head padded-head"><h2>Fired most</h2><span class="faint">how often</span></div>
                        {known ? <Top of={known.top_alerts} /> : <div class="padded"><Skeleton lines={8} height={28} /></div>}
                    </section>
                    <section class="card" aria-label="Flapping">
                        <div class="card-head padded-head"><h2>Flapping</h2><span class="faint">changes of state</span></div>
                        {known ? <Flapping of={known.flapping_alerts} /> : <div class="padded"><Skeleton lines={8} height={28} /></div>}
                    </section>
                    <Shares title="By namespace" of={(summary?.by_namespace ?? []).slice(0, 10).map((one) => [one.value, one.events])} link={inNamespace} />
                    <Shares title="By outcome" of={Object.entries(summary?.by_outcome ?? {}).filter(([, value]) => value > 0).sort(([, a], [, b]) => b - a)} />
                </div>
            )}
        </div>
    );
}
