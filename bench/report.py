#!/usr/bin/python3 -B
"""The tables of bench/compare, in Markdown; `bench/report.py FILE` makes them again of what --json kept."""

import json
import os
import statistics
import sys
from dataclasses import dataclass


@dataclass
class Table:
    name: str  # what the peers' workload is called
    ours: list  # what is compared with it
    n: int  # operations of a run
    pinned: bool = False  # client and server on one CPU: else the same binary varies several times over
    unit: str = "µs"
    step: int = 1  # operations come in multiples of this

    def operations(self, percent):
        return max(1, round(self.n * percent / 100 / self.step)) * self.step


tables = [
    Table("point", ["point", "point-blocking"], 50_000, pinned=True),
    Table("batch", ["batch", "batch-blocking"], 200_000, pinned=True, step=100),
    Table("pool", ["pool", "pool-threads"], 100_000),
    Table("rows", ["rows", "rows-stream", "rows-blocking"], 1_000_000, unit="ns"),
    Table("rows-structs", ["rows-structs"], 1_000_000, unit="ns"),
    Table("copy-in", ["copy-in", "copy-in-blocking"], 1_000_000, unit="ns"),
    Table("insert", ["insert", "insert-blocking"], 200_000, unit="ns", step=1_000),
    Table("acquire", ["acquire"], 1_000_000, unit="ns"),
    Table("acquire-64", ["acquire-64", "acquire-handoff"], 1_000_000, unit="ns"),
    Table("connect", ["connect", "connect-blocking"], 200),
    Table("connect-pool", ["connect-pool"], 50),
    Table("orm-point", ["orm-point-sql", "orm-point"], 50_000, pinned=True),
    Table("orm-rows", ["orm-rows-sql", "orm-rows"], 10_000, pinned=True),
    Table("orm-insert", ["orm-insert-sql", "orm-insert"], 50_000, pinned=True),
    Table("orm-insert-100", ["orm-insert-100-sql", "orm-insert-100"], 5_000, pinned=True),
]


def tables_of(names):
    return [t for t in tables if not names or t.name in names or set(t.ours) & set(names)]


def machine():
    model = "unknown CPU"
    with open("/proc/cpuinfo") as lines:
        for line in lines:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"cpu": model, "cpus": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}


class Figures:
    """Medians of the runs of each peer's workload."""

    def __init__(self, runs):
        self.runs = {}
        for run in runs:
            self.runs.setdefault((run["peer"], run["workload"]), []).append(run)

    def peers_of(self, workload):
        return [p for p, w in self.runs if w == workload and p != "tusk"]

    def median(self, peer, workload, value):
        found = [v for v in map(value, self.runs.get((peer, workload), [])) if v is not None]
        return statistics.median(found) if found else None

    def cpu(self, peer, workload):
        """Seconds of user and system time for an operation."""
        return self.median(peer, workload, lambda r: (r["user_s"] + r["sys_s"]) / r["ops"])

    def user(self, peer, workload):
        return self.median(peer, workload, lambda r: r["user_s"] / r["ops"])

    def rate(self, peer, workload):
        return self.median(peer, workload, lambda r: r["ops"] / r["wall_s"])

    def p99(self, peer, workload):
        return self.median(peer, workload, lambda r: r.get("p99_us"))

    def mib(self, peer, workload):
        return self.median(peer, workload, lambda r: r["peak_rss_kb"] / 1024)


