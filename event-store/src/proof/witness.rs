//! Tree heads kept outside the database: who rewrites the log and its tables does not reach them there.
//!
//! `register.checkpoint` holds the newest tree head and is replaced as a whole; to `register.checkpoints` one is added each
//! hour, so that old ones remain. The folder is best on another machine, or write-once storage.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::note::SignedNote;
use crate::log::LogName;

/// The newest head commits to all before it, so the old ones are kept only now and then.
const KEEP_EVERY: Duration = Duration::from_secs(3_600);

/// A folder of tree heads of one log.
#[derive(Debug)]
pub struct WitnessFolder {
    folder: PathBuf,
    log: LogName,
    kept: Option<Instant>,
}

impl WitnessFolder {
    /// That folder. It is made when the first tree head comes.
    pub fn new(folder: impl Into<PathBuf>, log: LogName) -> WitnessFolder {
        WitnessFolder { folder: folder.into(), log, kept: None }
    }

    /// File of the newest tree head of a log.
    pub fn newest_file(folder: &Path, log: LogName) -> PathBuf {
        folder.join(format!("{log}.checkpoint"))
    }

    /// File of the older ones.
    pub fn all_file(folder: &Path, log: LogName) -> PathBuf {
        folder.join(format!("{log}.checkpoints"))
    }

    /// The newest tree head that was handed over, as it lies there.
    ///
    /// # Errors
    /// When there is one and it can't be read.
    pub fn newest(&self) -> io::Result<Option<String>> {
        match fs::read_to_string(WitnessFolder::newest_file(&self.folder, self.log)) {
            Ok(note) => Ok(Some(note)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Hands a tree head over.
    ///
    /// # Errors
    /// When it can't be written; what lay there before lies there still.
    pub fn hand_over(&mut self, note: &SignedNote) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let text = note.to_string();
        let newest = WitnessFolder::newest_file(&self.folder, self.log);
        let draft = newest.with_extension(format!("draft-{}", std::process::id()));
        let mut file = fs::File::create(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &newest)?;
        if self.kept.is_none_or(|kept| kept.elapsed() >= KEEP_EVERY) {
            let all = WitnessFolder::all_file(&self.folder, self.log);
            let mut file = fs::OpenOptions::new().create(true).append(true).open(all)?;
            file.write_all(format!("{text}\n").as_bytes())?;
            file.sync_all()?;
            self.kept = Some(Instant::now());
        }
        Ok(())
    }
}
