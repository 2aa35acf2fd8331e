//! The access policies in force: those that two persons adopted last, at the start and while the system runs.
//!
//! They are taken from the log itself and not from the read model, which comes later, may be rebuilt, and is kept up by a part that may
//! not run here. Which version holds is one row (`streams`), so each process asks for it twice a second.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use access::policy::{Policies, PolicyHandle, schema_digest};
use chrono::{DateTime, Utc};
use domain::access_policy::{PolicyEvent, PolicyText};
use domain::ids;
use domain::values::{Actor, ContentDigest};
use event_store::log::{LogName, LogPosition};
use event_store::read::{LogReader, ReadError};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::task::JoinHandle;

use super::error::StartError;
use crate::output::riga;
use crate::settings::{PolicySource, Settings};

/// How often it is asked whether another version was adopted.
const EVERY: Duration = Duration::from_millis(500);
/// Events of the policy that are read at once, the newest first: each may hold 256 KiB of text.
const PAGE: u32 = 4;

/// The version that two persons adopted last.
pub(crate) struct Adopted {
    /// Its digest.
    pub(crate) digest: ContentDigest,
    /// Its files.
    pub(crate) text: PolicyText,
    /// Who agreed to it.
    pub(crate) by: Actor,
    /// When the register recorded that.
    pub(crate) at: DateTime<Utc>,
    /// Where.
    pub(crate) position: LogPosition,
}

impl Adopted {
    /// Reads it from the log; none where none ever was.
    ///
    /// # Errors
    /// When the log can't be read.
    pub(crate) async fn last(pool: &PgPool) -> Result<Option<Self>, StartError> {
        let reader = LogReader::new(pool.clone(), LogName::REGISTER);
        let mut before = u64::MAX;
        loop {
            let page = reader.stream_page_backwards(ids::of_access_policy(), before, PAGE).await?;
            for stored in &page {
                if let PolicyEvent::PolicyAdopted { digest, text, second, .. } = stored.decode()? {
                    let (at, position) = (stored.recorded_at, stored.position);
                    return Ok(Some(Self { digest, text, by: second, at, position }));
                }
            }
            match page.last() {
                Some(oldest) if oldest.sequence > 1 => before = oldest.sequence,
                _ => return Ok(None),
            }
        }
    }

    /// As this program reads it.
    pub(crate) fn policies(&self) -> Result<Policies, StartError> {
        Policies::of(&self.text).map_err(|source| StartError::AdoptedPolicies {
            by: format!("{} ({})", self.by.user, self.by.institution),
            at: riga(self.at),
            digest: self.digest.clone(),
            source,
        })
    }
}

/// The policies in force by these settings, for a tool that decides once; with them what was adopted last.
///
/// # Errors
/// As at the start of the system.
pub(crate) async fn in_force(settings: &Settings, pool: &PgPool) -> Result<(Policies, Option<Adopted>), StartError> {
    let adopted = Adopted::last(pool).await?;
    let policies = match (settings.policies, &adopted) {
        (PolicySource::Adopted, Some(adopted)) => adopted.policies()?,
        _ => Policies::embedded()?,
    };
    Ok((policies, adopted))
}

/// How far the policy's stream has come; 0 before its first event.
async fn version(pool: &PgPool) -> Result<i64, ReadError> {
    let sql = "select version from register.streams where aggregate_id = $1";
    let version: Option<i64> = sqlx::query_scalar(sql).bind(ids::of_access_policy()).fetch_optional(pool).await?;
    Ok(version.unwrap_or(0))
}

/// What is told of the version in force; clones share it.
#[derive(Clone)]
pub(super) struct InForce(Arc<Mutex<Told>>);

#[derive(Clone, PartialEq, Eq)]
struct Told {
    digest: ContentDigest,
    /// `adopted`, or `embedded` where none was adopted or another is not taken.
    source: &'static str,
    /// Where and when the register recorded that it was adopted.
    position: Option<LogPosition>,
    at: Option<DateTime<Utc>>,
    /// What was adopted and does not hold here, as whoever started this has wanted it.
    passed_over: Option<ContentDigest>,
}

impl InForce {
    fn new(told: Told) -> Self {
        told.count(1.0);
        Self(Arc::new(Mutex::new(told)))
    }

    fn is(&self, told: Told) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        now.count(0.0);
        told.count(1.0);
        *now = told;
    }

    fn get(&self) -> Told {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// For `/readyz`.
    pub(super) fn told(&self) -> Value {
        let told = self.get();
        json!({
            "digest": told.digest.as_str(),
            "schema": schema_digest().as_str(),
            "source": told.source,
            "adopted_at": told.at,
            "passed_over": told.passed_over.as_ref().map(ContentDigest::as_str),
        })
    }
}

impl Told {
    fn embedded(policies: &Policies, passed_over: Option<ContentDigest>) -> Self {
        Self { digest: policies.digest().clone(), source: "embedded", position: None, at: None, passed_over }
    }

    fn adopted(adopted: &Adopted) -> Self {
        let Adopted { digest, position, at, .. } = adopted;
        let (digest, position, at) = (digest.clone(), Some(*position), Some(*at));
        Self { digest, source: "adopted", position, at, passed_over: None }
    }

