//! The master key: wraps the keys of records, and is never in the database. It has generations: the newest wraps, older ones
//! still unwrap, until all keys are wrapped anew and the old generation is destroyed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use uuid::Uuid;

use super::SealError;
use super::source::{KeySource, KeyText};

pub(super) const KEY_LEN: usize = 32;

/// A master key that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// Its file could not be read or made.
    #[error("the master key file {path} can't be read or made")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Others may read its file.
    #[error("the master key file {path} may be read by others: run `chmod 600 {path}`")]
    Exposed {
        /// Which file.
        path: PathBuf,
    },
    /// The command that prints it did not.
    #[error("the command that prints the master key failed: {why}")]
    Command {
        /// What it said, without the key.
        why: String,
    },
    /// It holds something else.
    #[error(
        "{source_name} must hold 64 hexadecimal digits (32 bytes), or lines of generation and digits, `1 3f…`; {why}"
    )]
    Malformed {
        /// Where it was read from.
        source_name: String,
        /// What is wrong with it; never the text itself.
        why: &'static str,
    },
    /// It is another key than the one that this log's keys are wrapped with.
    #[error(
        "{source_name}: generation {generation} is not the master key that this log's personal data is sealed under; \
         give the right one, or what is sealed can't be read"
    )]
    Other {
        /// Where it was read from.
        source_name: String,
        /// Which generation.
        generation: i32,
    },
    /// A generation that keys of the log are wrapped with is missing.
    #[error("{source_name} has no generation {generation} of the master key, and the log has; add it")]
    Missing {
        /// Where it was read from.
        source_name: String,
        /// Which generation.
        generation: i32,
    },
    /// Only a file can be written to.
    #[error("{source_name} can't be changed from here; change it yourself, then run this again")]
    ReadOnly {
        /// Where it is read from.
        source_name: String,
    },
    /// The system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
    /// The database could not be asked.
    #[error("the database could not be asked for the generations of the master key")]
    Database(#[from] sqlx::Error),
}

/// The generations of the master key, as its source has them. Read again when a generation is asked for that is not known.
pub struct MasterKeys {
    source: KeySource,
    ring: RwLock<Arc<Ring>>,
}

struct Ring {
    generations: BTreeMap<i32, LessSafeKey>,
    checks: BTreeMap<i32, [u8; 32]>,
    digests: hmac::Key,
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKeys({}, generations {:?})", self.source, self.generations())
    }
}

impl MasterKeys {
    /// One generation with these bytes, for tests and benches: it has no source that could be read again.
    pub fn from_bytes(generation: i32, bytes: &[u8; KEY_LEN]) -> MasterKeys {
        let text = KeyText { digest: None, generations: BTreeMap::from([(generation, *bytes)]) };
        MasterKeys { source: KeySource::Given, ring: RwLock::new(Arc::new(Ring::of(&text))) }
    }

    /// Reads the key from its source. A file is made, readable by its owner alone, where it is absent.
    ///
    /// # Errors
    /// [`MasterKeyError`]: the source can't be read, holds something else, or may be read by others.
    pub fn load(source: KeySource) -> Result<MasterKeys, MasterKeyError> {
        let text = source.read_or_create()?;
        Ok(MasterKeys { ring: RwLock::new(Arc::new(Ring::of(&text))), source })
    }

    /// Reads the source again. Where that fails the generations stay as they are.
    ///
    /// # Errors
    /// As [`MasterKeys::load`].
    pub fn reload(&self) -> Result<(), MasterKeyError> {
        if matches!(self.source, KeySource::Given) {
            return Ok(());
        }
        let ring = Arc::new(Ring::of(&self.source.read()?));
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(())
    }

    /// Where it is read from.
    pub fn source(&self) -> &KeySource {
        &self.source
    }

    /// The generations that are there, the oldest first.
    pub fn generations(&self) -> Vec<i32> {
        self.ring().generations.keys().copied().collect()
    }

    /// The generation that wraps new keys.
    pub fn newest(&self) -> i32 {
        self.ring().newest()
    }

    /// What tells one key of that generation from another without telling anything of it; None where it is not there.
    pub fn check(&self, generation: i32) -> Option<[u8; 32]> {
        self.ring().checks.get(&generation).copied()
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keyed digest of something personal, for one purpose: equal contents have equal digests, and nobody without the key
    /// can try contents out. The same whatever generation wraps.
    pub fn digest(&self, purpose: &str, content: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.ring().digests);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(content);
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }

    /// Makes the key of a record, or of a subject in it, from fresh random bytes.
    pub fn new_record_key(
        &self,
        key_id: Uuid,
        bytes: [u8; KEY_LEN],
        nonce: [u8; NONCE_LEN],
    ) -> (RecordKey, WrappedKey) {
        (RecordKey::new(key_id, &bytes), self.ring().wrap(key_id, &bytes, nonce))
    }

