//! How long ways take, as the register's own drives tell: learned anew each day from the year before.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use domain::response::LearnedTravel;
use sqlx::PgPool;
use tokio::sync::watch;

use crate::question::{kind_of, one_moment};

/// Drives so long ago still teach.
const TEACHES: TimeDelta = TimeDelta::days(365);
/// Of more drives than these the latest teach: more would not change what is learned, and all of them are in memory for a moment.
const MOST_DRIVES: u32 = 200_000;
/// Nobody waits for this answer.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked whether a new day has begun.
const EVERY: Duration = Duration::from_secs(60);

/// Travel times, and up to when drives taught them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Travel {
    /// What was learned: the straight line before anything was.
    pub(super) learned: LearnedTravel,
    /// Drives of calls before this moment; nothing before anything was learned.
    pub(super) until: Option<DateTime<Utc>>,
}

/// Learns for ever. A whole day is taken at once, so that the same day gives the same answers, here and in every other process.
pub(super) async fn keep_learning(pool: &PgPool, publish: &watch::Sender<Arc<Travel>>) {
    let mut answers = true;
    loop {
        let today = Utc::now().with_time(NaiveTime::MIN).single();
        let learned = publish.borrow().until;
        if let Some(until) = today.filter(|today| Some(*today) != learned) {
            match learn(pool, until).await {
                Ok(travel) => {
                    answers = true;
                    let (drives, homes) = (travel.learned.drives(), travel.learned.homes());
                    tracing::info!(drives, homes, "travel times were learned from past drives");
                    publish.send_replace(Arc::new(travel));
                }
                // It goes on with what it knows.
                Err(error) => {
                    if std::mem::replace(&mut answers, false) {
                        tracing::warn!(kind = kind_of(&error), "past drives could not be read");
                    }
                }
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Learns from the drives of a year.
async fn learn(pool: &PgPool, until: DateTime<Utc>) -> Result<Travel, sqlx::Error> {
    let mut transaction = one_moment(pool, PATIENCE).await?;
    let drives = projections::drives::drives(&mut transaction, (until - TEACHES, until), MOST_DRIVES).await?;
    transaction.rollback().await?;
    let learned = tokio::task::spawn_blocking(move || LearnedTravel::learn(&drives)).await;
    let learned = learned.map_err(|error| sqlx::Error::Protocol(error.to_string()))?;
    Ok(Travel { learned, until: Some(until) })
}
