//! The notary's keys: Ed25519, in files of a folder that is not in the database.
//!
//! `0001.key` holds the 32 bytes of a private key as 64 hexadecimal digits, readable by its owner alone; it is made once.
//! The key of the highest number signs. A key that no longer signs is destroyed; `0001.pub` keeps its public part. `0002.next` is
//! a key on its way to be one.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::note::{NoteSignature, VerifierKey, hex};

/// A notary's key that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum NotaryKeyError {
    /// It could not be read or made.
    #[error("the notary's key {path} can't be read or made")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It holds something else.
    #[error("the notary's key {path} must hold 64 hexadecimal digits (32 bytes), nothing else")]
    Malformed {
        /// Which file.
        path: PathBuf,
    },
    /// Others may read it.
    #[error("the notary's key {path} may be read by others: run `chmod 600 {path}`")]
    Exposed {
        /// Which file.
        path: PathBuf,
    },
    /// The system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

/// A key that signs.
pub struct NotaryKey {
    number: u32,
    pair: Ed25519KeyPair,
}

impl fmt::Debug for NotaryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NotaryKey({}, {})", self.number, hex(&self.public()))
    }
}

impl NotaryKey {
    /// The key of that private seed (RFC 8032).
    pub fn from_seed(number: u32, seed: &[u8; 32]) -> NotaryKey {
        #[expect(clippy::expect_used, reason = "Ed25519 takes every seed of 32 bytes")]
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("32 bytes are a seed");
        NotaryKey { number, pair }
    }

    /// 1 is the first.
    pub fn number(&self) -> u32 {
        self.number
    }

    fn public(&self) -> [u8; 32] {
        let mut public = [0; 32];
        public.copy_from_slice(self.pair.public_key().as_ref());
        public
    }

    /// Its public part, for the log of that origin.
    pub fn verifier(&self, origin: &str) -> VerifierKey {
        VerifierKey::new(origin, self.public())
    }

    /// Signs a note's text as the notary of that log.
    pub fn sign(&self, origin: &str, text: &str) -> NoteSignature {
        NoteSignature {
            name: origin.to_owned(),
            key_id: self.verifier(origin).id(),
            signature: self.pair.sign(text.as_bytes()).as_ref().to_vec(),
        }
    }
}

/// The folder of keys.
#[derive(Debug, Clone)]
pub struct KeyFolder {
    path: PathBuf,
}

impl KeyFolder {
    /// That folder. It need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> KeyFolder {
        KeyFolder { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key that signs; the first one is made where there is none.
    ///
    /// # Errors
    /// When a file can't be read or made, holds something else, or may be read by others.
    pub fn current_or_create(&self) -> Result<NotaryKey, NotaryKeyError> {
        match self.current()? {
            Some(key) => Ok(key),
            None => {
                self.write_file(&self.private(1), &new_seed()?, 0o600)?;
                // Two processes may have made it at once; one of them won.
                self.current()?.ok_or_else(|| NotaryKeyError::Malformed { path: self.private(1) })
            }
        }
    }

    /// The key that signs, where there is one.
    ///
    /// # Errors
    /// When it can't be read, holds something else, or may be read by others.
    pub fn current(&self) -> Result<Option<NotaryKey>, NotaryKeyError> {
        let last = self.numbers("key")?.last().copied();
        last.map(|number| Ok(NotaryKey::from_seed(number, &read(&self.private(number), true)?))).transpose()
    }

    /// The public parts of all keys that ever signed here, for the log of that origin, oldest first.
    ///
    /// # Errors
    /// When a file can't be read.
    pub fn verifiers(&self, origin: &str) -> Result<Vec<VerifierKey>, NotaryKeyError> {
        let mut keys = Vec::new();
        for number in self.numbers("pub")? {
            keys.push(VerifierKey::new(origin, read(&self.public(number), false)?));
        }
        keys.extend(self.current()?.map(|key| key.verifier(origin)));
        keys.dedup();
        Ok(keys)
    }

    /// Makes the key after `old` and writes it to `0002.next`, without putting it to use.
    ///
    /// # Errors
    /// When the system gives no random bytes or the file can't be written.
    pub fn prepare(&self, old: &NotaryKey) -> Result<NotaryKey, NotaryKeyError> {
        let (seed, number) = (new_seed()?, old.number + 1);
        let path = self.prepared(number);
        match fs::remove_file(&path) {
            // One that an earlier attempt left.
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(NotaryKeyError::File { path, source });
            }
            _ => self.write_file(&path, &seed, 0o600)?,
        }
        Ok(NotaryKey::from_seed(number, &seed))
    }

    /// Puts the key that was prepared after `old` to use, where it is this one, and destroys the private part of the old
    /// one. Gives the key that signs now; none where no such key was prepared.
    ///
    /// # Errors
    /// When a file can't be read or written.
    pub fn adopt(&self, old: &NotaryKey, next: &VerifierKey) -> Result<Option<NotaryKey>, NotaryKeyError> {
        let (number, path) = (old.number + 1, self.prepared(old.number + 1));
        if !path.exists() {
            return Ok(None);
        }
        let key = NotaryKey::from_seed(number, &read(&path, true)?);
        if key.verifier(next.name()) != *next {
            return Ok(None);
        }
        self.write_file(&self.public(old.number), &old.public(), 0o644)?;
        fs::rename(&path, self.private(number)).map_err(|source| NotaryKeyError::File { path, source })?;
        let path = self.private(old.number);
        fs::remove_file(&path).map_err(|source| NotaryKeyError::File { path, source })?;
        Ok(Some(key))
    }

    fn private(&self, number: u32) -> PathBuf {
        self.path.join(format!("{number:04}.key"))
    }

