//! A file played in time.

use std::time::{Duration, Instant};

use super::fake::Fake;
use super::small::{Folder, rows};
use crate::import::{Silent, run};

/// The second call comes in, and is over, while the first goes on for 40 minutes.
const OVERLAPPING: &str = "\
call,unit,received,sent,there,free
1,A1,2026-03-28 10:00,2026-03-28 10:02,2026-03-28 10:05,2026-03-28 10:40
2,B1,2026-03-28 10:01,2026-03-28 10:03,2026-03-28 10:06,2026-03-28 10:20
";

#[tokio::test]
async fn a_file_is_played_in_time_as_many_times_faster_as_is_wanted() {
    let folder = Folder::new();
    let played = Fake::willing().await;
    let mut options = folder.options(&folder.file("calls.csv", OVERLAPPING), &played);
    options.speed = Some("4800".parse().unwrap());
    let begun = Instant::now();
    let summary = run(&options, &Silent).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(500), "40 minutes 4800 times faster: {:?}", begun.elapsed());
    assert_eq!(rows(&summary), [2, 2, 0, 0]);

    let log = played.log();
    let names: Vec<&str> = log.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "ReceiveCall", // 10:00
        "ReceiveCall", // 10:01
        "RegisterUnit",
        "AttachUnit", // 10:02
        "RegisterUnit",
        "AttachUnit",       // 10:03
        "ReportUnitStatus", // 10:05
        "ReportUnitStatus", // 10:06
        "ReleaseUnit",
        "CompleteCard", // 10:20, of the second call
        "ReleaseUnit",
        "CompleteCard", // 10:40
    ];
    assert_eq!(names, expected);

    // What is sent is the same as without a speed, in another order.
    let fast = Fake::willing().await;
    let again = Folder::new();
    run(&again.options(&again.file("calls.csv", OVERLAPPING), &fast), &Silent).await.unwrap();
    let (mut log, mut other) = (log, fast.log());
    log.sort();
    other.sort();
    assert_eq!(log, other);
}
