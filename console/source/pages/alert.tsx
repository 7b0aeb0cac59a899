import { useEffect, useLayoutEffect, useMemo } from "preact/hooks";
import { BackIcon, CopyIcon, OutIcon, RetryIcon, SilencesIcon } from "../components/icons";
import { Message, Problem, ProblemLine, Skeleton } from "../components/states";
import { Ago, Lasting, OutcomeWord, SeverityMark, StateBadge } from "../components/status";
import { say } from "../components/toast";
import { dateTime, moment, safeLink } from "../lib/format";
import { useKeys } from "../lib/keys";
import { addressOf, go } from "../lib/router";
import { History } from "../model/history";
import { onNews } from "../model/live";
import { asApiError } from "../model/resource";
import { matchersOf } from "../model/silences";
import { me } from "../model/stats";
import type { Alert, AlertEvent, Labels } from "../model/types";
import { summaryOf } from "./alert_row";
import { Strip } from "./strip";

function back(): void {
    if (history.length > 1) history.back();
    else go(addressOf("alerts"));
}

async function copy(text: string): Promise<void> {
    try {
        await navigator.clipboard.writeText(text);
        say("Copied");
    } catch {
        say("The browser did not let this page copy.", true);
    }
}

function Value({ text }: { text: string }) {
    const link = safeLink(text);
    if (!link) return <>{text}</>;
    return <a href={link} target="_blank" rel="noopener noreferrer">{text} <OutIcon /></a>;
}

function LabelTable({ labels }: { labels: Labels }) {
    const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
    return (
        <ul class="pairs">
            {sorted.map(([name, value]) => {
                const filters = new URLSearchParams([["status", "all"], ["label", `${name}:${value}`]]);
                return (
                    <li key={name}>
                        <a class="pair" href={addressOf("alerts", "", filters)} title="Alerts with this label">
                            <span class="faint">{name}</span><span>{value}</span>
                        </a>
                    </li>
                );
            })}
        </ul>
    );
}

function Annotations({ annotations }: { annotations: Labels }) {
    const others = Object.entries(annotations).filter(([name]) => name !== "summary");
    if (others.length === 0) return <p class="soft">There are none.</p>;
    return (
        <dl class="facts">
            {others.map(([name, value]) => <div key={name}><dt>{name}</dt><dd><Value text={value} /></dd></div>)}
        </dl>
    );
}

function Facts({ alert }: { alert: Alert }) {
    const started = moment(alert.starts_at);
    const ended = moment(alert.ends_at);
    const source = safeLink(alert.generator_url);
    return (
        <dl class="facts">
            <div><dt>Started</dt><dd>{started !== null && dateTime(started)} <span class="faint">· <Ago at={alert.starts_at} /></span></dd></div>
            <div><dt>{alert.status === "firing" ? "Fires for" : "Lasted"}</dt><dd><Lasting from={alert.starts_at} to={alert.ends_at} /></dd></div>
            {ended !== null && <div><dt>Ended</dt><dd>{dateTime(ended)}</dd></div>}
            <div><dt>Outcome</dt><dd><OutcomeWord outcome={alert.outcome} /></dd></div>
            <div><dt>Receiver</dt><dd>{alert.receiver || "–"}</dd></div>
            <div><dt>First seen</dt><dd><Ago at={alert.created_at} /></dd></div>
            <div><dt>Last heard of</dt><dd><Ago at={alert.updated_at} /></dd></div>
            {source && <div><dt>Source</dt><dd><a href={source} target="_blank" rel="noopener noreferrer">Expression <OutIcon /></a></dd></div>}
            <div>
                <dt>Fingerprint</dt>
                <dd class="with-button">
                    <code>{alert.fingerprint}</code>
                    <button type="button" class="icon-button icon-button-small" aria-label="Copy the fingerprint" onClick={() => copy(alert.fingerprint)}><CopyIcon /></button>
                </dd>
            </div>
        </dl>
    );
}

function ClassificationCard({ alert }: { alert: Alert }) {
    const found = alert.classification;
    if (!found) return null;
    return (
        <section class="card padded" aria-label="Classification">
            <div class="card-head"><h2>Classification</h2><span class="faint">{found.source === "http" ? "by a classifier" : found.rule ? `by rule ${found.rule}` : "no rule matched"}</span></div>
            <p class="classified">
                <SeverityMark word={found.severity} />
                <meter min={0} max={1} value={found.confidence} aria-label="Confidence" />
                <span class="soft">{Math.round(found.confidence * 100)} % sure{found.category && ` · ${found.category}`}</span>
            </p>
            {found.reasoning && found.reasoning !== `rule ${found.rule}` && <p class="soft">{found.reasoning}</p>}
            {found.recommendations.length > 0 && (
                <ul class="bullets">{found.recommendations.map((one) => <li key={one}>{one}</li>)}</ul>
            )}
        </section>
    );
}

