//! How far the read models have come, and waiting until they have come far enough.
//!
//! `minPosition` is looked at twice. Before the snapshot is opened the request waits, bounded, without a transaction.
//! Then each field checks in its own snapshot what its read models have reached: that is the answer that counts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_graphql::Value;
use sqlx::{PgConnection, PgPool, Row};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::document::Examined;
use crate::error::QueryError;
use crate::position::LogPosition;

/// Longest time that a query may wait.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Time that a query waits where it does not say.
pub(crate) const USUAL_WAIT: Duration = Duration::from_secs(5);

/// How often progress is read while somebody waits for it, and while nobody does.
const POLL_BUSY: Duration = Duration::from_millis(15);
const POLL_IDLE: Duration = Duration::from_millis(500);

/// Read models by the field at the root that reads them.
const READ_BY: &[(&str, &[&str])] = &[
    ("incident", &["incidents"]),
    ("incidents", &["incidents"]),
    ("card", &["emergency_cards"]),
    ("cards", &["emergency_cards"]),
    ("cardStatistics", &["emergency_cards"]),
    ("unit", &["roster"]),
    ("roster", &["roster"]),
    ("record", &["timeline"]),
];

/// Read models that a field at the root reads.
pub(crate) fn models_of(field: &str) -> &'static [&'static str] {
    READ_BY.iter().find(|(name, _)| *name == field).map_or(&[], |(_, models)| models)
}

/// Where the register and its read models are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tide {
    /// Generation of the register.
    pub(crate) generation: u32,
    /// Progress in the register by name of the read model, of the version that serves.
    pub(crate) progress: BTreeMap<String, u64>,
}

impl Tide {
    /// Reads it; within a snapshot it is the snapshot's.
    pub(crate) async fn read(connection: &mut PgConnection) -> Result<Self, QueryError> {
        let rows = sqlx::query(READ_TIDE).fetch_all(connection).await?;
        let mut tide = Self::default();
        for row in rows {
            tide.generation = u32::try_from(row.try_get::<i32, _>("generation")?).unwrap_or_default();
            if let Some(name) = row.try_get::<Option<String>, _>("name")? {
                let progress = row.try_get::<i64, _>("progress")?;
                tide.progress.insert(name, u64::try_from(progress).unwrap_or_default());
            }
        }
        Ok(tide)
    }

    /// Whether these read models have reached the position; the first that has not, else.
    pub(crate) fn reached(&self, models: &[&str], wanted: LogPosition) -> Result<(), QueryError> {
        let position = wanted.of_generation(self.generation)?;
        for model in models {
            let progress = self.progress.get(*model).copied().unwrap_or_default();
            if progress < position {
                return Err(QueryError::NotYet {
                    model: (*model).to_owned(),
                    progress: LogPosition { generation: self.generation, position: progress }.to_string(),
                    wanted: wanted.to_string(),
                });
            }
        }
        Ok(())
    }
}

const READ_TIDE: &str = "
    select h.generation, c.name, coalesce(c.progress, 0) as progress
    from register.head h
    left join projections.consumers c on c.log = 'register'";

/// Follows the progress of the read models.
#[derive(Clone)]
pub(crate) struct Freshness {
    tide: watch::Receiver<Arc<Tide>>,
    waiting: Arc<AtomicUsize>,
    wake: Arc<Notify>,
}

impl Freshness {
    /// Starts to follow; ends when the last one who could wait is gone.
    pub(crate) fn start(pool: PgPool) -> Self {
        let (sender, tide) = watch::channel(Arc::new(Tide::default()));
        let (waiting, wake) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        tokio::spawn(follow(pool, sender, waiting.clone(), wake.clone()));
        Self { tide, waiting, wake }
    }

    /// Every change of it.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<Tide>> {
        self.tide.clone()
    }

    /// Keeps the progress read often for as long as the returned value lives.
    pub(crate) fn attend(&self) -> Attending {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        self.wake.notify_one();
        Attending(self.waiting.clone())
    }

    /// Waits until every field at the root can be answered, or its time is over: then the field says so itself.
    pub(crate) async fn wait_for(&self, examined: &Examined) -> Result<(), QueryError> {
        let begun = Instant::now();
        for root in &examined.roots {
            let Some(Value::String(text)) = root.argument("minPosition") else { continue };
            let Ok(wanted) = LogPosition::parse(text) else { continue };
            let wait = match root.argument("waitSeconds") {
                Some(Value::Number(n)) => Duration::from_secs(n.as_u64().unwrap_or_default()).min(LONGEST_WAIT),
                _ => USUAL_WAIT,
            };
            let _attending = self.attend();
            let mut tide = self.tide.clone();
            let models = models_of(&root.name);
            let settled = |t: &Arc<Tide>| {
                // A generation that is not ours will not become ours by waiting.
                t.generation != 0 && !matches!(t.reached(models, wanted), Err(QueryError::NotYet { .. }))
            };
            _ = tokio::time::timeout_at(begun + wait, tide.wait_for(settled)).await;
        }
        Ok(())
    }
}

/// Somebody waits for progress.
pub(crate) struct Attending(Arc<AtomicUsize>);

impl Drop for Attending {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

async fn follow(pool: PgPool, sender: watch::Sender<Arc<Tide>>, waiting: Arc<AtomicUsize>, wake: Arc<Notify>) {
    loop {
        let read = async { Tide::read(&mut *pool.acquire().await?).await };
        match read.await {
            Ok(tide) => _ = sender.send_if_modified(|old| {
                let changed = **old != tide;
                if changed {
                    *old = Arc::new(tide);
                }
                changed
            }),
            Err(error) => tracing::debug!(%error, "progress of the read models could not be read"),
        }
        let pause = if waiting.load(Ordering::Acquire) > 0 { POLL_BUSY } else { POLL_IDLE };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = wake.notified() => {}
            () = sender.closed() => return,
        }
    }
}
