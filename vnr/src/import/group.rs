//! Brings the rows of a group together.

use std::io;
use std::path::Path;

use super::input::{At, Raw, Row, RowReader};
use super::mapping::Mapping;
use super::reason::Reason;
use super::sort::{Entry, Sorted, Sorter, push_natural};

/// Most rows of a group: they are held in memory together.
pub(super) const MAX_ROWS: usize = 10_000;

/// Rows that belong together.
#[derive(Debug)]
pub(super) struct Group {
    /// What they have in common.
    pub label: String,
    /// Rows in their order; at least one.
    pub rows: Vec<Row>,
}

/// The groups of a file, one after another.
pub(super) struct Groups<'m> {
    mapping: &'m Mapping,
    reader: RowReader,
    sorted: Option<Sorted>,
    ahead: Option<Entry>,
    /// Group that had too many rows: what is left of it is refused as well.
    too_large: Option<Vec<u8>>,
}

impl<'m> Groups<'m> {
    /// Opens a file; where rows are grouped, reads and sorts it.
    ///
    /// # Errors
    /// Where the file can't be read or runs can't be written into `folder`.
    pub(super) fn open(path: &Path, mapping: &'m Mapping, folder: &Path, budget: usize) -> io::Result<Self> {
        let mut reader = RowReader::open(path, mapping)?;
        if !mapping.is_grouped() {
            return Ok(Self { mapping, reader, sorted: None, ahead: None, too_large: None });
        }
        let mut sorter = Sorter::new(folder, budget);
        while let Some((at, raw)) = reader.next_raw()? {
            let mut body = at.row.to_be_bytes().to_vec();
            body.extend(at.line.to_be_bytes());
            raw.encode(&mut body);
            let (mut key, group) = key_of(mapping, &reader.read(at, raw));
            key.extend(at.row.to_be_bytes());
            sorter.push(Entry { key, group, body })?;
        }
        Ok(Self { mapping, reader, sorted: Some(sorter.finish()?), ahead: None, too_large: None })
    }

    /// The next group.
    ///
    /// # Errors
    /// Where the file or a run can't be read.
    pub(super) fn next(&mut self) -> io::Result<Option<Group>> {
        if self.sorted.is_none() {
            let Some((at, raw)) = self.reader.next_raw()? else { return Ok(None) };
            let row = self.reader.read(at, raw);
            return Ok(Some(Group { label: format!("row {}", at.row), rows: vec![row] }));
        }
        let Some(first) = self.next_entry()? else { return Ok(None) };
        let name = first.key[..first.group].to_vec();
        let mut rows = vec![self.row_of(&first)?];
        while let Some(entry) = self.next_entry()? {
            if entry.key[..entry.group] != name || rows.len() == MAX_ROWS {
                self.ahead = Some(entry);
                break;
            }
            rows.push(self.row_of(&entry)?);
        }
        let goes_on = self.ahead.as_ref().is_some_and(|entry| entry.key[..entry.group] == name);
        if goes_on || self.too_large.as_ref() == Some(&name) {
            for row in &mut rows {
                let message = format!("its group has more than {MAX_ROWS} rows");
                row.broken = Some(Reason::of_row("group_too_large", message));
            }
            self.too_large = Some(name);
        }
        let values = self.mapping.group_by.iter().filter_map(|column| rows[0].value(*column));
        let label = values.collect::<Vec<_>>().join(" ");
        Ok(Some(Group { label, rows }))
    }

    fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        if let Some(entry) = self.ahead.take() {
            return Ok(Some(entry));
        }
        self.sorted.as_mut().and_then(Iterator::next).transpose()
    }

    fn row_of(&self, entry: &Entry) -> io::Result<Row> {
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "a run of the sort is damaged");
        let (number, body) = entry.body.split_first_chunk::<8>().ok_or_else(broken)?;
        let (line, body) = body.split_first_chunk::<8>().ok_or_else(broken)?;
        let raw = Raw::decode(body, self.mapping.format).ok_or_else(broken)?;
        let at = At { row: u64::from_be_bytes(*number), line: u64::from_be_bytes(*line) };
        let mut row = self.reader.read(at, raw);
        if row.broken.is_none()
            && let Some(column) = self.mapping.group_by.iter().find(|column| row.value(**column).is_none())
        {
            let name = &self.mapping.columns[column.index()];
            let reason =
                Reason::of_row("missing_value", format!("`{name}` is empty: it says which rows belong together"));
            row.broken = Some(Reason { path: Some(name.clone()), ..reason });
        }
        Ok(row)
    }
}

/// Key of a row, and how much of it names the group. A row that names none is a group of its own.
fn key_of(mapping: &Mapping, row: &Row) -> (Vec<u8>, usize) {
    let mut key = Vec::new();
    let named = row.broken.is_none() && mapping.group_by.iter().all(|column| row.value(*column).is_some());
    if !named {
        key.push(255);
        key.extend(row.at.row.to_be_bytes());
        let group = key.len();
        return (key, group);
    }
    mapping.group_by.iter().for_each(|column| push_natural(&mut key, row.value(*column).unwrap_or_default()));
    let group = key.len();
    mapping.order_by.iter().for_each(|column| push_natural(&mut key, row.value(*column).unwrap_or_default()));
    (key, group)
}
