// The way to the service: one place for the key, for errors and for whether it can be reached.
import { signal } from "@preact/signals";

/** An answer that is not 2xx, or none at all (status 0). */
export class ApiError extends Error {
    readonly status: number;
    readonly code: string;
    readonly requestId: string | null;

    constructor(status: number, code: string, message: string, requestId: string | null = null) {
        super(message);
        this.status = status;
        this.code = code;
        this.requestId = requestId;
    }

    /** Whether the same request may succeed in a moment. */
    get passing(): boolean {
        return this.status === 0 || this.status === 429 || this.status >= 502;
    }
}

const storedKey = "api-key";

/** Goes with every request; kept until the tab is closed. */
export const apiKey = signal(sessionStorage.getItem(storedKey) ?? "");
/** The service answered 401: somebody has to enter a key. */
export const keyWanted = signal(false);
/** The last request got an answer, whatever it was. */
export const reachable = signal(true);

export function enterKey(key: string): void {
    if (key) sessionStorage.setItem(storedKey, key);
    else sessionStorage.removeItem(storedKey);
    keyWanted.value = false;
    apiKey.value = key;
}

async function failure(answer: Response): Promise<ApiError> {
    const fallback = `The service answered ${answer.status} ${answer.statusText}`.trim() + ".";
    try {
        const { error } = (await answer.json()) as { error: { code?: string; message?: string; request_id?: string } };
        return new ApiError(answer.status, error.code ?? "", error.message ?? fallback, error.request_id ?? null);
    } catch {
        return new ApiError(answer.status, "", fallback);
    }
}

async function send(method: string, path: string, body: unknown, stop?: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = {};
    if (apiKey.peek()) headers["X-API-Key"] = apiKey.peek();
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let answer: Response;
    try {
        answer = await fetch(path, {
            method, headers, cache: "no-store", credentials: "same-origin",
            body: body === undefined ? null : JSON.stringify(body),
            signal: stop ?? null,
        });
    } catch (problem) {
        if (stop?.aborted) throw problem;
        reachable.value = false;
        throw new ApiError(0, "UNREACHABLE", "It may be starting anew, or the network is down. This page tries again by itself.");
    }
    reachable.value = true;
    if (answer.status === 401) keyWanted.value = true;
    if (!answer.ok) throw await failure(answer);
    return answer;
}

export async function get<T>(path: string, stop?: AbortSignal): Promise<T> {
    return (await (await send("GET", path, undefined, stop)).json()) as T;
}

export async function getText(path: string, stop?: AbortSignal): Promise<string> {
    return (await send("GET", path, undefined, stop)).text();
}

export async function post<T>(path: string, body?: unknown): Promise<T> {
    const answer = await send("POST", path, body);
    const text = await answer.text();
    return (text ? JSON.parse(text) : {}) as T;
}

export async function del(path: string): Promise<void> {
    await send("DELETE", path, undefined);
}

/** `path?query`, without the parameters that have no value. */
export function withQuery(path: string, parameters: Iterable<[string, string]>): string {
    const query = new URLSearchParams([...parameters].filter(([, value]) => value !== "")).toString();
    return query ? `${path}?${query}` : path;
}