function EventRow({ event }: { event: AlertEvent }) {
    return (
        <li class="event">
            <StateBadge state={event.status} />
            <span class="event-time">{dateTime(moment(event.happened_at) ?? 0)}</span>
            <span class="event-ago soft"><Ago at={event.happened_at} /></span>
            <span class="event-note soft">
                {event.status === "resolved" && <>after <Lasting from={event.starts_at} to={event.ends_at} /> · </>}
                <OutcomeWord outcome={event.outcome} />
            </span>
        </li>
    );
}

function Events({ of }: { of: History }) {
    const page = of.events.value.value;
    const problem = of.events.problem.value;
    if (!page) return problem ? <Problem problem={problem} retry={() => void of.events.load()} /> : <div class="padded"><Skeleton lines={6} height={20} /></div>;
    const more = async () => {
        try {
            await of.more();
        } catch (failure) {
            say(asApiError(failure).message, true);
        }
    };
    return (
        <>
            <ol class="events">{page.events.map((event) => <EventRow key={event.id} event={event} />)}</ol>
            {page.next_cursor && (
                <div class="card-foot">
                    <button type="button" class="button" disabled={of.loadingMore.value} onClick={() => void more()}>
                        <RetryIcon /> Older events
                    </button>
                </div>
            )}
        </>
    );
}

export function AlertPage({ fingerprint }: { fingerprint: string }) {
    const of = useMemo(() => new History(fingerprint), [fingerprint]);
    useLayoutEffect(() => scrollTo(0, 0), []);
    useEffect(() => {
        void of.load();
        return onNews(({ type, data }) => {
            if (type.startsWith("alert_")) of.hear(data as AlertEvent);
            else if (type === "refresh") void of.load();
        });
    }, [of]);
    const alert = of.alert.value.value;
    const silence = alert ? addressOf("silences", "new", new URLSearchParams({ matchers: matchersOf(alert.labels) })) : "";
    const may = me.value.value?.role === "operator" || me.value.value?.role === "admin";
    useKeys({ "Escape": back, "Backspace": back, "n": () => may && silence && go(silence) });

    const problem = of.alert.problem.value;
    const backLink = (
        <a class="back" href={addressOf("alerts")} onClick={(event) => {
            event.preventDefault();
            back();
        }}><BackIcon /> Alerts <kbd>Esc</kbd></a>
    );
    if (!alert && problem)
        return (
            <div class="page">
                {backLink}
                <div class="card">
                    {problem.status === 404 ? (
                        <Message title="There is no alert with this fingerprint"><p><code>{fingerprint}</code></p></Message>
                    ) : <Problem problem={problem} retry={() => void of.load()} />}
                </div>
            </div>
        );
    return (
        <div class="page">
            {backLink}
            {problem && <ProblemLine problem={problem} retry={() => void of.load()} />}
            <header class="alert-head">
                <div class="alert-title">
                    <h1>{alert ? alert.alert_name || "(no name)" : <span class="skeleton title-skeleton" />}</h1>
                    {alert && <><StateBadge state={alert.status} /><SeverityMark word={alert.severity} /></>}
                    {alert && may && <a class="button button-small push" href={silence} title="Silence this alert (n)"><SilencesIcon /> Silence</a>}
                </div>
                <p class="soft alert-lead">{alert ? summaryOf(alert) : " "}</p>
            </header>
            <div class="split">
                <div class="split-main">
                    <Strip of={of} />
                    <section class="card events-card" aria-label="Events">
                        <div class="card-head padded-head"><h2>Events</h2><span class="faint">the newest first</span></div>
                        <Events of={of} />
                    </section>
                </div>
                <div class="split-side">
                    <section class="card padded" aria-label="Now">
                        <div class="card-head"><h2>Now</h2></div>
                        {alert ? <Facts alert={alert} /> : <Skeleton lines={7} />}
                    </section>
                    {alert && <ClassificationCard alert={alert} />}
                    <section class="card padded" aria-label="Labels">
                        <div class="card-head"><h2>Labels</h2></div>
                        {alert ? <LabelTable labels={alert.labels} /> : <Skeleton lines={4} />}
                    </section>
                    <section class="card padded" aria-label="Annotations">
                        <div class="card-head"><h2>Annotations</h2></div>
                        {alert ? <Annotations annotations={alert.annotations} /> : <Skeleton lines={3} />}
                    </section>
                </div>
            </div>
        </div>
    );
}
