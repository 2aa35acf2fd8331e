//! Tokens, keys, certificates and connections, as the world sees them.

mod algorithms;
mod certificates;
mod guard;
mod publisher;
mod purposes;
mod rotation;
mod signer;
mod sources;
mod tls;
mod tokens;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use access::{AccessError, Presented, Principal, TokenVerifier};

/// Whose token it is, where nothing but the token is presented.
pub(crate) async fn verify(verifier: &TokenVerifier, token: &str) -> Result<Principal, AccessError> {
    let authorization = format!("Bearer {token}");
    let presented = Presented { authorization: Some(&authorization), ..Presented::default() };
    verifier.authenticate(presented).await.map(|authenticated| authenticated.0)
}

/// A folder of a test's own; removed with this.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let name = format!("access-{name}-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).expect("a folder");
        Self(dir)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Puts a file in place at once, as who replaces certificates and keys does.
    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let (beside, path) = (self.path("beside"), self.path(name));
        fs::write(&beside, content).expect("a file");
        fs::rename(&beside, &path).expect("its name");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
