//! Import of foreign records as an ordinary client of the bulk stream: any CSV or JSON-lines file, by a mapping.
//!
//! The way of a row: `input` reads it, `group` brings the rows of one call together (`sort`: on disk), `compose` makes
//! commands of them by the `mapping`, `pipeline` sends them and hears what became of them, `ledger` books the outcome.
//! `docs/IMPORT.md` says how mappings are written and what the counts mean.

mod args;
mod compose;
mod counts;
mod evaluate;
mod group;
mod input;
mod ledger;
mod link;
mod mapping;
mod origin;
mod outcome;
mod pace;
mod pipeline;
mod progress;
mod reason;
mod rejects;
mod report;
mod sort;
mod time;
mod value;
mod watch;
mod window;

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use event_store::proof::note::hex;
use tokio::sync::mpsc;

pub use args::{ImportArgs, import};
pub use counts::{CommandCounts, Counts, GroupCounts, RowCounts};
pub(crate) use link::Link;
pub use link::{Target, TargetError};
pub use mapping::{FileFormat, Mapping, MappingError, MappingErrors};
pub use pace::{Speed, SpeedError};
pub use progress::ProgressError;
pub use reason::Reason;
pub use report::Summary;
pub use watch::{Shown, Silent, Watch};

use compose::{Composed, Composer};
use group::Groups;
use input::{Fingerprint, header_of};
use ledger::{Ledger, LedgerError};
use pipeline::{Pipeline, Sending};
use progress::{Progress, ProgressFile};
use rejects::Rejects;

/// The project's own mappings, by how the names of the files that they read begin.
pub const OWN_MAPPINGS: &[(&str, &str)] = &[
    ("sffd-", include_str!("../../../schema/mappings/sffd-units.toml")),
    ("virginia-beach-ems", include_str!("../../../schema/mappings/virginia-beach-ems.toml")),
    ("polisen-se", include_str!("../../../schema/mappings/polisen-se.toml")),
    ("vnr-sample", include_str!("../../../schema/mappings/vnr-sample.toml")),
    ("vp-legacy", include_str!("../../../schema/mappings/vp-legacy.toml")),
];

/// Groups that are composed ahead of what is sent.
const COMPOSED_AHEAD: usize = 64;

/// What is imported, how and where to.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// File to import.
    pub file: PathBuf,
    /// Text of the mapping.
    pub mapping: String,
    /// Register that it is imported into.
    pub target: Target,
    /// Where refused rows go.
    pub rejects: PathBuf,
    /// Where the progress is kept.
    pub progress_file: PathBuf,
    /// Where rows are sorted, once they don't fit into memory.
    pub sort_folder: PathBuf,
    /// Most commands in flight.
    pub window: usize,
    /// How many times faster than it happened the file is played; as fast as it goes, where nothing is given.
    pub speed: Option<Speed>,
    /// How long a register that is away is waited for.
    pub patience: Duration,
    /// Ignores what was done before.
    pub restart: bool,
    /// The register of the progress has a new address.
    pub same_register: bool,
}

impl ImportOptions {
    /// Imports `file` by the text of a mapping, with the reject file and the progress file in `folder`.
    #[must_use]
    pub fn new(file: &Path, mapping: String, target: Target, folder: &Path) -> Self {
        let (rejects, progress_file) = default_paths(file, folder);
        Self {
            file: file.to_owned(),
            mapping,
            target,
            rejects,
            progress_file,
            sort_folder: std::env::temp_dir(),
            window: 512,
            speed: None,
            patience: Duration::from_secs(60),
            restart: false,
            same_register: false,
        }
    }
}

/// Reject file and progress file of `file` in `folder`.
fn default_paths(file: &Path, folder: &Path) -> (PathBuf, PathBuf) {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let extension = file.extension().map_or_else(|| "txt".into(), |extension| extension.to_string_lossy());
    (folder.join(format!("{stem}.rejects.{extension}")), folder.join(format!("{stem}.progress.json")))
}

/// Why an import ended before its file did.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The mapping is not right.
    #[error(transparent)]
    Mapping(#[from] MappingErrors),
    /// The file can't be opened.
    #[error("can't read {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file, or the sort of its rows, failed on the way.
    #[error("the rows can't be read on")]
    Read(#[source] io::Error),
    /// The reject file can't be begun.
    #[error("can't write {path}")]
    Rejects {
        /// The reject file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The progress does not let it begin or go on.
    #[error(transparent)]
    Progress(#[from] ProgressError),
    /// The register was away for too long.
    #[error(
        "{target} settled nothing for {seconds} s: {message}. \
         What was done is kept: the same command goes on from there"
    )]
    Away {
        /// Its address.
        target: String,
        /// How long it was waited for.
        seconds: u64,
        /// What was heard last.
        message: String,
    },
    /// The register does not want what is sent.
    #[error("the register refuses the import ({code}): {message}. Does the token fit? `vnr token` prints one")]
    Unwelcome {
        /// Code of the answer.
        code: &'static str,
        /// Its words.
        message: String,
    },
    /// The counts are wrong: a fault of the importer.
    #[error("the counts don't add up: {0:?}")]
    Counts(Box<Counts>),
    /// A part of the importer failed.
    #[error("a part of the importer failed")]
    Task(#[source] tokio::task::JoinError),
    /// No histogram could be made.
    #[error("no histogram of the times can be kept")]
    Histogram,
}

impl From<LedgerError> for ImportError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Progress(error) => Self::Progress(error),
            LedgerError::Rejects(source) => Self::Rejects { path: PathBuf::from("the reject file"), source },
        }
    }
}

