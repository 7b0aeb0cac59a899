// The address is the state: page, alert and filters stand behind the `#`, so that a link shows what its sender saw.
import { signal } from "@preact/signals";

export interface Route {
    /** "alerts", "silences", "publishing", "insights", "pool" or whatever stands there. */
    page: string;
    /** What follows the page: a fingerprint, or "new". */
    id: string;
    filters: URLSearchParams;
}

function parse(hash: string): Route {
    const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
    const [page = "", id = ""] = path.split("/");
    let decoded = id;
    try {
        decoded = decodeURIComponent(id);
    } catch {
        // a lone %: shown as it stands
    }
    return { page: page || "alerts", id: decoded, filters: new URLSearchParams(query) };
}

export const route = signal<Route>(parse(location.hash));

export function addressOf(page: string, id = "", filters = new URLSearchParams()): string {
    const query = filters.toString();
    return `#/${page}${id ? "/" + encodeURIComponent(id) : ""}${query ? "?" + query : ""}`;
}

/** Goes there with a new entry of the browser's history. */
export function go(address: string): void {
    if (location.hash === address) return;
    location.hash = address.slice(1);
}

/** Changes the filters of this page without a new entry. */
export function refine(filters: URLSearchParams): void {
    const { page, id } = route.peek();
    history.replaceState(history.state, "", addressOf(page, id, filters));
    route.value = parse(location.hash);
}

addEventListener("hashchange", () => {
    route.value = parse(location.hash);
});
