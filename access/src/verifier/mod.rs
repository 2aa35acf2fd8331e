//! Tokens as they arrive: whose they are, checked once for each token and set of keys.

mod claims;
mod jws;
mod remembered;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::Utc;
use ring::digest;

pub(crate) use self::claims::Holder;
use self::claims::{Claims, Expected};
use self::jws::Jws;
use self::remembered::{Entry, Remembered};
use crate::error::{AccessError, TrustError};
use crate::key::DevelopmentKey;
use crate::trust::{Issuer, TrustedIssuer, VerifierOptions};

/// Beyond this it is no token of ours.
const LONGEST: usize = 8192;

/// Checks tokens. Clones share what they have checked.
#[derive(Clone)]
pub struct TokenVerifier {
    shared: Arc<Shared>,
}

struct Shared {
    issuers: Vec<Issuer>,
    /// Seconds.
    skew: i64,
    remembered: Remembered,
    signatures: AtomicU64,
}

impl TokenVerifier {
    /// Trusts this key, and nobody else: for development and tests.
    pub fn new(key: &DevelopmentKey) -> Self {
        let options = VerifierOptions::default();
        // What is in memory already can't fail to start.
        let issuers = TrustedIssuer::development(key).start(&options).into_iter().collect();
        Self::sharing(issuers, &options)
    }

    /// Trusts these issuers. Where keys come from a file or an address it has to be called inside a Tokio runtime, in which they are
    /// kept up to date for as long as a clone of the verifier exists.
    ///
    /// # Errors
    /// An issuer is listed twice, a file can't be used, or an address is none. An address that does not answer is no error: it is
    /// asked again, and requests wait for it.
    pub fn of(issuers: Vec<TrustedIssuer>, options: VerifierOptions) -> Result<Self, TrustError> {
        let mut started: Vec<Issuer> = Vec::with_capacity(issuers.len());
        for issuer in issuers {
            let issuer = issuer.start(&options)?;
            if started.iter().any(|other| other.iss == issuer.iss) {
                return Err(TrustError::Twice { iss: issuer.iss });
            }
            started.push(issuer);
        }
        Ok(Self::sharing(started, &options))
    }

    fn sharing(issuers: Vec<Issuer>, options: &VerifierOptions) -> Self {
        let skew = i64::try_from(options.clock_skew.as_secs()).unwrap_or(i64::MAX);
        let shared = Shared { issuers, skew, remembered: Remembered::default(), signatures: AtomicU64::new(0) };
        Self { shared: Arc::new(shared) }
    }

    /// How many signatures were checked. The other tokens were remembered.
    pub fn signatures_checked(&self) -> u64 {
        self.shared.signatures.load(Ordering::Relaxed)
    }

    /// Who holds the token.
    pub(crate) async fn holder(&self, token: &str) -> Result<Arc<Holder>, AccessError> {
        if token.len() > LONGEST {
            return Err(AccessError::Malformed);
        }
        let digest = sha256(token.as_bytes());
        if let Some(known) = self.shared.remembered.find(&digest, |entry| self.shared.is_current(entry)) {
            let over = Utc::now().timestamp() > known.expires.saturating_add(self.shared.skew);
            return if over { Err(AccessError::Expired) } else { Ok(known) };
        }
        let jws = Jws::parse(token)?;
        let claims = Claims::read(&jws.payload)?;
        let (at, issuer) = self.shared.issuer(&claims)?;
        let generation = match self.signed(&jws, issuer) {
            Err(error) if may_be_rotated(&error, &jws) => issuer.keys.renewed(|| self.signed(&jws, issuer)).await?,
            known => known?,
        };
        let expected = Expected {
            aud: &issuer.aud,
            now: Utc::now().timestamp(),
            skew: self.shared.skew,
            longest_life: issuer.longest_life,
            systems_bound: issuer.systems_bound,
        };
        let holder = Arc::new(claims.holder(&expected)?);
        let entry = Entry::new(Arc::clone(&holder), at, generation);
        let keep = |entry: &Entry| entry.expires() >= expected.now && self.shared.is_current(entry);
        self.shared.remembered.insert(digest, entry, keep);
        Ok(holder)
    }

    /// Whether the issuer signed it; by which set of its keys.
    fn signed(&self, jws: &Jws<'_>, issuer: &Issuer) -> Result<u64, AccessError> {
        let known = issuer.keys.known();
        let key = known.set.find(jws.key_id.as_deref(), jws.algorithm)?;
        self.shared.signatures.fetch_add(1, Ordering::Relaxed);
        if key.signed(jws.signed, jws.signature, jws.algorithm) {
            Ok(known.generation)
        } else {
            Err(AccessError::Signature)
        }
    }
}

/// Whether the issuer may have taken another key since its keys were read. A token that names no key shows it by its signature only.
fn may_be_rotated(error: &AccessError, jws: &Jws<'_>) -> bool {
    match error {
        AccessError::UnknownKey => true,
        AccessError::Signature => jws.key_id.is_none(),
        _ => false,
    }
}

impl Shared {
    fn issuer(&self, claims: &Claims) -> Result<(usize, &Issuer), AccessError> {
        let iss = claims.iss().ok_or(AccessError::OtherIssuer)?;
        self.issuers.iter().enumerate().find(|(_, issuer)| issuer.iss == iss).ok_or(AccessError::OtherIssuer)
    }

    /// Whether the keys are still those that it was checked with.
    fn is_current(&self, entry: &Entry) -> bool {
        self.issuers.get(entry.issuer).is_some_and(|issuer| issuer.keys.generation() == entry.generation)
    }
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenVerifier")
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    digest
}
