import { addressOf } from "../lib/router";
import { Ago, Lasting, OutcomeWord, SeverityMark, StateBadge } from "../components/status";
import type { Alert } from "../model/types";

export const columns = ["Severity", "Alert", "Labels", "State", "Started", "Lasted"];

/** What says where it is: not the name, not the severity, which have columns of their own. */
const shownElsewhere = new Set(["alertname", "severity"]);
const first = ["namespace", "instance", "service", "job", "pod", "cluster", "node"];

function places(alert: Alert): [string, string][] {
    const rank = (name: string) => {
        const at = first.indexOf(name);
        return at === -1 ? first.length : at;
    };
    return Object.entries(alert.labels)
        .filter(([name]) => !shownElsewhere.has(name))
        .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

export const summaryOf = (alert: Pick<Alert, "annotations">): string =>
    alert.annotations.summary || alert.annotations.description || alert.annotations.message || "";

interface AlertRowProps {
    alert: Alert;
    index: number;
    chosen: boolean;
    fresh: boolean;
    open: (fingerprint: string) => void;
}

export function AlertRow({ alert, index, chosen, fresh, open }: AlertRowProps) {
    const labels = places(alert);
    const click = (event: MouseEvent) => {
        if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
        if (getSelection()?.toString()) return; // somebody copies
        event.preventDefault();
        open(alert.fingerprint);
    };
    return (
        <div role="row" aria-rowindex={index + 2} aria-selected={chosen} onClick={click}
            class={`alert-row alert-grid${chosen ? " chosen" : ""}${fresh ? " fresh" : ""} is-${alert.status}`}>
            <span role="cell" class="cell-severity"><SeverityMark word={alert.severity} /></span>
            <span role="cell" class="cell-name">
                <a class="alert-name clip" href={addressOf("alerts", alert.fingerprint)}>{alert.alert_name || "(no name)"}</a>
                <span class="alert-summary soft clip">{summaryOf(alert)}</span>
            </span>
            <span role="cell" class="cell-labels">
                <span class="labels-line">
                    {labels.slice(0, 4).map(([name, value]) => (
                        <span key={name} class="label" title={`${name}: ${value}`}><span class="faint">{name}</span> {value}</span>
                    ))}
                </span>
            </span>
            <span role="cell" class="cell-state">
                <StateBadge state={alert.status} />
                <OutcomeWord outcome={alert.outcome} />
            </span>
            <span role="cell" class="cell-started soft"><Ago at={alert.starts_at} /></span>
            <span role="cell" class="cell-lasted soft"><Lasting from={alert.starts_at} to={alert.ends_at} /></span>
        </div>
    );
}

export function AlertSkeletons() {
    return (
        <div aria-hidden="true">
            {Array.from({ length: 12 }, (_, i) => (
                <div key={i} class="alert-row alert-grid is-waiting">
                    {[60, 45 + ((i * 23) % 40), 70 - ((i * 13) % 35), 56, 64, 64].map((width, column) => (
                        <span key={column} class={`cell-skeleton cell-skeleton-${column}`}>
                            <span class="skeleton" style={{ width: `${width}%` }} />
                        </span>
                    ))}
                </div>
            ))}
        </div>
    );
}
