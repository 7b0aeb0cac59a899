import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

interface VirtualRowsProps {
    count: number;
    rowHeight: number; // pixels, all the same
    row: (index: number) => ComponentChildren;
    /** The last rows have come into sight. */
    onEnd: () => void;
}

const spare = 8; // rows above and below what is seen
const endIn = 30;

/** Rows of a list as long as it likes, of which only those in the window exist. The window scrolls. */
export function VirtualRows({ count, rowHeight, row, onEnd }: VirtualRowsProps) {
    const host = useRef<HTMLDivElement>(null);
    const [[first, last], setRange] = useState<[number, number]>([0, 30]);

    const measure = () => {
        if (!host.current) return;
        const top = host.current.getBoundingClientRect().top;
        const from = Math.max(0, Math.floor(-top / rowHeight) - spare);
        const to = Math.max(from, Math.ceil((innerHeight - top) / rowHeight) + spare);
        setRange(([a, b]) => (a === from && b === to ? [a, b] : [from, to]));
    };

    useLayoutEffect(measure, [count, rowHeight]);
    useEffect(() => {
        let asked = 0;
        const soon = () => {
            asked ||= requestAnimationFrame(() => {
                asked = 0;
                measure();
            });
        };
        addEventListener("scroll", soon, { passive: true });
        addEventListener("resize", soon);
        return () => {
            cancelAnimationFrame(asked);
            removeEventListener("scroll", soon);
            removeEventListener("resize", soon);
        };
    }, [rowHeight]);
    useEffect(() => {
        if (last + endIn >= count) onEnd();
    });

    const shown: ComponentChildren[] = [];
    for (let i = first; i < Math.min(last, count); ++i) shown.push(row(i));
    return (
        <div ref={host} class="virtual" role="rowgroup" style={{ height: `${count * rowHeight}px` }}>
            <div class="virtual-window" style={{ transform: `translateY(${first * rowHeight}px)` }}>{shown}</div>
        </div>
    );
}
