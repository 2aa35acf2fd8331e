//! A folder of a test's own, and the `vnr` program in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use uuid::Uuid;

use crate::{VnrProcess, vnr_binary};

/// A folder of the test's own, removed at its end.
pub struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    /// A new one, with this in its name.
    pub fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("vnr-{name}-{}", Uuid::now_v7()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Folder(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Data folder of the register in it.
    pub fn home(&self) -> PathBuf {
        self.0.join("home")
    }

    /// What `vnr` does on that register.
    pub fn vnr(&self, arguments: &[&str]) -> Output {
        Command::new(vnr_binary()).args(arguments).arg("--data-dir").arg(self.home()).output().expect("vnr runs")
    }

    /// What it prints, where it succeeds.
    pub fn told(&self, arguments: &[&str]) -> String {
        let output = self.vnr(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// The same as JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.told(arguments)).expect("JSON")
    }

    /// A token of `subject` at `institution`.
    pub fn token(&self, subject: &str, institution: &str, role: &str, purpose: &str, more: &[&str]) -> String {
        let who = ["--institution", institution, "--role", role, "--purpose", purpose, "--subject", subject];
        self.told(&[&["token"], &who[..], more].concat()).trim().to_owned()
    }

    /// As that supervisor of the Information Centre: whether it was done, and what was said.
    pub fn centre(&self, server: &VnrProcess, name: &str, arguments: &[&str]) -> (bool, String) {
        let token = self.token(name, "IC", "supervisor", "administration", &[]);
        let target = format!("http://{}", server.grpc);
        let sending = ["--token", &token, "--target-url", &target, "--reference", "PA-1"];
        let output = self.vnr(&[arguments, &sending].concat());
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).expect("text"))
    }
}
