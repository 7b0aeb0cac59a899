// The pool over the last five minutes: what the service remembers, then a sample a second by news.
import { signal } from "@preact/signals";
import { get } from "./api";
import { Resource } from "./resource";
import type { Pool, PoolSample, Statements } from "./types";

const kept = 300;

export const series = signal<PoolSample[]>([]);

export const pool = new Resource<Pool>(async (stop) => {
    const answer = await get<Pool>("/api/v1/pool", stop);
    merge(answer.series);
    return answer;
});

export const statements = new Resource<Statements>((stop) => get<Statements>("/debug/statements?limit=20", stop));

function merge(more: PoolSample[]): void {
    const byTime = new Map(series.peek().map((sample) => [sample.at, sample]));
    for (const sample of more) byTime.set(sample.at, sample);
    series.value = [...byTime.values()].sort((a, b) => (a.at < b.at ? -1 : 1)).slice(-kept);
}

export const hearSample = (sample: PoolSample): void => merge([sample]);
