//! Tells others of incidents, by the rules of notices: issues what is implied, posts it to whoever has a system for it, and has somebody
//! see to what is late.
//!
//! It goes by the read models and decides nothing that they could get wrong: what was issued, delivered or escalated is decided by the
//! notice itself, under command ids that follow from it. So whatever is killed when, each notice is issued once; and it is posted until its
//! receipt is recorded, under one id, so that a receiver takes it in once.
//!
//! One process at a time does it, under a lock of the database that goes with the connection:
//!
//! ```text
//!   t0  A has the lock, reads that notice N waits, tells the access log, posts it
//!   t1  A is killed before the receipt is recorded; PostgreSQL frees the lock
//!   t2  B takes the lock, reads that N waits, posts it again: the receiver knows the id, and answers as before
//!   t3  B records the receipt. Had A recorded it too, it would have been under the same command id: once
//! ```

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use access::policy::PolicyHandle;
use access::{AccessLog, Institution, Principal, Purpose, Role};
use anyhow::Context as _;
use chrono::{TimeDelta, Utc};
use domain::access_day::DataScope;
use domain::classifier::Classifiers;
use domain::notice::rule::{NoticeRules, Told};
use domain::notice::{MAX_FAILURES, NoticeService, RecordDelivery, RecordDeliveryFailure, RecordFetch};
use domain::values::{Actor, ContentDigest, InstitutionCode, Recipient, TerritoryCode, UserName};
use event_store::append::{AppendError, Appender, Submission};
use event_store::seal::MasterKeys;
use futures::StreamExt as _;
use projections::case_search::IncidentRow;
use projections::notices::{Fetched, NoticeRow};
use query_api::NoticeReader;
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::notices::post::{NotTaken, post};
use crate::notices::{Receiver, Receivers, submission};

/// How often it is looked for what is to be done.
const EVERY: Duration = Duration::from_secs(1);
/// Of a kind so many at once; the rest comes with the next look.
const AT_ONCE: u32 = 200;
/// So many recipients are posted to at the same time.
const ABREAST: usize = 16;
/// What was registered longer ago than this was told when it was new, or is history: a log that is put back tells nobody again.
const RECENT: TimeDelta = TimeDelta::days(30);
/// A receiver that does not answer is asked again after one second, then two, and so on, up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// What can't be put together now, mostly because a read model is behind, is tried again after this.
const AGAIN: Duration = Duration::from_secs(5);
/// Number of the lock, among those of this database.
const LOCK: i64 = 0x766e_725f_6e6f_7469;

/// What telling others takes.
pub(super) struct Parts {
    pub(super) pool: PgPool,
    pub(super) register: Appender,
    pub(super) master: Arc<MasterKeys>,
    pub(super) access: AccessLog,
    pub(super) policies: Arc<PolicyHandle>,
    pub(super) classifiers: watch::Receiver<Arc<Classifiers>>,
    pub(super) receivers: Receivers,
}

/// Tells others for as long as it is let.
pub(super) fn start(parts: Parts) -> JoinHandle<()> {
    tokio::spawn(async move {
        let Parts { pool, register, master, access, policies, classifiers, receivers } = parts;
        let read = super::standby::read_from(&pool, &master);
        let reader = NoticeReader::new(read, policies, classifiers.clone(), access);
        let mut teller = Teller {
            pool,
            register,
            master,
            classifiers,
            receivers,
            reader,
            seen: 0,
            pauses: HashMap::new(),
            kept: HashMap::new(),
        };
        let mut lock: Option<PgConnection> = None;
        loop {
            match teller.tell(&mut lock).await {
                Ok(true) => {}
                Ok(false) => tokio::time::sleep(EVERY).await,
                Err(error) => {
                    // The database is away, or a read model is not made yet: it waits.
                    tracing::debug!(error = format!("{error:#}"), "nobody can be told of anything at present");
                    tokio::time::sleep(EVERY).await;
                }
            }
        }
    })
}

