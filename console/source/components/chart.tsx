import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { timeOfDay } from "../lib/format";
import { theme } from "../lib/theme";

export interface Series {
    label: string;
    /** A custom property of tokens.css. */
    color: string;
    /** Lines differ in their dashes, too: not only in colour. */
    dash?: number[];
    fill?: boolean;
    width?: number;
}

interface ChartProps {
    title: string;
    hint: string;
    series: Series[];
    /** Seconds since 1970, then one list a series. */
    data: [number[], ...(number | null)[][]];
    format: (value: number | null) => string;
    /** The axis reaches at least this far. */
    least?: number;
    height?: number;
}

const color = (property: string): string => getComputedStyle(document.documentElement).getPropertyValue(property).trim();

const withAlpha = (property: string, alpha: number): string => {
    const hex = color(property);
    return /^#[0-9a-f]{6}$/i.test(hex) ? hex + Math.round(alpha * 255).toString(16).padStart(2, "0") : hex;
};

/** "5.00 ms" is "5 ms" on an axis. */
const short = (text: string): string => text.replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");

const isMissing = (value: number | null | undefined): boolean => value === null || value === undefined;

/** Where there are values without neighbours. */
const alone = (values: (number | null)[]): number[] =>
    values.flatMap((value, i) => (!isMissing(value) && isMissing(values[i - 1]) && isMissing(values[i + 1]) ? [i] : []));

function options(props: ChartProps, width: number, onHover: (index: number | null) => void): uPlot.Options {
    const font = `11px ${getComputedStyle(document.body).fontFamily}`;
    const axis = { stroke: color("--text-faint"), font, ticks: { show: false } };
    const grid = { stroke: color("--grid"), width: 1 };
    return {
        width,
        height: props.height ?? 168,
        padding: [8, 8, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false }, sync: { key: "pool" } },
        scales: {
            x: { time: true },
            y: { range: (_, __, highest) => [0, Math.max(props.least ?? 0, (highest ?? 0) * 1.08) || 1] },
        },
        axes: [
            { ...axis, grid: { show: false }, space: 72, size: 26, values: (_, ticks) => ticks.map((at) => timeOfDay(at * 1000).slice(0, 8)) },
            { ...axis, grid, size: 56, space: 32, values: (_, ticks) => ticks.map((value) => short(props.format(value))) },
        ],
        series: [
            {},
            ...props.series.map((one): uPlot.Series => ({
                label: one.label,
                stroke: color(one.color),
                width: one.width ?? 1.75,
                dash: one.dash ?? [],
                fill: one.fill ? withAlpha(one.color, 0.14) : "transparent",
                // A line needs two values: one that stands alone is a point.
                points: { show: false, size: 4, fill: color(one.color), filter: (chart, i) => alone(chart.data[i] as (number | null)[]) },
                spanGaps: false,
            })),
        ],
        hooks: { setCursor: [(chart) => onHover(chart.cursor.idx ?? null)] },
    };
}

function Key({ one }: { one: Series }) {
    return (
        <svg class="chart-key" width="18" height="8" viewBox="0 0 18 8" aria-hidden="true">
            <line x1="0" x2="18" y1="4" y2="4" stroke={`var(${one.color})`} stroke-width="2.5"
                stroke-dasharray={one.dash?.join(" ")} />
        </svg>
    );
}

/** A time series with its values beside it: those pointed at, else the latest. */
export function Chart(props: ChartProps) {
    const host = useRef<HTMLDivElement>(null);
    const chart = useRef<uPlot | null>(null);
    const [hovered, setHovered] = useState<number | null>(null);
    const { data, series } = props;
    const shownTheme = theme.value;

    useEffect(() => {
        const place = host.current as HTMLDivElement;
        const mine = new uPlot(options(props, place.clientWidth, setHovered), data as uPlot.AlignedData, place);
        chart.current = mine;
        const watcher = new ResizeObserver(() => mine.setSize({ width: place.clientWidth, height: props.height ?? 168 }));
        watcher.observe(place);
        return () => {
            watcher.disconnect();
            mine.destroy();
            chart.current = null;
        };
    }, [shownTheme]);
    useEffect(() => chart.current?.setData(data as uPlot.AlignedData), [data]);

    const times = data[0];
    const latest = times.length - 1;
    const at = hovered !== null && hovered <= latest ? hovered : latest;
    const values = series.map((_, i) => props.format(data[i + 1]?.[at] ?? null));
    return (
        <figure class="card chart" role="group" aria-label={props.title}>
            <figcaption class="chart-head">
                <h2>{props.title}</h2>
                <span class="faint chart-hint">{props.hint}</span>
                <span class="faint chart-time">{at >= 0 ? timeOfDay((times[at] as number) * 1000) : ""}</span>
            </figcaption>
            <dl class="chart-legend">
                {series.map((one, i) => (
                    <div key={one.label}>
                        <dt><Key one={one} />{one.label}</dt>
                        <dd>{values[i]}</dd>
                    </div>
                ))}
            </dl>
            <div ref={host} class="chart-plot" aria-hidden="true" style={{ height: `${props.height ?? 168}px` }} />
        </figure>
    );
}
