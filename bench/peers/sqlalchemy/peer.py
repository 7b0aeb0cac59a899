"""The workloads of the ORM with SQLAlchemy Core (on psycopg2)."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "python"))

import psycopg2
import sqlalchemy
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, insert, select

from common import *

tables = MetaData()


def table(name):
    return Table(name, tables, Column("id", BigInteger, primary_key=True, autoincrement=False),
                 Column("k", Text), Column("v", Integer))


kv, target = table("bench_kv"), table("bench_copy")


def open_connection(job):
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg2://", isolation_level="AUTOCOMMIT", executemany_mode="values",
        creator=lambda: psycopg2.connect(job.url))
    return engine.connect()


def backend(on):
    return on.connection.connection.info.backend_pid


def measured(job, on, work, forget):
    for i in range(100):
        work(i)
    forget()
    job.pin_together(backend(on))
    job.begin()
    for i in range(job.n):
        work(i)
    job.end()


def point(job):
    on = open_connection(job)
    check = KvCheck()

    def work(i):
        row = key_of(i)
        k, v = on.execute(select(kv.c.k, kv.c.v).where(kv.c.id == row)).one()
        check.add(row, k, v)

    measured(job, on, work, check.__init__)
    check.finish(job.n)


def rows(job):
    on = open_connection(job)
    check = KvCheck()

    def work(i):
        first = page_of(i)
        found = on.execute(select(kv).where(kv.c.id > first).order_by(kv.c.id).limit(PAGE_SIZE)).all()
        for wanted, (row, k, v) in enumerate(found, first + 1):
            check.add(wanted, k, v)

    measured(job, on, work, check.__init__)
    check.finish(job.n * PAGE_SIZE)


def inserted(job, size, write):
    on = open_connection(job)
    measured(job, on, lambda i: write(on, i * size + 1), lambda: on.execute(sqlalchemy.text(EMPTY_COPY)))
    check_copied(on.execute(sqlalchemy.text(CHECK_COPY)).one(), job.n * size)
    on.execute(sqlalchemy.text(EMPTY_COPY))


def insert_one(job):
    def write(on, first):
        (row, k, v), = copied(first, 1)
        on.execute(insert(target).values(id=row, k=k, v=v))

    inserted(job, 1, write)


def insert_page(job):
    def write(on, first):
        on.execute(insert(target), [{"id": row, "k": k, "v": v} for row, k, v in copied(first, PAGE_SIZE)])

    inserted(job, PAGE_SIZE, write)


main("sqlalchemy", {
    "orm-point": (point, 5_000),
    "orm-rows": (rows, 2_000),
    "orm-insert": (insert_one, 5_000),
    "orm-insert-100": (insert_page, 1_000),
})
