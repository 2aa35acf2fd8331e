//! The list of events for people, in `docs/EVENTS.md`.

use std::fs;

use domain::personal::SEALED;

use crate::catalogue::{self, Kind};
use crate::{root, updating, write};

const BEGIN: &str = "<!-- written by `make artefacts` from here … -->\n";
const END: &str = "<!-- … to here -->\n";

fn list(kinds: &[Kind]) -> String {
    let mut text = String::new();
    let mut aggregate = "";
    for kind in kinds {
        if kind.aggregate != aggregate {
            aggregate = kind.aggregate;
            text.push_str(&format!(
                "\n### {aggregate}\n\n| event | version | what it says | personal data | schema | golden payloads |\n\
                 | --- | --- | --- | --- | --- | --- |\n"
            ));
        }
        let sealed =
            if kind.examples.iter().any(|example| example.to_string().contains(SEALED)) { "sealed" } else { "none" };
        let link = |folder: &str| {
            let version = |v| format!("[v{v}](../schema/{folder}/{}.json)", kind.stem(v));
            (1..=kind.newest).map(version).collect::<Vec<_>>().join(" ")
        };
        text.push_str(&format!(
            "| `{}` | {} | {} | {sealed} | {} | {} |\n",
            kind.event_type,
            kind.newest,
            kind.description(),
            link("events"),
            link("golden"),
        ));
    }
    text
}

/// Compares the part of a document that is written from the code with what it would be now, or writes it.
pub(crate) fn check(file: &str, part: &str) {
    let path = root().join(file);
    let committed = fs::read_to_string(&path).expect(file);
    let (before, rest) = committed.split_once(BEGIN).expect("the beginning of what is written from the code");
    let (_, after) = rest.split_once(END).expect("its end");
    let produced = format!("{before}{BEGIN}{part}\n{END}{after}");
    if updating() {
        write(&path, &produced);
        return;
    }
    assert!(committed == produced, "{file} doesn't tell what is so: run `make artefacts`");
}

#[test]
fn the_artefact_that_lists_the_events_is_up_to_date() {
    check("docs/EVENTS.md", &list(&catalogue::all()));
}
