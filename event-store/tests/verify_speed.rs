//! How fast a log is verified, against merely reading it.

#![allow(clippy::print_stderr, reason = "a measurement says what it found")]

mod support;

use std::time::Instant;

use event_store::log::LogPosition;
use event_store::verify::verify;
use support::{LOG, Store, add};
use uuid::Uuid;

const EVENTS: u128 = 100_000;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: it writes 100,000 events"]
async fn a_log_is_verified_nearly_as_fast_as_it_is_read() {
    let store = Store::fresh().await;
    let appender = store.appender();
    for from in (0..EVENTS).step_by(1_000) {
        let pending: Vec<_> =
            (from..from + 1_000).map(|i| appender.enqueue(add(Uuid::from_u128(i % 9_973 + 1), 1)).unwrap()).collect();
        for pending in pending {
            pending.await.unwrap();
        }
    }
    let (mut read, mut verified) = (f64::MAX, f64::MAX);
    for _ in 0..3 {
        let begun = Instant::now();
        let mut seen = LogPosition::START;
        while let Some(last) = store.reader().page(seen, 2_000).await.unwrap().last() {
            seen = last.position;
        }
        assert_eq!(u128::from(seen.get()), EVENTS);
        read = read.min(begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        assert!(verify(&store.app, LOG, &mut |_, _| {}).await.unwrap().sound);
        verified = verified.min(begun.elapsed().as_secs_f64());
    }
    let rate = |seconds: f64| EVENTS as f64 / seconds;
    eprintln!("read {:.0} events/s, verified {:.0} events/s", rate(read), rate(verified));
    assert!(verified < read * 1.5, "read in {read:.2} s, verified in {verified:.2} s");
}
