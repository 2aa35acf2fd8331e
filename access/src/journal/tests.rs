//! What the journal keeps through kills, torn ends, damage and a full disk.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use chrono::Utc;
use domain::access_day::{AccessWay, ConsultRecords, DataScope, Shown};
use domain::values::{Actor, ContentDigest, InstitutionCode, PurposeCode, UserName};
use uuid::Uuid;

use super::*;
use crate::principal::Purpose;

const KEY: [u8; 32] = [7; 32];

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("vnr-journal-{}", Uuid::now_v7())))
    }

    fn open(&self) -> Journal {
        Journal::open(&self.0, &KEY).expect("it opens")
    }

    fn refused(&self) -> JournalError {
        Journal::open(&self.0, &KEY).expect_err("it is refused")
    }

    fn file(&self) -> PathBuf {
        self.0.join("looks.journal")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn look(number: u128) -> Look {
    Look {
        command_id: Uuid::from_u128(number),
        at: Utc::now(),
        after: 7,
        purpose: Purpose::Response,
        roles: "dispatcher".into(),
        consultation: ConsultRecords {
            by: Actor {
                institution: InstitutionCode::parse("112").expect("a code"),
                user: UserName::parse("a.berzins").expect("a name"),
            },
            way: AccessWay::Journal,
            shown: vec![Shown { scopes: vec![DataScope::Summary], records: vec![Uuid::from_u128(number)] }],
            purpose: PurposeCode::parse("response").expect("a purpose"),
            reference: None,
            query: ContentDigest::of([1; 32]),
            count: 1,
        },
    }
}

/// Closes a journal, and waits until its writer has let go of the folder.
async fn close(journal: Journal, folder: &Folder) {
    drop(journal);
    for _ in 0..500 {
        let lock = OpenOptions::new().write(true).open(folder.0.join("looks.lock")).expect("a lock");
        if lock.try_lock().is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the journal stays open");
}

async fn keep(journal: &Journal, looks: std::ops::Range<u128>) {
    for number in looks {
        journal.keep(&look(number)).await.expect("it is kept");
    }
}

fn kept(journal: &Journal) -> Vec<u128> {
    let mut frames = journal.reader().expect("it can be read");
    let end = journal.standing().end;
    let next = || frames.next(end).ok().map(|bytes| Look::parse(&bytes).expect("a look").command_id.as_u128());
    std::iter::from_fn(next).collect()
}

#[tokio::test]
async fn what_was_kept_is_there_when_it_is_opened_again_in_order() {
    let folder = Folder::new();
    let journal = folder.open();
    keep(&journal, 0..3).await;
    close(journal, &folder).await;
    let journal = folder.open();
    assert_eq!((kept(&journal), journal.standing().waiting), (vec![0, 1, 2], 3));
    keep(&journal, 3..5).await;
    assert_eq!(kept(&journal), [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn looks_that_come_together_are_all_kept() {
    let folder = Folder::new();
    let journal = folder.open();
    let looks = (0..500).map(|number| {
        let journal = journal.clone();
        async move { journal.keep(&look(number)).await }
    });
    for kept in futures::future::join_all(looks).await {
        kept.expect("it is kept");
    }
    let mut numbers = kept(&journal);
    numbers.sort_unstable();
    assert_eq!(numbers, (0..500).collect::<Vec<_>>());
}

#[tokio::test]
async fn wherever_a_kill_tears_the_end_what_was_answered_for_stays() {
    let folder = Folder::new();
    let journal = folder.open();
    keep(&journal, 0..2).await;
    let answered = fs::read(folder.file()).expect("a file");
    keep(&journal, 2..3).await;
    let whole = fs::read(folder.file()).expect("a file");
    close(journal, &folder).await;
    for end in answered.len()..whole.len() {
        fs::write(folder.file(), &whole[..end]).expect("torn");
        let journal = folder.open();
        assert_eq!(kept(&journal), [0, 1], "torn at {end} of {}", whole.len());
        keep(&journal, 9..10).await;
        close(journal, &folder).await;
        let journal = folder.open();
        assert_eq!(kept(&journal), [0, 1, 9], "what comes after it is whole");
        close(journal, &folder).await;
    }
}

#[tokio::test]
async fn a_sector_that_never_came_is_a_torn_end() {
    let folder = Folder::new();
    let journal = folder.open();
    keep(&journal, 0..2).await;
    close(journal, &folder).await;
    let mut file = OpenOptions::new().append(true).open(folder.file()).expect("a file");
    file.write_all(&[0; 4_096]).expect("zeros");
    assert_eq!(kept(&folder.open()), [0, 1]);
}

#[tokio::test]
async fn whatever_byte_is_changed_the_journal_is_refused_and_keeps_what_it_has() {
    let folder = Folder::new();
    let journal = folder.open();
    keep(&journal, 0..3).await;
    close(journal, &folder).await;
    let whole = fs::read(folder.file()).expect("a file");
    for place in (0..whole.len()).filter(|place| place % 7 == 0) {
        let mut changed = whole.clone();
        changed[place] ^= 0x01;
        fs::write(folder.file(), &changed).expect("changed");
        match Journal::open(&folder.0, &KEY) {
            Err(JournalError::Damaged { .. }) => {}
            // A length that leads beyond the end of the file looks torn: what is cut off is kept beside it.
            Ok(journal) => {
                let mut cut = fs::read_dir(&folder.0).expect("a folder").flatten();
                assert!(cut.any(|file| file.file_name().to_string_lossy().contains("torn-at")), "byte {place}");
                close(journal, &folder).await;
            }
            Err(other) => panic!("byte {place}: {other}"),
        }
        assert!(fs::read(folder.file()).expect("a file").len() <= whole.len());
        for file in fs::read_dir(&folder.0).expect("a folder").flatten() {
            if file.file_name().to_string_lossy().contains("torn-at") {
                fs::remove_file(file.path()).expect("removed");
            }
        }
    }
}

#[tokio::test]
async fn a_look_that_was_taken_out_or_put_elsewhere_is_found() {
    let folder = Folder::new();
    let journal = folder.open();
    let mut ends = vec![journal.standing().end as usize];
    for number in 0..3 {
        keep(&journal, number..number + 1).await;
        ends.push(journal.standing().end as usize);
    }
    close(journal, &folder).await;
    let whole = fs::read(folder.file()).expect("a file");
    let part = |from: usize, to: usize| &whole[ends[from]..ends[to]];
    let header = &whole[..ends[0]];
    for forged in [
        [header, part(0, 1), part(2, 3)].concat(),
        [header, part(1, 2), part(0, 1), part(2, 3)].concat(),
        [header, part(0, 1), part(0, 1), part(1, 3)].concat(),
    ] {
        fs::write(folder.file(), forged).expect("forged");
        assert!(matches!(folder.refused(), JournalError::Damaged { .. }));
    }
}

#[tokio::test]
async fn another_key_does_not_open_it_and_another_process_neither() {
    let folder = Folder::new();
    let journal = folder.open();
    keep(&journal, 0..1).await;
    assert!(matches!(folder.refused(), JournalError::InUse { .. }));
    close(journal, &folder).await;
    assert!(matches!(Journal::open(&folder.0, &[8; 32]), Err(JournalError::Damaged { .. })));
}

#[tokio::test]
async fn an_empty_journal_takes_the_place_of_one_that_was_told_unless_more_came() {
    let folder = Folder::new();
    let journal = folder.open();
    keep(&journal, 0..2).await;
    let before = journal.standing();
    keep(&journal, 2..3).await;
    journal.renew(before.end).await.expect("asked");
    assert_eq!(kept(&journal), [0, 1, 2], "more came meanwhile");
    journal.renew(journal.standing().end).await.expect("renewed");
    assert_eq!((kept(&journal), journal.standing().waiting), (vec![], 0));
    keep(&journal, 3..4).await;
    close(journal, &folder).await;
    assert_eq!(kept(&folder.open()), [3]);
}

#[tokio::test]
async fn a_header_that_was_never_written_whole_is_an_empty_journal() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).expect("a folder");
    fs::write(folder.file(), b"VNRLO").expect("torn");
    assert_eq!(kept(&folder.open()), [0_u128; 0]);
}
