import { useState } from "preact/hooks";
import { CrossIcon, SearchIcon } from "../components/icons";
import { go, addressOf } from "../lib/router";
import { rows } from "../model/alert_list";
import { type Filters, active, search } from "../model/filters";
import { stats } from "../model/stats";

interface FilterBarProps {
    filters: Filters;
    change: (wanted: Filters) => void;
    clear: () => void;
}

const states: [Filters["status"], string][] = [["firing", "Firing"], ["resolved", "Resolved"], ["all", "All"]];
const times: [string, string][] = [["", "Any time"], ["1h", "Last hour"], ["24h", "Last 24 hours"], ["7d", "Last 7 days"], ["30d", "Last 30 days"]];
const outcomes = ["published", "delayed", "filtered", "silenced", "inhibited", "stored"];

/** Fingerprints have 16 hexadecimal digits. */
const isFingerprint = (text: string): boolean => /^[0-9a-f]{16}$/.test(text);

function Search({ filters, change }: Omit<FilterBarProps, "clear">) {
    const [typed, setTyped] = useState("");
    const names = [...new Set(rows.value.slice(0, 2000).map((row) => row.alert_name))].sort();
    const submit = (event: Event) => {
        event.preventDefault();
        const text = typed.trim();
        if (isFingerprint(text)) go(addressOf("alerts", text));
        else if (text) change(search(filters, text, names));
        setTyped("");
    };
    return (
        <form class="search" role="search" onSubmit={submit}>
            <SearchIcon />
            <input id="search" type="search" list="names" autocomplete="off" spellcheck={false} value={typed}
                placeholder="Name, label:value, text or fingerprint" aria-label="Search: a name, label:value, a text or a fingerprint"
                onInput={(event) => setTyped(event.currentTarget.value)} />
            <datalist id="names">
                {names.slice(0, 100).map((name) => <option key={name} value={name} />)}
            </datalist>
            <kbd aria-hidden="true">/</kbd>
        </form>
    );
}

interface ChoiceProps {
    name: string;
    value: string;
    any: string;
    values: string[];
    set: (value: string) => void;
}

function Choice({ name, value, any, values, set }: ChoiceProps) {
    const all = value && !values.includes(value) ? [value, ...values] : values;
    return (
        <select class={`select${value ? " select-active" : ""}`} aria-label={name} value={value} onChange={(event) => set(event.currentTarget.value)}>
            <option value="">{any}</option>
            {all.map((one) => <option key={one} value={one}>{one}</option>)}
        </select>
    );
}

/** Where there is no room for the fields, what is set in them shows as chips. */
function Chip({ text, remove, narrow = false }: { text: string; remove: () => void; narrow?: boolean }) {
    return (
        <span class={narrow ? "chip chip-narrow" : "chip"}>
            <span class="clip">{text}</span>
            <button type="button" class="chip-remove" aria-label={`Remove ${text}`} onClick={remove}><CrossIcon size={10} /></button>
        </span>
    );
}

export function FilterBar({ filters, change, clear }: FilterBarProps) {
    const [unfolded, setUnfolded] = useState(false);
    const known = stats.value.value;
    const severities = known?.by_severity.map((one) => one.value).filter(Boolean) ?? [];
    const namespaces = known?.by_namespace.map((one) => one.value).filter(Boolean).sort() ?? [];
    const narrowed = active(filters);
    const set = (name: keyof Filters) => (value: string) => change({ ...filters, [name]: value });
    return (
        <section class="filters" aria-label="Filters">
            <Search filters={filters} change={change} />
            <div class="segments" role="group" aria-label="State">
                {states.map(([status, name]) => (
                    <button key={status} type="button" class="segment" aria-pressed={filters.status === status}
                        onClick={() => change({ ...filters, status })}>{name}</button>
                ))}
            </div>
            <button type="button" class="button filters-toggle" aria-expanded={unfolded} onClick={() => setUnfolded(!unfolded)}>
                Filters{narrowed > 0 && <span class="count">{narrowed}</span>}
            </button>
            <div class={`filters-more${unfolded ? "" : " folded"}`}>
                <Choice name="Severity" any="Any severity" value={filters.severity} values={severities} set={set("severity")} />
                <Choice name="Namespace" any="Any namespace" value={filters.namespace} values={namespaces} set={set("namespace")} />
                <Choice name="Outcome" any="Any outcome" value={filters.outcome} values={outcomes} set={set("outcome")} />
                <select class={`select${filters.range ? " select-active" : ""}`} aria-label="Started" value={filters.range}
                    onChange={(event) => set("range")(event.currentTarget.value)}>
                    {times.map(([value, name]) => <option key={value} value={value}>{name}</option>)}
                </select>
            </div>
            {narrowed > 0 && (
                <div class="chips">
                    {filters.name && <Chip text={`name: ${filters.name}`} remove={() => set("name")("")} />}
                    {filters.q && <Chip text={`“${filters.q}”`} remove={() => set("q")("")} />}
                    {(["severity", "namespace", "outcome", "range"] as const).map((field) => filters[field] && (
                        <Chip key={field} narrow text={field === "range" ? `last ${filters.range}` : `${field}: ${filters[field]}`} remove={() => set(field)("")} />
                    ))}
                    {filters.labels.map((pair) => (
                        <Chip key={pair} text={pair.replace(":", ": ")}
                            remove={() => change({ ...filters, labels: filters.labels.filter((one) => one !== pair) })} />
                    ))}
                    <button type="button" class="link-button" onClick={clear}>Clear filters <kbd>x</kbd></button>
                </div>
            )}
        </section>
    );
}
