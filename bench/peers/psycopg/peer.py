"""The workloads of tusk-bench with psycopg 3, as Debian has it: pure Python around libpq, and psycopg_pool."""

import asyncio
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "python"))

import psycopg
import psycopg_pool

from common import *

SELECT_KV = "select k, v from bench_kv where id=%s"
INSERT = "insert into bench_copy (id, k, v) select * from unnest(%s::int8[], %s::text[], %s::int4[])"


def open_connection(job):
    return psycopg.connect(job.url, autocommit=True)


def point(job):
    on = open_connection(job)
    cursor = on.cursor(binary=True)

    def query(check, n):
        for i in range(n):
            row = key_of(i)
            k, v = cursor.execute(SELECT_KV, (row,), prepare=True).fetchone()
            check.add(row, k, v)

    query(KvCheck(), 100)
    check = KvCheck()
    job.pin_together(on.info.backend_pid)
    job.begin()
    query(check, job.n)
    job.end()
    check.finish(job.n)


def batch(job):
    on = open_connection(job)

    def query(check, n):
        for done in range(0, n, BATCH_SIZE):
            with on.pipeline():
                asked = [
                    on.cursor(binary=True).execute(SELECT_KV, (key_of(i),), prepare=True)
                    for i in range(done, done + BATCH_SIZE)
                ]
            for i, cursor in enumerate(asked, done):
                k, v = cursor.fetchone()
                check.add(key_of(i), k, v)

    query(KvCheck(), BATCH_SIZE)
    check = KvCheck()
    job.pin_together(on.info.backend_pid)
    job.begin()
    query(check, job.n)
    job.end()
    check.finish(job.n)


def rows(job):
    on = open_connection(job)
    on.execute(SCAN_FROM_THE_START)

    def read(check, n):
        for row in on.cursor(binary=True).stream(select_wide(n), binary=True):
            check.add(row)

    read(WideCheck(), 100)
    check = WideCheck()
    job.pin_together(on.info.backend_pid)
    job.begin()
    read(check, job.n)
    job.end()
    check.finish(job.n)


def written(job, write, warm_up):
    on = open_connection(job)
    write(on, warm_up)
    on.execute(EMPTY_COPY)
    job.pin_together(on.info.backend_pid)
    job.begin()
    write(on, job.n)
    job.end()
    check_copied(on.execute(CHECK_COPY).fetchone(), job.n)
    on.execute(EMPTY_COPY)


def copy_in(job):
    def copy(on, n):
        with on.cursor().copy("copy bench_copy (id, k, v) from stdin (format binary)") as to:
            to.set_types(["int8", "text", "int4"])
            for row in copied(1, n):
                to.write_row(row)

    written(job, copy, 100)


def insert(job):
    def insert_rows(on, n):
        for first in range(1, n, INSERT_SIZE):
            columns = [list(c) for c in zip(*copied(first, INSERT_SIZE))]
            on.execute(INSERT, columns, prepare=True, binary=True)

    written(job, insert_rows, 2 * INSERT_SIZE)


async def together(workers, n, work):
    """Workers that share the operations 0 to n - 1."""
    numbers = iter(range(n))

    async def worker():
        for i in numbers:
            await work(i)

    await asyncio.gather(*(worker() for _ in range(workers)))


def open_pool(job, size, most):
    return psycopg_pool.AsyncConnectionPool(
        job.url, min_size=size, max_size=most, timeout=60, kwargs={"autocommit": True})


async def pool(job):
    async with open_pool(job, POOL_CONNECTIONS, POOL_CONNECTIONS) as all:
        await all.wait()

        async def query_all(n, check, took):
            async def one(i):
                begin = time.perf_counter()
                async with all.connection() as on:
                    cursor = await on.cursor(binary=True).execute(SELECT_KV, (key_of(i),), prepare=True)
                    k, v = await cursor.fetchone()
                took.append(time.perf_counter() - begin)
                check.add(key_of(i), k, v)

            await together(POOL_WORKERS, n, one)

        await query_all(2 * POOL_WORKERS, KvCheck(), [])
        check = KvCheck()
        job.begin()
        await query_all(job.n, check, job.latencies)
        job.end()
        check.finish(job.n)


async def lease(job, workers):
    async with open_pool(job, POOL_CONNECTIONS, POOL_CONNECTIONS) as all:
        await all.wait()

        async def one(_):
            async with all.connection():
                pass

        job.begin()
        await together(workers, job.n, one)
        job.end()


def connect(job):
    open_connection(job).close()
    job.begin()
    for _ in range(job.n):
        open_connection(job).close()
    job.end()


async def connect_pool(job):
    async with open_pool(job, 1, job.n + 1) as all:
        await all.wait()
        held = [await all.getconn()]
        job.begin()
        for _ in range(job.n):
            held.append(await all.getconn())
        job.end()
        for on in held:
            await all.putconn(on)


def runs(work):
    return lambda job: asyncio.run(work(job))


main("psycopg", {
    "point": (point, 10_000),
    "batch": (batch, 20_000),
    "rows": (rows, 100_000),
    "copy-in": (copy_in, 300_000),
    "insert": (insert, 100_000),
    "pool": (runs(pool), 4_000),
    "acquire": (runs(lambda job: lease(job, 1)), 20_000),
    "acquire-64": (runs(lambda job: lease(job, POOL_WORKERS)), 10_000),
    "connect": (connect, 50),
    "connect-pool": (runs(connect_pool), 50),
})
