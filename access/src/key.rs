//! The key that development tokens are signed with.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair};

use crate::error::KeyError;

/// PKCS #8 v1 of an Ed25519 key is this and the 32 bytes of the seed (RFC 8410).
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// An Ed25519 key pair kept in a file that only its owner can read.
pub struct DevelopmentKey {
    pkcs8: Vec<u8>,
    public: Vec<u8>,
}

impl DevelopmentKey {
    /// Reads the key, or makes it where there is none. Of processes that make it at once, one wins and the others read.
    ///
    /// # Errors
    /// The file can't be used, is open to others, or is no such key.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        match Self::load(path) {
            Err(KeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                create(path)?;
                Self::load(path)
            }
            loaded => loaded,
        }
    }

    /// Reads the key.
    ///
    /// # Errors
    /// The file can't be used, is open to others, or is no such key.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let file = |source| KeyError::File { path: path.to_owned(), source };
        if fs::metadata(path).map_err(file)?.mode() & 0o077 != 0 {
            return Err(KeyError::Exposed { path: path.to_owned() });
        }
        let pem = fs::read_to_string(path).map_err(file)?;
        let content = || KeyError::Content { path: path.to_owned() };
        let body = pem.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or_else(content)?;
        let pkcs8 = STANDARD.decode(body.trim()).map_err(|_| content())?;
        Self::from_pkcs8(pkcs8).ok_or_else(content)
    }

    /// A key that is kept nowhere, for tests.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn ephemeral() -> Result<Self, KeyError> {
        Self::from_pkcs8(generate()?).ok_or(KeyError::Random)
    }

    fn from_pkcs8(pkcs8: Vec<u8>) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8).ok()?;
        Some(Self { public: pair.public_key().as_ref().to_vec(), pkcs8 })
    }

    /// Name of the key in the header of tokens (`kid`): its thumbprint (RFC 7638).
    pub(crate) fn id(&self) -> String {
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(&self.public));
        URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()))
    }

    pub(crate) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    pub(crate) fn public(&self) -> &[u8] {
        &self.public
    }
}

impl std::fmt::Debug for DevelopmentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DevelopmentKey(***)")
    }
}

fn generate() -> Result<Vec<u8>, KeyError> {
    let mut seed = [0; 32];
    SystemRandom::new().fill(&mut seed).map_err(|_| KeyError::Random)?;
    Ok([PKCS8.as_slice(), &seed].concat())
}

/// Writes beside and links into place, so that the file is whole as soon as it has its name and is never overwritten.
fn create(path: &Path) -> Result<(), KeyError> {
    let file = |path: &Path, source| KeyError::File { path: path.to_owned(), source };
    let pem = format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(generate()?));
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(name);
    let _ = fs::remove_file(&beside);
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside);
    written
        .and_then(|mut to| to.write_all(pem.as_bytes()).and_then(|()| to.sync_all()))
        .map_err(|e| file(&beside, e))?;
    let linked = fs::hard_link(&beside, path);
    let _ = fs::remove_file(&beside);
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(file(path, error)),
        _ => Ok(()),
    }
}
