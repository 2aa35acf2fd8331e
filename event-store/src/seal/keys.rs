//! The keys: one for each record, wrapped by a master key that is not in the database.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use sqlx::PgPool;
use sqlx::Row as _;
use uuid::Uuid;

use super::SealError;
use crate::log::LogName;

const KEY_LEN: usize = 32;

/// A key file that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// It could not be read or made.
    #[error("the master key file {path} can't be read or made")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It holds something else.
    #[error("the master key file {path} must hold 64 hexadecimal digits (32 bytes), nothing else")]
    Malformed {
        /// Which file.
        path: PathBuf,
    },
    /// Others may read it.
    #[error("the master key file {path} may be read by others: run `chmod 600 {path}`")]
    Exposed {
        /// Which file.
        path: PathBuf,
    },
    /// The system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

/// The key that wraps all others; it is never in the database.
pub struct MasterKey {
    generation: i32,
    key: LessSafeKey,
    digests: hmac::Key,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey(generation {})", self.generation)
    }
}

impl MasterKey {
    /// The master key of these bytes.
    pub fn from_bytes(generation: i32, bytes: &[u8; KEY_LEN]) -> MasterKey {
        // A key of its own, so that no digest says anything of the wrapping key.
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, bytes), b"vnr-digest-v1");
        MasterKey { generation, key: aes_key(bytes), digests: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()) }
    }

    /// Keyed digest of something personal, for one purpose: equal contents have equal digests, and nobody without the key
    /// can try contents out.
    pub fn digest(&self, purpose: &str, content: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.digests);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(content);
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }

    /// Reads the key from a file of 64 hexadecimal digits; makes the file, readable by its owner alone, where it is absent.
    ///
    /// # Errors
    /// When the file can't be read or made, holds something else, or may be read by others.
    pub fn load_or_create(path: &Path) -> Result<MasterKey, MasterKeyError> {
        match fs::read_to_string(path) {
            Ok(text) => Self::from_file_text(path, text.trim()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::create(path),
            Err(source) => Err(MasterKeyError::File { path: path.to_owned(), source }),
        }
    }

    fn from_file_text(path: &Path, text: &str) -> Result<MasterKey, MasterKeyError> {
        let failed = |source| MasterKeyError::File { path: path.to_owned(), source };
        if fs::metadata(path).map_err(failed)?.permissions().mode() & 0o077 != 0 {
            return Err(MasterKeyError::Exposed { path: path.to_owned() });
        }
        let malformed = || MasterKeyError::Malformed { path: path.to_owned() };
        let bytes: Option<Vec<u8>> = (text.is_ascii() && text.len() == KEY_LEN * 2)
            .then(|| (0..KEY_LEN).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()).collect())
            .flatten();
        let bytes: [u8; KEY_LEN] = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(malformed)?;
        Ok(Self::from_bytes(1, &bytes))
    }

    fn create(path: &Path) -> Result<MasterKey, MasterKeyError> {
        let failed = |source| MasterKeyError::File { path: path.to_owned(), source };
        let mut bytes = [0; KEY_LEN];
        SystemRandom::new().fill(&mut bytes).map_err(|_| MasterKeyError::NoRandomness)?;
        // Written aside and linked into place: two processes that start at once end with the same key, and a crash
        // leaves no half a key.
        let draft = path.with_extension(format!("draft-{}", std::process::id()));
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft).map_err(failed)?;
        file.write_all(hex.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft).map_err(failed)?;
        match linked {
            Ok(()) => Ok(Self::from_bytes(1, &bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Self::load_or_create(path),
            Err(source) => Err(failed(source)),
        }
    }

    /// Makes the key of a record from fresh random bytes.
    pub(crate) fn new_record_key(
        &self,
        key_id: Uuid,
        bytes: [u8; KEY_LEN],
        nonce: [u8; NONCE_LEN],
    ) -> (RecordKey, WrappedKey) {
        let mut wrapped = bytes.to_vec();
        // Sealing 32 bytes with a fresh nonce can't fail: AES-GCM's only limit is the length of the message.
        let sealed = self.key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(key_id.as_bytes()),
            &mut wrapped,
        );
        debug_assert!(sealed.is_ok());
        let mut stored = nonce.to_vec();
        stored.append(&mut wrapped);
        (RecordKey::new(key_id, &bytes), WrappedKey { key_id, master: self.generation, wrapped: stored })
    }

    fn unwrap(&self, stored: &WrappedKey) -> Result<RecordKey, SealError> {
        let broken = || SealError::Key { key_id: stored.key_id };
        if stored.master != self.generation || stored.wrapped.len() < NONCE_LEN {
            return Err(broken());
        }
        let (nonce, ciphertext) = stored.wrapped.split_at(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let mut buffer = ciphertext.to_vec();
        let plain =
            self.key.open_in_place(nonce, Aad::from(stored.key_id.as_bytes()), &mut buffer).map_err(|_| broken())?;
        let bytes: [u8; KEY_LEN] = (&*plain).try_into().map_err(|_| broken())?;
        Ok(RecordKey::new(stored.key_id, &bytes))
    }
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

/// The key of one record, ready for use.
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
}