    fn public(&self, number: u32) -> PathBuf {
        self.path.join(format!("{number:04}.pub"))
    }

    fn prepared(&self, number: u32) -> PathBuf {
        self.path.join(format!("{number:04}.next"))
    }

    fn numbers(&self, extension: &str) -> Result<Vec<u32>, NotaryKeyError> {
        let failed = |source| NotaryKeyError::File { path: self.path.clone(), source };
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut numbers = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(extension)?.strip_suffix('.')?.parse().ok());
            numbers.extend::<Option<u32>>(number);
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Written aside and linked into place: what is there is never written over, and a crash leaves no half a key.
    fn write_file(&self, path: &Path, bytes: &[u8; 32], mode: u32) -> Result<(), NotaryKeyError> {
        let failed = |source| NotaryKeyError::File { path: path.to_owned(), source };
        fs::create_dir_all(&self.path).map_err(failed)?;
        let draft = path.with_extension(format!("draft-{}", std::process::id()));
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&draft).map_err(failed)?;
        file.write_all(hex(bytes).as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft).map_err(failed)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
            _ => Ok(()),
        }
    }
}

fn new_seed() -> Result<[u8; 32], NotaryKeyError> {
    let mut seed = [0; 32];
    SystemRandom::new().fill(&mut seed).map_err(|_| NotaryKeyError::NoRandomness)?;
    Ok(seed)
}

fn read(path: &Path, private: bool) -> Result<[u8; 32], NotaryKeyError> {
    let failed = |source| NotaryKeyError::File { path: path.to_owned(), source };
    let text = fs::read_to_string(path).map_err(failed)?;
    if private && fs::metadata(path).map_err(failed)?.permissions().mode() & 0o077 != 0 {
        return Err(NotaryKeyError::Exposed { path: path.to_owned() });
    }
    let text = text.trim();
    let bytes: Option<Vec<u8>> = (text.is_ascii() && text.len() == 64)
        .then(|| (0..32).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()).collect())
        .flatten();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| NotaryKeyError::Malformed { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::super::head::TreeHead;
    use super::super::note::{NoteError, SignedNote};
    use super::super::succession;
    use super::*;

    fn note(text: &str, keys: &[&NotaryKey]) -> SignedNote {
        SignedNote { text: text.to_owned(), signatures: keys.iter().map(|key| key.sign("a/b", text)).collect() }
    }

    #[test]
    fn a_key_is_made_once_and_read_again_and_must_be_private() {
        let folder = KeyFolder::new(std::env::temp_dir().join(format!("vnr-notary-{}", std::process::id())));
        let made = folder.current_or_create().unwrap();
        assert_eq!(folder.current_or_create().unwrap().public(), made.public());
        let path = folder.private(1);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(folder.current(), Err(NotaryKeyError::Exposed { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();

        let next = folder.prepare(&made).unwrap();
        assert_eq!(folder.current().unwrap().unwrap().number(), 1);
        assert!(folder.adopt(&made, &made.verifier("a/b")).unwrap().is_none());
        assert!(folder.adopt(&made, &next.verifier("a/b")).unwrap().is_some());
        assert!(!path.exists());
        assert_eq!(folder.current().unwrap().unwrap().number(), 2);
        assert_eq!(folder.verifiers("a/b").unwrap(), [made.verifier("a/b"), next.verifier("a/b")]);
        fs::remove_dir_all(folder.path()).unwrap();
    }

    #[test]
    fn a_tree_head_is_accepted_by_the_keys_of_its_log_only() {
        let key = NotaryKey::from_seed(1, &[3; 32]);
        let head = TreeHead { origin: "a/b".into(), size: 5, root: [1; 32], ..TreeHead::empty("a/b") };
        let signed = note(&head.text(), &[&key]);
        assert_eq!(TreeHead::verified(&signed, &[key.verifier("a/b")]).unwrap(), head);
        let other = NotaryKey::from_seed(1, &[4; 32]).verifier("a/b");
        assert!(matches!(TreeHead::verified(&signed, &[other, key.verifier("a/c")]), Err(NoteError::Untrusted(_))));
        let elsewhere = TreeHead { origin: "a/c".into(), ..head.clone() };
        assert!(TreeHead::verified(&note(&elsewhere.text(), &[&key]), &[key.verifier("a/b")]).is_err());
        let changed = SignedNote { text: signed.text.replace("\n5\n", "\n6\n"), ..signed };
        assert!(matches!(TreeHead::verified(&changed, &[key.verifier("a/b")]), Err(NoteError::Signature(_))));
    }

    #[test]
    fn a_key_vouches_for_the_next_and_that_for_the_one_after() {
        let keys: Vec<NotaryKey> = (1..=4).map(|n| NotaryKey::from_seed(n, &[n as u8; 32])).collect();
        let verifiers: Vec<VerifierKey> = keys.iter().map(|key| key.verifier("a/b")).collect();
        let vouched = |old: usize, new: usize| note(&succession::text(&verifiers[new]), &[&keys[old], &keys[new]]);
        let chain = [vouched(0, 1), vouched(1, 2)];
        assert_eq!(succession::extend(&verifiers[..1], &chain).unwrap(), verifiers[..3]);
        assert_eq!(succession::extend(&verifiers[1..2], &chain).unwrap(), verifiers[1..3]);
        // Somebody whom nobody trusts vouches for nobody.
        assert_eq!(succession::extend(&verifiers[..1], &[vouched(2, 3)]).unwrap(), verifiers[..1]);
        // The new key has to say yes.
        let silent = note(&succession::text(&verifiers[1]), &[&keys[0]]);
        assert!(succession::extend(&verifiers[..1], &[silent]).is_err());
    }
}
