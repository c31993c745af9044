//! The same query in an embedded DataFusion session: what a one-row query costs without a gateway.
//!
//! `embedded FILE SQL TIMES` prints the median and the 99th percentile as JSON.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement, not a part of the product"
)]

use std::time::{Duration, Instant};

use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};

fn main() {
    let words: Vec<_> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let [file, sql, times] = words.as_slice() else { panic!("embedded FILE SQL TIMES") };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut samples = runtime.block_on(measure(file, sql, times.parse().unwrap()));
    samples.sort();
    let at = |share: usize| {
        samples[(samples.len() * share / 100).min(samples.len() - 1)].as_secs_f64() * 1e3
    };
    println!("{{\"p50_ms\": {}, \"p99_ms\": {}}}", at(50), at(99));
}

async fn measure(file: &str, sql: &str, times: usize) -> Vec<Duration> {
    let session = SessionContext::new_with_config(SessionConfig::new());
    session.register_parquet("listings", file, ParquetReadOptions::default()).await.unwrap();
    let mut samples = Vec::with_capacity(times);
    for _ in 0..times {
        let begin = Instant::now();
        #[expect(clippy::disallowed_methods, reason = "the measurement is of the bare engine")]
        let answer = session.sql(sql).await.unwrap();
        answer.collect().await.unwrap();
        samples.push(begin.elapsed());
    }
    samples
}
