//! Counts of an import: what was read equals what became of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Most kinds of reasons that are counted apart.
const MOST_KINDS: usize = 200;

/// What became of the rows and commands so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows.
    pub rows: RowCounts,
    /// Groups of rows.
    pub groups: GroupCounts,
    /// Commands.
    pub commands: CommandCounts,
    /// Events that the new commands wrote.
    pub events: u64,
    /// Rows by the mark that their commands carry.
    pub flagged: BTreeMap<String, u64>,
    /// Refused rows by the kind of their first reason.
    pub reasons: BTreeMap<String, u64>,
}

/// What became of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// Rows read.
    pub read: u64,
    /// Rows of which at least one command was new, and none refused.
    pub accepted: u64,
    /// Rows of which everything had been known.
    pub repeated: u64,
    /// Rows of which a command was refused, or could not be made.
    pub refused: u64,
}

/// What became of groups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupCounts {
    /// Groups read.
    pub read: u64,
    /// Groups left open, because a row of theirs was refused.
    pub left_open: u64,
}

/// What became of commands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandCounts {
    /// Those that took effect in this import.
    pub new: u64,
    /// Those that had taken effect before.
    pub repeated: u64,
    /// Those that were refused.
    pub refused: u64,
}

impl CommandCounts {
    /// All that were answered.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.new + self.repeated + self.refused
    }
}

impl Counts {
    /// Whether rows read = accepted + repeated + refused.
    #[must_use]
    pub fn add_up(&self) -> bool {
        self.rows.read == self.rows.accepted + self.rows.repeated + self.rows.refused
    }

    /// Counts a reason.
    pub fn add_reason(&mut self, kind: String) {
        let room = self.reasons.len() < MOST_KINDS || self.reasons.contains_key(&kind);
        *self.reasons.entry(if room { kind } else { "other".to_owned() }).or_default() += 1;
    }
}