    /// The key, ready for use.
    ///
    /// # Errors
    /// [`SealError::Key`] where it does not open, [`SealError::Generation`] where its generation is not there even after
    /// reading the source again.
    pub(crate) fn unwrap(&self, stored: &WrappedKey) -> Result<RecordKey, SealError> {
        Ok(RecordKey::new(stored.key_id, &self.unwrapped(stored)?))
    }

    /// The same key under the newest generation.
    ///
    /// # Errors
    /// As [`MasterKeys::unwrap`].
    pub(crate) fn rewrap(&self, stored: &WrappedKey, nonce: [u8; NONCE_LEN]) -> Result<WrappedKey, SealError> {
        let bytes = self.unwrapped(stored)?;
        Ok(self.ring().wrap(stored.key_id, &bytes, nonce))
    }

    fn unwrapped(&self, stored: &WrappedKey) -> Result<[u8; KEY_LEN], SealError> {
        let missing = || SealError::Generation { generation: stored.master };
        let mut ring = self.ring();
        if !ring.generations.contains_key(&stored.master) {
            self.reload().map_err(|_| missing())?;
            ring = self.ring();
        }
        let key = ring.generations.get(&stored.master).ok_or_else(missing)?;
        let broken = || SealError::Key { key_id: stored.key_id };
        let (nonce, ciphertext) = stored.wrapped.split_at_checked(NONCE_LEN).ok_or_else(broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let mut buffer = ciphertext.to_vec();
        let plain = key.open_in_place(nonce, Aad::from(stored.key_id.as_bytes()), &mut buffer).map_err(|_| broken())?;
        (&*plain).try_into().map_err(|_| broken())
    }
}

impl Ring {
    fn of(text: &KeyText) -> Ring {
        let generations = text.generations.iter().map(|(number, bytes)| (*number, aes_key(bytes))).collect();
        let checks =
            text.generations.iter().map(|(number, bytes)| (*number, derived(bytes, b"vnr-master-check-v1"))).collect();
        Ring { generations, checks, digests: hmac::Key::new(hmac::HMAC_SHA256, &text.digest_key()) }
    }

    fn newest(&self) -> i32 {
        // A source without any generation is refused when it is read.
        self.generations.last_key_value().map_or(0, |(number, _)| *number)
    }

    fn wrap(&self, key_id: Uuid, bytes: &[u8; KEY_LEN], nonce: [u8; NONCE_LEN]) -> WrappedKey {
        let mut wrapped = bytes.to_vec();
        if let Some((_, key)) = self.generations.last_key_value() {
            // Sealing 32 bytes with a fresh nonce can't fail: AES-GCM's only limit is the length of the message.
            let sealed = key.seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(key_id.as_bytes()),
                &mut wrapped,
            );
            debug_assert!(sealed.is_ok());
        }
        let mut stored = nonce.to_vec();
        stored.append(&mut wrapped);
        WrappedKey { key_id, master: self.newest(), wrapped: stored }
    }
}

/// A key for another purpose than wrapping, that says nothing of the wrapping key.
pub(super) fn derived(bytes: &[u8; KEY_LEN], purpose: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    key.copy_from_slice(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, bytes), purpose).as_ref());
    key
}

/// A key as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// Its id; also in each text that it seals.
    pub key_id: Uuid,
    /// Generation of the master key that wraps it.
    pub master: i32,
    /// Nonce, encrypted key, tag.
    pub wrapped: Vec<u8>,
}

/// The key of a record, or of a data subject within it, ready for use.
#[derive(Clone)]
pub struct RecordKey {
    pub(super) id: Uuid,
    pub(super) key: Arc<LessSafeKey>,
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordKey({})", self.id)
    }
}

impl RecordKey {
    fn new(id: Uuid, bytes: &[u8; KEY_LEN]) -> RecordKey {
        RecordKey { id, key: Arc::new(aes_key(bytes)) }
    }

    /// What seals with it.
    pub(super) fn key(&self) -> &LessSafeKey {
        &self.key
    }

    /// Its id.
    pub fn id(&self) -> Uuid {
        self.id
    }
}

fn aes_key(bytes: &[u8; KEY_LEN]) -> LessSafeKey {
    #[expect(clippy::expect_used, reason = "AES-256-GCM takes every key of 32 bytes")]
    let key = UnboundKey::new(&AES_256_GCM, bytes).expect("32 bytes are a key");
    LessSafeKey::new(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_key_opens_under_its_own_master_only() {
        let master = MasterKeys::from_bytes(1, &[7; 32]);
        let (_, wrapped) = master.new_record_key(Uuid::from_u128(5), [9; 32], [1; 12]);
        assert!(master.unwrap(&wrapped).is_ok());
        assert!(MasterKeys::from_bytes(1, &[8; 32]).unwrap(&wrapped).is_err());
        let of_another_generation = MasterKeys::from_bytes(2, &[7; 32]).unwrap(&wrapped);
        assert!(matches!(of_another_generation, Err(SealError::Generation { generation: 1 })));
        let other_id = WrappedKey { key_id: Uuid::from_u128(6), ..wrapped };
        assert!(master.unwrap(&other_id).is_err());
    }
}
