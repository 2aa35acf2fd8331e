//! Which columns of a file give which command: read from TOML, checked whole before the first row is read.
//!
//! The language is described, with examples, in `docs/IMPORT.md`.

mod check;
mod expression;
mod load;
mod step;

use std::collections::BTreeMap;
use std::fmt;

use encoding_rs::Encoding;

pub(in crate::import) use check::ENVELOPE;
pub(super) use expression::{Aggregate, Expression, Giver, Letters, Part, Reading, Template};
pub(super) use load::read;
pub(super) use step::{Condition, Field, Phase, Step, Test};

use super::time::TimeReader;

/// Place of a column among those that a mapping names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(usize);

impl ColumnId {
    /// Index into the values of a row.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Rows of fields, the first one names the columns.
    Csv {
        /// Byte between two fields.
        delimiter: u8,
        /// How its letters are written as bytes.
        encoding: &'static Encoding,
    },
    /// A JSON object on each line; columns are dotted paths into it.
    JsonLines,
}

/// Translation of a foreign code list into ours.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Foreign code to ours.
    pub entries: BTreeMap<String, String>,
}

/// A mapping that was read and checked.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Name of the source system, part of every command's id.
    pub system: String,
    /// What kind of file it reads.
    pub format: FileFormat,
    /// How it reads times.
    pub times: TimeReader,
    /// Columns that it names; a row's values are in this order.
    pub columns: Vec<String>,
    /// Rows that agree in these belong together; none: each row stands alone.
    pub group_by: Vec<ColumnId>,
    /// Order of the rows within a group, before the order of the file.
    pub order_by: Vec<ColumnId>,
    /// Whether the commands of a group's rows are put in the order of time.
    pub interleave: bool,
    /// Translation tables by name.
    pub tables: BTreeMap<String, Table>,
    /// What a group begins with, from its first row.
    pub begin: Vec<Step>,
    /// What each row gives.
    pub row: Vec<Step>,
    /// What a group ends with, once every row of it is in.
    pub end: Vec<Step>,
    /// SHA-256 of the text that it was read from.
    pub digest: [u8; 32],
}

impl Mapping {
    /// Whether rows are brought together before they are read.
    #[must_use]
    pub fn is_grouped(&self) -> bool {
        !self.group_by.is_empty()
    }

    /// All steps, in their order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.begin.iter().chain(&self.row).chain(&self.end)
    }
}

/// One thing wrong in a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingError {
    /// Where: `row[3].fields.place.point`.
    pub path: String,
    /// What.
    pub message: String,
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Everything wrong in a mapping, told at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct MappingErrors(pub Vec<MappingError>);

impl fmt::Display for MappingErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(f, "the mapping has {count} error{}:", if count == 1 { "" } else { "s" })?;
        self.0.iter().try_for_each(|error| write!(f, "\n  {error}"))
    }
}