/// When a receiver that failed is asked again, and how often it has failed.
#[derive(Debug, Clone, Copy)]
struct Pause {
    until: Instant,
    failures: u32,
}

/// What came of the attempts of one look at one recipient.
#[derive(Debug, Default)]
struct Round {
    taken: u32,
    kept: Vec<Uuid>,
}

/// What came of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Posted {
    Taken,
    NotTaken,
    /// The policies keep the incident from its recipient, or the read model is behind.
    Kept,
}

struct Teller {
    pool: PgPool,
    register: Appender,
    master: Arc<MasterKeys>,
    classifiers: watch::Receiver<Arc<Classifiers>>,
    receivers: Receivers,
    reader: NoticeReader,
    /// Position up to which incidents were looked at.
    seen: i64,
    pauses: HashMap<String, Pause>,
    /// Notices that can't be put together now, and when that is tried again.
    kept: HashMap<Uuid, Instant>,
}

impl Teller {
    /// One look, where this process has the lock; says whether there may be more to do at once.
    async fn tell(&mut self, lock: &mut Option<PgConnection>) -> anyhow::Result<bool> {
        if !held(&self.pool, lock).await? {
            return Ok(false);
        }
        let more = self.issue().await?;
        self.post_waiting().await?;
        self.note_fetched().await?;
        self.escalate().await?;
        Ok(more)
    }

    /// Issues what incidents that were touched since the last look imply. After a start all recent ones are looked at, once.
    async fn issue(&mut self) -> anyhow::Result<bool> {
        if self.classifiers.has_changed().unwrap_or(false) {
            // A type may have got a rule: all recent incidents are looked at again.
            self.seen = 0;
        }
        let classifiers = Arc::clone(&self.classifiers.borrow_and_update());
        let types = NoticeRules::types(&classifiers);
        let since = Utc::now() - RECENT;
        let mut connection = self.pool.acquire().await?;
        let rows = IncidentRow::touched(&mut connection, &types, since, self.seen, AT_ONCE).await?;
        let more = rows.len() >= AT_ONCE as usize;
        for row in &rows {
            let implied = implied(row, &classifiers).unwrap_or_else(|why| {
                metrics::counter!("vnr_notices_unaddressed_total").increment(1);
                tracing::warn!(incident = %row.number, %why, "nobody is told of an incident that a rule names");
                Vec::new()
            });
            let ids: Vec<Uuid> = implied.iter().map(|(id, _)| *id).collect();
            let known = NoticeRow::known(&mut connection, &ids).await?;
            for (id, issue) in implied.into_iter().filter(|(id, _)| !known.contains(id)) {
                let recipient = issue.recipient.clone();
                self.record(submission::issue(id, issue, Utc::now(), &self.master)).await?;
                metrics::counter!("vnr_notices_issued_total").increment(1);
                tracing::info!(notice = %id, incident = %row.number, %recipient, "a notice is issued");
            }
            self.seen = row.last_position;
        }
        Ok(more)
    }