def short(value):
    """Three figures."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def ratio(a, b):
    return f"{a / b:.2f}" if a is not None and b else ""


def markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(r) + " |" for r in rows])


def table_text(f, t):
    ours = [o for o in t.ours if f.cpu("tusk", o) is not None]
    scale = {"µs": 1e6, "ns": 1e9}[t.unit]
    with_p99 = f.p99("tusk", t.name) is not None
    head = [t.name, f"CPU {t.unit}", "user", *(f"`{o}` / it" for o in ours), "per second"]
    head += ["p99 ms"] * with_p99 + ["MiB"]
    rows = []
    others = sorted(f.peers_of(t.name), key=lambda p: f.cpu(p, t.name))
    for peer, workload in [("tusk", o) for o in ours] + [(p, t.name) for p in others]:
        cpu = f.cpu(peer, workload)
        row = [f"**Tusk** `{workload}`" if peer == "tusk" else peer, short(cpu * scale),
               short(f.user(peer, workload) * scale)]
        row += [ratio(f.cpu("tusk", o), cpu) for o in ours] + [short(f.rate(peer, workload))]
        if with_p99:
            p99 = f.p99(peer, workload)
            row.append(short(p99 / 1e3) if p99 is not None else "")
        rows.append(row + [short(f.mib(peer, workload))])
    return markdown(head, rows)


def best(f, workload, value, wanted=min, without=("floor",)):
    found = [value(p, workload) for p in f.peers_of(workload) if p not in without]
    found = [v for v in found if v is not None]
    return wanted(found) if found else None


def goals(f):
    """(what is wanted, our figure / the limit's base, the limit): reached when the quotient is at most the limit."""
    cpu = f.cpu

    def ours(workload):
        return cpu("tusk", workload)

    def libpq(workload):
        return cpu("libpq", workload)

    def floor(workload):
        return cpu("floor", workload)

    yield "`point-blocking` / libpq", ours("point-blocking"), libpq("point"), 1.0
    yield "`point` / libpq", ours("point"), libpq("point"), 1.15
    yield "`point` / best other peer", ours("point"), best(f, "point", cpu, without=("floor", "libpq")), 1.0
    yield "`batch` / libpq's pipeline", ours("batch"), libpq("batch"), 1.0
    yield "`batch` / floor", ours("batch"), floor("batch"), 2.0
    yield "`rows` / best peer", ours("rows"), best(f, "rows", cpu), 0.5
    yield "`rows` / floor", ours("rows"), floor("rows"), 1.4
    yield "`copy-in` / libpq", ours("copy-in"), libpq("copy-in"), 1.0
    yield "`connect` / best peer", ours("connect"), best(f, "connect", cpu), 1.0
    yield "`connect-pool` / best peer's `connect`", ours("connect-pool"), best(f, "connect", cpu), 0.2
    yield "best peer's throughput / `pool`", best(f, "pool", f.rate, max), f.rate("tusk", "pool"), 0.5
    yield "`pool` / best peer, CPU", ours("pool"), best(f, "pool", cpu), 1 / 3
    yield "`pool` / best peer, p99", f.p99("tusk", "pool"), best(f, "pool", f.p99), 1.0
    yield "`acquire` / 100 ns", ours("acquire"), 100e-9, 1.0
    yield "`acquire-64` / 400 ns", ours("acquire-64"), 400e-9, 1.0
    yield "`orm-point-sql` / `point-blocking`", ours("orm-point-sql"), ours("point-blocking"), 1.01


def goals_text(f):
    rows = []
    for what, got, base, limit in goals(f):
        if got is None or not base:
            continue
        value = got / base
        rows.append([what, f"{value:.2f}", f"≤ {limit:.2f}", "yes" if value <= limit else "**no**"])
    return markdown(["goal", "is", "should be", "reached"], rows) if rows else ""


def allocations_text(runs):
    rows = [[f"`{r['workload']}`", f"{r['allocations'] / r['ops']:.3f}", f"{r['allocated_bytes'] / r['ops']:,.1f}"]
            for r in runs]
    return markdown(["Tusk", "allocations", "bytes"], rows) if rows else ""


def text(kept):
    f, m = Figures(kept["runs"]), kept["machine"]
    parts = [f"{m['cpu']}, {m['cpus']} CPUs (load {m['load']} before it began); medians of {kept['rounds']} rounds"
             + (f", {kept['work']:g} % of the operations" if kept["work"] != 100 else "")]
    parts += [f"Without {peer}: {reason}" for peer, reason in kept["missing"].items()]
    parts += [table_text(f, t) for t in tables if any(f.cpu("tusk", o) is not None for o in t.ours)]
    parts += [t for t in (goals_text(f), allocations_text(kept["allocations"])) if t]
    return "\n\n".join(parts)


if __name__ == "__main__":
    with open(sys.argv[1]) as kept_file:
        print(text(json.load(kept_file)))
