//! Opening a journal's file, and putting an empty one in its place.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ring::hmac;

use super::error::JournalError;
use super::frame::{Chain, Frames, HEADER, Stop};

const NAME: &str = "looks.journal";
const LOCK: &str = "looks.lock";

/// A journal's file, at its end.
pub(super) struct Opened {
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// Held for as long as this process has the journal open.
    pub(super) lock: File,
    pub(super) chain: Chain,
    /// Where it ends.
    pub(super) end: u64,
    /// How many looks it holds.
    pub(super) frames: u64,
    /// Bytes that were cut off at the end.
    pub(super) cut: u64,
}

/// Whether a folder has a journal.
pub(super) fn is_there(folder: &Path) -> bool {
    folder.join(NAME).exists()
}

/// Opens the journal of a folder, or makes one. What is torn at its end is cut off, and kept beside it.
pub(super) fn open(folder: &Path, key: &hmac::Key) -> Result<Opened, JournalError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(JournalError::file(folder))?;
    let path = folder.join(NAME);
    let lock = lock(&folder.join(LOCK), &path)?;
    // A header that a power cut kept from being written whole: no look was ever in it.
    if fs::metadata(&path).map_or(true, |file| file.len() < HEADER) {
        let (file, chain) = fresh(&path)?;
        return Ok(Opened { path, file, lock, chain, end: HEADER, frames: 0, cut: 0 });
    }
    let mut file = OpenOptions::new().read(true).write(true).open(&path).map_err(JournalError::file(&path))?;
    let length = file.metadata().map_err(JournalError::file(&path))?.len();
    let read = file.try_clone().map_err(JournalError::file(&path))?;
    let mut reading = Frames::of(read, &path, key)?;
    let mut frames = 0;
    let stop = loop {
        match reading.next(length) {
            Ok(_) => frames += 1,
            Err(stop) => break stop,
        }
    };
    let end = reading.at;
    match stop {
        Stop::Torn => cut(&mut file, &path, end)?,
        stop => reading.error(stop).map_or(Ok(()), Err)?,
    }
    file.seek(SeekFrom::Start(end)).map_err(JournalError::file(&path))?;
    Ok(Opened { path, file, lock, chain: reading.chain, end, frames, cut: length - end })
}

/// Puts an empty journal in the place of the one that is there: a process that is killed meanwhile leaves the old one or the new one.
pub(super) fn fresh(path: &Path) -> Result<(File, Chain), JournalError> {
    let (chain, header) = Chain::begin();
    let new = path.with_extension("new");
    let write = || {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(&header)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        // The name too has to survive a power cut.
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
        Ok(file)
    };
    Ok((write().map_err(JournalError::file(path))?, chain))
}

fn lock(file: &Path, journal: &Path) -> Result<File, JournalError> {
    let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(file);
    let lock = lock.map_err(JournalError::file(file))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse { file: journal.to_owned() }),
        Err(TryLockError::Error(source)) => Err(JournalError::File { file: file.to_owned(), source }),
    }
}

/// Cuts a torn end off. It is kept, for whoever wants to know what it was.
fn cut(file: &mut File, path: &Path, end: u64) -> Result<(), JournalError> {
    let mut keep = || {
        let mut torn = Vec::new();
        file.seek(SeekFrom::Start(end))?;
        file.read_to_end(&mut torn)?;
        let mut aside = OpenOptions::new();
        aside.write(true).create(true).truncate(true).mode(0o600);
        let mut aside = aside.open(path.with_extension(format!("torn-at-{end}")))?;
        aside.write_all(&torn)?;
        aside.sync_all()?;
        file.set_len(end)?;
        file.sync_all()
    };
    keep().map_err(JournalError::file(path))
}
