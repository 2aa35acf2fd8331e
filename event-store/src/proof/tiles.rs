//! The log as static files: C2SP `tlog-tiles` (<https://c2sp.org/tlog-tiles>), for monitors and witnesses that know nothing of us.
//!
//! ```text
//! checkpoint                      the signed tree head
//! tile/<L>/<N>[.p/<W>]            256 (or W) hashes of the level: leaf hashes at 0, roots of full tiles above
//! tile/entries/<N>[.p/<W>]        256 (or W) entries, each with its length (u16, big-endian) before it
//! ```
//!
//! An entry is what is hashed of an event after the 0x00: the layout of `leaf.rs`. It holds hashes of payload and metadata, so
//! nothing personal, not even sealed, leaves the house with it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sqlx::PgPool;

use super::generation::Lives;
use super::head::TreeHead;
use super::heads;
use super::note::{NoteError, SignedNote};
use crate::leaf::Leaf;
use crate::log::{LogName, LogPosition};
use crate::read::{LogReader, ReadError};
use crate::tree::{Frontier, Hash, TILE_HEIGHT, node_hash};

/// Hashes in a full tile.
const WIDTH: u64 = 1 << TILE_HEIGHT;

/// Tiles that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum TilesError {
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file could not be written.
    #[error("{path} can't be written")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Nothing is signed yet.
    #[error("no tree head of {0} is signed yet")]
    NotSigned(LogName),
    /// The newest tree head is none.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// What is stored is not what was signed.
    #[error("{log} is not what was signed over {size} events: run `vnr log verify --log {log}`")]
    NotSound {
        /// Which log.
        log: LogName,
        /// Size of the tree head.
        size: u64,
    },
}

impl From<sqlx::Error> for TilesError {
    fn from(error: sqlx::Error) -> TilesError {
        TilesError::Read(error.into())
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// Events that the tiles cover.
    pub size: u64,
    /// Files that were written now; full tiles that were there already are left as they are.
    pub files: u64,
}

/// Writes the tiles of a log, up to its newest signed tree head, into a folder. Run again, it adds what is new.
///
/// The `checkpoint` is written last, so that it never covers what is not there.
///
/// # Errors
/// When the log can't be read, is not what was signed, or a file can't be written.
pub async fn export(
    pool: &PgPool,
    log: LogName,
    folder: &Path,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Exported, TilesError> {
    let stored = heads::newest(pool, log).await?.ok_or(TilesError::NotSigned(log))?;
    let head = TreeHead::parse(&SignedNote::parse(&stored.note)?.text)?;
    let mut out = Output { folder: folder.to_owned(), files: 0 };
    let mut frontier = Frontier::new();
    let mut done = 0;
    while done * WIDTH < head.size {
        let (first, width) = (done * WIDTH, WIDTH.min(head.size - done * WIDTH));
        let leaves = match out.full_tile(0, done, width)? {
            // Written before, with its entries; its hashes are still held against the tree head below.
            Some(leaves) => leaves,
            None => bundle(pool, log, &head, (first, width), &mut out, done).await?,
        };
        leaves.iter().for_each(|leaf| frontier.push(*leaf, &mut Vec::new()));
        done += 1;
        progress(first + width, head.size);
    }
    if frontier.root() != head.root {
        return Err(TilesError::NotSound { log, size: head.size });
    }
    out.levels_above(head.size)?;
    out.write(Path::new("checkpoint"), stored.note.as_bytes())?;
    Ok(Exported { size: head.size, files: out.files })
}

/// Writes a bundle of entries and its tile of level 0; gives the leaf hashes.
async fn bundle(
    pool: &PgPool,
    log: LogName,
    head: &TreeHead,
    (first, width): (u64, u64),
    out: &mut Output,
    index: u64,
) -> Result<Vec<Hash>, TilesError> {
    let generations = Lives::read(pool, log).await?;
    let events = LogReader::new(pool.clone(), log).page(LogPosition::new(first), width as u32).await?;
    let (mut entries, mut leaves) = (Vec::new(), Vec::new());
    for event in &events {
        let leaf = Leaf::of(event, &head.origin, generations.of(event.position.get()));
        let entry = leaf.entry();
        // Names and hashes: a few hundred bytes.
        let length = u16::try_from(entry.len()).map_err(|_| TilesError::NotSound { log, size: head.size })?;
        entries.extend_from_slice(&length.to_be_bytes());
        entries.extend_from_slice(&entry);
        leaves.push(leaf.hash());
    }
    if leaves.len() as u64 != width {
        return Err(TilesError::NotSound { log, size: head.size });
    }
    out.write(&tile_path("entries", index, width), &entries)?;
    out.write(&tile_path("0", index, width), &leaves.concat())?;
    Ok(leaves)
}

struct Output {
    folder: PathBuf,
    files: u64,
}

impl Output {
    /// The hashes of a full tile that lies there already.
    fn full_tile(&self, level: u32, index: u64, width: u64) -> Result<Option<Vec<Hash>>, TilesError> {
        if width < WIDTH {
            return Ok(None);
        }
        let path = self.folder.join(tile_path(&level.to_string(), index, width));
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes.as_chunks::<32>().0.to_vec()).filter(|hashes| hashes.len() as u64 == WIDTH)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(TilesError::File { path, source }),
        }
    }

    /// Levels 1, 2 …: each hash is the root of a full tile of the level below.
    fn levels_above(&mut self, size: u64) -> Result<(), TilesError> {
        let mut level = 1;
        let mut below = size / WIDTH;
        while below > 0 {
            for index in 0..below.div_ceil(WIDTH) {
                let width = WIDTH.min(below - index * WIDTH);
                if self.full_tile(level, index, width)?.is_some() {
                    continue;
                }
                let mut hashes = Vec::new();
                for child in index * WIDTH..index * WIDTH + width {
                    let tile = self.full_tile(level - 1, child, WIDTH)?.unwrap_or_default();
                    hashes.push(root_of_full(tile));
                }
                self.write(&tile_path(&level.to_string(), index, width), &hashes.concat())?;
            }
            below /= WIDTH;
            level += 1;
        }
        Ok(())
    }

    /// Written aside and renamed: a reader sees a whole file or none.
    fn write(&mut self, path: &Path, bytes: &[u8]) -> Result<(), TilesError> {
        let path = self.folder.join(path);
        let failed = |source| TilesError::File { path: path.clone(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let draft = path.with_extension("draft");
        fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, &path)).map_err(failed)?;
        self.files += 1;
        Ok(())
    }
}

fn root_of_full(mut hashes: Vec<Hash>) -> Hash {
    while hashes.len() > 1 {
        hashes = hashes.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    hashes.pop().unwrap_or_default()
}

/// `tile/0/x001/x234/067`, and `.p/112` behind it where the tile is not full.
fn tile_path(kind: &str, index: u64, width: u64) -> PathBuf {
    let mut parts = vec![format!("{:03}", index % 1_000)];
    let mut rest = index / 1_000;
    while rest > 0 {
        parts.insert(0, format!("x{:03}", rest % 1_000));
        rest /= 1_000;
    }
    let partial = if width < WIDTH { format!(".p/{width}") } else { String::new() };
    PathBuf::from(format!("tile/{kind}/{}{partial}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        assert_eq!(tile_path("0", 1_234_067, 256), Path::new("tile/0/x001/x234/067"));
        assert_eq!(tile_path("entries", 273, 112), Path::new("tile/entries/273.p/112"));
        assert_eq!(tile_path("2", 0, 1), Path::new("tile/2/000.p/1"));
    }
}
