//! Whose tokens are trusted, and how strictly they are checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::error::TrustError;
use crate::key::DevelopmentKey;
use crate::keys::{Address, KeySet, LiveKeys, Pace, Source, Times, VerifyingKey, tell_faults};
use crate::stamp::Stamp;
use crate::token::{AUDIENCE, ISSUER};

const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);
/// Machines that are developed on are not given a new token each day.
const LONGEST_DEVELOPMENT_LIFE: Duration = Duration::from_secs(400 * 24 * 3600);

/// Somebody whose tokens hold here: an institution's identity provider, or the key for development.
#[derive(Debug, Clone)]
pub struct TrustedIssuer {
    iss: String,
    aud: String,
    keys: Place,
    systems_bound: bool,
    longest_life: Duration,
}

#[derive(Debug, Clone)]
enum Place {
    Development { id: String, public: Vec<u8> },
    File(PathBuf),
    Url(String),
}

impl TrustedIssuer {
    /// The key for development, which production does not list.
    pub fn development(key: &DevelopmentKey) -> Self {
        let keys = Place::Development { id: key.id(), public: key.public().to_vec() };
        Self { longest_life: LONGEST_DEVELOPMENT_LIFE, ..Self::new(ISSUER.to_owned(), AUDIENCE.to_owned(), keys) }
    }

    /// An issuer (`iss`) whose keys are in a JWK set in a file; its tokens are for `aud`. The file is read again when it changes.
    pub fn jwks_file(iss: impl Into<String>, aud: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self::new(iss.into(), aud.into(), Place::File(path.into()))
    }

    /// An issuer (`iss`) whose keys are published as a JWK set at an address; its tokens are for `aud`. The address is asked again
    /// in the background, and when a token names a key that is not known.
    pub fn jwks_url(iss: impl Into<String>, aud: impl Into<String>, url: impl Into<String>) -> Self {
        Self::new(iss.into(), aud.into(), Place::Url(url.into()))
    }

    /// Whether tokens of systems hold only when they are bound to a client certificate (RFC 8705). They need not, unless told.
    #[must_use]
    pub fn systems_bound(self, systems_bound: bool) -> Self {
        Self { systems_bound, ..self }
    }

    /// For how long its tokens may be valid: 24 hours, 400 days for development, unless told.
    #[must_use]
    pub fn longest_life(self, longest_life: Duration) -> Self {
        Self { longest_life, ..self }
    }

    fn new(iss: String, aud: String, keys: Place) -> Self {
        Self { iss, aud, keys, systems_bound: false, longest_life: LONGEST_LIFE }
    }

    /// Makes its keys known, and keeps them so.
    pub(crate) fn start(self, options: &VerifierOptions) -> Result<Issuer, TrustError> {
        let Self { iss, aud, keys, systems_bound, longest_life } = self;
        let keys = match keys {
            Place::Development { id, public } => LiveKeys::fixed(KeySet::of(VerifyingKey::development(id, &public))),
            Place::File(path) => {
                let (set, source) = read(&iss, path)?;
                LiveKeys::kept(&iss, set, source, options.times(), &runtime()?)
            }
            Place::Url(url) => {
                let source = Source::Url(Address::parse(&iss, &url, options.authorities.as_deref())?);
                LiveKeys::kept(&iss, KeySet::default(), source, options.times(), &runtime()?)
            }
        };
        Ok(Issuer { iss, aud, keys, systems_bound, longest_life })
    }
}

fn runtime() -> Result<Handle, TrustError> {
    Handle::try_current().map_err(|_| TrustError::NoRuntime)
}

/// A file that is wrong from the start is the operator's mistake: better told than waited for.
fn read(iss: &str, path: PathBuf) -> Result<(KeySet, Source), TrustError> {
    let file = |path: &Path, source| TrustError::File { path: path.to_owned(), source };
    let stamp = Stamp::of(&path).map_err(|error| file(&path, error))?;
    let published = std::fs::read(&path).map_err(|error| file(&path, error))?;
    let Ok((set, faults)) = KeySet::read(&published) else {
        return Err(TrustError::Keys { path });
    };
    tell_faults(iss, set.is_empty(), &faults);
    if set.is_empty() {
        return Err(TrustError::Keys { path });
    }
    Ok((set, Source::File { path, read: Some(stamp) }))
}

/// An issuer that is trusted, with its keys.
pub(crate) struct Issuer {
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) keys: Arc<LiveKeys>,
    pub(crate) systems_bound: bool,
    pub(crate) longest_life: Duration,
}

/// How strictly tokens are checked, and how often keys are read.
#[derive(Debug, Clone)]
pub struct VerifierOptions {
    /// How far the clocks of two machines may be apart: 30 s.
    pub clock_skew: Duration,
    /// Least time between two readings of keys that unknown keys cause: 2 s. Who asks in between waits.
    pub readings_apart: Duration,
    /// How often files are looked at: 2 s.
    pub file_every: Duration,
    /// Addresses are asked no more often than this by themselves, whatever they say of freshness: 30 s.
    pub refresh_soonest: Duration,
    /// Addresses are asked no less often than this; so long a key that was taken back may hold: 15 minutes.
    pub refresh_latest: Duration,
    /// A PEM file with the authorities of addresses, trusted beside those of the public web.
    pub authorities: Option<PathBuf>,
}

impl Default for VerifierOptions {
    fn default() -> Self {
        Self {
            clock_skew: Duration::from_secs(30),
            readings_apart: Duration::from_secs(2),
            file_every: Duration::from_secs(2),
            refresh_soonest: Duration::from_secs(30),
            refresh_latest: Duration::from_secs(15 * 60),
            authorities: None,
        }
    }
}

impl VerifierOptions {
    fn times(&self) -> Times {
        let pace = Pace { file: self.file_every, soonest: self.refresh_soonest, latest: self.refresh_latest };
        Times { pace, apart: self.readings_apart }
    }
}
