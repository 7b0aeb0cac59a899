// The alerts that are shown: page after page by cursor, kept true by news.
import { batch, signal } from "@preact/signals";
import { type ApiError, get, withQuery } from "./api";
import { type Filters, admits, parameters, readFilters } from "./filters";
import { asApiError } from "./resource";
import type { Alert, AlertEvent, AlertPage } from "./types";

const pageSize = 100; // the first one comes fast
const furtherSize = 500; // who scrolls wants many
const newsPause = 200; // milliseconds in which news are gathered: a storm redraws the list five times a second

export const rows = signal<Alert[]>([]);
/** There are more than `rows`. */
export const more = signal(false);
export const loading = signal(false);
export const loadedOnce = signal(false);
export const problem = signal<ApiError | null>(null);
/** Rows that came by news, for a moment. */
export const fresh = signal<ReadonlySet<string>>(new Set());

let filters: Filters = readFilters(new URLSearchParams());
let cursor: string | null = null;
let stop: AbortController | null = null;
let waiting: AlertEvent[] = [];
let gathering = 0;

async function fetchPage(after: string | null, limit = pageSize): Promise<AlertPage | null> {
    stop?.abort();
    const mine = new AbortController();
    stop = mine;
    loading.value = true;
    try {
        const wanted = [...parameters(filters, Date.now()), ["limit", String(limit)], ["cursor", after ?? ""]];
        const page = await get<AlertPage>(withQuery("/api/v1/alerts", wanted as [string, string][]), mine.signal);
        if (mine.signal.aborted) return null;
        problem.value = null;
        loading.value = false;
        return page;
    } catch (failure) {
        if (mine.signal.aborted) return null;
        problem.value = asApiError(failure);
        loading.value = false;
        return null;
    }
}

/** Shows what these filters admit, from the start. What was shown stays until the answer is there. */
export async function show(wanted: Filters): Promise<void> {
    filters = wanted;
    waiting = [];
    const page = await fetchPage(null);
    if (!page) return;
    batch(() => {
        cursor = page.next_cursor;
        rows.value = page.alerts;
        more.value = cursor !== null;
        loadedOnce.value = true;
    });
}

/** Empties the list, so that what other filters admitted is not taken for an answer. */
export function forget(): void {
    batch(() => {
        rows.value = [];
        more.value = false;
        loadedOnce.value = false;
        problem.value = null;
    });
}

const longestPage = 1000;

/** Reads again what is shown, as far as one page reaches; what stands behind it stays. */
export async function refresh(): Promise<void> {
    if (!loadedOnce.peek()) return show(filters);
    waiting = [];
    const page = await fetchPage(null, Math.min(longestPage, Math.max(pageSize, rows.peek().length)));
    const last = page?.alerts[page.alerts.length - 1];
    if (!page) return;
    const known = new Set(page.alerts.map((row) => row.fingerprint));
    const behind = page.next_cursor && last ? rows.peek().filter((row) => comesBefore(last, row) && !known.has(row.fingerprint)) : [];
    batch(() => {
        if (behind.length === 0) cursor = page.next_cursor;
        rows.value = [...page.alerts, ...behind];
        more.value = cursor !== null;
    });
}

export async function showMore(): Promise<void> {
    if (loading.peek() || !more.peek() || problem.peek()) return;
    const page = await fetchPage(cursor, furtherSize);
    if (!page) return;
    const known = new Set(rows.peek().map((row) => row.fingerprint));
    batch(() => {
        cursor = page.next_cursor;
        rows.value = [...rows.peek(), ...page.alerts.filter((row) => !known.has(row.fingerprint))];
        more.value = cursor !== null;
    });
}

/** Tries again what failed. */
export function again(): void {
    problem.value = null;
    if (rows.peek().length > 0 && more.peek()) void showMore();
    else void refresh();
}

const asAlert = (event: AlertEvent): Alert => ({ ...event, created_at: event.received_at, updated_at: event.received_at });

/** The latest start first, as the service sorts. */
const comesBefore = (a: Alert, b: Alert): boolean =>
    a.starts_at !== b.starts_at ? a.starts_at > b.starts_at : a.fingerprint < b.fingerprint;

function place(into: Alert[], alert: Alert): void {
    let low = 0;
    let high = into.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (comesBefore(into[middle] as Alert, alert)) low = middle + 1;
        else high = middle;
    }
    // Behind the last row that was loaded it would stand in the wrong place; its page will bring it.
    if (low < into.length || !more.peek()) into.splice(low, 0, alert);
}

function applyNews(): void {
    gathering = 0;
    const latest = new Map(waiting.map((event) => [event.fingerprint, event]));
    waiting = [];
    if (!loadedOnce.peek()) return;
    const now = Date.now();
    const out = rows.peek().filter((row) => !latest.has(row.fingerprint));
    for (const event of latest.values()) if (admits(filters, event, now)) place(out, asAlert(event));
    batch(() => {
        rows.value = out;
        fresh.value = new Set(latest.keys());
    });
}

/** An alert has changed. */
export function hear(event: AlertEvent): void {
    waiting.push(event);
    gathering ||= window.setTimeout(applyNews, newsPause);
}
