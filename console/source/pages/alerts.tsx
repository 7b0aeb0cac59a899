import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { useKeys } from "../lib/keys";
import { count } from "../lib/format";
import { addressOf, go, refine, route } from "../lib/router";
import { CalmIcon } from "../components/icons";
import { Message, Problem, ProblemLine } from "../components/states";
import { VirtualRows } from "../components/virtual_rows";
import * as list from "../model/alert_list";
import { apiKey } from "../model/api";
import { type Filters, active, readFilters, writeFilters } from "../model/filters";
import { AlertRow, AlertSkeletons, columns } from "./alert_row";
import { FilterBar } from "./filter_bar";
import { Overview } from "./overview";

const chosen = signal("");
let shownFor = ""; // the filters that the list was loaded with
let scrolled = 0; // where the list was left

const narrow = signal(innerWidth < 760);
addEventListener("resize", () => (narrow.value = innerWidth < 760));
const rowHeight = (): number => (narrow.value ? 96 : 52);

/** Keeps row `index` between the bar above and the edge below. */
function reveal(host: HTMLElement | null, index: number): void {
    if (!host) return;
    const top = host.getBoundingClientRect().top + index * rowHeight();
    const above = 48 + (narrow.peek() ? 8 : 44);
    const below = innerHeight - (narrow.peek() ? 64 : 8);
    if (top < above) scrollBy(0, top - above);
    else if (top + rowHeight() > below) scrollBy(0, top + rowHeight() - below);
}

function Nothing({ filters, clear }: { filters: Filters; clear: () => void }) {
    const narrowed = active(filters) > 0;
    if (!narrowed && filters.status === "firing")
        return (
            <Message icon={<CalmIcon />} title="Nothing fires">
                <p>New alerts appear here by themselves. <a href={addressOf("alerts", "", new URLSearchParams("status=all"))}>Show all there were</a>.</p>
            </Message>
        );
    if (!narrowed && filters.status === "all")
        return (
            <Message title="There are no alerts yet">
                <p>Let Alertmanager send to <code>{location.origin}/webhook</code>:</p>
                <pre class="sample">{`receivers:\n  - name: alerthist\n    webhook_configs:\n      - url: ${location.origin}/webhook\n        send_resolved: true`}</pre>
            </Message>
        );
    return (
        <Message title="No alert is like this"
            action={<button type="button" class="button" onClick={clear}>Clear the filters <kbd>x</kbd></button>}>
            <p>All filters have to hold; names and values are compared whole, a text may occur anywhere.</p>
        </Message>
    );
}

/** Rows that come in above what is seen must not push it away. */
function useSteadyScroll(host: { current: HTMLElement | null }): void {
    const before = useRef({ first: "", index: 0, filters: "" });
    const rows = list.rows.value;
    useLayoutEffect(() => {
        const top = host.current?.getBoundingClientRect().top ?? 0;
        const seen = Math.max(0, Math.floor((92 - top) / rowHeight()));
        const anchor = before.current;
        const moved = anchor.first ? rows.findIndex((row) => row.fingerprint === anchor.first) - anchor.index : 0;
        if (anchor.filters === shownFor && anchor.index > 0 && moved > 0) scrollBy(0, moved * rowHeight());
        const index = Math.min(rows.length - 1, seen + (moved > 0 && anchor.index > 0 ? moved : 0));
        before.current = { first: rows[index]?.fingerprint ?? "", index, filters: shownFor };
    }, [rows]);
    useEffect(() => {
        const remember = () => {
            const top = host.current?.getBoundingClientRect().top ?? 0;
            const index = Math.max(0, Math.floor((92 - top) / rowHeight()));
            before.current = { first: list.rows.peek()[index]?.fingerprint ?? "", index, filters: shownFor };
        };
        addEventListener("scroll", remember, { passive: true });
        return () => removeEventListener("scroll", remember);
    }, []);
}

export function AlertsPage() {
    const { filters: parameters } = route.value;
    const key = parameters.toString();
    const filters = useMemo(() => readFilters(parameters), [key]);
    const host = useRef<HTMLDivElement>(null);
    const rows = list.rows.value;
    const problem = list.problem.value;
    const change = (wanted: Filters) => refine(writeFilters(wanted));
    const clear = () => change(readFilters(new URLSearchParams(filters.status === "firing" ? "" : `status=${filters.status}`)));

    useEffect(() => {
        const wanted = `${key} ${apiKey.value}`;
        if (wanted === shownFor && list.loadedOnce.peek()) return;
        if (shownFor !== "") scrollTo(0, 0);
        shownFor = wanted;
        list.forget();
        void list.show(filters);
    }, [key, apiKey.value]);
    useLayoutEffect(() => {
        scrollTo(0, scrolled);
        return () => {
            scrolled = scrollY;
        };
    }, []);
    useSteadyScroll(host);

    const open = (fingerprint: string) => {
        chosen.value = fingerprint;
        go(addressOf("alerts", fingerprint));
    };
    const move = (by: number) => {
        if (rows.length === 0) return;
        const from = rows.findIndex((row) => row.fingerprint === chosen.peek());
        const to = from === -1 ? 0 : Math.min(rows.length - 1, Math.max(0, from + by));
        chosen.value = (rows[to] as { fingerprint: string }).fingerprint;
        reveal(host.current, to);
    };
    useKeys({
        "j": () => move(1),
        "ArrowDown": () => move(1),
        "k": () => move(-1),
        "ArrowUp": () => move(-1),
        "Enter": () => chosen.peek() && open(chosen.peek()),
        "x": clear,
        "/": () => document.getElementById("search")?.focus(),
        "Escape": () => {
            if (document.activeElement instanceof HTMLElement && document.activeElement.id === "search") document.activeElement.blur();
            else chosen.value = "";
        },
    });

    const empty = list.loadedOnce.value && rows.length === 0;
    const waiting = !list.loadedOnce.value;
    return (
        <div class="page">
            <h1 class="unseen">Alerts</h1>
            <Overview filters={filters} change={change} />
            <FilterBar filters={filters} change={change} clear={clear} />
            {problem && rows.length > 0 && <ProblemLine problem={problem} retry={list.again} />}
            <div class="card table alerts" role="table" aria-label="Alerts" aria-busy={waiting}
                aria-rowcount={list.more.value ? -1 : rows.length + 1}>
                <div class="table-head alert-grid" role="row">
                    {columns.map((name) => <span key={name} role="columnheader">{name}</span>)}
                </div>
                {problem && rows.length === 0 ? <Problem problem={problem} retry={list.again} /> : empty ? <Nothing filters={filters} clear={clear} /> : (
                    <div ref={host}>
                        {waiting ? <AlertSkeletons /> : (
                            <VirtualRows count={rows.length} rowHeight={rowHeight()} onEnd={list.showMore} row={(i) => {
                                const alert = rows[i];
                                return alert && (
                                    <AlertRow key={alert.fingerprint} alert={alert} index={i} open={open}
                                        chosen={alert.fingerprint === chosen.value} fresh={list.fresh.value.has(alert.fingerprint)} />
                                );
                            }} />
                        )}
                    </div>
                )}
            </div>
            <p class="list-end faint" role="status">
                {!waiting && rows.length > 0 && (list.more.value ? `${count(rows.length)} loaded, more as you scroll` : `${count(rows.length)} ${rows.length === 1 ? "alert" : "alerts"}`)}
            </p>
        </div>
    );
}