/// Imports a file; what becomes of its rows is in the summary.
///
/// # Errors
/// Where the mapping is wrong, files can't be read or written, or the register stays away. The progress is kept then.
pub async fn run(options: &ImportOptions, watch: &dyn Watch) -> Result<Summary, ImportError> {
    let open = |source| ImportError::Open { path: options.file.clone(), source };
    let header = |format| file_header(&options.file, format);
    File::open(&options.file).map_err(open)?;
    let pool = proto::descriptor_pool();
    let mapping = Arc::new(mapping::read(&options.mapping, &pool, &header)?);
    let file = ProgressFile::hold(&options.progress_file)?;
    let fingerprint = fingerprint_of(options.file.clone()).await?.map_err(open)?;

    let fresh = Progress {
        input: fingerprint,
        mapping: hex(&mapping.digest),
        target: options.target.url().to_owned(),
        begun_at: Utc::now().to_rfc3339(),
        groups_done: 0,
        counts: Counts::default(),
        rejects: rejects::Lengths::default(),
    };
    let found = if options.restart { None } else { file.load()? };
    if let Some(found) = &found {
        file.check(found, &fresh, options.same_register)?;
    }
    let resumed = found.is_some();
    let rejects_error = |source| ImportError::Rejects { path: options.rejects.clone(), source };
    let columns = header(mapping.format).unwrap_or_default();
    let (progress, rejects) = match found {
        Some(found) => {
            let rejects = Rejects::resume(&options.rejects, mapping.format, columns, found.rejects);
            (Progress { target: fresh.target, ..found }, rejects)
        }
        None => (fresh, Rejects::begin(&options.rejects, mapping.format, columns)),
    };
    let begun_at = DateTime::parse_from_rfc3339(&progress.begun_at).map_or_else(|_| Utc::now(), |at| at.to_utc());
    let (done, lines) = (progress.groups_done, progress.input.lines);
    let rows_done = progress.counts.rows.read;
    let ledger = Ledger::open(progress, file, rejects.map_err(rejects_error)?, mapping.is_grouped())?;

    let begun = Instant::now();
    let (sender, groups) = mpsc::channel(COMPOSED_AHEAD);
    let work = Work {
        file: options.file.clone(),
        folder: options.sort_folder.clone(),
        mapping: Arc::clone(&mapping),
        pool,
        done,
    };
    let reading = tokio::task::spawn_blocking(move || work.read(&sender));
    let header_lines = u64::from(matches!(mapping.format, FileFormat::Csv { .. }));
    watch.begins(lines.saturating_sub(header_lines), rows_done);
    let sending = Sending {
        target: options.target.clone(),
        window: options.window.max(1),
        speed: options.speed,
        patience: options.patience,
        begun_at,
        resumed,
    };
    let (ledger, latencies) = Pipeline::new(sending, groups, ledger, watch)?.run().await?;
    reading.await.map_err(ImportError::Task)?;
    watch.ends();
    let (counts, rejects) = ledger.close()?;
    if !counts.add_up() {
        return Err(ImportError::Counts(Box::new(counts)));
    }
    Ok(Summary::new(options, &mapping, counts, &rejects, &latencies, begun.elapsed(), resumed))
}

/// What the reading thread needs.
struct Work {
    file: PathBuf,
    folder: PathBuf,
    mapping: Arc<Mapping>,
    pool: prost_reflect::DescriptorPool,
    done: u64,
}

impl Work {
    /// Reads and composes group by group, as fast as they are taken.
    fn read(self, sender: &mpsc::Sender<io::Result<Composed>>) {
        if let Err(error) = self.try_read(sender) {
            // The pipeline has gone: nobody is left to be told.
            let _gone = sender.blocking_send(Err(error));
        }
    }

    fn try_read(&self, sender: &mpsc::Sender<io::Result<Composed>>) -> io::Result<()> {
        let mut groups = Groups::open(&self.file, &self.mapping, &self.folder, sort::BUDGET)?;
        let composer = Composer::new(&self.mapping, &self.pool)
            .ok_or_else(|| io::Error::other("the contract has no bulk stream"))?;
        let mut index = 0;
        while let Some(group) = groups.next()? {
            index += 1;
            if index <= self.done {
                continue;
            }
            if sender.blocking_send(Ok(composer.compose(group))).is_err() {
                return Ok(());
            }
        }
        Ok(())
    }
}

async fn fingerprint_of(path: PathBuf) -> Result<io::Result<Fingerprint>, ImportError> {
    tokio::task::spawn_blocking(move || Fingerprint::of(&path)).await.map_err(ImportError::Task)
}

/// Names of the columns, where the file says them.
fn file_header(path: &Path, format: FileFormat) -> Option<Vec<String>> {
    match format {
        FileFormat::Csv { delimiter, encoding } => header_of(File::open(path).ok()?, delimiter, encoding).ok(),
        FileFormat::JsonLines => None,
    }
}

/// Reads the text of a mapping.
///
/// # Errors
/// Where the file can't be read.
pub fn mapping_text(path: &Path) -> Result<String, ImportError> {
    fs::read_to_string(path).map_err(|source| ImportError::Open { path: path.to_owned(), source })
}

/// Checks the text of a mapping without a file.
///
/// # Errors
/// Everything that is wrong in it.
pub fn check_mapping(text: &str) -> Result<Mapping, MappingErrors> {
    mapping::read(text, &proto::descriptor_pool(), &|_| None)
}
