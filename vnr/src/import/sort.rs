//! External merge sort: any number of entries in bounded memory, the rest in unnamed files.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Memory that entries may take before they are written to a run.
pub(super) const BUDGET: usize = 32 * 1024 * 1024;
/// Runs that are read at once; more are merged into one first.
const FAN_IN: usize = 64;

/// What is sorted: by key, byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// What it is sorted by; no two are equal where the order must be certain.
    pub key: Vec<u8>,
    /// How many bytes of the key name its group.
    pub group: usize,
    /// What it carries.
    pub body: Vec<u8>,
}

/// Takes entries in any order.
pub(super) struct Sorter {
    folder: PathBuf,
    budget: usize,
    entries: Vec<Entry>,
    bytes: usize,
    runs: Vec<File>,
    made: u64,
}

impl Sorter {
    /// A sorter that writes its runs into `folder` once its entries take more than `budget` bytes.
    #[must_use]
    pub(super) fn new(folder: &Path, budget: usize) -> Self {
        Self { folder: folder.to_owned(), budget, entries: Vec::new(), bytes: 0, runs: Vec::new(), made: 0 }
    }

    /// Takes an entry.
    ///
    /// # Errors
    /// Where a run can't be written.
    pub(super) fn push(&mut self, entry: Entry) -> io::Result<()> {
        self.bytes += entry.key.len() + entry.body.len() + size_of::<Entry>();
        self.entries.push(entry);
        if self.bytes > self.budget {
            self.spill()?;
        }
        Ok(())
    }

    /// Gives the entries in order.
    ///
    /// # Errors
    /// Where a run can't be written or read.
    pub(super) fn finish(mut self) -> io::Result<Sorted> {
        if !self.runs.is_empty() && !self.entries.is_empty() {
            self.spill()?;
        }
        self.entries.sort_unstable();
        let rest = std::mem::take(&mut self.entries);
        let runs = std::mem::take(&mut self.runs);
        Sorted::start(runs, rest)
    }

    fn spill(&mut self) -> io::Result<()> {
        self.entries.sort_unstable();
        let mut run = BufWriter::new(self.unnamed_file()?);
        for entry in self.entries.drain(..) {
            write(&mut run, &entry)?;
        }
        self.bytes = 0;
        self.keep(run)?;
        if self.runs.len() == FAN_IN {
            let mut merged = BufWriter::new(self.unnamed_file()?);
            for entry in Sorted::start(std::mem::take(&mut self.runs), Vec::new())? {
                write(&mut merged, &entry?)?;
            }
            self.keep(merged)?;
        }
        Ok(())
    }

    fn keep(&mut self, run: BufWriter<File>) -> io::Result<()> {
        let mut file = run.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        self.runs.push(file);
        Ok(())
    }

    /// A file whose name is gone at once: its space is given back however the program ends.
    fn unnamed_file(&mut self) -> io::Result<File> {
        self.made += 1;
        let name = format!("vnr-import-{}-{:x}-{}", std::process::id(), std::ptr::from_ref(self) as usize, self.made);
        let path = self.folder.join(name);
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        fs::remove_file(&path)?;
        Ok(file)
    }
}

fn write(out: &mut impl Write, entry: &Entry) -> io::Result<()> {
    for length in [entry.key.len(), entry.group, entry.body.len()] {
        out.write_all(&(length as u64).to_le_bytes())?;
    }
    out.write_all(&entry.key)?;
    out.write_all(&entry.body)
}

fn read(from: &mut impl Read) -> io::Result<Option<Entry>> {
    let mut lengths = [0; 24];
    match from.read_exact(&mut lengths[..1]) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    from.read_exact(&mut lengths[1..])?;
    let length = |place: usize| {
        let bytes = lengths[place * 8..].first_chunk::<8>().copied().unwrap_or_default();
        usize::try_from(u64::from_le_bytes(bytes)).map_err(io::Error::other)
    };
    let mut entry = Entry { key: vec![0; length(0)?], group: length(1)?, body: vec![0; length(2)?] };
    from.read_exact(&mut entry.key)?;
    from.read_exact(&mut entry.body)?;
    Ok(Some(entry))
}

