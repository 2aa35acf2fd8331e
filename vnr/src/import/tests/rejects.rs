//! Refused rows: kept with their reasons, mended, fed again.

use tonic::Code;

use super::fake::{Act, Fake, id_of};
use super::small::{CALLS, Folder, rows};
use proto::command::v1::command_envelope::Command;

const BROKEN: &str = "2026-03-28 10:06";

#[tokio::test]
async fn a_call_with_a_refused_row_stays_open_until_it_is_mended() {
    let (folder, fake) = (Folder::new(), Fake::willing().await);
    let summary = folder.import("calls.csv", &CALLS.replace(BROKEN, "28.03. 10.06"), &fake).await.unwrap();
    assert_eq!(rows(&summary), [6, 5, 0, 1]);
    assert_eq!(summary.counts.groups.left_open, 1);
    assert_eq!(summary.counts.reasons["report_unit_status: unreadable_time (there)"], 1);
    let rejects = folder.read("calls.rejects.csv").unwrap();
    assert_eq!(rejects.lines().count(), 3, "header and both rows of the call: {rejects}");
    let reasons = folder.read("calls.rejects.csv.reasons.jsonl").unwrap();
    assert!(reasons.contains("28.03. 10.06"), "{reasons}");
    assert_eq!(reasons.lines().filter(|line| line.contains("\"refused\":false")).count(), 1);

    let mended = rejects.replace("28.03. 10.06", BROKEN);
    let again = folder.import("mended.csv", &mended, &fake).await.unwrap();
    assert_eq!(rows(&again), [2, 2, 0, 0], "one row was known, but ends the call");
    let whole = Fake::willing().await;
    Folder::new().import("calls.csv", CALLS, &whole).await.unwrap();
    let sorted = |fake: &Fake| {
        let mut ids: Vec<String> = fake.state().log.iter().map(id_of).collect();
        ids.sort();
        ids
    };
    assert_eq!(sorted(&fake), sorted(&whole));
}

#[tokio::test]
async fn a_call_that_cannot_be_opened_is_refused_with_all_its_rows() {
    let (folder, fake) = (Folder::new(), Fake::willing().await);
    let broken = CALLS.replace("2026-03-28 10:00", "2026-03-29 03:30");
    let summary = folder.import("calls.csv", &broken, &fake).await.unwrap();
    assert_eq!(rows(&summary), [6, 4, 0, 2]);
    assert_eq!(summary.counts.reasons["receive_call: missing_local_time (received)"], 1);
    assert_eq!(summary.counts.reasons["group_refused"], 1);
}

#[tokio::test]
async fn rows_that_are_no_rows_are_kept_as_they_are() {
    let (folder, fake) = (Folder::new(), Fake::willing().await);
    let text = format!("{CALLS}4,X1\n,X2,2026-03-28 12:00,2026-03-28 12:01,,2026-03-28 12:04\n");
    let summary = folder.import("calls.csv", &text, &fake).await.unwrap();
    assert_eq!(rows(&summary), [8, 6, 0, 2]);
    let rejects = folder.read("calls.rejects.csv").unwrap();
    assert!(rejects.contains("\n4,X1\n") && rejects.contains("\n,X2,2026"), "{rejects}");
}

#[tokio::test]
async fn what_the_register_refuses_is_charged_to_its_row() {
    let (folder, fake) = (
        Folder::new(),
        Fake::start(|_, envelope| match &envelope.command {
            Some(Command::AttachUnit(attach)) if format!("{attach:?}").contains("B1") => {
                Act::Refuse(Code::FailedPrecondition)
            }
            Some(Command::ReceiveCall(call)) if format!("{call:?}").contains("\"10\"") => {
                Act::Refuse(Code::InvalidArgument)
            }
            _ => Act::Decide,
        })
        .await,
    );
    let summary = folder.import("calls.csv", CALLS, &fake).await.unwrap();
    assert_eq!(rows(&summary), [6, 4, 0, 2]);
    assert_eq!(summary.counts.groups.left_open, 2);
    assert_eq!(summary.counts.reasons["attach_unit: FAILED_PRECONDITION"], 1);
    assert_eq!(summary.counts.reasons["receive_call: INVALID_ARGUMENT"], 1);
    let completed = fake.log().into_iter().filter(|(name, _)| name == "CompleteCard").count();
    assert_eq!(completed, 2);
}

