// News from the service: a WebSocket, opened again when it breaks; polling while there is none.
import { effect, signal } from "@preact/signals";
import { apiKey, reachable } from "./api";

export type Connection = "connecting" | "live" | "polling" | "offline";
export const connection = signal<Connection>("connecting");

export interface News {
    type: string;
    data: unknown;
    /** Of events of alerts: the event's. */
    id?: number;
}

type Listener = (news: News) => void;
const listeners = new Set<Listener>();

/** What came may be anything between one news and everything: after a gap, `type` is "refresh". */
export function onNews(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

const tell = (news: News): void => listeners.forEach((listener) => listener(news));

const firstPause = 500; // milliseconds
const longestPause = 15_000;
const pollEvery = 5_000;
const failuresUntilPolling = 2;

let socket: WebSocket | null = null;
let failures = 0;
let retryTimer = 0;
let lastEvent = 0;

function address(): string {
    const url = new URL("/ws", location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    // A browser cannot set headers here; the service never logs this parameter.
    if (apiKey.peek()) url.searchParams.set("access_token", apiKey.peek());
    if (lastEvent > 0) url.searchParams.set("last_event_id", String(lastEvent));
    return url.href;
}

function showState(): void {
    if (!reachable.peek() || !navigator.onLine) connection.value = "offline";
    else if (failures >= failuresUntilPolling) connection.value = "polling";
    else connection.value = "connecting";
}

function hear(news: News): void {
    if (news.id !== undefined) lastEvent = Math.max(lastEvent, news.id);
    tell(news);
}

function open(): void {
    clearTimeout(retryTimer);
    const mine = new WebSocket(address());
    socket = mine;
    mine.onopen = () => {
        const missed = failures > 0;
        failures = 0;
        reachable.value = true;
        connection.value = "live";
        if (missed) tell({ type: "refresh", data: null });
    };
    mine.onmessage = (message) => {
        try {
            hear(JSON.parse(String(message.data)) as News);
        } catch (problem) {
            console.error("a message that cannot be read", problem);
        }
    };
    mine.onclose = () => {
        if (socket !== mine) return;
        socket = null;
        failures += 1;
        showState();
        const pause = Math.min(longestPause, firstPause * 2 ** (failures - 1));
        retryTimer = window.setTimeout(open, pause * (0.75 + Math.random() / 2));
    };
}

function openAgain(): void {
    const old = socket;
    socket = null;
    old?.close();
    failures = 0;
    showState();
    open();
}

/** Starts it all; once. */
export function goLive(): void {
    let first = true;
    effect(() => {
        apiKey.value; // another key: another connection
        if (first) open();
        else openAgain();
        first = false;
    });
    addEventListener("online", openAgain);
    addEventListener("offline", showState);
    setInterval(() => {
        if (connection.peek() === "live" || document.hidden) return;
        showState();
        if (failures >= failuresUntilPolling) tell({ type: "refresh", data: null });
    }, pollEvery);
}
