// The history of one alert: its current state, and the events, the newest first.
import { type Signal, signal } from "@preact/signals";
import { get, withQuery } from "./api";
import { Resource } from "./resource";
import type { Alert, AlertEvent, EventPage } from "./types";

const pageSize = 100;

export class History {
    readonly alert: Resource<Alert>;
    readonly events: Resource<EventPage>;
    readonly loadingMore: Signal<boolean> = signal(false);
    private readonly path: string;

    constructor(private readonly fingerprint: string) {
        this.path = `/api/v1/alerts/${encodeURIComponent(fingerprint)}`;
        this.alert = new Resource<Alert>((stop) => get<Alert>(this.path, stop));
        this.events = new Resource<EventPage>((stop) => get<EventPage>(this.eventsAfter(""), stop));
    }

    private eventsAfter(cursor: string): string {
        return withQuery(`${this.path}/events`, [["limit", String(pageSize)], ["cursor", cursor]]);
    }

    async load(): Promise<void> {
        await Promise.all([this.alert.load(), this.events.load()]);
    }

    async more(): Promise<void> {
        const shown = this.events.value.peek();
        if (!shown?.next_cursor || this.loadingMore.peek()) return;
        this.loadingMore.value = true;
        try {
            const page = await get<EventPage>(this.eventsAfter(shown.next_cursor));
            this.events.value.value = { events: [...shown.events, ...page.events], next_cursor: page.next_cursor };
        } finally {
            this.loadingMore.value = false;
        }
    }

    /** News: an event that may be of this alert. An event known already has got another end. */
    hear(event: AlertEvent): void {
        if (event.fingerprint !== this.fingerprint) return;
        const shown = this.events.value.peek();
        if (shown)
            this.events.value.value = { ...shown, events: [event, ...shown.events.filter((one) => one.id !== event.id)] };
        void this.alert.load();
    }
}

export interface Firing {
    from: number;
    to: number;
    /** It goes on. */
    open: boolean;
}

/** The times in which it fired, the oldest first. A firing has no event for its end until it is resolved. */
export function firings(events: AlertEvent[], now: number): Firing[] {
    const ends = new Map<string, number>();
    for (const event of events)
        if (event.status === "resolved") ends.set(event.starts_at, Date.parse(event.ends_at ?? event.happened_at));
    const starts = [...new Set(events.map((event) => event.starts_at))].sort();
    return starts.map((start, i) => {
        const next = starts[i + 1];
        const end = ends.get(start) ?? (next ? Date.parse(next) : now);
        return { from: Date.parse(start), to: Math.max(end, Date.parse(start)), open: !ends.has(start) && !next };
    });
}
