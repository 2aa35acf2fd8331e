//! A small file in the form of a call with units, its mapping, and a folder to work in.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::fake::Fake;
use crate::import::{ImportError, ImportOptions, Silent, Summary, run};

/// A call for each line's first field, a unit for each line.
pub(super) const CALLS: &str = "\
call,unit,received,sent,there,free
2,B1,2026-03-28 10:00,2026-03-28 10:01,2026-03-28 10:05,2026-03-28 10:30
1,A1,2026-03-28 09:00,2026-03-28 09:02,2026-03-28 09:09,2026-03-28 09:40
1,A2,2026-03-28 09:00,2026-03-28 09:01,,
3,A1,2026-10-25 03:30,2026-10-25 03:40,2026-10-25 04:10,2026-10-25 04:30
2,A1,2026-03-28 10:00,2026-03-28 10:02,2026-03-28 10:06,2026-03-28 10:20
10,C1,2026-03-28 12:00,2026-03-28 12:01,,2026-03-28 12:04
";

pub(super) const MAPPING: &str = r#"
group_by = ["call"]
order_by = ["unit"]
interleave = true
[source]
system = "small"
format = "csv"
time_zone = "Europe/Riga"
time_formats = ["%Y-%m-%d %H:%M"]
external_id = { template = "{call}-{unit}" }
[[begin]]
command = "receive_call"
id = "{call}"
occurred_at = "received"
external_id = { column = "call" }
fields.channel = "CHANNEL_PHONE_112"
[[row]]
command = "register_unit"
id = "{unit}"
once = true
occurred_at = "sent"
fields = { institution = "TEST", call_sign = { column = "unit" }, kind = "UNIT_KIND_PATROL" }
[[row]]
command = "attach_unit"
id = "{call}-{unit}"
occurred_at = "sent"
[row.fields]
card.external = { system = "small", external_id = { column = "call" } }
unit.call_sign = { institution = "TEST", call_sign = { column = "unit" } }
divert = true
[[row]]
command = "report_unit_status"
id = "{call}-{unit}"
when = "there"
occurred_at = "there"
[row.fields]
unit.call_sign = { institution = "TEST", call_sign = { column = "unit" } }
status = "UNIT_STATUS_ON_SCENE"
[[row]]
command = "release_unit"
id = "{call}-{unit}"
occurred_at = { coalesce = [{ column = "free", parse = "time" }, { max = "free", parse = "time" }] }
[row.fields]
card.external = { system = "small", external_id = { column = "call" } }
unit.call_sign = { institution = "TEST", call_sign = { column = "unit" } }
[[end]]
command = "complete_card"
id = "{call}"
occurred_at = { max = "free", parse = "time" }
external_id = { column = "call" }
[end.fields]
card.external = { system = "small", external_id = { column = "call" } }
disposition = "settled"
"#;

/// A folder that goes with its test.
pub(super) struct Folder(PathBuf);

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Folder {
    pub(super) fn new() -> Self {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("vnr-import-test-{}-{count}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }

    pub(super) fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.0.join(name)).ok()
    }

    pub(super) fn options(&self, file: &Path, fake: &Fake) -> ImportOptions {
        let mut options = ImportOptions::new(file, MAPPING.to_owned(), fake.target(), self.path());
        options.patience = Duration::from_secs(60);
        options
    }

    /// Imports a text with the small mapping.
    pub(super) async fn import(&self, name: &str, text: &str, fake: &Fake) -> Result<Summary, ImportError> {
        run(&self.options(&self.file(name, text), fake), &Silent).await
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _left_behind = fs::remove_dir_all(&self.0);
    }
}

/// Rows read, accepted, repeated, refused.
pub(super) fn rows(summary: &Summary) -> [u64; 4] {
    let rows = summary.counts.rows;
    [rows.read, rows.accepted, rows.repeated, rows.refused]
}

/// Many calls, each with one to three units; some units are on several of them.
pub(super) fn many_calls(count: u64) -> String {
    let mut text = String::from("call,unit,received,sent,there,free\n");
    for call in 0..count {
        let (hour, minute) = ((call / 50) % 24, call % 50);
        for unit in 0..=call % 3 {
            let name = (call * 7 + unit) % 40;
            let at = |after: u64| format!("2026-02-01 {hour:02}:{:02}", minute + after);
            text.push_str(&format!("{call},U{name},{},{},{},{}\n", at(0), at(1 + unit), at(5), at(8)));
        }
    }
    text
}
