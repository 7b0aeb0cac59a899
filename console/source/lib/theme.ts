import { signal } from "@preact/signals";

export type Theme = "light" | "dark";

/** The theme that is shown. theme.ts, which runs before anything else, has chosen the first one. */
export const theme = signal<Theme>(document.documentElement.dataset.theme === "dark" ? "dark" : "light");

function show(wanted: Theme): void {
    document.documentElement.dataset.theme = wanted;
    theme.value = wanted;
}

const system = matchMedia("(prefers-color-scheme: dark)");

/** The other one. A choice that is the system's own is not kept, so that the page follows the system again. */
export function toggleTheme(): void {
    const wanted: Theme = theme.peek() === "dark" ? "light" : "dark";
    if (wanted === (system.matches ? "dark" : "light")) localStorage.removeItem("theme");
    else localStorage.setItem("theme", wanted);
    show(wanted);
}

system.addEventListener("change", () => {
    if (!localStorage.getItem("theme")) show(system.matches ? "dark" : "light");
});
