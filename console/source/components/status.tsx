// Words with a shape and a colour: severities, states, outcomes, breakers.
import { now } from "../lib/clock";
import { ago, dateTime, duration, moment } from "../lib/format";
import { severityOf } from "../model/severity";
import type { Breaker, Decision, State } from "../model/types";
import { CrossIcon, DoneIcon, FiringIcon, SeverityIcon } from "./icons";

export function SeverityMark({ word }: { word: string }) {
    const severity = severityOf(word);
    return (
        <span class={`mark mark-${severity}`} title={`severity: ${word || "none"}`}>
            <SeverityIcon severity={severity} />
            <span class="clip">{word || "none"}</span>
        </span>
    );
}

export function StateBadge({ state }: { state: State | string }) {
    const firing = state === "firing";
    return (
        <span class={`badge ${firing ? "badge-firing" : "badge-good"}`}>
            {firing ? <FiringIcon /> : <DoneIcon />}
            {state}
        </span>
    );
}

const decisions: Record<Decision, string> = {
    published: "sent to the targets",
    delayed: "held back for a while by a rule",
    filtered: "a rule decided not to publish it",
    silenced: "a silence matches",
    inhibited: "another alert inhibits it",
    stored: "kept only: there is no target, or the mode publishes nothing",
};

export function OutcomeWord({ outcome }: { outcome: { decision: Decision; reason: string } }) {
    const why = outcome.reason || decisions[outcome.decision];
    return (
        <span class="outcome" title={why}>
            {outcome.decision}
            {outcome.reason && <span class="faint"> · {outcome.reason}</span>}
        </span>
    );
}

const breakers: Record<Breaker, [string, string]> = {
    closed: ["closed", "good"],
    half_open: ["half open", "warning"],
    open: ["open", "critical"],
    forced_open: ["held open", "critical"],
    disabled: ["disabled", "neutral"],
};

export const breakerWord = (breaker: Breaker): string => breakers[breaker]?.[0] ?? breaker;

export function BreakerBadge({ breaker }: { breaker: Breaker }) {
    const [word, kind] = breakers[breaker] ?? [breaker, "neutral"];
    return (
        <span class={`badge badge-${kind}`}>
            {kind === "good" ? <DoneIcon /> : kind === "critical" ? <CrossIcon /> : <FiringIcon />}
            {word}
        </span>
    );
}

/** "5 min ago", with the moment itself for those who point at it. */
export function Ago({ at }: { at: string | null }) {
    const when = moment(at);
    if (when === null) return <span class="faint">–</span>;
    return (
        <time class="nowrap" dateTime={at ?? ""} title={dateTime(when)}>
            {ago(when, now.value)}
        </time>
    );
}

/** From one moment to another, or until now. */
export function Lasting({ from, to }: { from: string; to: string | null }) {
    const begin = moment(from);
    if (begin === null) return <span class="faint">–</span>;
    const end = moment(to) ?? now.value;
    return <span class="nowrap">{duration(end - begin)}</span>;
}