fn aes_key(bytes: &[u8; KEY_LEN]) -> LessSafeKey {
    #[expect(clippy::expect_used, reason = "AES-256-GCM takes every key of 32 bytes")]
    let key = UnboundKey::new(&AES_256_GCM, bytes).expect("32 bytes are a key");
    LessSafeKey::new(key)
}

/// Reads keys of records from the database and unwraps them.
#[derive(Debug, Clone)]
pub struct KeyRing {
    pool: PgPool,
    log: LogName,
    master: Arc<MasterKey>,
}

impl KeyRing {
    /// The keys of that log's records.
    pub fn new(pool: PgPool, log: LogName, master: Arc<MasterKey>) -> KeyRing {
        KeyRing { pool, log, master }
    }

    /// The keys of these ids, by id. A destroyed key is absent.
    ///
    /// # Errors
    /// When the database fails or a key can't be unwrapped with the master key.
    pub async fn by_id(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, RecordKey>, SealError> {
        let sql =
            format!("select key_id, aggregate_id, master, wrapped from {}.keys where key_id = any ($1)", self.log);
        let rows = sqlx::query(&sql).bind(ids).fetch_all(&self.pool).await?;
        rows.iter().map(|row| read_key(row, &self.master).map(|(key, _)| (key.id, key))).collect()
    }
}

/// A row of `keys`: the key and its record.
pub(crate) fn read_key(row: &sqlx::postgres::PgRow, master: &MasterKey) -> Result<(RecordKey, Uuid), SealError> {
    let stored =
        WrappedKey { key_id: row.try_get("key_id")?, master: row.try_get("master")?, wrapped: row.try_get("wrapped")? };
    Ok((master.unwrap(&stored)?, row.try_get("aggregate_id")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_key_opens_under_its_own_master_only() {
        let master = MasterKey::from_bytes(1, &[7; 32]);
        let (_, wrapped) = master.new_record_key(Uuid::from_u128(5), [9; 32], [1; 12]);
        assert!(master.unwrap(&wrapped).is_ok());
        assert!(MasterKey::from_bytes(1, &[8; 32]).unwrap(&wrapped).is_err());
        let other_id = WrappedKey { key_id: Uuid::from_u128(6), ..wrapped };
        assert!(master.unwrap(&other_id).is_err());
    }

    #[test]
    fn a_key_file_is_made_once_and_read_again_and_must_be_private() {
        let folder = std::env::temp_dir().join(format!("vnr-master-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("master.key");
        let made = MasterKey::load_or_create(&path).unwrap();
        let (_, wrapped) = made.new_record_key(Uuid::from_u128(1), [3; 32], [0; 12]);
        assert!(MasterKey::load_or_create(&path).unwrap().unwrap(&wrapped).is_ok());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(MasterKey::load_or_create(&path), Err(MasterKeyError::Exposed { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "short").unwrap();
        assert!(matches!(MasterKey::load_or_create(&path), Err(MasterKeyError::Malformed { .. })));
        fs::remove_dir_all(&folder).unwrap();
    }
}
