//! The bytes of a journal.
//!
//! ```text
//! header   "VNRLOOK1"                          8 bytes
//!          id of this journal                16 bytes
//! frame    length of the payload, little end   4 bytes
//!          payload: a look, JSON               length bytes
//!          tag                                32 bytes
//! ```
//!
//! The tag is HMAC-SHA-256 over the tag before it (for the first frame: the header), the length and the payload.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use ring::hmac;
use uuid::Uuid;

use super::error::JournalError;

const MAGIC: &[u8; 8] = b"VNRLOOK1";
/// Bytes of the header.
pub(super) const HEADER: u64 = 24;
/// Bytes of a tag.
const TAG: usize = 32;
/// Largest payload: a look at twenty thousand records is less than a megabyte.
const LARGEST: usize = 8 << 20;
/// Disks write whole sectors: where one never came there are so many zeros, which no frame has.
const SECTOR: usize = 512;

/// What the tag of the next frame goes on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain(Vec<u8>);

impl Chain {
    /// Before the first frame of a new journal; with the bytes that it begins with.
    pub(super) fn begin() -> (Self, Vec<u8>) {
        let mut header = MAGIC.to_vec();
        header.extend_from_slice(Uuid::now_v7().as_bytes());
        (Self(header.clone()), header)
    }

    fn tag(&self, key: &hmac::Key, length: [u8; 4], payload: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(key);
        context.update(&self.0);
        context.update(&length);
        context.update(payload);
        context.sign()
    }

    /// Writes the next frame behind `into`.
    pub(super) fn add(&mut self, key: &hmac::Key, payload: &[u8], into: &mut Vec<u8>) -> Result<(), JournalError> {
        let too_large = || JournalError::TooLarge { bytes: payload.len() };
        if payload.len() > LARGEST {
            return Err(too_large());
        }
        let length = u32::try_from(payload.len()).map_err(|_| too_large())?.to_le_bytes();
        let tag = self.tag(key, length, payload);
        into.extend_from_slice(&length);
        into.extend_from_slice(payload);
        into.extend_from_slice(tag.as_ref());
        self.0 = tag.as_ref().to_vec();
        Ok(())
    }
}

/// Why there is no further frame.
#[derive(Debug)]
pub(super) enum Stop {
    /// The file ends here.
    End,
    /// A frame was begun here and never finished.
    Torn,
    /// What is here is no frame that was written here.
    Damaged(&'static str),
    /// The file can't be read.
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Io(error)
    }
}

/// Reads a journal frame by frame, each checked.
pub(super) struct Frames<R> {
    file: BufReader<R>,
    path: PathBuf,
    key: hmac::Key,
    pub(super) chain: Chain,
    /// Where the next frame begins.
    pub(super) at: u64,
}

impl Frames<File> {
    /// From the beginning of a file.
    pub(super) fn open(path: &Path, key: &hmac::Key) -> Result<Self, JournalError> {
        let file = File::open(path).map_err(JournalError::file(path))?;
        Self::of(file, path, key)
    }

    /// From the beginning of an open file.
    pub(super) fn of(mut file: File, path: &Path, key: &hmac::Key) -> Result<Self, JournalError> {
        let mut header = vec![0; HEADER as usize];
        file.seek(SeekFrom::Start(0)).map_err(JournalError::file(path))?;
        file.read_exact(&mut header).map_err(JournalError::file(path))?;
        if !header.starts_with(MAGIC) {
            let what = "it doesn't begin as a journal of looks does";
            return Err(JournalError::Damaged { file: path.to_owned(), at: 0, what });
        }
        let file = BufReader::with_capacity(1 << 16, file);
        Ok(Self { file, path: path.to_owned(), key: key.clone(), chain: Chain(header), at: HEADER })
    }

    /// The payload of the next frame before byte `end`.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn next(&mut self, end: u64) -> Result<Vec<u8>, Stop> {
        let left = usize::try_from(end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        if left == 0 {
            return Err(Stop::End);
        }
        let mut length = [0; 4];
        if left < length.len() {
            return Err(Stop::Torn);
        }
        self.file.read_exact(&mut length)?;
        let payload = u32::from_le_bytes(length) as usize;
        if payload == 0 || payload > LARGEST || left < 4 + payload + TAG {
            return self.rest(left - 4, length.to_vec());
        }
        let mut frame = vec![0; payload + TAG];
        self.file.read_exact(&mut frame)?;
        let tag = frame.split_off(payload);
        let expected = self.chain.tag(&self.key, length, &frame);
        if expected.as_ref() != tag.as_slice() {
            let read = [length.as_slice(), &frame, &tag].concat();
            return self.rest(left - 4 - payload - TAG, read);
        }
        self.chain = Chain(tag);
        self.at += (4 + payload + TAG) as u64;
        Ok(frame)
    }

    /// What stands where no whole frame does: a frame that the disk had not taken whole is shorter than it says, or has sectors in it
    /// that never came.
    fn rest(&mut self, left: usize, mut read: Vec<u8>) -> Result<Vec<u8>, Stop> {
        let length = read.first_chunk().map_or(0, |length: &[u8; 4]| u32::from_le_bytes(*length) as usize);
        let cut_short = (1..=LARGEST).contains(&length) && read.len() + left < 4 + length + TAG;
        let mut rest = vec![0; left.min(LARGEST)];
        self.file.read_exact(&mut rest)?;
        read.append(&mut rest);
        let only_zeros = read.iter().all(|byte| *byte == 0);
        let missing = read.split(|byte| *byte != 0).any(|zeros| zeros.len() >= SECTOR);
        match cut_short || only_zeros || missing {
            true => Err(Stop::Torn),
            false => Err(Stop::Damaged("what stands there is not what was written")),
        }
    }

    /// The same as an error of the journal; None where it ends as it should.
    pub(super) fn error(&self, stop: Stop) -> Option<JournalError> {
        match stop {
            Stop::End => None,
            Stop::Torn => Some(self.damaged("a look was never finished")),
            Stop::Damaged(what) => Some(self.damaged(what)),
            Stop::Io(source) => Some(JournalError::File { file: self.path.clone(), source }),
        }
    }

    fn damaged(&self, what: &'static str) -> JournalError {
        JournalError::Damaged { file: self.path.clone(), at: self.at, what }
    }
}
