//! What a process that may be killed at any moment writes down: whole lines, and a torn one does not count.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

/// Ends each line, so that what a kill has cut off is never taken for a shorter whole.
const WHOLE: &str = " .";

pub struct Journal(File);

impl Journal {
    /// Goes on where the process before was killed.
    pub fn open(path: &Path) -> Journal {
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        // Ends what was torn.
        file.write_all(b"\n").unwrap();
        Journal(file)
    }

    /// In one write, past every buffer of this process.
    pub fn line(&mut self, words: fmt::Arguments<'_>) {
        self.0.write_all(format!("{words}{WHOLE}\n").as_bytes()).unwrap();
    }
}

/// The whole lines of a journal, each as its words; none where there is no journal yet.
pub fn lines(path: &Path) -> Vec<Vec<String>> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text.unwrap(),
    };
    let whole = text.lines().filter_map(|line| line.strip_suffix(WHOLE));
    whole.map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}
