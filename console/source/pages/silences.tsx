// What is not published for a while: the list, and the form for one more.
import { useEffect, useRef, useState } from "preact/hooks";
import { CalmIcon, CrossIcon } from "../components/icons";
import { Message, Problem, ProblemLine, Skeleton } from "../components/states";
import { say } from "../components/toast";
import { now } from "../lib/clock";
import { dateTime, duration, moment, plural } from "../lib/format";
import { useKeys } from "../lib/keys";
import { addressOf, go, route } from "../lib/router";
import { onNews } from "../model/live";
import { asApiError } from "../model/resource";
import { createSilence, expireSilence, matcherText, parseLasting, parseMatchers, silences } from "../model/silences";
import { me } from "../model/stats";
import type { Silence } from "../model/types";

const byKey = "silenced-by";
const choices = ["30m", "2h", "8h", "1d", "1w"];
const close = () => go(addressOf("silences"));

function Form({ prefilled }: { prefilled: string }) {
    const [matchers, setMatchers] = useState(prefilled);
    const [lasts, setLasts] = useState("2h");
    const [by, setBy] = useState(sessionStorage.getItem(byKey) ?? (me.value.value?.authentication ? me.value.value.name : ""));
    const [comment, setComment] = useState("");
    const [problem, setProblem] = useState("");
    const [sending, setSending] = useState(false);
    const first = useRef<HTMLTextAreaElement>(null);
    const why = useRef<HTMLInputElement>(null);
    useEffect(() => (prefilled ? why : first).current?.focus(), []);

    const submit = async (event: Event) => {
        event.preventDefault();
        const which = parseMatchers(matchers);
        const time = parseLasting(lasts);
        if (typeof which === "string") return setProblem(which);
        if (time === null) return setProblem(`“${lasts}” is not a time such as 30m, 2h or 1d12h`);
        if (!by.trim()) return setProblem("Say who you are");
        if (comment.trim().length < 3) return setProblem("Say why, in three characters at least");
        setSending(true);
        try {
            await createSilence(which, time, by.trim(), comment.trim());
            sessionStorage.setItem(byKey, by.trim());
            say(`Silenced for ${duration(time)}`);
            close();
        } catch (failure) {
            setProblem(asApiError(failure).message);
            setSending(false);
        }
    };
    return (
        <section class="card padded" aria-labelledby="new-silence">
            <form class="silence-form" onSubmit={(event) => void submit(event)} onKeyDown={(event) => event.ctrlKey && event.key === "Enter" && void submit(event)}>
                <div class="card-head">
                    <h2 id="new-silence">New silence</h2>
                    <button type="button" class="icon-button push" aria-label="Close" title="Close (Esc)" onClick={close}><CrossIcon /></button>
                </div>
                <label class="field silence-matchers">
                    <span>Alerts that match all of</span>
                    <textarea ref={first} rows={Math.min(10, Math.max(3, matchers.split("\n").length + 1))} spellcheck={false} value={matchers} placeholder={'alertname="DiskFull"\ninstance=~"node-[12]"'}
                        aria-describedby="matchers-help" onInput={(event) => setMatchers(event.currentTarget.value)} />
                    <span id="matchers-help" class="faint field-help">One a line: <code>=</code> <code>!=</code> <code>=~</code> <code>!~</code>, as Alertmanager has them.</span>
                </label>
                <datalist id="lastings">{choices.map((one) => <option key={one} value={one} />)}</datalist>
                <div class="silence-fields">
                    <label class="field">
                        <span>For</span>
                        <input list="lastings" autocomplete="off" value={lasts} onInput={(event) => setLasts(event.currentTarget.value)} />
                    </label>
                    <label class="field">
                        <span>By</span>
                        <input autocomplete="name" maxLength={200} value={by} onInput={(event) => setBy(event.currentTarget.value)} />
                    </label>
                    <label class="field silence-why">
                        <span>Why</span>
                        <input ref={why} autocomplete="off" maxLength={1024} value={comment} onInput={(event) => setComment(event.currentTarget.value)} />
                    </label>
                </div>
                {problem && <p class="field-problem" role="alert">{problem}</p>}
                <div class="dialog-actions silence-actions">
                    <button type="button" class="button" onClick={close}>Cancel</button>
                    <button type="submit" class="button button-main" disabled={sending}>Silence</button>
                </div>
            </form>
        </section>
    );
}

