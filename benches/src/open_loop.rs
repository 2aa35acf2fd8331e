//! An open loop: so many questions a second, whether those before are answered or not. A question's time counts from when it was due, so
//! that a pause is felt by all that were due in it.

use std::future::Future;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// One run of an open loop.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// 99th percentile, milliseconds.
    pub(crate) p99: f64,
    /// Answers that were errors.
    pub(crate) failed: u64,
}

/// Asks `rate` times a second for `length`, after a second of warm-up. `ask(n)` is the n-th question.
pub(crate) async fn run<F, Fut>(rate: u32, length: Duration, ask: F) -> Run
where
    F: Fn(u64) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = bool> + Send,
{
    let step = Duration::from_secs(1) / rate.max(1);
    let (begin, warm_up) = (Instant::now(), Duration::from_secs(1));
    let questions = ((length + warm_up).as_secs_f64() * f64::from(rate)) as u32;
    let mut tasks = tokio::task::JoinSet::new();
    let (mut times, mut failed) = (histogram(), 0);
    for n in 0..questions {
        let due = begin + step * n;
        tokio::time::sleep_until(due.into()).await;
        let ask = ask.clone();
        tasks.spawn(async move {
            let answered = ask(u64::from(n)).await;
            (due, due.elapsed(), answered)
        });
        while let Some(Ok(done)) = tasks.try_join_next() {
            note(done, begin + warm_up, &mut times, &mut failed);
        }
    }
    while let Some(Ok(done)) = tasks.join_next().await {
        note(done, begin + warm_up, &mut times, &mut failed);
    }
    Run { p99: times.value_at_quantile(0.99) as f64 / 1_000.0, failed }
}

fn note(
    (due, took, answered): (Instant, Duration, bool),
    start: Instant,
    times: &mut Histogram<u64>,
    failed: &mut u64,
) {
    if due >= start {
        times.saturating_record(took.as_micros() as u64);
    }
    *failed += u64::from(!answered);
}

/// Of microseconds, up to a minute.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3).unwrap_or_else(|_| unreachable!("the bounds are in order"))
}
