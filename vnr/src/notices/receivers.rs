//! Whose systems notices are posted to: a file of the operator's, `--notice-receivers`. Who is not in it fetches them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::values::InstitutionCode;
use ring::hmac;
use serde::Deserialize;

use super::post::Address;

/// A secret is at least so long: it keys a SHA-256.
const SHORTEST_SECRET: usize = 32;
/// Before it is posted, so long is waited for what is told of the incident after it was registered: persons come a moment later.
const SETTLE: u64 = 20;

/// What stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    settle_seconds: Option<u64>,
    #[serde(default)]
    receiver: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    institution: String,
    url: String,
    #[serde(default)]
    secret: Option<String>,
    #[serde(default)]
    secret_file: Option<PathBuf>,
    #[serde(default)]
    authorities: Option<PathBuf>,
}

/// The file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ReceiversError {
    /// It can't be read.
    #[error("the file of notice receivers, {}, can't be read", path.display())]
    Unreadable {
        /// Its path.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// What it says is not right; no secret is told.
    #[error("the file of notice receivers, {}, is not right: {}", path.display(), problems.join("; "))]
    Wrong {
        /// Its path.
        path: PathBuf,
        /// All that is wrong with it.
        problems: Vec<String>,
    },
}

/// A system that notices are posted to.
pub struct Receiver {
    /// Whose it is.
    pub institution: InstitutionCode,
    pub(crate) address: Address,
    pub(crate) key: hmac::Key,
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("institution", &self.institution).finish_non_exhaustive()
    }
}

/// All of them.
#[derive(Debug)]
pub struct Receivers {
    all: Vec<Receiver>,
    /// How long is waited before the first attempt.
    pub(crate) settle: Duration,
}

impl Default for Receivers {
    fn default() -> Self {
        Self { all: Vec::new(), settle: Duration::from_secs(SETTLE) }
    }
}

impl Receivers {
    /// Reads the file; nobody where there is none.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn load(path: Option<&Path>) -> Result<Self, ReceiversError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(path)
            .map_err(|source| ReceiversError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, path).map_err(|problems| ReceiversError::Wrong { path: path.to_owned(), problems })
    }

    fn parse(text: &str, path: &Path) -> Result<Self, Vec<String>> {
        // What the parser says quotes the line, which may hold a secret.
        let file: File = toml::from_str(text).map_err(|error| vec![error.message().to_owned()])?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let (mut all, mut problems): (Vec<Receiver>, Vec<String>) = (Vec::new(), Vec::new());
        for (place, entry) in (1..).zip(file.receiver) {
            match entry.read(folder) {
                Ok(receiver) if all.iter().any(|known| known.institution == receiver.institution) => {
                    problems.push(format!("receiver {place}: {} stands there twice", receiver.institution));
                }
                Ok(receiver) => all.push(receiver),
                Err(why) => problems.push(format!("receiver {place}: {why}")),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self { all, settle: Duration::from_secs(file.settle_seconds.unwrap_or(SETTLE)) })
    }

    /// Codes of the institutions.
    pub(crate) fn institutions(&self) -> Vec<String> {
        self.all.iter().map(|receiver| receiver.institution.to_string()).collect()
    }

    /// That of an institution.
    pub(crate) fn of(&self, institution: &str) -> Option<&Receiver> {
        self.all.iter().find(|receiver| receiver.institution.as_str() == institution)
    }
}

impl Entry {
    fn read(self, folder: &Path) -> Result<Receiver, String> {
        let institution = InstitutionCode::parse(&self.institution).map_err(|error| error.to_string())?;
        let secret = match (self.secret, self.secret_file) {
            (Some(secret), None) => secret,
            (None, Some(file)) => std::fs::read_to_string(folder.join(&file))
                .map_err(|error| format!("secret_file {} can't be read: {error}", file.display()))?,
            _ => return Err("give either secret or secret_file".to_owned()),
        };
        let secret = secret.trim();
        if secret.len() < SHORTEST_SECRET {
            return Err(format!("the secret is shorter than {SHORTEST_SECRET} characters"));
        }
        let authorities = self.authorities.map(|file| folder.join(file));
        let address = Address::parse(&self.url, authorities.as_deref())?;
        Ok(Receiver { institution, address, key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Receivers, Vec<String>> {
        Receivers::parse(text, Path::new("receivers.toml"))
    }

    #[test]
    fn receivers_are_read_with_their_secrets_kept_to_themselves() {
        let text = format!(
            "settle_seconds = 3\n[[receiver]]\ninstitution = \"sd-riga\"\nurl = \"http://127.0.0.1:9/n\"\nsecret = \"{}\"",
            "s".repeat(32)
        );
        let read = parse(&text).unwrap();
        assert_eq!((read.institutions(), read.settle), (vec!["SD-RIGA".to_owned()], Duration::from_secs(3)));
        assert!(!format!("{read:?}").contains("ssss"));
        assert!(read.of("SD-RIGA").is_some() && read.of("SD-CESIS").is_none());
    }

    #[test]
    fn all_that_is_wrong_with_the_file_is_told_at_once_and_no_secret() {
        let entry = |institution: &str, url: &str, secret: &str| {
            format!("[[receiver]]\ninstitution = \"{institution}\"\nurl = \"{url}\"\n{secret}\n")
        };
        let good = format!("secret = \"{}\"", "hunter2".repeat(6));
        let text = entry("SD-RIGA", "http://a.example/", &good)
            + &entry("SD RIGA", "http://a.example/", &good)
            + &entry("SD-CESIS", "ftp://a.example/", &good)
            + &entry("SD-OGRE", "http://a.example/", "secret = \"hunter2\"")
            + &entry("SD-RIGA", "http://a.example/", &good)
            + &entry("SD-TALSI", "http://a.example/", "");
        let problems = parse(&text).unwrap_err();
        assert_eq!(problems.len(), 5, "{problems:?}");
        assert!(!problems.concat().contains("hunter2"), "{problems:?}");
    }
}
