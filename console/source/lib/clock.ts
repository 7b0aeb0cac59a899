import { signal } from "@preact/signals";

/** Milliseconds since 1970, once a second while somebody looks. */
export const now = signal(Date.now());

setInterval(() => {
    if (!document.hidden) now.value = Date.now();
}, 1000);
addEventListener("visibilitychange", () => {
    now.value = Date.now();
});
