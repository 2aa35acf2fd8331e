//! A notary for a test's log, with its folders.

use std::path::PathBuf;

use event_store::proof::head::TreeHead;
use event_store::proof::keys::KeyFolder;
use event_store::proof::notary::Notary;
use event_store::proof::note::{SignedNote, VerifierKey};
use event_store::proof::witness::WitnessFolder;
use uuid::Uuid;

use super::{LOG, Store};

pub const ORIGIN: &str = "test/register";

/// A folder that goes with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("vnr-proof-{}", Uuid::now_v7().simple()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub fn keys(&self) -> KeyFolder {
        KeyFolder::new(self.0.join("notary"))
    }

    pub fn verifiers(&self) -> Vec<VerifierKey> {
        self.keys().verifiers(ORIGIN).unwrap()
    }

    pub fn notary(&self, store: &Store) -> Notary {
        Notary::new(store.app.clone(), LOG, self.keys(), self.0.join("witness"))
    }

    /// The newest tree head outside the database.
    pub fn outside(&self) -> TreeHead {
        let note = std::fs::read_to_string(WitnessFolder::newest_file(&self.0.join("witness"), LOG)).unwrap();
        TreeHead::verified(&SignedNote::parse(&note).unwrap(), &self.verifiers()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
