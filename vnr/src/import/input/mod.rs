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

/// Where a row stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    /// 1 for the first row; a header is not counted.
    pub row: u64,
    /// The line that it begins in, from 1, a header counted.
    pub line: u64,
}

/// Why the values of a row can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    /// Column, where it is one.
    pub column: Option<String>,
    /// For people.
    pub message: String,
}

impl Broken {
    /// It is the row as a whole.
    fn row(message: String) -> Self {
        Self { column: None, message }
    }
}

/// A row, read.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Where it stands.
    pub at: At,
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
            FileFormat::Csv { delimiter, encoding } => {
                Source::Csv(CsvReader::open(file, (delimiter, encoding), &mapping.columns)?)
            }
            FileFormat::JsonLines => Source::Json(JsonReader::open(file, &mapping.columns)),
        };
        Ok(Self { source, columns: mapping.columns.len(), next: 1 })
    }

    /// The next row as it stands, and where that is.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub(super) fn next_raw(&mut self) -> io::Result<Option<(At, Raw)>> {
        let raw = match &mut self.source {
            Source::Csv(reader) => reader.next()?.map(|(line, fields)| (line, Raw::Fields(fields))),
            Source::Json(reader) => reader.next()?.map(|(line, text)| (line, Raw::Line(text))),
        };
        Ok(raw.map(|(line, raw)| {
            let row = self.next;
            self.next += 1;
            (At { row, line }, raw)
        }))
    }

    /// What the mapping's columns say in a row.
    #[must_use]
    pub(super) fn read(&self, at: At, raw: Raw) -> Row {
        let values = match (&self.source, &raw) {
            (Source::Csv(reader), Raw::Fields(record)) => reader.values(record),
            (Source::Json(reader), Raw::Line(line)) => reader.values(line),
            _ => Err(Broken::row("is of another format".to_owned())),
        };
        match values {
            Ok(values) => Row { at, raw, values, broken: None },
            Err(Broken { column, message }) => {
                let broken = Some(Reason { path: column, ..Reason::of_row("unreadable_row", message) });
                Row { at, raw, values: vec![None; self.columns], broken }
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
