export type Severity = "critical" | "warning" | "info" | "none";
export const severities: Severity[] = ["critical", "warning", "info", "none"];

const known: Record<string, Severity> = {
    critical: "critical", page: "critical", error: "critical", emergency: "critical", high: "critical",
    warning: "warning", warn: "warning", medium: "warning", minor: "warning",
    info: "info", information: "info", notice: "info", low: "info",
};

/** How a severity is shown; the label's own word stands beside it. */
export const severityOf = (word: string): Severity => known[word.toLowerCase()] ?? "none";
