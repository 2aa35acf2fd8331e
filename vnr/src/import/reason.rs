//! Why a row was refused, for the person who mends it.

use serde::{Deserialize, Serialize};

/// One reason why a row was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Step of the mapping that it came of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What kind: a word of the importer (`unreadable_time`), or the code that the register answered with (`NOT_FOUND`).
    pub code: String,
    /// Column, field or rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Columns that the field is made of, where the register names a field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// For people.
    pub message: String,
}

impl Reason {
    /// A reason that has to do with the row as a whole.
    #[must_use]
    pub fn of_row(code: &str, message: impl Into<String>) -> Self {
        Self { step: None, code: code.to_owned(), path: None, columns: Vec::new(), message: message.into() }
    }

    /// A reason found while a step was made of the row.
    #[must_use]
    pub fn of_step(step: &str, code: &str, path: Option<String>, message: impl Into<String>) -> Self {
        Self { step: Some(step.to_owned()), code: code.to_owned(), path, columns: Vec::new(), message: message.into() }
    }

    /// What equal reasons are counted under.
    #[must_use]
    pub fn kind(&self) -> String {
        let mut kind = String::new();
        if let Some(step) = &self.step {
            kind = format!("{step}: ");
        }
        kind.push_str(&self.code);
        if let Some(path) = &self.path {
            kind = format!("{kind} ({path})");
        }
        kind
    }
}
