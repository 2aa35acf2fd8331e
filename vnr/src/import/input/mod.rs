//! The rows of a file, one after another, as they stand and as the mapping names them.

mod csv;
mod fingerprint;
mod json;

use std::fs::File;
use std::io;
use std::path::Path;

use self::csv::CsvReader;
use self::json::JsonReader;
use super::mapping::{ColumnId, FileFormat, Mapping};
use super::reason::Reason;

pub(super) use self::csv::header_of;
pub(super) use self::fingerprint::Fingerprint;

/// A row as it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Raw {
    /// Fields of a CSV row.
    Fields(::csv::ByteRecord),
    /// A line without its end.
    Line(Vec<u8>),
}

/// A row, read.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// 1 for the first row; a header is not counted.
    pub number: u64,
    /// As it stands.
    pub raw: Raw,
    /// Values of the columns that the mapping names, trimmed; none where empty.
    pub values: Vec<Option<Box<str>>>,
    /// Why the row can't be read, where it can't.
    pub broken: Option<Reason>,
}

impl Row {
    /// The value of a column, where there is one.
    #[must_use]
    pub(super) fn value(&self, column: ColumnId) -> Option<&str> {
        self.values.get(column.index())?.as_deref()
    }
}

/// Reads a file row by row in constant memory.
pub(super) struct RowReader {
    source: Source,
    columns: usize,
    next: u64,
}

enum Source {
    Csv(CsvReader),
    Json(JsonReader),
}

impl RowReader {
    /// Opens a file for the mapping.
    ///
    /// # Errors
    /// Where it can't be read.
    pub(super) fn open(path: &Path, mapping: &Mapping) -> io::Result<Self> {
        let file = File::open(path)?;
        let source = match mapping.format {
            FileFormat::Csv { delimiter } => Source::Csv(CsvReader::open(file, delimiter, &mapping.columns)?),
            FileFormat::JsonLines => Source::Json(JsonReader::open(file, &mapping.columns)),
        };
        Ok(Self { source, columns: mapping.columns.len(), next: 1 })
    }

    /// The next row as it stands, with its number.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub(super) fn next_raw(&mut self) -> io::Result<Option<(u64, Raw)>> {
        let raw = match &mut self.source {
            Source::Csv(reader) => reader.next()?.map(Raw::Fields),
            Source::Json(reader) => reader.next()?.map(Raw::Line),
        };
        Ok(raw.map(|raw| {
            let number = self.next;
            self.next += 1;
            (number, raw)
        }))
    }

    /// What the mapping's columns say in a row.
    #[must_use]
    pub(super) fn read(&self, number: u64, raw: Raw) -> Row {
        let values = match (&self.source, &raw) {
            (Source::Csv(reader), Raw::Fields(record)) => reader.values(record),
            (Source::Json(reader), Raw::Line(line)) => reader.values(line),
            _ => Err("is of another format".to_owned()),
        };
        match values {
            Ok(values) => Row { number, raw, values, broken: None },
            Err(message) => {
                let broken = Some(Reason::of_row("unreadable_row", message));
                Row { number, raw, values: vec![None; self.columns], broken }
            }
        }
    }
}

/// The text, trimmed, where something is left.
fn present(text: &str) -> Option<Box<str>> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.into())
}

impl Raw {
    /// Puts the row into bytes, for a run of a sort.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let mut field = |bytes: &[u8]| {
            out.extend((bytes.len() as u64).to_le_bytes());
            out.extend(bytes);
        };
        match self {
            Self::Line(line) => field(line),
            Self::Fields(record) => record.iter().for_each(field),
        }
    }

    /// Takes a row of the mapping's format out of bytes.
    #[must_use]
    pub(super) fn decode(mut bytes: &[u8], format: FileFormat) -> Option<Self> {
        let mut fields = Vec::new();
        while let Some((length, rest)) = bytes.split_first_chunk::<8>() {
            let (field, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
            fields.push(field);
            bytes = rest;
        }
        match format {
            FileFormat::Csv { .. } => Some(Self::Fields(fields.into_iter().collect())),
            FileFormat::JsonLines => fields.first().map(|line| Self::Line(line.to_vec())),
        }
    }
}