const badges: Record<Silence["status"], string> = { active: "badge badge-good", pending: "badge badge-warning", expired: "badge badge-neutral" };

/** As of now, not as of the answer. */
function statusNow(of: Silence): Silence["status"] {
    if ((moment(of.ends_at) ?? 0) <= now.value) return "expired";
    return (moment(of.starts_at) ?? 0) > now.value + 2000 ? "pending" : "active";
}

function when(of: Silence, status: Silence["status"]): string {
    const end = moment(of.ends_at) ?? 0;
    if (status === "pending") return `begins ${dateTime(moment(of.starts_at) ?? 0)}`;
    return status === "active" ? `for another ${duration(end - now.value)}` : `ended ${dateTime(end)}`;
}

function Row({ of, may }: { of: Silence; may: boolean }) {
    const [ending, setEnding] = useState(false);
    const status = statusNow(of);
    const end = async () => {
        setEnding(true);
        try {
            await expireSilence(of);
            say("The silence is over");
        } catch (failure) {
            say(asApiError(failure).message, true);
        }
        setEnding(false);
    };
    return (
        <li class="silence">
            <span class={badges[status]}>{status}</span>
            <span class="silence-what">
                <span class="pairs">{of.matchers.map((one) => <code key={matcherText(one)} class="label">{matcherText(one)}</code>)}</span>
                <span class="soft silence-comment">{of.comment} <span class="faint">· {of.created_by}</span></span>
            </span>
            <span class="soft silence-when">{when(of, status)}</span>
            {may && status !== "expired" && <button type="button" class="button button-small" disabled={ending} onClick={() => void end()}>Expire</button>}
        </li>
    );
}

export function SilencesPage() {
    const { id, filters } = route.value;
    const [old, setOld] = useState(false);
    useEffect(() => {
        scrollTo(0, 0);
        void silences.load();
        const stopNews = onNews(({ type }) => (type.startsWith("silence_") || type === "refresh") && void silences.load());
        return () => {
            stopNews();
            silences.cancel();
        };
    }, []);
    const may = me.value.value?.role === "operator" || me.value.value?.role === "admin";
    const making = id === "new" && may;
    const create = () => may && go(addressOf("silences", "new"));
    useKeys({ "n": create, "Escape": () => making && close() });
    const list = silences.value.value?.silences;
    const problem = silences.problem.value;
    const shown = list?.filter((one) => (statusNow(one) === "expired") === old) ?? [];
    return (
        <div class="page">
            <div class="page-head">
                <h1>Silences</h1><p class="soft">What is kept, but not published for a while.</p>
                {may && !making && <button type="button" class="button button-main push" onClick={create}>New silence <kbd>n</kbd></button>}
            </div>
            {making && <Form prefilled={filters.get("matchers") ?? ""} />}
            {problem && list && <ProblemLine problem={problem} retry={() => void silences.load()} />}
            <section class="card" aria-label="Silences">
                <div class="card-head padded-head">
                    <div class="segments" role="group" aria-label="State">
                        <button type="button" class="segment" aria-pressed={!old} onClick={() => setOld(false)}>In force</button>
                        <button type="button" class="segment" aria-pressed={old} onClick={() => setOld(true)}>Over</button>
                    </div>
                    <span class="faint push">{list ? plural(shown.length, "silence") : " "}</span>
                </div>
                {!list ? (problem ? <Problem problem={problem} retry={() => void silences.load()} /> : <div class="padded"><Skeleton lines={4} height={20} /></div>) : shown.length === 0 ? (
                    <Message icon={<CalmIcon />} title={old ? "None is over" : "Nothing is silenced"}>
                        {!old && may && <p>An alert's page has a button for it, too.</p>}
                    </Message>
                ) : <ul class="silences">{shown.map((one) => <Row key={one.id} of={one} may={may} />)}</ul>}
            </section>
        </div>
    );
}
