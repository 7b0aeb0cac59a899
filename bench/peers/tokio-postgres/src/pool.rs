//! Debian has no pool for tokio-postgres. This is the least that one can be: a semaphore and a vector, no limits of
//! time, no health checks, no lifetimes.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio::task::spawn_local;
use tokio_postgres::{Client, Statement};

use crate::data::*;
use crate::workloads::{open, select};
use crate::{Failure, Job};

pub const WORKERS: usize = 64;
const CONNECTIONS: usize = 20;

type Held = (Client, Statement);

struct BarePool {
    free: Semaphore,
    idle: RefCell<Vec<Held>>,
}

impl BarePool {
    async fn open(url: &str) -> Result<BarePool, Failure> {
        let mut idle = vec![];
        for _ in 0..CONNECTIONS {
            let client = open(url).await?;
            let kv = client.prepare(SELECT_KV).await?;
            idle.push((client, kv));
        }
        Ok(BarePool { free: Semaphore::new(CONNECTIONS), idle: RefCell::new(idle) })
    }

    async fn acquire(&self) -> Held {
        self.free.acquire().await.expect("never closed").forget();
        self.idle.borrow_mut().pop().expect("as many as permits")
    }

    fn release(&self, held: Held) {
        self.idle.borrow_mut().push(held);
        self.free.add_permits(1);
    }
}

/// What the workers share: the next operation, the answers, the time of each.
struct Shared {
    pool: BarePool,
    taken: Cell<i64>,
    n: i64,
    check: RefCell<KvCheck>,
    took: RefCell<Vec<u32>>,
}

impl Shared {
    fn next(&self) -> Option<i64> {
        let i = self.taken.get();
        self.taken.set(i + 1);
        (i < self.n).then(|| i)
    }
}

fn shared(pool: BarePool, n: i64) -> Rc<Shared> {
    let (check, took) = (RefCell::default(), RefCell::new(Vec::with_capacity(n as usize)));
    Rc::new(Shared { pool, taken: Cell::new(0), n, check, took })
}

async fn query(all: Rc<Shared>) {
    while let Some(i) = all.next() {
        let id = key_of(i);
        let begin = Instant::now();
        let held = all.pool.acquire().await;
        let answer = select(&held.0, &held.1, id).await;
        all.pool.release(held);
        let (k, v) = answer.expect("an answer");
        all.took.borrow_mut().push(begin.elapsed().as_nanos() as u32);
        all.check.borrow_mut().add(id, &k, v);
    }
}

async fn borrow(all: Rc<Shared>) {
    while all.next().is_some() {
        let held = all.pool.acquire().await;
        assert!(!held.0.is_closed());
        all.pool.release(held);
    }
}

async fn query_all(pool: BarePool, n: i64) -> Result<Shared, Failure> {
    let all = shared(pool, n);
    let workers: Vec<_> = (0..WORKERS).map(|_| spawn_local(query(all.clone()))).collect();
    for w in workers {
        w.await?;
    }
    Rc::try_unwrap(all).map_err(|_| "a worker is left".into())
}

pub async fn pool(job: &mut Job) -> Result<(), Failure> {
    let warm = query_all(BarePool::open(&job.url).await?, 40 * WORKERS as i64).await?;
    let begun = job.begin();
    let done = query_all(warm.pool, job.n).await?;
    job.end(begun);
    job.latencies = done.took.into_inner();
    done.check.into_inner().finish(job.n)
}

pub async fn lease(job: &mut Job, workers: usize) -> Result<(), Failure> {
    let all = shared(BarePool::open(&job.url).await?, job.n);
    let begun = job.begin();
    let tasks: Vec<_> = (0..workers).map(|_| spawn_local(borrow(all.clone()))).collect();
    for t in tasks {
        t.await?;
    }
    job.end(begun);
    Ok(())
}
