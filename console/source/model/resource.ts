import { type Signal, signal } from "@preact/signals";
import { ApiError } from "./api";

/** Something that is fetched, and may be fetched again: the old value stays while a new one is under way. */
export class Resource<T> {
    readonly value: Signal<T | null> = signal<T | null>(null);
    readonly problem: Signal<ApiError | null> = signal<ApiError | null>(null);
    readonly loading: Signal<boolean> = signal(false);
    private stop: AbortController | null = null;

    constructor(private readonly fetchIt: (stop: AbortSignal) => Promise<T>) {}

    /** A request under way is given up for this one. */
    async load(): Promise<void> {
        this.stop?.abort();
        const mine = new AbortController();
        this.stop = mine;
        this.loading.value = true;
        try {
            const value = await this.fetchIt(mine.signal);
            if (mine.signal.aborted) return;
            this.value.value = value;
            this.problem.value = null;
        } catch (problem) {
            if (mine.signal.aborted) return;
            this.problem.value = asApiError(problem);
        }
        this.loading.value = false;
    }

    cancel(): void {
        this.stop?.abort();
        this.loading.value = false;
    }
}

export function asApiError(problem: unknown): ApiError {
    if (problem instanceof ApiError) return problem;
    return new ApiError(0, "CONSOLE", problem instanceof Error ? problem.message : String(problem));
}
