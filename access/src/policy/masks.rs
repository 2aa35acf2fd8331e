//! What of a record is shown and what is masked.

use super::action::{Action, Field};
use super::evaluate::Row;

/// What of a record is shown to whom asked; the rest is masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Masks {
    summary: bool,
    fields: u16,
}

/// How personal codes (personas kods) are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeShown {
    /// As they are.
    Full,
    /// As [`mask_personal_code`](super::mask_personal_code) leaves them.
    Masked,
    /// Not at all.
    Hidden,
}

impl Masks {
    pub(super) fn of(row: &Row) -> Self {
        let shown = Field::ALL.iter().filter(|field| row.decision(field.action()).allowed);
        Self {
            summary: row.decision(Action::View).allowed,
            fields: shown.fold(0, |fields, field| fields | 1 << *field as u16),
        }
    }

    /// What either shows.
    pub(super) fn or(self, other: Self) -> Self {
        let shown = |masks: Self| if masks.summary { masks.fields } else { 0 };
        Self { summary: self.summary || other.summary, fields: shown(self) | shown(other) }
    }

    /// Whether the record is shown at all: its number, type, place, times and status.
    pub fn summary(self) -> bool {
        self.summary
    }

    /// Whether a field is shown. Without the summary none is.
    pub fn shows(self, field: Field) -> bool {
        self.summary && self.fields & (1 << field as u16) != 0
    }

    /// How personal codes are shown.
    pub fn personal_code(self) -> CodeShown {
        if self.shows(Field::PersonalCode) {
            CodeShown::Full
        } else if self.shows(Field::PersonalCodeMasked) {
            CodeShown::Masked
        } else {
            CodeShown::Hidden
        }
    }

    /// The fields that are shown.
    pub fn shown(self) -> impl Iterator<Item = Field> {
        Field::ALL.iter().copied().filter(move |field| self.shows(*field))
    }
}
