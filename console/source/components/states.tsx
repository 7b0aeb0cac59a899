// What stands where data would: nothing yet, nothing at all, a failure.
import type { ComponentChildren } from "preact";
import type { ApiError } from "../model/api";
import { NothingIcon, PlugIcon, RetryIcon } from "./icons";

interface MessageProps {
    icon?: ComponentChildren;
    title: string;
    children?: ComponentChildren;
    action?: ComponentChildren;
    alert?: boolean;
}

export function Message({ icon, title, children, action, alert = false }: MessageProps) {
    return (
        <div class="message" role={alert ? "alert" : "status"}>
            <div class="message-icon">{icon ?? <NothingIcon />}</div>
            <p class="message-title">{title}</p>
            {children && <div class="message-text">{children}</div>}
            {action && <div class="message-action">{action}</div>}
        </div>
    );
}

const titles: Record<number, string> = {
    0: "The service cannot be reached",
    401: "A key is needed",
    403: "This key may not do that",
    404: "There is no such thing",
    503: "The database cannot serve now",
};

export const titleOf = (problem: ApiError): string => titles[problem.status] ?? "The service could not answer";

export function Problem({ problem, retry }: { problem: ApiError; retry: () => void }) {
    return (
        <Message icon={<PlugIcon />} title={titleOf(problem)} alert
            action={<button type="button" class="button" onClick={retry}><RetryIcon /> Try again</button>}>
            <p>{problem.message}</p>
            {problem.requestId && <p class="faint">Request <code>{problem.requestId}</code></p>}
        </Message>
    );
}

/** A problem while older data is still shown. */
export function ProblemLine({ problem, retry }: { problem: ApiError; retry: () => void }) {
    return (
        <div class="problem-line" role="alert">
            <span><strong>{titleOf(problem)}.</strong> What you see is older.</span>
            <button type="button" class="button button-small" onClick={retry}><RetryIcon /> Try again</button>
        </div>
    );
}

export function Skeleton({ lines, height = 16 }: { lines: number; height?: number }) {
    return (
        <div class="skeletons" aria-hidden="true">
            {Array.from({ length: lines }, (_, i) => (
                <div key={i} class="skeleton" style={{ height: `${height}px`, width: `${92 - ((i * 17) % 40)}%` }} />
            ))}
        </div>
    );
}
