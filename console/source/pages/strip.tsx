// When an alert fired, drawn to scale.
import { now } from "../lib/clock";
import { ago, dateTime, duration, plural } from "../lib/format";
import { type Firing, type History, firings } from "../model/history";

const least = 0.35; // percent: short firings stay visible

function median(values: number[]): number {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function Bars({ of, from, to }: { of: Firing[]; from: number; to: number }) {
    const at = (moment: number) => ((moment - from) / (to - from)) * 100;
    return (
        <svg class="strip" viewBox="0 0 100 10" preserveAspectRatio="none" role="img"
            aria-label={`Fired ${plural(of.length, "time")} between ${dateTime(from)} and ${dateTime(to)}`}>
            <rect class="strip-ground" width="100" height="10" />
            {of.map((one) => (
                <rect key={one.from} class={one.open ? "strip-open" : "strip-firing"} height="10"
                    x={Math.min(at(one.from), 100 - least)} width={Math.max(least, at(one.to) - at(one.from))}>
                    <title>{`${dateTime(one.from)}, ${one.open ? "still firing" : `for ${duration(one.to - one.from)}`}`}</title>
                </rect>
            ))}
        </svg>
    );
}

export function Strip({ of }: { of: History }) {
    const page = of.events.value.value;
    const time = now.value;
    const all = page ? firings(page.events, time) : [];
    const from = all[0]?.from ?? time;
    const to = Math.max(time, from + 60e3);
    const over = all.filter((one) => !one.open).map((one) => one.to - one.from);
    const sum = all.reduce((together, one) => together + (one.to - one.from), 0);
    const figures: [string, string][] = [
        [page?.next_cursor ? "Firings shown" : "Firings", page ? String(all.length) : "–"],
        ["Firing in all", all.length > 0 ? duration(sum) : "–"],
        ["Share of the time", all.length > 0 ? `${Math.min(100, (sum / (to - from)) * 100).toFixed(1)} %` : "–"],
        ["Median length", over.length > 0 ? duration(median(over)) : "–"],
    ];
    return (
        <section class="card padded" aria-label="History">
            <div class="card-head"><h2>History</h2><span class="faint">{page ? `since ${dateTime(from)}` : " "}</span></div>
            <dl class="figures">
                {figures.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
            </dl>
            {page ? <Bars of={all} from={from} to={to} /> : <div class="strip skeleton" />}
            <div class="strip-ends faint"><span>{page ? ago(from, time) : " "}</span><span>now</span></div>
        </section>
    );
}