    /// Posts what waits to those who have a system for it and are not being waited for.
    async fn post_waiting(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        let paused = |institution: &String| self.pauses.get(institution).is_some_and(|pause| now < pause.until);
        let free: Vec<String> = self.receivers.institutions().into_iter().filter(|one| !paused(one)).collect();
        if free.is_empty() {
            return Ok(());
        }
        let waiting = NoticeRow::waiting(&mut *self.pool.acquire().await?, &free, AT_ONCE).await?;
        let settled = Utc::now() - TimeDelta::from_std(self.receivers.settle).unwrap_or_default();
        self.kept.retain(|_, until| now < *until);
        let ready = |row: &NoticeRow| row.issued_at <= settled && !self.kept.contains_key(&row.id);
        let waiting: Vec<NoticeRow> = waiting.into_iter().filter(ready).collect();
        let mut of_recipients: BTreeMap<&str, Vec<&NoticeRow>> = BTreeMap::new();
        for row in &waiting {
            of_recipients.entry(&row.recipient).or_default().push(row);
        }
        let posted: Vec<(String, Round, anyhow::Result<bool>)> = {
            let this = &*self;
            let posts = of_recipients.into_iter().filter_map(|(recipient, rows)| {
                let receiver = this.receivers.of(recipient)?;
                Some(async move {
                    let mut round = Round::default();
                    let outcome = this.post_in_order(receiver, &rows, &mut round).await;
                    (recipient.to_owned(), round, outcome)
                })
            });
            let posts: Vec<_> = posts.collect();
            futures::stream::iter(posts).buffer_unordered(ABREAST).collect().await
        };
        let any = !posted.is_empty();
        for (recipient, round, outcome) in posted {
            self.kept.extend(round.kept.into_iter().map(|notice| (notice, now + AGAIN)));
            if round.taken > 0 {
                self.pauses.remove(&recipient);
            }
            match outcome {
                Ok(true) => {}
                Ok(false) => self.pause(recipient),
                Err(error) => {
                    tracing::warn!(%recipient, error = format!("{error:#}"), "a notice could not be handed over");
                    self.pause(recipient);
                }
            }
        }
        // What was just recorded is not in the read model yet: it would be posted again, to no purpose.
        if any {
            tokio::time::sleep(EVERY / 4).await;
        }
        Ok(())
    }

    /// Posts a recipient's, one after the other, up to the first that is not taken: who does not answer is not asked for each of hundreds.
    /// Those that it may not be told of now are left for later.
    async fn post_in_order(&self, receiver: &Receiver, rows: &[&NoticeRow], round: &mut Round) -> anyhow::Result<bool> {
        for row in rows {
            match self.post(receiver, row).await? {
                Posted::Taken => round.taken += 1,
                Posted::NotTaken => return Ok(false),
                Posted::Kept => round.kept.push(row.id),
            }
        }
        Ok(true)
    }

    /// Posts one and records what came of it.
    async fn post(&self, receiver: &Receiver, row: &NoticeRow) -> anyhow::Result<Posted> {
        let (by, reader) = (register_itself()?, in_their_name(row)?);
        let recipient = Recipient::parse(&row.recipient).context("the recipient's code")?;
        let Some(handed) = self.reader.hand_over(row.id, reader, recipient, &by).await? else {
            tracing::warn!(notice = %row.id, "its recipient may not see the incident now, or it can't be read yet");
            return Ok(Posted::Kept);
        };
        match post(receiver, row.id, handed.body).await {
            Ok(receipt) => {
                let content = ContentDigest::of(handed.digest);
                let delivery = RecordDelivery { receipt, content, scopes: handed.scopes };
                self.record(submission::delivered(row.id, delivery, Utc::now(), &self.master)).await?;
                metrics::counter!("vnr_notices_delivered_total").increment(1);
                Ok(Posted::Taken)
            }
            Err(NotTaken { cause, status }) => {
                metrics::counter!("vnr_notices_failed_total", "cause" => cause.code()).increment(1);
                let attempt = row.failures.unsigned_abs() + 1;
                if attempt <= MAX_FAILURES {
                    let failure = RecordDeliveryFailure { cause, receipt: status };
                    self.record(submission::failed(row.id, attempt, failure, Utc::now(), &self.master)).await?;
                }
                Ok(Posted::NotTaken)
            }
        }
    }

    /// Records which notices their recipients have fetched, as the access log has it: whoever asked was shown them only after it was told.
    async fn note_fetched(&self) -> anyhow::Result<()> {
        let with_system = self.receivers.institutions();
        let fetched = NoticeRow::fetched(&mut *self.pool.acquire().await?, &with_system, AT_ONCE).await?;
        for row in fetched {
            let fetch = match fetch(&row) {
                Ok(fetch) => fetch,
                Err(error) => {
                    tracing::warn!(notice = %row.notice, error = format!("{error:#}"), "who fetched it can't be read");
                    continue;
                }
            };
            self.record(submission::fetched(row.notice, fetch, Utc::now(), &self.master)).await?;
            metrics::counter!("vnr_notices_fetched_total").increment(1);
            tracing::info!(notice = %row.notice, recipient = %row.institution, "a notice is fetched");
        }
        Ok(())
    }