#[tokio::test]
async fn a_unit_whose_registration_was_refused_is_registered_with_its_next_row() {
    let first = std::sync::atomic::AtomicBool::new(true);
    let fake = Fake::start(move |_, envelope| match &envelope.command {
        Some(Command::RegisterUnit(unit)) if unit.call_sign == "A1" => {
            let first = first.swap(false, std::sync::atomic::Ordering::Relaxed);
            if first { Act::Refuse(Code::PermissionDenied) } else { Act::Decide }
        }
        _ => Act::Decide,
    })
    .await;
    let folder = Folder::new();
    let mut options = folder.options(&folder.file("calls.csv", CALLS), &fake);
    options.window = 1;
    let summary = crate::import::run(&options, &crate::import::Silent).await.unwrap();
    assert_eq!(summary.counts.rows.refused, 1);
    assert_eq!(fake.log().into_iter().filter(|(name, _)| name == "RegisterUnit").count(), 4);
}

#[tokio::test]
async fn all_that_is_wrong_with_a_row_is_told_at_once_and_where_the_row_stands() {
    let (folder, fake) = (Folder::new(), Fake::willing().await);
    // The field before it holds two lines.
    let broken = CALLS
        .replace("1,A1,2026-03-28 09:00", "1,\"A\n1\",2026-03-28 09:00")
        .replace("10,C1,2026-03-28 12:00,2026-03-28 12:01,,2026-03-28 12:04", "10,C1,soon,later,,never");
    let summary = folder.import("calls.csv", &broken, &fake).await.unwrap();
    assert_eq!(summary.counts.rows.refused, 1, "{:?}", summary.counts.reasons);
    let reasons = folder.read("calls.rejects.csv.reasons.jsonl").unwrap();
    let line: serde_json::Value = serde_json::from_str(reasons.lines().next().unwrap()).unwrap();
    assert_eq!((&line["row"], &line["line"]), (&serde_json::json!(6), &serde_json::json!(8)), "{line}");
    for part in ["`soon` is not a time", "`later` is not a time", "`never` is not a time"] {
        assert!(reasons.contains(part), "{part}: {reasons}");
    }
}

#[tokio::test]
async fn a_reject_file_is_written_as_its_file_was() {
    let (folder, fake) = (Folder::new(), Fake::willing().await);
    let path = folder.path().join("calls.csv");
    let text = CALLS.replace("B1", "Ķ1").replace(BROKEN, "nekad ķ");
    let (bytes, ..) = encoding_rs::WINDOWS_1257.encode(&text);
    std::fs::write(&path, &bytes).unwrap();
    let mut options = folder.options(&path, &fake);
    options.mapping = options.mapping.replace("format = \"csv\"", "format = \"csv\"\nencoding = \"windows-1257\"");
    let summary = crate::import::run(&options, &crate::import::Silent).await.unwrap();
    assert_eq!(rows(&summary), [6, 5, 0, 1], "{:?}", summary.counts.reasons);
    let told = fake.state().log.iter().any(|envelope| format!("{envelope:?}").contains("Ķ1"));
    assert!(told, "the register is told in letters");
    let rejects = std::fs::read(folder.path().join("calls.rejects.csv")).unwrap();
    let broken = encoding_rs::WINDOWS_1257.encode("nekad ķ").0.into_owned();
    assert!(rejects.windows(broken.len()).any(|part| part == broken), "byte for byte");
}

#[tokio::test]
async fn an_older_reject_file_is_kept_aside() {
    let (folder, fake) = (Folder::new(), Fake::willing().await);
    folder.file("calls.rejects.csv", "somebody mends this");
    folder.import("calls.csv", &CALLS.replace(BROKEN, "never"), &fake).await.unwrap();
    assert_eq!(folder.read("calls.rejects.csv.1").unwrap(), "somebody mends this");
    assert!(folder.read("calls.rejects.csv").unwrap().contains("never"));
}
