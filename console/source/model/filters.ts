// What the list of alerts is narrowed to. It lives in the address; `status` is "firing" when nothing is said.
import type { AlertState } from "./types";

export interface Filters {
    status: "firing" | "resolved" | "all";
    severity: string;
    namespace: string;
    name: string;
    outcome: string;
    /** Occurs in the labels or annotations. */
    q: string;
    /** `name:value`; all of them have to hold. */
    labels: string[];
    /** Started within: "1h", "24h", "7d", "30d" or "" for any time. */
    range: string;
}

const hour = 3600e3;
export const ranges: Record<string, number> = { "1h": hour, "24h": 24 * hour, "7d": 168 * hour, "30d": 720 * hour };

export function readFilters(from: URLSearchParams): Filters {
    const status = from.get("status");
    const range = from.get("range") ?? "";
    return {
        status: status === "all" || status === "resolved" ? status : "firing",
        severity: from.get("severity") ?? "",
        namespace: from.get("namespace") ?? "",
        name: from.get("name") ?? "",
        outcome: from.get("outcome") ?? "",
        q: (from.get("q") ?? "").slice(0, 200),
        labels: from.getAll("label").filter((pair) => pair.includes(":")),
        range: range in ranges ? range : "",
    };
}

export function writeFilters(from: Filters): URLSearchParams {
    const out = new URLSearchParams();
    if (from.status !== "firing") out.set("status", from.status);
    for (const name of ["severity", "namespace", "name", "outcome", "q", "range"] as const)
        if (from[name]) out.set(name, from[name]);
    for (const pair of from.labels) out.append("label", pair);
    return out;
}

/** How many of them narrow the list, the state aside. */
export function active(of: Filters): number {
    return [of.severity, of.namespace, of.name, of.outcome, of.q, of.range].filter(Boolean).length + of.labels.length;
}

/** As parameters of GET /api/v1/alerts. */
export function parameters(of: Filters, now: number): [string, string][] {
    const out: [string, string][] = [
        ["status", of.status === "all" ? "" : of.status],
        ["severity", of.severity],
        ["namespace", of.namespace],
        ["name", of.name],
        ["outcome", of.outcome],
        ["q", of.q],
        ["from", of.range ? new Date(now - (ranges[of.range] as number)).toISOString() : ""],
    ];
    for (const pair of of.labels) out.push(["label", pair]);
    return out;
}

function hasLabel(alert: AlertState, pair: string): boolean {
    const colon = pair.indexOf(":");
    return (alert.labels[pair.slice(0, colon)] ?? "") === pair.slice(colon + 1);
}

function contains(alert: AlertState, text: string): boolean {
    const wanted = text.toLowerCase();
    return [alert.labels, alert.annotations].some((all) =>
        Object.entries(all).some((pair) => pair.some((one) => one.toLowerCase().includes(wanted))));
}

/** Whether the service would list it, for news that did not come from a list. */
export function admits(filters: Filters, alert: AlertState, now: number): boolean {
    return (
        (filters.status === "all" || alert.status === filters.status) &&
        (!filters.severity || alert.severity === filters.severity) &&
        (!filters.namespace || alert.namespace === filters.namespace) &&
        (!filters.name || alert.alert_name === filters.name) &&
        (!filters.outcome || alert.outcome.decision === filters.outcome) &&
        (!filters.q || contains(alert, filters.q)) &&
        (!filters.range || Date.parse(alert.starts_at) >= now - (ranges[filters.range] as number)) &&
        filters.labels.every((pair) => hasLabel(alert, pair))
    );
}

/**
 * What somebody typed into the search field: `name:value` is a label (or one of the filters), anything else the name of
 * an alert, when it is one of `names` or only one of them contains it; else a text to be found in labels and annotations.
 */
export function search(before: Filters, typed: string, names: Iterable<string>): Filters {
    const out: Filters = { ...before, labels: [...before.labels] };
    const words = typed.trim().split(/\s+/).filter(Boolean);
    const plain: string[] = [];
    for (const word of words) {
        const colon = word.indexOf(":");
        const key = word.slice(0, colon);
        const value = word.slice(colon + 1);
        if (colon <= 0 || !value) plain.push(word);
        else if (key === "severity" || key === "namespace" || key === "name" || key === "outcome" || key === "q") out[key] = value;
        else if (key === "status") out.status = readFilters(new URLSearchParams({ status: value })).status;
        else if (!out.labels.includes(word)) out.labels.push(word);
    }
    if (plain.length > 0) {
        const typedText = plain.join(" ");
        const name = meant(typedText, names);
        if (name) out.name = name;
        else out.q = typedText.slice(0, 200);
    }
    return out;
}

function meant(typed: string, names: Iterable<string>): string {
    const known = [...new Set(names)];
    if (known.includes(typed)) return typed;
    const candidates = known.filter((name) => name.toLowerCase().includes(typed.toLowerCase()));
    return candidates.length === 1 ? (candidates[0] as string) : "";
}
