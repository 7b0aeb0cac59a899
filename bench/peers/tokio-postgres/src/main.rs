//! The workloads of tusk-bench with tokio-postgres on one thread; bench/README.md says what they are.

mod data;
mod pool;
mod workloads;

use std::process::{exit, Command};
use std::time::Instant;

pub type Failure = Box<dyn std::error::Error>;

pub struct Job {
    pub url: String,
    pub n: i64,
    pub pin: Option<String>,
    pub latencies: Vec<u32>,
    wall: f64,
    user: f64,
    sys: f64,
}

pub struct Begun {
    usage: libc::rusage,
    at: Instant,
}

fn usage() -> libc::rusage {
    unsafe {
        let mut out = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut out);
        out
    }
}

fn seconds(t: libc::timeval) -> f64 {
    t.tv_sec as f64 + t.tv_usec as f64 * 1e-6
}

impl Job {
    /// The timed section begins. Connecting, preparing and warming up stay outside.
    pub fn begin(&self) -> Begun {
        Begun { usage: usage(), at: Instant::now() }
    }

    pub fn end(&mut self, from: Begun) {
        self.wall = from.at.elapsed().as_secs_f64();
        let after = usage();
        self.user = seconds(after.ru_utime) - seconds(from.usage.ru_utime);
        self.sys = seconds(after.ru_stime) - seconds(from.usage.ru_stime);
    }

    /// Puts all threads of this process and the server's process on one CPU.
    pub async fn pin_together(&self, client: &tokio_postgres::Client) -> Result<(), Failure> {
        if let Some(cpu) = &self.pin {
            let backend: i32 = client.query_one("select pg_backend_pid()", &[]).await?.get(0);
            for pid in [std::process::id().to_string(), backend.to_string()] {
                let done = Command::new("taskset").args(["-apc", cpu, &pid]).output()?;
                if !done.status.success() {
                    return Err(format!("--pin: {}", String::from_utf8_lossy(&done.stderr)).into());
                }
            }
        }
        Ok(())
    }

    fn json(&mut self, name: &str) -> String {
        let mut out = format!(
            "{{\"workload\":\"{}\",\"peer\":\"tokio-postgres\",\"ops\":{},\"wall_s\":{:.6},\"user_s\":{:.6},\"sys_s\":{:.6},\
             \"peak_rss_kb\":{},\"pinned\":{}",
            name, self.n, self.wall, self.user, self.sys, usage().ru_maxrss, self.pin.is_some()
        );
        if !self.latencies.is_empty() {
            self.latencies.sort_unstable();
            let last = (self.latencies.len() - 1) as f64;
            for (share, field) in [(0.5, "p50_us"), (0.99, "p99_us")] {
                out += &format!(",\"{}\":{:.1}", field, self.latencies[(share * last) as usize] as f64 / 1e3);
            }
        }
        out + "}"
    }
}

fn fail(code: i32, text: &str) -> ! {
    eprintln!("tokio-postgres: {}", text);
    exit(code)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.len() % 2 == 0 {
        fail(2, "run WORKLOAD --url URL [--n N] [--pin CPU]");
    }
    let mut job = Job { url: String::new(), n: 0, pin: None, latencies: vec![], wall: 0.0, user: 0.0, sys: 0.0 };
    for option in arguments[1..].chunks(2) {
        match option[0].as_str() {
            "--url" => job.url = option[1].clone(),
            "--n" => job.n = option[1].parse().unwrap_or_else(|_| fail(2, "--n needs a number")),
            "--pin" => job.pin = Some(option[1].clone()),
            other => fail(2, &format!("unknown option {}", other)),
        }
    }
    let name = arguments[0].clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let done = runtime.block_on(async {
        match name.as_str() {
            "point" => workloads::point(&mut job).await,
            "batch" => workloads::batch(&mut job).await,
            "rows" => workloads::rows(&mut job).await,
            "copy-in" => workloads::copy_in(&mut job).await,
            "insert" => workloads::insert(&mut job).await,
            "connect" => workloads::connect(&mut job).await,
            "pool" => tokio::task::LocalSet::new().run_until(pool::pool(&mut job)).await,
            "acquire" => tokio::task::LocalSet::new().run_until(pool::lease(&mut job, 1)).await,
            "acquire-64" => tokio::task::LocalSet::new().run_until(pool::lease(&mut job, pool::WORKERS)).await,
            other => fail(2, &format!("no workload \"{}\"", other)),
        }
    });
    if let Err(problem) = done {
        fail(1, &problem.to_string());
    }
    println!("{}", job.json(&name));
}
