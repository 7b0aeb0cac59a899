import { signal } from "@preact/signals";

const shown = signal<{ text: string; bad: boolean } | null>(null);
let timer = 0;

/** A sentence that goes away by itself. */
export function say(text: string, bad = false): void {
    shown.value = { text, bad };
    clearTimeout(timer);
    timer = window.setTimeout(() => (shown.value = null), bad ? 8000 : 3500);
}

export function Toast() {
    return (
        <div class="toast-place" role="status" aria-live="polite">
            {shown.value && <div class={`toast${shown.value.bad ? " toast-bad" : ""}`}>{shown.value.text}</div>}
        </div>
    );
}
