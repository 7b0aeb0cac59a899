import { useEffect } from "preact/hooks";
import { CalmIcon, RetryIcon } from "../components/icons";
import { Message, Problem, ProblemLine, Skeleton } from "../components/states";
import { Ago, BreakerBadge } from "../components/status";
import { say } from "../components/toast";
import { now } from "../lib/clock";
import { ago, count, duration, moment, plural } from "../lib/format";
import { addressOf } from "../lib/router";
import { onNews } from "../model/live";
import { deadLetters, moreDeadLetters, publishing, replay, replayAll, replaying } from "../model/publishing";
import { asApiError } from "../model/resource";
import { me } from "../model/stats";
import type { DeadLetter, Publishing, TargetState } from "../model/types";

const every = 3000; // milliseconds

const modes: Record<string, string> = {
    transparent: "filters, does not classify",
    enriched: "classifies and filters",
    transparent_with_recommendations: "publishes everything, with recommendations",
};

function Figures({ of }: { of: Publishing | null }) {
    const oldest = of?.outbox.oldest_seconds ?? null;
    const figures: [string, string, string][] = [
        ["Waiting", of ? count(of.outbox.pending) : "–", oldest !== null && oldest >= 1 ? `the oldest for ${duration(oldest * 1000)}` : "in the outbox"],
        ["Under way", of ? count(of.outbox.in_flight) : "–", "being sent"],
        ["Retrying", of ? count(of.outbox.retrying) : "–", "after a failed attempt"],
        ["Dead letters", of ? count(of.dead_letters) : "–", "given up"],
        ["Mode", of ? of.mode.replaceAll("_", " ") : "–", of ? (modes[of.mode] ?? "") : ""],
    ];
    return (
        <dl class="figure-cards">
            {figures.map(([name, value, note]) => (
                <div key={name} class={`card figure-card${name === "Dead letters" && (of?.dead_letters ?? 0) > 0 ? " figure-bad" : ""}${name === "Mode" ? " figure-word" : ""}`}>
                    <dt>{name}</dt><dd>{value}</dd><span class="faint">{note}</span>
                </div>
            ))}
        </dl>
    );
}

function Target({ of }: { of: TargetState }) {
    const failing = of.last_error && (moment(of.last_error_at) ?? 0) > (moment(of.last_delivered_at) ?? 0);
    const attempts = of.delivered + of.failed;
    return (
        <li class={`target${of.enabled ? "" : " target-off"}`}>
            <div class="target-head">
                <span class="target-name clip">{of.name}</span>
                <span class="label">{of.format}</span>
                {of.enabled ? <span class="target-breaker"><span class="faint">breaker</span> <BreakerBadge breaker={of.breaker} /></span> : <span class="badge badge-neutral">disabled</span>}
            </div>
            <dl class="target-figures">
                <div><dt>Waiting</dt><dd>{count(of.pending)}</dd></div>
                <div><dt>Under way</dt><dd>{count(of.in_flight)}</dd></div>
                <div><dt>Retrying</dt><dd>{count(of.retrying)}</dd></div>
                <div><dt>Dead</dt><dd class={of.dead > 0 ? "bad" : ""}>{count(of.dead)}</dd></div>
                <div><dt>Delivered</dt><dd>{count(of.delivered)}</dd></div>
                <div><dt>Failed</dt><dd>{count(of.failed)}{attempts > 0 && of.failed > 0 && <span class="faint"> ({((of.failed / attempts) * 100).toFixed(1)} %)</span>}</dd></div>
                <div><dt>Last delivered</dt><dd><Ago at={of.last_delivered_at} /></dd></div>
            </dl>
            {of.last_error && (
                <p class={failing ? "target-error" : "target-error target-error-old"}>
                    <span class="nowrap">{ago(moment(of.last_error_at) ?? 0, now.value)}:</span> {of.last_error}
                    {of.retry_after_ms > 0 && <span class="faint"> · tried again in {duration(of.retry_after_ms + 999)}</span>}
                </p>
            )}
        </li>
    );
}

