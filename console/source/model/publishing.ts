import { signal } from "@preact/signals";
import { get, post, withQuery } from "./api";
import { Resource } from "./resource";
import type { DeadLetter, DeadLetterPage, Publishing } from "./types";

export const publishing = new Resource<Publishing>((stop) => get<Publishing>("/api/v1/publishing", stop));

const pageSize = 50;
export const deadLetters = new Resource<DeadLetterPage>((stop) =>
    get<DeadLetterPage>(withQuery("/api/v1/publishing/dead-letters", [["limit", String(pageSize)]]), stop));

export async function moreDeadLetters(): Promise<void> {
    const shown = deadLetters.value.peek();
    if (!shown?.next_cursor) return;
    const page = await get<DeadLetterPage>(
        withQuery("/api/v1/publishing/dead-letters", [["limit", String(pageSize)], ["cursor", shown.next_cursor]]));
    deadLetters.value.value = { dead_letters: [...shown.dead_letters, ...page.dead_letters], next_cursor: page.next_cursor };
}

/** What is being replayed: a dead letter's id, or "all". */
export const replaying = signal<ReadonlySet<number | "all">>(new Set());

async function replayAt(path: string, what: number | "all"): Promise<number> {
    replaying.value = new Set([...replaying.peek(), what]);
    try {
        const { replayed } = await post<{ replayed: number }>(path);
        await Promise.all([publishing.load(), deadLetters.load()]);
        return replayed;
    } finally {
        replaying.value = new Set([...replaying.peek()].filter((one) => one !== what));
    }
}

export const replay = (letter: DeadLetter): Promise<number> =>
    replayAt(`/api/v1/publishing/dead-letters/${letter.id}/replay`, letter.id);
export const replayAll = (): Promise<number> => replayAt("/api/v1/publishing/dead-letters/replay", "all");