    fn pause(&mut self, recipient: String) {
        let failures = self.pauses.get(&recipient).map_or(0, |pause| pause.failures);
        let pause = Duration::from_secs(1 << failures.min(6)).min(LONGEST_PAUSE);
        self.pauses.insert(recipient, Pause { until: Instant::now() + pause, failures: failures + 1 });
    }

    /// Has somebody see to what is late.
    async fn escalate(&self) -> anyhow::Result<()> {
        let late = NoticeRow::late(&mut *self.pool.acquire().await?, Utc::now(), AT_ONCE).await?;
        for notice in late {
            self.record(submission::escalate(notice, Utc::now(), &self.master)).await?;
            metrics::counter!("vnr_notices_escalated_total").increment(1);
            tracing::info!(%notice, "a notice is late: who answers for the incident is told");
        }
        Ok(())
    }

    /// Records it; what the notice itself refuses is no failure of this.
    async fn record(&self, submission: Submission) -> anyhow::Result<()> {
        match self.register.submit(submission).await {
            Ok(_) => Ok(()),
            Err(AppendError::Refused(reason)) => {
                tracing::debug!(%reason, "the log knows better than the read model");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether this process has the lock: it goes with the connection, which is kept for it.
async fn held(pool: &PgPool, lock: &mut Option<PgConnection>) -> anyhow::Result<bool> {
    if let Some(connection) = lock {
        if connection.ping().await.is_ok() {
            return Ok(true);
        }
        *lock = None;
    }
    let mut connection = pool.acquire().await?.detach();
    let taken: bool =
        sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(LOCK).fetch_one(&mut connection).await?;
    if taken {
        *lock = Some(connection);
    } else {
        connection.close().await?;
    }
    Ok(taken)
}

/// The notices of an incident, as its row knows it.
fn implied(row: &IncidentRow, classifiers: &Classifiers) -> anyhow::Result<Vec<(Uuid, domain::notice::IssueNotice)>> {
    let territory = row.territory.as_deref().map(TerritoryCode::parse).transpose()?;
    let responsible = InstitutionCode::parse(&row.responsible)?;
    let told = Told {
        incident: row.id,
        type_code: &row.type_code,
        territory: territory.as_ref(),
        occurred_at: row.occurred_from,
        recorded_at: row.registered_at,
        responsible: &responsible,
    };
    Ok(NoticeRules::embedded().implied(&told, classifiers)?)
}

/// Who fetched it, and what of the incident they were shown.
fn fetch(row: &Fetched) -> anyhow::Result<RecordFetch> {
    let by = Actor {
        institution: InstitutionCode::parse(&row.institution).context("the recipient's code")?,
        user: UserName::parse(&row.actor).context("a user's name")?,
    };
    let scopes = row.scopes.iter().map(|scope| DataScope::parse(scope)).collect::<Result<_, _>>()?;
    Ok(RecordFetch { by, scopes })
}

/// Who hands it over: the register, for who runs it.
fn register_itself() -> anyhow::Result<Principal> {
    let institution = Institution::parse(command_api::KEEPER)?;
    let until = Utc::now() + TimeDelta::hours(1);
    Ok(Principal::new(submission::ACTOR, institution, vec![Role::System], Purpose::Operation, until))
}

/// Whom it is put together for: somebody who works there, for what that service has it for.
fn in_their_name(row: &NoticeRow) -> anyhow::Result<Principal> {
    let institution = Institution::parse(&row.recipient)?;
    let purpose = match NoticeService::parse(&row.service)? {
        NoticeService::SocialService => Purpose::Prevention,
        NoticeService::MunicipalPolice => Purpose::Response,
    };
    let until = Utc::now() + TimeDelta::hours(1);
    Ok(Principal::new(submission::ACTOR, institution, vec![Role::Officer], purpose, until))
}
