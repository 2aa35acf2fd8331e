//! What a file gives.

use tonic::Code;

use super::fake::{Act, Fake, flags_of};
use super::small::{CALLS, Folder, many_calls, rows};

fn names(fake: &Fake) -> Vec<String> {
    fake.log().into_iter().map(|(name, _)| name).collect()
}

#[tokio::test]
async fn rows_of_a_call_are_brought_together_and_put_in_the_order_of_time() {
    let (folder, fake) = (Folder::new(), Fake::willing().await);
    let summary = folder.import("calls.csv", CALLS, &fake).await.unwrap();
    assert_eq!(rows(&summary), [6, 6, 0, 0]);
    assert_eq!(summary.counts.groups.read, 4);
    assert_eq!(
        names(&fake)[..8],
        [
            "ReceiveCall",
            "RegisterUnit",
            "AttachUnit",
            "RegisterUnit",
            "AttachUnit",
            "ReportUnitStatus",
            "ReleaseUnit",
            "ReleaseUnit",
        ]
    );
    assert_eq!(names(&fake).iter().filter(|name| *name == "RegisterUnit").count(), 4, "each unit once");
    assert_eq!(names(&fake).iter().filter(|name| *name == "CompleteCard").count(), 4);
    assert_eq!(summary.counts.events, summary.counts.commands.new);
}

#[tokio::test]
async fn a_call_is_completed_after_all_its_rows_whatever_the_window() {
    for window in [1, 2, 7, 512] {
        let (folder, fake) = (Folder::new(), Fake::willing().await);
        let mut options = folder.options(&folder.file("calls.csv", &many_calls(60)), &fake);
        options.window = window;
        let summary = crate::import::run(&options, &crate::import::Silent).await.unwrap();
        assert_eq!(summary.counts.rows.read, summary.counts.rows.accepted, "window {window}");
        assert_eq!(names(&fake).iter().filter(|name| *name == "CompleteCard").count(), 60);
        assert!(fake.state().log.iter().all(|envelope| flags_of(envelope).is_empty()));
    }
}

#[tokio::test]
async fn the_same_file_again_changes_nothing() {
    let (folder, fake) = (Folder::new(), Fake::willing().await);
    folder.import("calls.csv", CALLS, &fake).await.unwrap();
    let before = fake.log();
    let summary = folder.import("calls.csv", CALLS, &fake).await.unwrap();
    assert_eq!(rows(&summary), [6, 0, 6, 0]);
    assert_eq!(summary.counts.commands.new, 0);
    assert!(fake.log() == before);
}

#[tokio::test]
async fn a_time_that_happened_twice_is_flagged_and_counted() {
    let (folder, fake) = (Folder::new(), Fake::willing().await);
    let summary = folder.import("calls.csv", CALLS, &fake).await.unwrap();
    assert_eq!(summary.counts.flagged["ambiguous_local_time"], 1);
    let state = fake.state();
    let flagged = state.log.iter().filter(|envelope| flags_of(envelope) == ["ambiguous_local_time"]).count();
    assert_eq!(flagged, 2, "the call at 03:30 and the sending at 03:40, not what came after");
}

#[tokio::test]
async fn a_register_whose_stream_breaks_gets_everything_in_order() {
    let (folder, calm) = (Folder::new(), Fake::willing().await);
    let text = many_calls(50);
    let undisturbed = folder.import("calls.csv", &text, &calm).await.unwrap();
    let broken = Fake::start(|number, _| match number % 23 {
        17 => Act::Break,
        21 => Act::DecideAndBreak,
        _ => Act::Decide,
    })
    .await;
    let folder = Folder::new();
    let summary = folder.import("calls.csv", &text, &broken).await.unwrap();
    assert!(broken.state().streams > 5);
    assert!(broken.log() == calm.log());
    assert_eq!(summary.counts, undisturbed.counts);
}

#[tokio::test]
async fn a_busy_register_gets_everything_once() {
    let (folder, calm) = (Folder::new(), Fake::willing().await);
    let text = many_calls(50);
    let undisturbed = folder.import("calls.csv", &text, &calm).await.unwrap();
    // Without a period: a refusal makes the importer send again what is in flight, and with one the same command could be
    // refused each time.
    let busy = |number: u64, _: &_| {
        let chance = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59;
        if chance == 11 { Act::Refuse(Code::ResourceExhausted) } else { Act::Decide }
    };
    let busy = Fake::start(busy).await;
    let folder = Folder::new();
    let summary = folder.import("calls.csv", &text, &busy).await.unwrap();
    let sorted = |fake: &Fake| {
        let mut log = fake.log();
        log.sort();
        log
    };
    assert!(sorted(&busy) == sorted(&calm));
    assert_eq!(summary.counts, undisturbed.counts);
}

#[tokio::test]
async fn a_register_that_stays_away_ends_the_import_with_a_sentence() {
    let (folder, fake) = (Folder::new(), Fake::start(|_, _| Act::Break).await);
    let mut options = folder.options(&folder.file("calls.csv", CALLS), &fake);
    options.patience = std::time::Duration::from_millis(200);
    let error = crate::import::run(&options, &crate::import::Silent).await.unwrap_err();
    assert!(error.to_string().contains("the same command goes on from there"), "{error}");
    assert!(folder.read("calls.progress.json").is_some());
}

#[tokio::test]
async fn a_token_that_is_not_good_ends_the_import_at_once() {
    let (folder, fake) = (Folder::new(), Fake::start(|_, _| Act::Refuse(Code::Unauthenticated)).await);
    let error = folder.import("calls.csv", CALLS, &fake).await.unwrap_err();
    assert!(error.to_string().contains("UNAUTHENTICATED"), "{error}");
}
