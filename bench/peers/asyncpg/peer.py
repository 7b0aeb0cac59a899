"""The workloads of tusk-bench with asyncpg on uvloop. It has no pipeline whose answers can be read: no `batch`."""

import asyncio
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "python"))

import asyncpg
import uvloop

from common import *

SELECT_KV = "select k, v from bench_kv where id=$1"
INSERT = "insert into bench_copy (id, k, v) select * from unnest($1::int8[], $2::text[], $3::int4[])"


async def query(statement, check, n):
    for i in range(n):
        row = key_of(i)
        k, v = await statement.fetchrow(row)
        check.add(row, k, v)


async def point(job):
    on = await asyncpg.connect(job.url)
    statement = await on.prepare(SELECT_KV)
    await query(statement, KvCheck(), 100)
    check = KvCheck()
    job.pin_together(on.get_server_pid())
    job.begin()
    await query(statement, check, job.n)
    job.end()
    check.finish(job.n)


async def read_wide(on, check, n):
    async with on.transaction():
        async for row in on.cursor(select_wide(n), prefetch=1000):
            check.add(row)


async def rows(job):
    on = await asyncpg.connect(job.url)
    await on.execute(SCAN_FROM_THE_START)
    await read_wide(on, WideCheck(), 100)
    check = WideCheck()
    job.pin_together(on.get_server_pid())
    job.begin()
    await read_wide(on, check, job.n)
    job.end()
    check.finish(job.n)


async def copy(on, n):
    await on.copy_records_to_table("bench_copy", records=copied(1, n), columns=["id", "k", "v"])


async def insert_rows(statement, n):
    for first in range(1, n, INSERT_SIZE):
        await statement.fetch(*zip(*copied(first, INSERT_SIZE)))


async def written(job, on, write, warm_up):
    await write(warm_up)
    await on.execute(EMPTY_COPY)
    job.pin_together(on.get_server_pid())
    job.begin()
    await write(job.n)
    job.end()
    check_copied(await on.fetchrow(CHECK_COPY), job.n)
    await on.execute(EMPTY_COPY)


async def copy_in(job):
    on = await asyncpg.connect(job.url)
    await written(job, on, lambda n: copy(on, n), 100)


async def insert(job):
    on = await asyncpg.connect(job.url)
    statement = await on.prepare(INSERT)
    await written(job, on, lambda n: insert_rows(statement, n), 2 * INSERT_SIZE)


async def together(workers, n, work):
    """Workers that share the operations 0 to n - 1."""
    numbers = iter(range(n))

    async def worker():
        for i in numbers:
            await work(i)

    await asyncio.gather(*(worker() for _ in range(workers)))


def full_pool(job):
    return asyncpg.create_pool(job.url, min_size=POOL_CONNECTIONS, max_size=POOL_CONNECTIONS)


async def pool(job):
    async with full_pool(job) as all:
        async def query_all(n, check, took):
            async def one(i):
                begin = time.perf_counter()
                k, v = await all.fetchrow(SELECT_KV, key_of(i))
                took.append(time.perf_counter() - begin)
                check.add(key_of(i), k, v)

            await together(POOL_WORKERS, n, one)

        await query_all(40 * POOL_WORKERS, KvCheck(), [])
        check = KvCheck()
        job.begin()
        await query_all(job.n, check, job.latencies)
        job.end()
        check.finish(job.n)


async def lease(job, workers):
    async with full_pool(job) as all:
        async def one(_):
            async with all.acquire():
                pass

        await together(workers, 40 * workers, one)
        job.begin()
        await together(workers, job.n, one)
        job.end()


async def connect(job):
    async def open_all(n):
        for _ in range(n):
            on = await asyncpg.connect(job.url)
            await on.close()

    await open_all(1)
    job.begin()
    await open_all(job.n)
    job.end()


async def connect_pool(job):
    all = await asyncpg.create_pool(job.url, min_size=1, max_size=job.n + 1)
    held = [await all.acquire()]
    job.begin()
    for _ in range(job.n):
        held.append(await all.acquire())
    job.end()
    all.terminate()


def runs(work):
    return lambda job: asyncio.run(work(job))


uvloop.install()
main("asyncpg", {
    "point": (runs(point), 20_000),
    "rows": (runs(rows), 1_000_000),
    "copy-in": (runs(copy_in), 1_000_000),
    "insert": (runs(insert), 100_000),
    "pool": (runs(pool), 20_000),
    "acquire": (runs(lambda job: lease(job, 1)), 5_000),
    "acquire-64": (runs(lambda job: lease(job, POOL_WORKERS)), 10_000),
    "connect": (runs(connect), 50),
    "connect-pool": (runs(connect_pool), 50),
})
