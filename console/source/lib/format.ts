// Numbers and times for people. Units are always shown; digits stay few.

const space = "\u202f"; // narrow, does not break

/** "42 s", "3 min 5 s", "2 h 14 min", "3 d 4 h". */
export function duration(milliseconds: number): string {
    const seconds = Math.max(0, Math.floor(milliseconds / 1000));
    const units: [number, string][] = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
    const first = units.findIndex(([size]) => seconds >= size);
    if (first === -1) return `0${space}s`;
    const parts: string[] = [];
    let rest = seconds;
    for (const [size, name] of units.slice(first, first + 2)) {
        const count = Math.floor(rest / size);
        rest -= count * size;
        if (count > 0 || parts.length === 0) parts.push(`${count}${space}${name}`);
    }
    return parts.join(" ");
}

/** "just now", "42 s ago", "2 h ago", "in 5 min". */
export function ago(moment: number, now: number): string {
    const distance = now - moment;
    const far = Math.abs(distance);
    if (far < 5000) return "just now";
    const [size, name]: [number, string] =
        far < 60e3 ? [1e3, "s"] : far < 3600e3 ? [60e3, "min"] : far < 48 * 3600e3 ? [3600e3, "h"] : [86400e3, "d"];
    const text = `${Math.floor(far / size)}${space}${name}`;
    return distance >= 0 ? `${text} ago` : `in ${text}`;
}

const dayAndTime = new Intl.DateTimeFormat(undefined, {
    year: "numeric", month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const timeOnly = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

export const dateTime = (moment: number): string => dayAndTime.format(moment);
export const timeOfDay = (moment: number): string => timeOnly.format(moment);

/** Three significant digits, with the unit that keeps them short: "820 µs", "1.25 ms", "3.1 s". */
export function seconds(value: number | null | undefined): string {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    if (value === 0) return `0${space}ms`;
    const [factor, unit]: [number, string] = value < 1e-3 ? [1e6, "µs"] : value < 1 ? [1e3, "ms"] : [1, "s"];
    return `${digits(value * factor)}${space}${unit}`;
}

/** Three significant digits; thousands as "12.3 k". */
export function quantity(value: number | null | undefined): string {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    if (Math.abs(value) >= 1e6) return `${digits(value / 1e6)}${space}M`;
    if (Math.abs(value) >= 1e4) return `${digits(value / 1e3)}${space}k`;
    return Number.isInteger(value) ? value.toLocaleString() : digits(value);
}

function digits(value: number): string {
    const size = Math.abs(value);
    return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

export const count = (value: number): string => value.toLocaleString();

/** "1 alert", "2 alerts". */
export const plural = (value: number, one: string, many = one + "s"): string => `${count(value)} ${value === 1 ? one : many}`;

/** A moment of the API's (RFC 3339); null when there is none or it is not one. */
export function moment(text: string | null | undefined): number | null {
    if (!text) return null;
    const parsed = Date.parse(text);
    return Number.isNaN(parsed) ? null : parsed;
}

/** The address if it is one that a link may lead to. Labels come from strangers: no `javascript:`. */
export function safeLink(text: string | null | undefined): string | null {
    if (!text) return null;
    try {
        const parsed = new URL(text);
        return parsed.protocol === "https:" || parsed.protocol === "http:" ? parsed.href : null;
    } catch {
        return null;
    }
}
