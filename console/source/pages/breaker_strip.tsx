// The breaker and the server's health over time. A pattern goes with each colour.
import { breakerWord } from "../components/status";
import { timeOfDay } from "../lib/format";
import type { Breaker, PoolSample } from "../model/types";

interface Span {
    from: number;
    to: number; // index behind the last sample
    word: string;
    kind: "good" | "warning" | "critical" | "neutral";
}

const kinds: Record<Breaker, Span["kind"]> = { closed: "good", half_open: "warning", open: "critical", forced_open: "critical", disabled: "neutral" };

function spans(samples: PoolSample[]): Span[] {
    const out: Span[] = [];
    samples.forEach((sample, i) => {
        const sick = !sample.healthy && sample.breaker === "closed";
        const word = sick ? "not healthy" : breakerWord(sample.breaker);
        const last = out[out.length - 1];
        if (last?.word === word) last.to = i + 1;
        else out.push({ from: i, to: i + 1, word, kind: sick ? "warning" : (kinds[sample.breaker] ?? "neutral") });
    });
    return out;
}

export function BreakerStrip({ samples }: { samples: PoolSample[] }) {
    const shown = spans(samples);
    const at = (i: number): string => timeOfDay(Date.parse((samples[Math.min(i, samples.length - 1)] as PoolSample).at));
    return (
        <section class="card padded" aria-label="Breaker and health">
            <div class="card-head"><h2>Breaker and health</h2><span class="faint">{samples.length > 0 ? `since ${at(0)}` : " "}</span></div>
            <ol class="breaker-strip">
                {shown.map((span) => (
                    <li key={span.from} class={`breaker-span span-${span.kind}`} style={{ flexGrow: span.to - span.from }}
                        title={`${span.word}, ${at(span.from)} to ${at(span.to - 1)}`}>
                        <span class="clip">{span.word}</span>
                    </li>
                ))}
                {shown.length === 0 && <li class="breaker-span skeleton" style={{ flexGrow: 1 }} />}
            </ol>
        </section>
    );
}