    /// The series of the version in force is 1, those of the others 0.
    fn count(&self, holds: f64) {
        let (digest, schema) = (self.digest.to_string(), schema_digest().to_string());
        metrics::gauge!("vnr_policy_info", "digest" => digest, "schema" => schema, "source" => self.source).set(holds);
    }
}

/// The version in force, kept so.
pub(super) struct PoliciesInForce {
    handle: Arc<PolicyHandle>,
    told: InForce,
    follows: JoinHandle<StartError>,
}

impl PoliciesInForce {
    /// Puts in force what was adopted last, or else what the program came with, and goes on doing so.
    ///
    /// # Errors
    /// Where what was adopted can't be read, or means nothing to this program: nothing is decided by other policies than those that two
    /// persons agreed to, unless the settings say so.
    pub(super) async fn start(settings: &Settings, pool: &PgPool) -> Result<Self, StartError> {
        // The version first: what is adopted between the two is then read twice, and never missed.
        let seen = version(pool).await?;
        let (policies, adopted) = in_force(settings, pool).await?;
        let told = match (settings.policies, &adopted) {
            (PolicySource::Adopted, Some(adopted)) => Told::adopted(adopted),
            (_, adopted) => {
                let passed_over = adopted.as_ref().map(|adopted| adopted.digest.clone());
                let passed_over = passed_over.filter(|digest| digest != policies.digest());
                Told::embedded(&policies, passed_over)
            }
        };
        if let Some(digest) = &told.passed_over {
            tracing::warn!(in_force = %told.digest, adopted = %digest, "other access policies are in force than were adopted: --policies embedded");
        }
        if !policies.institutions().has_accounts() {
            tracing::warn!(digest = %told.digest, "these access policies name no accounts of source journals (`sources` in institutions.toml): \
                any institution sends under any source's name until two persons adopt a version that does");
        }
        let schema = schema_digest();
        tracing::info!(digest = %told.digest, %schema, source = told.source, "access policies in force");
        let (handle, told) = (Arc::new(PolicyHandle::new(policies)), InForce::new(told));
        let following = Following {
            pool: pool.clone(),
            source: settings.policies,
            seen,
            handle: Arc::clone(&handle),
            told: told.clone(),
        };
        Ok(Self { handle, told, follows: tokio::spawn(following.run()) })
    }

    /// What decides.
    pub(super) fn handle(&self) -> Arc<PolicyHandle> {
        Arc::clone(&self.handle)
    }

    /// What is told of it.
    pub(super) fn told(&self) -> InForce {
        self.told.clone()
    }

    /// Waits until what was adopted can't be put in force here, which a program that is too old for it brings about.
    pub(super) async fn ended(&mut self) -> io::Result<()> {
        match (&mut self.follows).await {
            Ok(refused) => Err(io::Error::other(refused)),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}

impl Drop for PoliciesInForce {
    fn drop(&mut self) {
        self.follows.abort();
    }
}

struct Following {
    pool: PgPool,
    source: PolicySource,
    seen: i64,
    handle: Arc<PolicyHandle>,
    told: InForce,
}

impl Following {
    /// Ends only where what was adopted means nothing to this program: it must not go on deciding by what no longer holds.
    async fn run(mut self) -> StartError {
        let mut answers = true;
        loop {
            tokio::time::sleep(EVERY).await;
            match self.look().await {
                Ok(()) => answers = true,
                // A database that does not answer lets nobody be answered either; it is waited for, and told once.
                Err(StartError::Read(error)) => {
                    if std::mem::replace(&mut answers, false) {
                        tracing::warn!(%error, "it can't be seen at present whether other access policies were adopted");
                    }
                }
                Err(refused) => {
                    tracing::error!(error = %refused, "the adopted access policies can't be put in force");
                    return refused;
                }
            }
        }
    }

    async fn look(&mut self) -> Result<(), StartError> {
        let version = version(&self.pool).await?;
        if version == self.seen {
            return Ok(());
        }
        if let Some(adopted) = Adopted::last(&self.pool).await? {
            self.take(&adopted)?;
        }
        self.seen = version;
        Ok(())
    }

    fn take(&self, adopted: &Adopted) -> Result<(), StartError> {
        let now = self.told.get();
        match self.source {
            PolicySource::Adopted if now.position == Some(adopted.position) => {}
            PolicySource::Adopted => {
                let before = self.handle.adopt(adopted.policies()?);
                self.told.is(Told::adopted(adopted));
                let (digest, before) = (&adopted.digest, before.digest());
                tracing::info!(%digest, %before, position = %adopted.position, by = %adopted.by.institution, "access policies adopted: in force from now on");
            }
            PolicySource::Embedded if adopted.digest == now.digest => {}
            PolicySource::Embedded => {
                let passed_over = Some(adopted.digest.clone());
                tracing::warn!(in_force = %now.digest, adopted = %adopted.digest, "adopted access policies are passed over: --policies embedded");
                self.told.is(Told { passed_over, ..now });
            }
        }
        Ok(())
    }
}
