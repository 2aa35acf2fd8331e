//! Books the groups of an import in their order: counts, rejects, progress.

use std::io;
use std::time::{Duration, Instant};

use super::compose::ComposedRow;
use super::counts::Counts;
use super::progress::{Progress, ProgressError, ProgressFile};
use super::reason::Reason;
use super::rejects::Rejects;
use super::time::AMBIGUOUS;

/// Groups after which progress is written.
const EVERY_GROUPS: u64 = 500;
/// Time after which progress is written.
const EVERY: Duration = Duration::from_secs(2);

/// What became of a row's commands.
#[derive(Debug)]
pub(super) struct RowResult {
    /// The row; its reasons grow with each refusal.
    pub row: ComposedRow,
    /// Commands that took effect in this import.
    pub new: u64,
    /// Commands that had taken effect before.
    pub repeated: u64,
    /// Commands that the register refused.
    pub refused: u64,
    /// Events of the new commands.
    pub events: u64,
}

impl RowResult {
    /// A row of which nothing was sent yet.
    #[must_use]
    pub(super) fn new(row: ComposedRow) -> Self {
        Self { row, new: 0, repeated: 0, refused: 0, events: 0 }
    }

    /// Whether it is refused.
    #[must_use]
    pub(super) fn is_refused(&self) -> bool {
        !self.row.refused.is_empty()
    }

    /// Books a refusal.
    pub(super) fn refuse(&mut self, reasons: Vec<Reason>) {
        self.refused += 1;
        self.row.refused.extend(reasons);
    }
}

/// The books of an import.
pub(super) struct Ledger {
    progress: Progress,
    file: ProgressFile,
    rejects: Rejects,
    grouped: bool,
    saved: Instant,
    saved_groups: u64,
}

/// Why a group can't be booked.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The progress file.
    #[error(transparent)]
    Progress(#[from] ProgressError),
    /// The reject file.
    #[error("can't write the rows that were refused")]
    Rejects(#[source] io::Error),
}

impl Ledger {
    /// Opens the books and writes the first progress.
    ///
    /// # Errors
    /// Where that can't be written.
    pub(super) fn open(
        progress: Progress,
        file: ProgressFile,
        rejects: Rejects,
        grouped: bool,
    ) -> Result<Self, LedgerError> {
        file.save(&progress)?;
        let saved_groups = progress.groups_done;
        Ok(Self { progress, file, rejects, grouped, saved: Instant::now(), saved_groups })
    }

    /// Counts so far.
    #[must_use]
    pub(super) fn counts(&self) -> &Counts {
        &self.progress.counts
    }

    /// Books the next group.
    ///
    /// # Errors
    /// Where a reject or the progress can't be written.
    pub(super) fn book(&mut self, label: &str, rows: &[RowResult]) -> Result<(), LedgerError> {
        let counts = &mut self.progress.counts;
        for result in rows {
            counts.rows.read += 1;
            counts.commands.new += result.new;
            counts.commands.repeated += result.repeated;
            counts.commands.refused += result.refused;
            counts.events += result.events;
            if result.row.ambiguous {
                *counts.flagged.entry(AMBIGUOUS.to_owned()).or_default() += 1;
            }
            match result.row.refused.first() {
                Some(reason) => {
                    counts.rows.refused += 1;
                    counts.add_reason(reason.kind());
                }
                None if result.new > 0 => counts.rows.accepted += 1,
                None => counts.rows.repeated += 1,
            }
        }
        counts.groups.read += 1;
        if rows.iter().any(RowResult::is_refused) {
            counts.groups.left_open += u64::from(self.grouped);
            let label = if self.grouped { label } else { "" };
            for RowResult { row, .. } in rows {
                self.rejects.write(row.row.at, label, &row.row.raw, &row.refused).map_err(LedgerError::Rejects)?;
            }
        }
        self.progress.groups_done += 1;
        if self.progress.groups_done - self.saved_groups >= EVERY_GROUPS || self.saved.elapsed() >= EVERY {
            self.save()?;
        }
        Ok(())
    }

    /// Writes the progress.
    ///
    /// # Errors
    /// Where it can't be written.
    pub(super) fn save(&mut self) -> Result<(), LedgerError> {
        self.progress.rejects = self.rejects.sync().map_err(LedgerError::Rejects)?;
        self.file.save(&self.progress)?;
        self.saved = Instant::now();
        self.saved_groups = self.progress.groups_done;
        Ok(())
    }

    /// Closes the books of an import that is done.
    ///
    /// # Errors
    /// Where the rejects can't be written or the progress file can't be removed.
    pub(super) fn close(mut self) -> Result<(Counts, Rejects), LedgerError> {
        self.rejects.sync().map_err(LedgerError::Rejects)?;
        self.file.remove()?;
        Ok((self.progress.counts, self.rejects))
    }
}
