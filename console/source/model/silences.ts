import { del, get, post } from "./api";
import { Resource } from "./resource";
import type { Labels, Matcher, Silence, SilenceList } from "./types";

export const silences = new Resource<SilenceList>((stop) => get<SilenceList>("/api/v1/silences", stop));

export interface Draft {
    /** One a line: name="value", name!="value", name=~"pattern", name!~"pattern"; the quotes may be left out. */
    matchers: string;
    /** How long: "2h", "30m", "1d12h". */
    lasts: string;
    createdBy: string;
    comment: string;
}

const line = /^\s*([^\s=!~]+)\s*(=~|!~|!=|=)\s*(.*?)\s*$/;

/** The matchers of a text, or what is wrong with it. */
export function parseMatchers(text: string): Matcher[] | string {
    const out: Matcher[] = [];
    for (const one of text.split("\n").filter((part) => part.trim())) {
        const [, name, operator, value] = line.exec(one) ?? [];
        if (!name || !operator || value === undefined) return `“${one.trim()}” is not of the form name="value"`;
        const quoted = /^"(.*)"$/.exec(value);
        out.push({ name, value: quoted ? (quoted[1] as string) : value, is_equal: operator[0] === "=", is_regex: operator[1] === "~" });
    }
    return out.length > 0 ? out : "Say which alerts: at least one matcher is needed";
}

export const matcherText = ({ name, value, is_equal = true, is_regex = false }: Matcher): string => `${name}${is_equal ? "=" : "!"}${is_regex ? "~" : is_equal ? "" : "="}"${value}"`;

export const matchersOf = (labels: Labels): string => Object.entries(labels).map(([name, value]) => `${name}="${value}"`).join("\n");

const units: Record<string, number> = { m: 60e3, h: 3600e3, d: 86400e3, w: 604800e3 };

/** Milliseconds, or null: "90m", "1d12h". */
export function parseLasting(text: string): number | null {
    const parts = text.trim().match(/^(?:\d+[mhdw]\s*)+$/) && text.match(/\d+[mhdw]/g);
    const total = parts?.reduce((sum, part) => sum + Number(part.slice(0, -1)) * (units[part.slice(-1)] as number), 0) ?? 0;
    return total > 0 && total <= 10 * 365 * 86400e3 ? total : null;
}

/** Throws an `ApiError`. */
export async function createSilence(matchers: Matcher[], lasts: number, createdBy: string, comment: string): Promise<void> {
    await post<Silence>("/api/v1/silences", { matchers, ends_at: new Date(Date.now() + lasts).toISOString(), created_by: createdBy, comment });
    await silences.load();
}

/** It ends now; it stays in the list of those that are over. */
export async function expireSilence(one: Silence): Promise<void> {
    await del(`/api/v1/silences/${one.id}`);
    await silences.load();
}
