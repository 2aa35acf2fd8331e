//! A closed loop: so many callers, each of which asks again as soon as it is answered.

use std::future::Future;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::foreign::CpuTimes;
use crate::rounds::Turn;

/// One run of a closed loop.
#[derive(Debug, Clone)]
pub struct Run {
    /// Answers a second.
    pub rate: f64,
    /// Median time to an answer, milliseconds.
    pub p50: f64,
    /// 99th percentile, milliseconds.
    pub p99: f64,
    /// Answers that were errors.
    pub failed: u64,
    /// Cores that others used meanwhile.
    pub foreign_cpu: f64,
}

impl Turn for Run {
    fn rate(&self) -> f64 {
        self.rate
    }

    fn foreign_cpu(&self) -> f64 {
        self.foreign_cpu
    }
}

/// Runs `callers` at once for `length` after a warm-up of a fifth of it. `ask(caller, n)` is the n-th question of a caller.
pub async fn run<F, Fut>(callers: usize, length: Duration, ask: F) -> Run
where
    F: Fn(usize, u64) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = bool> + Send,
{
    let warm_up = length / 5;
    let start = Instant::now() + warm_up;
    let end = start + length;
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..callers {
        let ask = ask.clone();
        tasks.spawn(async move {
            let (mut times, mut failed) = (histogram(), 0u64);
            for n in 0.. {
                let asked = Instant::now();
                let answered = ask(caller, n).await;
                let now = Instant::now();
                if now >= end {
                    break;
                }
                if now >= start {
                    times.saturating_record((now - asked).as_micros() as u64);
                    failed += u64::from(!answered);
                }
            }
            (times, failed)
        });
    }
    tokio::time::sleep(warm_up).await;
    let before = CpuTimes::now();
    tokio::time::sleep(length).await;
    let after = CpuTimes::now();
    let (mut times, mut failed) = (histogram(), 0);
    while let Some(task) = tasks.join_next().await {
        if let Ok((own, own_failed)) = task {
            let _ = times.add(own);
            failed += own_failed;
        }
    }
    let milliseconds = |quantile| times.value_at_quantile(quantile) as f64 / 1_000.0;
    Run {
        rate: times.len() as f64 / length.as_secs_f64(),
        p50: milliseconds(0.5),
        p99: milliseconds(0.99),
        failed,
        foreign_cpu: before.foreign_cores(after, length.as_secs_f64()),
    }
}

/// Microseconds, to three digits, up to a minute.
fn histogram() -> Histogram<u64> {
    #[expect(clippy::expect_used, reason = "the bounds are constants that hdrhistogram takes")]
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("constant bounds")
}

/// Asks `total` questions, `callers` at once, as fast as they are answered.
///
/// # Errors
/// When one was not answered well.
pub async fn count<F, Fut>(callers: usize, total: u64, ask: F) -> anyhow::Result<()>
where
    F: Fn(u64) -> Fut,
    Fut: Future<Output = bool> + Send + 'static,
{
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..total {
        if tasks.len() >= callers
            && let Some(done) = tasks.join_next().await
        {
            anyhow::ensure!(done?, "a question of the preparation was not answered well");
        }
        tasks.spawn(ask(n));
    }
    while let Some(done) = tasks.join_next().await {
        anyhow::ensure!(done?, "a question of the preparation was not answered well");
    }
    Ok(())
}
