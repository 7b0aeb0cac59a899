// Above the list: what fires now, by severity, and what happened in the last day.
import { SeverityIcon } from "../components/icons";
import { count, dateTime, plural } from "../lib/format";
import { severities, severityOf } from "../model/severity";
import type { Filters } from "../model/filters";
import { stats } from "../model/stats";
import type { Stats } from "../model/types";

interface Tile {
    word: string;
    firing: number;
}

/** The usual three always, so that nothing jumps; of other words the one that fires most. */
function tiles(of: Stats | null): Tile[] {
    const words = ["critical", "warning", "info"];
    const firing = (word: string) => of?.by_severity.find((one) => one.value === word)?.firing ?? 0;
    const others = (of?.by_severity ?? []).filter((one) => one.value && one.firing > 0 && !words.includes(one.value));
    others.sort((a, b) => b.firing - a.firing || severities.indexOf(severityOf(a.value)) - severities.indexOf(severityOf(b.value)));
    return [...words.map((word) => ({ word, firing: firing(word) })), ...others.slice(0, 1).map((one) => ({ word: one.value, firing: one.firing }))];
}

function Timeline({ of }: { of: Stats }) {
    const highest = Math.max(1, ...of.timeline.map((one) => Math.max(one.firing, one.resolved)));
    const width = 100 / Math.max(1, of.timeline.length);
    const hours = `${Math.round((Date.parse(of.to) - Date.parse(of.from)) / 3600e3)} h`;
    return (
        <figure class="timeline">
            <figcaption>
                <span class="soft">Last {hours}</span>
                <span><i class="key key-firing" />{count(of.events.firing)} fired</span>
                <span><i class="key key-resolved" />{count(of.events.resolved)} resolved</span>
            </figcaption>
            <svg viewBox="0 0 100 40" preserveAspectRatio="none" role="img"
                aria-label={`${plural(of.events.firing, "firing")} and ${of.events.resolved} resolved in the last ${hours}`}>
                {of.timeline.map((one, i) => (
                    <g key={one.at}>
                        <title>{`${dateTime(Date.parse(one.at))}: ${one.firing} fired, ${one.resolved} resolved`}</title>
                        <rect x={i * width} y="0" width={width} height="40" fill="transparent" />
                        <rect class="bar-firing" x={i * width + width * 0.12} width={width * 0.76} y={20 - (19 * one.firing) / highest} height={(19 * one.firing) / highest} />
                        <rect class="bar-resolved" x={i * width + width * 0.12} width={width * 0.76} y="21" height={(19 * one.resolved) / highest} />
                    </g>
                ))}
                <line x1="0" x2="100" y1="20.5" y2="20.5" class="bar-axis" />
            </svg>
        </figure>
    );
}

export function Overview({ filters, change }: { filters: Filters; change: (wanted: Filters) => void }) {
    const known = stats.value.value;
    return (
        <section class="overview" aria-label="Overview">
            <div class="tiles">
                <button type="button" class="tile" aria-pressed={filters.status === "firing" && !filters.severity}
                    onClick={() => change({ ...filters, status: "firing", severity: "" })}>
                    <span class="tile-name">Firing</span>
                    <span class="tile-figure">{known ? count(known.alerts.firing) : "–"}</span>
                </button>
                {tiles(known).map(({ word, firing }) => {
                    const pressed = filters.status === "firing" && filters.severity === word;
                    return (
                        <button key={word} type="button" class={`tile tile-${firing > 0 ? severityOf(word) : "calm"}`} aria-pressed={pressed}
                            onClick={() => change({ ...filters, status: "firing", severity: pressed ? "" : word })}>
                            <span class="tile-name"><SeverityIcon severity={severityOf(word)} size={13} />{word}</span>
                            <span class="tile-figure">{known ? count(firing) : "–"}</span>
                        </button>
                    );
                })}
            </div>
            {known && known.timeline.length > 0 ? <Timeline of={known} /> : <div class="timeline" aria-hidden="true" />}
        </section>
    );
}
