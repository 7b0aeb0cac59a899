// Icons of 16 units. Severities differ in shape, not only in colour.
import type { ComponentChildren } from "preact";
import type { Severity } from "../model/severity";

function Icon({ children, size = 16 }: { children: ComponentChildren; size?: number }) {
    return (
        <svg width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.6"
            stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
            {children}
        </svg>
    );
}

export function SeverityIcon({ severity, size = 16 }: { severity: Severity; size?: number }) {
    if (severity === "critical")
        return (
            <Icon size={size}>
                <path d="M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2z" fill="currentColor" />
                <path d="M8 4.6v4M8 11.3v.1" stroke="var(--surface)" stroke-width="1.9" />
            </Icon>
        );
    if (severity === "warning")
        return (
            <Icon size={size}>
                <path d="M8 1.8 15 14H1z" fill="currentColor" />
                <path d="M8 6.5v3M8 11.9v.1" stroke="var(--surface)" stroke-width="1.7" />
            </Icon>
        );
    if (severity === "info")
        return (
            <Icon size={size}>
                <circle cx="8" cy="8" r="6.3" />
                <path d="M8 7.4v3.6M8 4.8v.1" stroke-width="1.8" />
            </Icon>
        );
    return (
        <Icon size={size}>
            <circle cx="8" cy="8" r="6.3" stroke-dasharray="2.6 2.35" />
        </Icon>
    );
}

export const SilencesIcon = ({ size = 16 }: { size?: number }) => (
    <Icon size={size}>
        <path d="M4 11V7a4 4 0 0 1 6.5-3.1M12 8v3l1 1H5.5M6.8 14h2.4M2 2l12 12" />
    </Icon>
);
export const FiringIcon = () => (
    <Icon size={12}>
        <circle cx="8" cy="8" r="5" fill="currentColor" />
    </Icon>
);
export const DoneIcon = ({ size = 12 }: { size?: number }) => (
    <Icon size={size}>
        <path d="m3 8.5 3.5 3.5L13 4.5" stroke-width="2.2" />
    </Icon>
);
export const CrossIcon = ({ size = 12 }: { size?: number }) => (
    <Icon size={size}>
        <path d="m4 4 8 8m0-8-8 8" stroke-width="2" />
    </Icon>
);
export const SearchIcon = () => (
    <Icon>
        <circle cx="7" cy="7" r="4.5" />
        <path d="m10.5 10.5 3.5 3.5" />
    </Icon>
);
export const BackIcon = () => (
    <Icon>
        <path d="M13 8H3m4-4.5L2.5 8 7 12.5" />
    </Icon>
);
export const SunIcon = () => (
    <Icon>
        <circle cx="8" cy="8" r="3" />
        <path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1" />
    </Icon>
);
export const MoonIcon = () => (
    <Icon>
        <path d="M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3z" />
    </Icon>
);
export const AlertsIcon = () => (
    <Icon size={18}>
        <path d="M8 1.8a4.2 4.2 0 0 0-4.2 4.2c0 4-1.6 5.2-1.6 5.2h11.6s-1.6-1.2-1.6-5.2A4.2 4.2 0 0 0 8 1.8zM6.5 13.7a1.7 1.7 0 0 0 3 0" />
    </Icon>
);
export const InsightsIcon = () => (
    <Icon size={18}>
        <path d="M2 14h12M4 11V8M8 11V3M12 11V6" stroke-width="2" />
    </Icon>
);
export const PublishingIcon = () => (
    <Icon size={18}>
        <path d="m14.5 1.5-6.5 13-2-6.5-5-2.5zM6 8l4-3" />
    </Icon>
);
export const PoolIcon = () => (
    <Icon size={18}>
        <ellipse cx="8" cy="3.5" rx="5.5" ry="2" />
        <path d="M2.5 3.5v9c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2v-9M2.5 8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2" />
    </Icon>
);
export const CopyIcon = () => (
    <Icon size={14}>
        <rect x="5.5" y="5.5" width="8" height="8.5" rx="1.5" />
        <path d="M10.5 3.5V3A1.5 1.5 0 0 0 9 1.5H4A1.5 1.5 0 0 0 2.5 3v6A1.5 1.5 0 0 0 4 10.5h.5" />
    </Icon>
);
export const OutIcon = () => (
    <Icon size={12}>
        <path d="M6 3H3v10h10v-3M9 2.5h4.5V7M13 3 7.5 8.5" />
    </Icon>
);
export const RetryIcon = () => (
    <Icon size={14}>
        <path d="M13.5 8A5.5 5.5 0 1 1 11.6 3.8M12 1v3.2H8.8" />
    </Icon>
);
export const PlugIcon = () => (
    <Icon size={32}>
        <path d="M2 14 5 11M11 5l3-3M6 6.5l3.5 3.5-1 1a2.5 2.5 0 0 1-3.5-3.5zM7 5.5l1-1A2.5 2.5 0 0 1 11.5 8l-1 1" stroke-width="1" />
    </Icon>
);
export const CalmIcon = () => (
    <Icon size={32}>
        <circle cx="8" cy="8" r="6.5" stroke-width="1" />
        <path d="m5.3 8.2 2 2 3.5-4" stroke-width="1" />
    </Icon>
);
export const NothingIcon = () => (
    <Icon size={32}>
        <circle cx="7" cy="7" r="4.5" stroke-width="1" />
        <path d="m10.5 10.5 3.5 3.5M5.5 7h3" stroke-width="1" />
    </Icon>
);
