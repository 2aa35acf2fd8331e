//! The classifiers in force: what was loaded, at the start and while the system runs, and the program's own tables where nothing was.
//!
//! They are taken from the log itself, as the access policies are: how far each classifier has come is one row (`streams`), so each
//! process asks for all of them twice a second, in one query, and reads only the events that it has not seen.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::classifier::{ClassifierEvent, Classifiers, CodeList, CodeSystem};
use domain::ids;
use domain::values::Actor;
use event_store::log::{LogName, StoredEvent};
use event_store::read::{LogReader, ReadError};
use sqlx::PgPool;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::error::StartError;

/// How often it is asked whether something was loaded.
const EVERY: Duration = Duration::from_millis(500);
/// Events of a classifier that are read at once: the first holds the whole list.
const PAGE: u32 = 8;

/// A classifier into which something was loaded.
#[derive(Clone)]
pub(crate) struct Loaded {
    /// All of its entries: exactly what its events say.
    pub(crate) list: CodeList,
    /// Who loaded last.
    pub(crate) by: Actor,
    /// When the register recorded that.
    pub(crate) at: DateTime<Utc>,
    /// How many of its events are in it.
    version: u64,
}

/// The classifiers into which something was loaded; all others are the program's own tables.
#[derive(Clone, Default)]
pub(crate) struct LoadedClassifiers(BTreeMap<CodeSystem, Loaded>);

impl LoadedClassifiers {
    /// Reads them from the log.
    ///
    /// # Errors
    /// When the log can't be read, or what was loaded means nothing to this program.
    pub(crate) async fn read(pool: &PgPool) -> Result<Self, StartError> {
        let nothing = Self::default();
        Ok(nothing.newer(pool).await?.unwrap_or(nothing))
    }

    /// The classifier of that kind, where something was loaded into it.
    pub(crate) fn get(&self, system: CodeSystem) -> Option<&Loaded> {
        self.0.get(&system)
    }

    /// All classifiers, as they are in force.
    pub(crate) fn in_force(&self) -> Classifiers {
        let mut lists = Classifiers::embedded().clone();
        for (system, loaded) in &self.0 {
            lists.set(*system, loaded.list.clone());
        }
        lists
    }

    /// The same with what was loaded since; nothing where nothing was.
    async fn newer(&self, pool: &PgPool) -> Result<Option<Self>, StartError> {
        let versions = versions(pool).await?;
        let mut newer: Option<Self> = None;
        for system in CodeSystem::ALL {
            let version = versions.get(&ids::of_classifier(*system)).copied().unwrap_or(0);
            let seen = self.get(*system).map_or(0, |loaded| loaded.version);
            if version > seen {
                newer.get_or_insert_with(|| self.clone()).take(pool, *system).await?;
            }
        }
        Ok(newer)
    }

    /// Takes in the events of one that it has not seen.
    async fn take(&mut self, pool: &PgPool, system: CodeSystem) -> Result<(), StartError> {
        let reader = LogReader::new(pool.clone(), LogName::REGISTER);
        loop {
            let seen = self.get(system).map_or(0, |loaded| loaded.version);
            let page = reader.stream_page(ids::of_classifier(system), seen, PAGE).await?;
            for stored in &page {
                self.apply(system, stored)?;
            }
            if page.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    fn apply(&mut self, system: CodeSystem, stored: &StoredEvent) -> Result<(), StartError> {
        let decoded = stored.decode::<ClassifierEvent>();
        let ClassifierEvent::ClassifierLoaded { entries, by, .. } =
            decoded.map_err(|source| StartError::ClassifierUnreadable { system, source })?;
        let mut list = self.0.remove(&system).map(|before| before.list).unwrap_or_default();
        list.amend(entries);
        self.0.insert(system, Loaded { list, by, at: stored.recorded_at, version: stored.sequence });
        Ok(())
    }

    /// For `/metrics`.
    fn count(&self) {
        metrics::gauge!("vnr_classifiers_loaded").set(self.0.len() as f64);
    }
}

/// How far the streams of all classifiers have come; those that have no event are left out.
async fn versions(pool: &PgPool) -> Result<BTreeMap<Uuid, u64>, ReadError> {
    let ids: Vec<Uuid> = CodeSystem::ALL.iter().map(|system| ids::of_classifier(*system)).collect();
    let sql = "select aggregate_id, version from register.streams where aggregate_id = any($1)";
    let versions: Vec<(Uuid, i64)> = sqlx::query_as(sql).bind(ids).fetch_all(pool).await?;
    Ok(versions.into_iter().map(|(id, version)| (id, u64::try_from(version).unwrap_or(0))).collect())
}

/// The classifiers in force, kept so.
pub(super) struct ClassifiersInForce {
    lists: watch::Receiver<Arc<Classifiers>>,
    follows: JoinHandle<()>,
}

impl ClassifiersInForce {
    /// Puts in force what was loaded, and goes on doing so.
    ///
    /// # Errors
    /// Where what was loaded can't be read: codes are not checked by lists that hold no longer.
    pub(super) async fn start(pool: &PgPool) -> Result<Self, StartError> {
        let loaded = LoadedClassifiers::read(pool).await?;
        loaded.count();
        let (publish, lists) = watch::channel(Arc::new(loaded.in_force()));
        let follows = tokio::spawn(follow(pool.clone(), loaded, publish));
        Ok(Self { lists, follows })
    }

    /// The lists, as they are at any time.
    pub(super) fn lists(&self) -> watch::Receiver<Arc<Classifiers>> {
        self.lists.clone()
    }
}

impl Drop for ClassifiersInForce {
    fn drop(&mut self) {
        self.follows.abort();
    }
}

/// Asks for ever. Where a newer program has written what this one can't read, it goes on with the lists that it knows: nobody is let in
/// by them, and the commands of a rolling upgrade must not stop.
async fn follow(pool: PgPool, mut loaded: LoadedClassifiers, publish: watch::Sender<Arc<Classifiers>>) {
    let mut answers = true;
    loop {
        tokio::time::sleep(EVERY).await;
        match loaded.newer(&pool).await {
            Ok(newer) => {
                answers = true;
                let Some(newer) = newer else { continue };
                for (system, now) in &newer.0 {
                    if loaded.get(*system).is_none_or(|before| before.version < now.version) {
                        let (entries, by) = (now.list.entries().len(), &now.by.institution);
                        tracing::info!(classifier = %system, entries, %by, "a classifier was loaded: in force from now on");
                    }
                }
                loaded = newer;
                loaded.count();
                publish.send_replace(Arc::new(loaded.in_force()));
            }
            // A database that does not answer takes no commands either; it is waited for, and told once.
            Err(error) => {
                if std::mem::replace(&mut answers, false) {
                    tracing::warn!(%error, "it can't be seen at present whether classifiers were loaded");
                }
            }
        }
    }
}
