//! What the tables hold, checks of what came back, and the types the driver does not decode by itself.

use std::error::Error;

use tokio_postgres::types::{accepts, FromSql, Type};

use crate::Failure;

pub const SELECT_KV: &str = "select k, v from bench_kv where id=$1";

pub fn key_of(i: i64) -> i64 {
    i * 7919 % 100_000 + 1
}

pub fn scattered(id: i64) -> i32 {
    (id * 7919 % 1_000_003) as i32
}

pub fn key_text(id: i64) -> String {
    format!("key-{:012}", id)
}

#[derive(Default)]
pub struct KvCheck {
    rows: i64,
    wrong: i64,
}

impl KvCheck {
    pub fn add(&mut self, id: i64, k: &str, v: i32) {
        self.rows += 1;
        let right = v == scattered(id) && k.len() == 16 && k.as_bytes()[15] == b'0' + (id % 10) as u8;
        self.wrong += !right as i64;
    }

    pub fn finish(&self, rows: i64) -> Result<(), Failure> {
        if self.rows != rows || self.wrong != 0 {
            return Err(format!("{} rows of bench_kv came, {} wrong; {} should", self.rows, self.wrong, rows).into());
        }
        Ok(())
    }
}

/// A numeric of two decimals, in hundredths.
pub struct Cents(pub i64);

impl<'a> FromSql<'a> for Cents {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let word = |at: usize| i16::from_be_bytes([raw[at], raw[at + 1]]) as i64;
        let (count, weight, negative) = (word(0), word(2), word(4) == 0x4000);
        let mut cents = 0;
        for i in 0..count {
            let digits = word(8 + 2 * i as usize);
            cents += match weight - i {
                place if place >= 0 => digits * 100 * 10_000_i64.pow(place as u32),
                -1 => digits / 100,
                _ => 0,
            };
        }
        Ok(Cents(if negative { -cents } else { cents }))
    }
    accepts!(NUMERIC);
}

pub struct Uuid(pub [u8; 16]);

impl<'a> FromSql<'a> for Uuid {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Uuid(raw.try_into()?))
    }
    accepts!(UUID);
}

/// Sums over all rows of bench_wide.
#[derive(Default, Debug, PartialEq)]
pub struct WideSum {
    pub rows: i64,
    pub id: i64,
    pub a: i64,
    pub b: f64,
    pub c: i64,
    pub d: i64,
    pub e: i64,
    pub f: i64,
}

pub fn expected_wide(n: i64) -> WideSum {
    let mut out = WideSum { rows: n, c: 32 * n, e: n / 3, ..WideSum::default() };
    for i in 1..=n {
        out.id += i;
        out.a += scattered(i) as i64;
        out.b += i as f64 / 7.0;
        out.d += 1_577_836_800_000_000 + i * 1_001_234;
        out.f += i + 25;
    }
    out
}
