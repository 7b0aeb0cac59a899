use std::pin::pin;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::try_join_all;
use futures_util::TryStreamExt;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls, Statement};

use crate::data::*;
use crate::{Failure, Job};

pub async fn open(url: &str) -> Result<Client, Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

pub async fn select(client: &Client, kv: &Statement, id: i64) -> Result<(String, i32), tokio_postgres::Error> {
    let row = client.query_one(kv, &[&id]).await?;
    Ok((row.get(0), row.get(1)))
}

async fn query(client: &Client, kv: &Statement, n: i64) -> Result<KvCheck, Failure> {
    let mut check = KvCheck::default();
    for i in 0..n {
        let id = key_of(i);
        let (k, v) = select(client, kv, id).await?;
        check.add(id, &k, v);
    }
    Ok(check)
}

pub async fn point(job: &mut Job) -> Result<(), Failure> {
    let client = open(&job.url).await?;
    let kv = client.prepare(SELECT_KV).await?;
    query(&client, &kv, 100).await?;
    job.pin_together(&client).await?;
    let begun = job.begin();
    let check = query(&client, &kv, job.n).await?;
    job.end(begun);
    check.finish(job.n)
}

/// A hundred queries at once on one connection: the driver sends them together.
async fn query_in_batches(client: &Client, kv: &Statement, n: i64) -> Result<KvCheck, Failure> {
    let mut check = KvCheck::default();
    for done in (0..n).step_by(100) {
        let asked = (done..done + 100).map(|i| select(client, kv, key_of(i)));
        for (i, (k, v)) in (done..).zip(try_join_all(asked).await?) {
            check.add(key_of(i), &k, v);
        }
    }
    Ok(check)
}

pub async fn batch(job: &mut Job) -> Result<(), Failure> {
    let client = open(&job.url).await?;
    let kv = client.prepare(SELECT_KV).await?;
    query_in_batches(&client, &kv, 100).await?;
    job.pin_together(&client).await?;
    let begun = job.begin();
    let check = query_in_batches(&client, &kv, job.n).await?;
    job.end(begun);
    check.finish(job.n)
}

async fn read_wide(client: &Client, n: i64) -> Result<WideSum, Failure> {
    let mut sql = "select id,a,b,c,d,e,f,g from bench_wide".to_string();
    if n < 1_000_000 {
        sql += &format!(" limit {}", n);
    }
    let mut sum = WideSum::default();
    let mut rows = pin!(client.query_raw(&sql, std::iter::empty::<&(dyn ToSql + Sync)>()).await?);
    while let Some(row) = rows.try_next().await? {
        let (id, a, b, c): (i64, i32, f64, String) = (row.get(0), row.get(1), row.get(2), row.get(3));
        let (d, e, f, g): (SystemTime, bool, Cents, Uuid) = (row.get(4), row.get(5), row.get(6), row.get(7));
        sum.rows += 1;
        sum.id += id;
        sum.a += a as i64;
        sum.b += b;
        sum.c += c.len() as i64;
        sum.d += d.duration_since(UNIX_EPOCH)?.as_micros() as i64;
        sum.e += e as i64;
        sum.f += f.0;
        if id % 1024 == 1 && g.0.iter().map(|b| format!("{:02x}", b)).collect::<String>() != c {
            return Err("a uuid is wrong".into());
        }
    }
    Ok(sum)
}

pub async fn rows(job: &mut Job) -> Result<(), Failure> {
    let client = open(&job.url).await?;
    client.batch_execute("set synchronize_seqscans = off").await?;
    read_wide(&client, 100).await?;
    job.pin_together(&client).await?;
    let begun = job.begin();
    let mut sum = read_wide(&client, job.n).await?;
    job.end(begun);
    let wanted = expected_wide(job.n);
    if (sum.b - wanted.b).abs() <= 1e-6 * wanted.b {
        sum.b = wanted.b;
    }
    if sum != wanted {
        return Err(format!("bench_wide is wrong: {:?}, not {:?}", sum, wanted).into());
    }
    Ok(())
}

async fn check_copied(client: &Client, n: i64) -> Result<(), Failure> {
    let sql = "select count(*), sum(id)::int8, sum(v)::int8, \
               bool_and(k = 'key-' || lpad(id::text, 12, '0')) from bench_copy";
    let row = client.query_one(sql, &[]).await?;
    client.batch_execute("truncate bench_copy").await?;
    let got: (i64, i64, i64, bool) = (row.get(0), row.get(1), row.get(2), row.get(3));
    if got != (n, (1..=n).sum(), (1..=n).map(|i| scattered(i) as i64).sum(), true) {
        return Err("bench_copy does not hold what was written".into());
    }
    Ok(())
}

async fn copy_rows(client: &Client, n: i64) -> Result<(), Failure> {
    let sink = client.copy_in("copy bench_copy (id, k, v) from stdin (format binary)").await?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &[Type::INT8, Type::TEXT, Type::INT4]));
    for id in 1..=n {
        writer.as_mut().write(&[&id, &key_text(id), &scattered(id)]).await?;
    }
    writer.finish().await?;
    Ok(())
}

pub async fn copy_in(job: &mut Job) -> Result<(), Failure> {
    let client = open(&job.url).await?;
    copy_rows(&client, 100).await?;
    client.batch_execute("truncate bench_copy").await?;
    job.pin_together(&client).await?;
    let begun = job.begin();
    copy_rows(&client, job.n).await?;
    job.end(begun);
    check_copied(&client, job.n).await
}

async fn insert_rows(client: &Client, arrays: &Statement, n: i64) -> Result<(), Failure> {
    for first in (1..=n).step_by(1_000) {
        let ids: Vec<i64> = (first..first + 1_000).collect();
        let keys: Vec<String> = ids.iter().map(|id| key_text(*id)).collect();
        let values: Vec<i32> = ids.iter().map(|id| scattered(*id)).collect();
        client.execute(arrays, &[&ids, &keys, &values]).await?;
    }
    Ok(())
}

pub async fn insert(job: &mut Job) -> Result<(), Failure> {
    let client = open(&job.url).await?;
    let sql = "insert into bench_copy (id, k, v) select * from unnest($1::int8[], $2::text[], $3::int4[])";
    let arrays = client.prepare(sql).await?;
    insert_rows(&client, &arrays, 2_000).await?;
    client.batch_execute("truncate bench_copy").await?;
    job.pin_together(&client).await?;
    let begun = job.begin();
    insert_rows(&client, &arrays, job.n).await?;
    job.end(begun);
    check_copied(&client, job.n).await
}

/// Connecting and closing; the connection's task ends with its client.
async fn connect_all(url: &str, n: i64) -> Result<(), Failure> {
    for _ in 0..n {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        let task = tokio::spawn(connection);
        drop(client);
        task.await??;
    }
    Ok(())
}

pub async fn connect(job: &mut Job) -> Result<(), Failure> {
    connect_all(&job.url, 1).await?;
    let begun = job.begin();
    connect_all(&job.url, job.n).await?;
    job.end(begun);
    Ok(())
}
