// Keyboard shortcuts. A page adds its own while it is shown; keys typed into fields are left alone, but for Escape.
import { useEffect, useRef } from "preact/hooks";

type Action = (event: KeyboardEvent) => void;
export type Bindings = Record<string, Action>;

const layers: { current: Bindings }[] = [];
let prefix = "";
let prefixTimer = 0;
const prefixTime = 1200; // milliseconds to type the second key of `g a`

const isField = (target: EventTarget | null): boolean =>
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Enter on a focused link or button belongs to that link or button. */
const isControl = (target: EventTarget | null): boolean =>
    target instanceof HTMLElement && /^(A|BUTTON|SUMMARY)$/.test(target.tagName);

function clearPrefix(): void {
    prefix = "";
    clearTimeout(prefixTimer);
}

addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return; // a dialog has its own keys
    if (isField(event.target) && event.key !== "Escape") return;
    if (event.key === "Enter" && isControl(event.target)) return;
    if (event.key === "g" && prefix === "") {
        prefix = "g ";
        prefixTimer = window.setTimeout(clearPrefix, prefixTime);
        return;
    }
    const key = prefix + event.key;
    clearPrefix();
    for (let i = layers.length - 1; i >= 0; --i) {
        const action = layers[i]?.current[key];
        if (!action) continue;
        event.preventDefault();
        action(event);
        return;
    }
});

/** The bindings hold while the component is shown; those of the component shown last win. */
export function useKeys(bindings: Bindings): void {
    const layer = useRef(bindings);
    layer.current = bindings;
    useEffect(() => {
        layers.push(layer);
        return () => {
            layers.splice(layers.indexOf(layer), 1);
        };
    }, []);
}