function Letter({ of, may }: { of: DeadLetter; may: boolean }) {
    const under = replaying.value.has(of.id) || replaying.value.has("all");
    const send = async () => {
        try {
            await replay(of);
            say("Back in the outbox");
        } catch (failure) {
            say(asApiError(failure).message, true);
        }
    };
    return (
        <li class="letter">
            <a class="letter-name clip" href={addressOf("alerts", of.fingerprint)}>{of.alert_name}</a>
            <span class="letter-target soft clip">{of.status} → {of.target}</span>
            <span class="letter-error clip" title={of.error}>{of.http_status !== null && <code>{of.http_status}</code>} {of.error}</span>
            <span class="letter-when soft">{plural(of.attempts, "attempt")} · <Ago at={of.failed_at} /></span>
            {may && <button type="button" class="button button-small letter-replay" disabled={under} onClick={() => void send()}><RetryIcon /> Replay</button>}
        </li>
    );
}

function DeadLetters() {
    const page = deadLetters.value.value;
    const problem = deadLetters.problem.value;
    const may = me.value.value?.role === "operator" || me.value.value?.role === "admin";
    const all = async () => {
        try {
            say(`${plural(await replayAll(), "event")} back in the outbox`);
        } catch (failure) {
            say(asApiError(failure).message, true);
        }
    };
    return (
        <section class="card" aria-label="Dead letters">
            <div class="card-head padded-head">
                <h2>Dead letters</h2>
                <span class="faint">what could not be delivered</span>
                {may && page && page.dead_letters.length > 0 && (
                    <button type="button" class="button button-small push" disabled={replaying.value.size > 0} onClick={() => void all()}><RetryIcon /> Replay all</button>
                )}
            </div>
            {!page ? (problem ? <Problem problem={problem} retry={() => void deadLetters.load()} /> : <div class="padded"><Skeleton lines={4} height={20} /></div>) : page.dead_letters.length === 0 ? (
                <Message icon={<CalmIcon />} title="Everything was delivered" />
            ) : (
                <>
                    <ol class="letters">{page.dead_letters.map((one) => <Letter key={one.id} of={one} may={may} />)}</ol>
                    {page.next_cursor && <div class="card-foot"><button type="button" class="button" onClick={() => void moreDeadLetters()}>Older ones</button></div>}
                </>
            )}
        </section>
    );
}

export function PublishingPage() {
    useEffect(() => {
        const load = () => {
            if (document.hidden) return;
            void publishing.load();
        };
        scrollTo(0, 0);
        load();
        void deadLetters.load();
        const timer = setInterval(load, every);
        const stopNews = onNews(({ type }) => type === "refresh" && void deadLetters.load());
        return () => {
            clearInterval(timer);
            stopNews();
            publishing.cancel();
            deadLetters.cancel();
        };
    }, []);
    const state = publishing.value.value;
    const problem = publishing.problem.value;
    // Their number says when there are others.
    useEffect(() => {
        if (state) void deadLetters.load();
    }, [state?.dead_letters]);
    return (
        <div class="page">
            <div class="page-head"><h1>Publishing</h1><p class="soft">What goes out to other systems, and what got stuck.</p></div>
            {problem && state && <ProblemLine problem={problem} retry={() => void publishing.load()} />}
            {problem && !state ? <div class="card"><Problem problem={problem} retry={() => void publishing.load()} /></div> : (
                <>
                    <Figures of={state} />
                    <section class="card" aria-label="Targets">
                        <div class="card-head padded-head"><h2>Targets</h2><span class="faint">{state ? plural(state.targets.length, "target") : " "}</span></div>
                        {!state ? <div class="padded"><Skeleton lines={5} height={24} /></div> : state.targets.length === 0 ? (
                            <Message title="There are no targets"><p>Events are kept, and sent nowhere. Targets are made with <code>POST /api/v1/targets</code>.</p></Message>
                        ) : <ul class="targets">{state.targets.map((one) => <Target key={one.id} of={one} />)}</ul>}
                    </section>
                    <DeadLetters />
                </>
            )}
        </div>
    );
}