/// Entries in order.
pub(super) struct Sorted {
    rest: std::vec::IntoIter<Entry>,
    runs: Vec<BufReader<File>>,
    heads: BinaryHeap<Reverse<Head>>,
}

struct Head {
    entry: Entry,
    run: usize,
}

impl Sorted {
    fn start(runs: Vec<File>, rest: Vec<Entry>) -> io::Result<Self> {
        let runs = runs.into_iter().map(|run| BufReader::with_capacity(128 * 1024, run)).collect();
        let mut sorted = Self { rest: rest.into_iter(), runs, heads: BinaryHeap::new() };
        for run in 0..sorted.runs.len() {
            sorted.advance(run)?;
        }
        Ok(sorted)
    }

    fn advance(&mut self, run: usize) -> io::Result<()> {
        if let Some(entry) = read(&mut self.runs[run])? {
            self.heads.push(Reverse(Head { entry, run }));
        }
        Ok(())
    }
}

impl Iterator for Sorted {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(Reverse(head)) = self.heads.pop() else {
            return self.rest.next().map(Ok);
        };
        if let Err(error) = self.advance(head.run) {
            return Some(Err(error));
        }
        Some(Ok(head.entry))
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        self.entry.cmp(&other.entry).then(self.run.cmp(&other.run))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head {}

/// Adds a text to a key so that numbers come in the order of their size, before other texts.
pub(super) fn push_natural(key: &mut Vec<u8>, text: &str) {
    let is_number = !text.is_empty() && text.len() < 1000 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        let digits = text.trim_start_matches('0').as_bytes();
        let short = |length: usize| u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
        key.push(1);
        key.extend(short(digits.len()));
        key.extend(digits);
        key.extend(short(text.len() - digits.len()));
    } else {
        key.push(2);
        for byte in text.bytes() {
            key.push(byte);
            if byte == 0 {
                key.push(255);
            }
        }
        key.extend([0, 0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(budget: usize, count: u64) -> Vec<u64> {
        let mut sorter = Sorter::new(&std::env::temp_dir(), budget);
        for number in 0..count {
            let scattered = (number * 7919) % count;
            let key = scattered.to_be_bytes().to_vec();
            sorter.push(Entry { key, group: 3, body: scattered.to_string().into_bytes() }).unwrap();
        }
        let number = |entry: io::Result<Entry>| {
            let entry = entry.unwrap();
            assert_eq!(entry.group, 3);
            String::from_utf8(entry.body).unwrap().parse().unwrap()
        };
        sorter.finish().unwrap().map(number).collect()
    }

    #[test]
    fn entries_come_in_order_whatever_memory_they_have() {
        let in_order: Vec<u64> = (0..20_000).collect();
        for budget in [0, 2_000, 100_000, BUDGET] {
            assert_eq!(
                sorted(budget, if budget == 0 { 2_000 } else { 20_000 }),
                in_order[..if budget == 0 { 2_000 } else { 20_000 }]
            );
        }
        assert!(sorted(10, 0).is_empty());
    }

    #[test]
    fn numbers_come_by_size_and_different_texts_stay_different() {
        let key = |texts: &[&str]| {
            let mut key = Vec::new();
            texts.iter().for_each(|text| push_natural(&mut key, text));
            key
        };
        let mut keys = ["10", "9", "x", "009", "0", "", "10x", "a\0b", "a"].map(|text| (key(&[text]), text));
        keys.sort();
        assert_eq!(keys.map(|(_, text)| text), ["0", "9", "009", "10", "", "10x", "a", "a\0b", "x"]);
        assert_ne!(key(&["1", "23"]), key(&["12", "3"]));
        assert_ne!(key(&["a", "bc"]), key(&["ab", "c"]));
    }
}
