"""What the peers in Python share: the work of bench/README.md, its measurement and its checks."""

import json
import math
import os
import resource
import subprocess
import sys
import time

KV_ROWS = 100_000
WIDE_ROWS = 1_000_000
POOL_WORKERS = 64
POOL_CONNECTIONS = 20
INSERT_SIZE = 1_000
BATCH_SIZE = 100
PAGE_SIZE = 100

SCAN_FROM_THE_START = "set synchronize_seqscans = off"
EMPTY_COPY = "truncate bench_copy"
CHECK_COPY = (
    "select count(*), sum(id)::int8, sum(v)::int8, "
    "bool_and(k = 'key-' || lpad(id::text, 12, '0')) from bench_copy"
)


def key_of(i):
    return i * 7919 % KV_ROWS + 1


def page_of(i):
    return key_of(i) % (KV_ROWS - PAGE_SIZE + 1)


def select_wide(n):
    return "select id,a,b,c,d,e,f,g from bench_wide" + (f" limit {n}" if n < WIDE_ROWS else "")


def scattered(row):
    return row * 7919 % 1000003


def copied(first, n):
    """Rows of bench_copy, each key made anew."""
    for row in range(first, first + n):
        yield row, "key-%012d" % row, scattered(row)


class WrongAnswer(Exception):
    pass


class KvCheck:
    """Counts the rows of bench_kv and those that are not what they should be."""

    def __init__(self):
        self.rows = 0
        self.wrong = 0

    def add(self, row, k, v):
        self.rows += 1
        if v != scattered(row) or len(k) != 16 or int(k[-1]) != row % 10:
            self.wrong += 1

    def finish(self, rows):
        if self.rows != rows or self.wrong:
            raise WrongAnswer(f"{self.rows} rows of bench_kv came, {self.wrong} wrong; {rows} should")


class WideCheck:
    """Sums over all rows of bench_wide."""

    def __init__(self):
        self.rows = self.id = self.a = self.c = self.e = 0
        self.b = self.d = self.f = 0

    def add(self, row):
        number, a, b, c, d, e, f, g = row
        self.rows += 1
        self.id += number
        self.a += a
        self.b += b
        self.c += len(c)
        self.d += d.microsecond
        self.e += e
        self.f += f
        if number % 1024 == 1 and g.hex != c:
            raise WrongAnswer("a uuid is wrong")

    def finish(self, n):
        numbers = range(1, n + 1)
        wanted = (
            n, n * (n + 1) // 2, sum(map(scattered, numbers)), 32 * n, n // 3,
            sum(i * 1_001_234 % 1_000_000 for i in numbers), sum(numbers) + 25 * n,
        )
        got = (self.rows, self.id, self.a, self.c, self.e, self.d, int(self.f * 100))
        if got != wanted or not math.isclose(self.b, n * (n + 1) / 14, rel_tol=1e-6):
            raise WrongAnswer(f"bench_wide is wrong: {got}, not {wanted}")


def check_copied(row, n):
    """`row` is what CHECK_COPY answers."""
    numbers = range(1, n + 1)
    if tuple(row) != (n, sum(numbers), sum(map(scattered, numbers)), True):
        raise WrongAnswer("bench_copy does not hold what was written")


class Job:
    def __init__(self, url, n, pin):
        self.url, self.n, self.pin = url, n, pin
        self.latencies = []

    def pin_together(self, backend):
        """Puts all threads of this process and the server's process on one CPU."""
        if self.pin is None:
            return
        for pid in (os.getpid(), backend):
            subprocess.run(["taskset", "-apc", self.pin, str(pid)], check=True, stdout=subprocess.DEVNULL)

    def begin(self):
        """The timed section begins. Connecting, preparing and warming up stay outside."""
        self._before = resource.getrusage(resource.RUSAGE_SELF)
        self._begin = time.perf_counter()

    def end(self):
        self.wall = time.perf_counter() - self._begin
        after = resource.getrusage(resource.RUSAGE_SELF)
        self.user = after.ru_utime - self._before.ru_utime
        self.sys = after.ru_stime - self._before.ru_stime


def fail(peer, code, text):
    print(f"{peer}: {text}", file=sys.stderr)
    sys.exit(code)


def main(peer, workloads):
    """`workloads`: name to (function of a Job, number of operations). Exit code 2: no such workload."""
    arguments = sys.argv[1:]
    if not arguments or len(arguments) % 2 == 0:
        fail(peer, 2, "run WORKLOAD --url URL [--n N] [--pin CPU]")
    name = arguments[0]
    options = dict(zip(arguments[1::2], arguments[2::2]))
    if not options.keys() <= {"--url", "--n", "--pin"} or "--url" not in options:
        fail(peer, 2, f"unknown option among {' '.join(options)}")
    if name not in workloads:
        fail(peer, 2, f'no workload "{name}"; there are {", ".join(workloads)}')
    run, default_n = workloads[name]
    job = Job(options["--url"], int(options.get("--n", default_n)), options.get("--pin"))
    try:
        run(job)
    except Exception as e:
        fail(peer, 1, f"{type(e).__name__}: {e}")
    out = {
        "workload": name, "peer": peer, "ops": job.n, "wall_s": round(job.wall, 6),
        "user_s": round(job.user, 6), "sys_s": round(job.sys, 6),
        "peak_rss_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "pinned": job.pin is not None,
    }
    if job.latencies:
        took = sorted(job.latencies)
        for share, field in ((0.5, "p50_us"), (0.99, "p99_us")):
            out[field] = round(took[int(share * (len(took) - 1))] * 1e6, 1)
    print(json.dumps(out, separators=(",", ":")))
