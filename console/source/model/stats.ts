import { get } from "./api";
import { Resource } from "./resource";
import type { Me, Stats } from "./types";

/** Counts now and of the last 24 hours. */
export const stats = new Resource<Stats>((stop) => get<Stats>("/api/v1/stats", stop));
export const me = new Resource<Me>((stop) => get<Me>("/api/v1/me", stop));

const pause = 3000; // milliseconds: counting is not free for the service
let timer = 0;
let last = 0;

/** Soon, but not more often than every three seconds. */
export function statsChanged(): void {
    if (timer) return;
    const wait = Math.max(0, last + pause - Date.now());
    timer = window.setTimeout(() => {
        timer = 0;
        last = Date.now();
        void stats.load();
    }, wait);
}
