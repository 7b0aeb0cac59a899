// What stands around every page: the bar, the tabs, the state of the connection.
import type { ComponentChildren } from "preact";
import { addressOf, route } from "../lib/router";
import { theme, toggleTheme } from "../lib/theme";
import { apiKey, enterKey, reachable } from "../model/api";
import { type Connection, connection } from "../model/live";
import { me } from "../model/stats";
import { helpShown } from "./dialogs";
import { AlertsIcon, InsightsIcon, MoonIcon, PoolIcon, PublishingIcon, SilencesIcon, SunIcon } from "./icons";

const tabs = [
    { page: "alerts", name: "Alerts", icon: <AlertsIcon />, keys: "g a" },
    { page: "insights", name: "Insights", icon: <InsightsIcon />, keys: "g i" },
    { page: "silences", name: "Silences", icon: <SilencesIcon />, keys: "g s" },
    { page: "publishing", name: "Publishing", icon: <PublishingIcon />, keys: "g u" },
    { page: "pool", name: "Pool", icon: <PoolIcon />, keys: "g p" },
];

function Tabs() {
    const { page } = route.value;
    return (
        <nav class="tabs" aria-label="Pages">
            {tabs.map((tab) => (
                <a key={tab.page} class="tab" href={addressOf(tab.page)} title={`${tab.name} (${tab.keys})`}
                    aria-current={page === tab.page ? "page" : undefined}>
                    <span class="tab-icon">{tab.icon}</span>
                    <span>{tab.name}</span>
                </a>
            ))}
        </nav>
    );
}

const words: Record<Connection, [string, string]> = {
    connecting: ["Connecting", "Opening the connection for news"],
    live: ["Live", "News arrive as they happen"],
    polling: ["Polling", "No connection for news; asking every five seconds"],
    offline: ["Offline", "The service cannot be reached; trying again"],
};

function ConnectionState() {
    const [word, meaning] = words[connection.value];
    return (
        <span class={`connection connection-${connection.value}`} role="status" title={meaning}>
            <span class="connection-dot" aria-hidden="true" />
            {word}
        </span>
    );
}

function Person() {
    const who = me.value.value;
    if (!apiKey.value || !who?.authentication) return null;
    return (
        <button type="button" class="button button-small person" title={`${who.role}: forget this key`} onClick={() => {
            enterKey("");
            location.reload();
        }}>
            <span class="clip">{who.name}</span>
        </button>
    );
}

export function Frame({ children }: { children: ComponentChildren }) {
    const dark = theme.value === "dark";
    return (
        <>
            <a class="skip" href="#content" onClick={(event) => {
                event.preventDefault();
                document.getElementById("content")?.focus();
            }}>Skip to the content</a>
            <header class="bar">
                <a class="brand" href={addressOf("alerts")}>
                    <svg width="24" height="24" viewBox="0 0 32 32" aria-hidden="true">
                        <rect width="32" height="32" rx="7" fill="#2f5bd8" />
                        <path d="M6 19h5l3-10 4 15 3-9 1.5 4H26" fill="none" stroke="#fff" stroke-width="2.6"
                            stroke-linecap="round" stroke-linejoin="round" />
                    </svg>
                    <span>alerthist</span>
                </a>
                <Tabs />
                <div class="bar-end">
                    <ConnectionState />
                    <Person />
                    <button type="button" class="icon-button" onClick={toggleTheme} title="Light or dark (t)"
                        aria-label={dark ? "Use the light theme" : "Use the dark theme"}>
                        {dark ? <SunIcon /> : <MoonIcon />}
                    </button>
                    <button type="button" class="icon-button help-button" title="Keyboard (?)" aria-label="Keyboard shortcuts"
                        onClick={() => (helpShown.value = true)}>?</button>
                </div>
            </header>
            {!reachable.value && (
                <div class="offline" role="alert">The service cannot be reached. What you see may be old; trying again…</div>
            )}
            <main id="content" tabIndex={-1}>{children}</main>
        </>
    );
}
