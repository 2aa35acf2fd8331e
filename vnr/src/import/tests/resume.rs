//! Imports that are broken off go on where they were.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::fake::{Act, Fake};
use super::small::{CALLS, Folder, MAPPING, many_calls};
use crate::import::{ImportError, ProgressError, Silent, run};

/// An import whose register goes away after so many commands, as often as it says, then comes back.
async fn broken_off(folder: &Folder, text: &str, breaks: &[u64]) -> (Fake, crate::import::Summary) {
    let file = folder.file("calls.csv", text);
    let gone = Arc::new(AtomicBool::new(false));
    let mut fake = Fake::willing().await;
    for limit in breaks.iter().copied() {
        gone.store(false, Ordering::Relaxed);
        let gone = Arc::clone(&gone);
        let start = fake.state().asked;
        fake = fake
            .restarted(move |number, _| {
                if number >= start + limit {
                    gone.store(true, Ordering::Relaxed);
                }
                if gone.load(Ordering::Relaxed) { Act::DecideAndBreak } else { Act::Decide }
            })
            .await;
        let mut options = folder.options(&file, &fake);
        options.patience = Duration::from_millis(1);
        options.same_register = true;
        options.window = 32;
        let error = run(&options, &Silent).await.unwrap_err();
        assert!(matches!(error, ImportError::Away { .. }), "{error}");
    }
    fake = fake.restarted(|_, _| Act::Decide).await;
    let mut options = folder.options(&file, &fake);
    options.same_register = true;
    options.window = 32;
    let summary = run(&options, &Silent).await.unwrap();
    (fake, summary)
}

#[tokio::test]
async fn an_import_that_was_broken_off_ends_as_one_that_was_not() {
    let mut lines: Vec<String> = many_calls(80).lines().map(str::to_owned).collect();
    lines[20] = lines[20].replace("2026-02-01", "never");
    lines[100] = lines[100].replace("2026-02-01", "never");
    let text = lines.join("\n") + "\n";
    let calm = Fake::willing().await;
    let undisturbed_folder = Folder::new();
    let undisturbed = undisturbed_folder.import("calls.csv", &text, &calm).await.unwrap();

    let folder = Folder::new();
    let (fake, summary) = broken_off(&folder, &text, &[3, 40, 100, 201]).await;
    assert!(summary.resumed);
    let mut expected = undisturbed.counts.clone();
    let mut counts = summary.counts.clone();
    // What is said only once may be said again after a break: that is a repeat, and no row.
    (expected.commands.repeated, counts.commands.repeated) = (0, 0);
    assert_eq!(counts, expected);
    let by_id = |fake: &Fake| {
        let mut log = fake.log();
        log.sort();
        log
    };
    assert!(by_id(&fake) == by_id(&calm));
    for name in ["calls.rejects.csv", "calls.rejects.csv.reasons.jsonl"] {
        assert_eq!(folder.read(name), undisturbed_folder.read(name), "{name}");
    }
    assert!(folder.read("calls.progress.json").is_none(), "the progress file goes with the import");
}

#[tokio::test]
async fn an_import_does_not_go_on_with_another_file_mapping_or_register() {
    let folder = Folder::new();
    let fake = Fake::start(|_, _| Act::Break).await;
    let mut options = folder.options(&folder.file("calls.csv", CALLS), &fake);
    options.patience = Duration::from_millis(1);
    run(&options, &Silent).await.unwrap_err();
    let willing = Fake::willing().await;
    let differs = async |options: &crate::import::ImportOptions| match run(options, &Silent).await {
        Err(ImportError::Progress(error @ ProgressError::Other { .. })) => error.to_string(),
        other => format!("{other:?}"),
    };

    let elsewhere = folder.options(&folder.path().join("calls.csv"), &willing);
    assert!(differs(&elsewhere).await.contains("the register"));
    let mut other_mapping = options.clone();
    other_mapping.mapping = format!("{MAPPING}\n# changed");
    assert!(differs(&other_mapping).await.contains("the mapping"));
    folder.file("calls.csv", &CALLS.replace("C1", "C2"));
    assert!(differs(&options).await.contains("the file"));
    let mut anew = folder.options(&folder.path().join("calls.csv"), &willing);
    anew.restart = true;
    assert_eq!(run(&anew, &Silent).await.unwrap().counts.rows.accepted, 6);
}

#[tokio::test]
async fn two_imports_do_not_share_a_progress_file() {
    let folder = Folder::new();
    let held = crate::import::progress::ProgressFile::hold(&folder.path().join("calls.progress.json")).unwrap();
    let fake = Fake::willing().await;
    let error = folder.import("calls.csv", CALLS, &fake).await.unwrap_err();
    assert!(error.to_string().contains("another import is working"), "{error}");
    drop(held);
    folder.import("calls.csv", CALLS, &fake).await.unwrap();
}
