//! The access log (piekļuves žurnāls): who looked at what, written before they see it (I-12).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::access_day::{
    AccessDay, AccessDayCommand, AccessWay, ConsultRecords, DataScope, DiscloseData, RefusalCause, RefuseAccess, Shown,
};
use domain::ids;
use domain::values::{ActionName, Actor, ContentDigest, PurposeCode, Recipient, ValueError};
use event_store::append::{AppendError, Appender, Lane, Metadata, Submission, Target, Touch, Work};
use event_store::log::LogPosition;
use event_store::seal::{LookedAt, MasterKeys};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::journal::{Forwarding, Journal, JournalError, Look};
use crate::principal::{Principal, Purpose};

/// An answer waits so long for the log; then there is none.
const PATIENCE: Duration = Duration::from_secs(5);
/// So long waits one that can be kept in the journal instead: a dispatcher has a minute to decide.
const SHORT_PATIENCE: Duration = Duration::from_secs(1);
/// Refusals beyond the first are told as a sum, so often.
const SUM_EVERY: Duration = Duration::from_secs(600);
/// Of one asker so many refusals are told one by one in [`SUM_EVERY`].
const ONE_BY_ONE: u32 = 20;
/// So many askers are told apart; beyond them all are one.
const ASKERS: usize = 10_000;

/// Something could not be told to the access log, so it is not shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessLogError {
    /// The log can't be written now. What was asked for is not shown; ask again.
    #[error("the access log can't be written at present, and without it nothing is shown: ask again")]
    Unavailable(#[source] AppendError),
    /// The answer is about more than the log takes at once.
    #[error("the answer can't be told to the access log as it is: ask for less at once")]
    Refused(#[source] AppendError),
    /// It can't be kept in the journal either, while the register is away.
    #[error("the register is away, and what is shown can't be noted on this machine either: nothing is shown")]
    NotKept(#[source] JournalError),
    /// Somebody's name is not one that the log can hold.
    #[error("the token's {claim} is not one that the access log can hold")]
    Name {
        /// Which claim.
        claim: &'static str,
        /// Why not.
        #[source]
        source: ValueError,
    },
}

/// What is about to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consultation {
    /// In what way.
    pub way: AccessWay,
    /// Records, and what of each; none where only a figure over them is shown.
    pub records: BTreeMap<Uuid, BTreeSet<DataScope>>,
    /// What is shown where it is no record: a figure over them, or the access log.
    pub other: DataScope,
    /// The question, as it was asked: only a keyed digest of it is kept.
    pub question: Vec<u8>,
    /// How many records the answer is about, also where it doesn't show them one by one.
    pub count: usize,
}

/// What is about to be handed over to somebody outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// To whom.
    pub recipient: Recipient,
    /// Records, and what of each.
    pub records: BTreeMap<Uuid, BTreeSet<DataScope>>,
    /// SHA-256 of what is handed over.
    pub content: [u8; 32],
}

/// Tells the `access` log. Clones share one appender.
#[derive(Clone)]
pub struct AccessLog(Arc<Inner>);

struct Inner {
    /// None where nobody is told, for measurements.
    appender: Option<Appender>,
    /// Keeps what those who go on are shown while the log can't be written.
    journal: Option<Journal>,
    master: Arc<MasterKeys>,
    /// By asker: refusals that were told one by one, those that were not, and since when.
    refusals: Mutex<HashMap<Option<Actor>, Tally>>,
}

#[derive(Debug, Clone, Copy)]
struct Tally {
    told: u32,
    untold: u32,
    since: Instant,
}

impl AccessLog {
    /// Writes with this appender, of the `access` log.
    pub fn new(appender: Appender, master: Arc<MasterKeys>) -> Self {
        Self::of(Some(appender), None, master)
    }

    /// The same, with a journal for those who go on while the log can't be written. The task forwards what is in it for as long as it
    /// runs; it holds the appender, so it has to be ended before that is.
    pub fn with_journal(appender: Appender, master: Arc<MasterKeys>, journal: Journal) -> (Self, JoinHandle<()>) {
        let forwarding = {
            let (master, journal, appender) = (Arc::clone(&master), journal.clone(), appender.clone());
            let submission = move |look: &Look| submission_of_look(look.clone(), None, &master);
            tokio::spawn(Forwarding { journal, appender, submission }.run())
        };
        (Self::of(Some(appender), Some(journal), master), forwarding)
    }

    /// Tells nobody: what the telling costs is measured against it. No register is run with it.
    #[doc(hidden)]
    pub fn untold(master: Arc<MasterKeys>) -> Self {
        Self::of(None, None, master)
    }

    fn of(appender: Option<Appender>, journal: Option<Journal>, master: Arc<MasterKeys>) -> Self {
        Self(Arc::new(Inner { appender, journal, master, refusals: Mutex::default() }))
    }

    /// Tells what is about to be shown, and comes back once that is durable, with where it stands. `after` is the position of the
    /// register that is shown.
    ///
    /// # Errors
    /// [`AccessLogError`]; then nothing may be shown.
    pub async fn consulted(
        &self,
        who: &Principal,
        consultation: Consultation,
        after: LogPosition,
    ) -> Result<LookedAt, AccessLogError> {
        self.tell(self.look(who, consultation, after)?, PATIENCE).await
    }

    /// The same for somebody who [goes on](crate::goes_on) while the register is away: where the log can't be written it is kept in
    /// this machine's journal, and told afterwards.
    ///
    /// # Errors
    /// [`AccessLogError`]; then nothing may be shown.
    pub async fn consulted_or_kept(
        &self,
        who: &Principal,
        consultation: Consultation,
        after: LogPosition,
    ) -> Result<(), AccessLogError> {
        let (Some(journal), Some(appender)) = (&self.0.journal, &self.0.appender) else {
            return self.consulted(who, consultation, after).await.map(drop);
        };
        let mut look = self.look(who, consultation, after)?;
        // Behind what waits in the journal nothing overtakes it.
        if journal.standing().waiting == 0 && appender.is_ready() {
            match self.tell(look.clone(), SHORT_PATIENCE).await {
                // It may be in the log after all: under the same id it is told once.
                Err(AccessLogError::Unavailable(AppendError::Unavailable | AppendError::DeadlinePassed)) => {}
                told => return told.map(drop),
            }
        }
        look.consultation.way = AccessWay::Journal;
        journal.keep(&look).await.map_err(AccessLogError::NotKept)
    }

    fn look(&self, who: &Principal, consultation: Consultation, after: LogPosition) -> Result<Look, AccessLogError> {
        let Consultation { way, records, other, question, count } = consultation;
        let purpose = purpose(who.purpose)?;
        let consultation = ConsultRecords {
            by: actor(who)?,
            way,
            shown: by_scopes(records, other),
            purpose,
            reference: who.reference.clone(),
            query: ContentDigest::of(self.0.master.digest("access query", &question)),
            count: u32::try_from(count).unwrap_or(u32::MAX),
        };
        Ok(Look {
            command_id: Uuid::now_v7(),
            at: Utc::now(),
            after: after.get(),
            purpose: who.purpose,
            roles: who.role_names(),
            consultation,
        })
    }

    async fn tell(&self, look: Look, patience: Duration) -> Result<LookedAt, AccessLogError> {
        self.submit(submission_of_look(look, Some(patience), &self.0.master), patience).await
    }

    /// Tells what is about to be handed over, and comes back once that is durable, with where it stands.
    ///
    /// # Errors
    /// [`AccessLogError`]; then nothing may be handed over.
    pub async fn disclosed(
        &self,
        who: &Principal,
        disclosure: Disclosure,
        after: LogPosition,
    ) -> Result<LookedAt, AccessLogError> {
        let Disclosure { recipient, records, content } = disclosure;
        let by = actor(who)?;
        let command = DiscloseData {
            by: by.clone(),
            recipient,
            count: u32::try_from(records.len()).unwrap_or(u32::MAX),
            shown: by_scopes(records, DataScope::Summary),
            purpose: purpose(who.purpose)?,
            reference: who.reference.clone(),
            content: ContentDigest::of(content),
        };
        let told = Told {
            by: Some(by),
            purpose: Some(who.purpose),
            roles: who.role_names(),
            at: Utc::now(),
            after: after.get(),
        };
        let command = AccessDayCommand::DiscloseData(command);
        self.submit(submission(Uuid::now_v7(), &told, command, Some(PATIENCE), &self.0.master), PATIENCE).await
    }

    /// Tells that something was refused, and does not wait for it: nobody sees anything by it, and nobody can make others
    /// wait. Bounded: of one asker a few in ten minutes are told one by one, the rest as a sum.
    pub fn refused(&self, who: Option<&Principal>, attempt: &str, record: Option<Uuid>, cause: RefusalCause) {
        let by = who.and_then(|who| actor(who).ok());
        let Some(more) = self.more(by.clone()) else { return };
        // What was asked for may be anything that somebody sent: only a name is kept.
        let Ok(attempt) = ActionName::parse(attempt).or_else(|_| ActionName::parse("unknown")) else { return };
        let purpose = who.and_then(|who| purpose(who.purpose).ok());
        let command =
            AccessDayCommand::RefuseAccess(RefuseAccess { by: by.clone(), attempt, record, cause, purpose, more });
        let (purpose, roles) = (who.map(|who| who.purpose), who.map_or_else(String::new, Principal::role_names));
        let told = Told { by, purpose, roles, at: Utc::now(), after: 0 };
        let submission = submission(Uuid::now_v7(), &told, command, Some(PATIENCE), &self.0.master);
        let Some(appender) = &self.0.appender else { return };
        match appender.enqueue(submission) {
            // Nobody waits for its answer, but an appender writes nothing for those who have gone.
            Ok(pending) => _ = tokio::spawn(pending),
            Err(error) => {
                tracing::warn!(%error, "a refusal is not in the access log");
                metrics::counter!("vnr_access_refusals_untold_total").increment(1);
            }
        }
    }

    /// Whether this refusal is told: with how many untold ones before it.
    fn more(&self, by: Option<Actor>) -> Option<u32> {
        let mut refusals = self.0.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if refusals.len() >= ASKERS {
            refusals.retain(|_, tally| tally.untold > 0 || now - tally.since < SUM_EVERY);
        }
        let by = if refusals.len() >= ASKERS { None } else { by };
        let tally = refusals.entry(by).or_insert(Tally { told: 0, untold: 0, since: now });
        if now - tally.since >= SUM_EVERY {
            let untold = tally.untold;
            *tally = Tally { told: 1, untold: 0, since: now };
            return Some(untold);
        }
        if tally.told < ONE_BY_ONE {
            tally.told += 1;
            return Some(0);
        }
        tally.untold = tally.untold.saturating_add(1);
        None
    }

    async fn submit(&self, submission: Submission, patience: Duration) -> Result<LookedAt, AccessLogError> {
        let nowhere = LookedAt { from: LogPosition::START, to: LogPosition::START };
        let Some(appender) = &self.0.appender else { return Ok(nowhere) };
        let answer = match appender.enqueue(submission) {
            Ok(pending) => match tokio::time::timeout(patience, pending).await {
                Ok(answer) => answer,
                // It may be written after all: a look that was told and not taken.
                Err(_) => Err(AppendError::Unavailable),
            },
            Err(full) => Err(full),
        };
        answer.map(|reply| LookedAt::of(&reply)).map_err(|error| match error {
            AppendError::Refused(_) => AccessLogError::Refused(error),
            _ => AccessLogError::Unavailable(error),
        })
    }
}

/// Who did what is told, when, and what they saw.
struct Told {
    by: Option<Actor>,
    purpose: Option<Purpose>,
    roles: String,
    at: DateTime<Utc>,
    /// Position of the register that is shown; 0 where none is.
    after: u64,
}

/// A look as the log is told of it; one that was kept in the journal waits for as long as it takes.
fn submission_of_look(look: Look, patience: Option<Duration>, master: &MasterKeys) -> Submission {
    let Look { command_id, at, after, purpose, roles, consultation } = look;
    let told = Told { by: Some(consultation.by.clone()), purpose: Some(purpose), roles, at, after };
    submission(command_id, &told, AccessDayCommand::ConsultRecords(consultation), patience, master)
}

fn submission(
    command_id: Uuid,
    told: &Told,
    command: AccessDayCommand,
    patience: Option<Duration>,
    master: &MasterKeys,
) -> Submission {
    let day = ids::of_access_day(told.by.as_ref(), ids::riga_day(&told.at));
    let mut metadata = Metadata::new();
    if let Some(by) = &told.by {
        metadata.add("actor", by.user.as_str());
    }
    if told.after > 0 {
        metadata.add("after", &told.after.to_string());
    }
    let id = command_id.hyphenated().to_string();
    metadata.add("command_id", &id);
    metadata.add("correlation_id", &id);
    if let Some(by) = &told.by {
        metadata.add("institution", by.institution.as_str());
    }
    metadata.add("occurred_offset", "+00:00");
    if let Some(purpose) = told.purpose {
        metadata.add("purpose", purpose.name());
        metadata.add("role", &told.roles);
    }
    let decide = Box::new(move |work: &mut Work<'_>| {
        work.execute::<AccessDay>(day, command.clone())?;
        Ok(Target::of::<AccessDay>(day))
    });
    Submission {
        command_id,
        lane: lane(told.purpose),
        deadline: patience.map(|patience| Instant::now() + patience),
        // Of the id alone: a look that was kept because it could not be seen whether it was told is the same look.
        digest: master.digest("access", command_id.as_bytes()),
        metadata,
        occurred_at: told.at.fixed_offset(),
        touches: vec![Touch::of::<AccessDay>(day)],
        decide,
    }
}

impl std::fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessLog")
    }
}

/// Where help is on its way nobody waits behind others; what is refused waits behind everything.
fn lane(purpose: Option<Purpose>) -> Lane {
    match purpose {
        Some(Purpose::Response) => Lane::Urgent,
        Some(_) => Lane::Interactive,
        None => Lane::Bulk,
    }
}

/// Records of which the same is shown stand together.
fn by_scopes(records: BTreeMap<Uuid, BTreeSet<DataScope>>, other: DataScope) -> Vec<Shown> {
    if records.is_empty() {
        return vec![Shown { scopes: vec![other], records: Vec::new() }];
    }
    let mut shown: BTreeMap<BTreeSet<DataScope>, Vec<Uuid>> = BTreeMap::new();
    for (record, scopes) in records {
        shown.entry(scopes).or_default().push(record);
    }
    shown.into_iter().map(|(scopes, records)| Shown { scopes: scopes.into_iter().collect(), records }).collect()
}

fn actor(who: &Principal) -> Result<Actor, AccessLogError> {
    who.actor().map_err(|source| AccessLogError::Name { claim: "sub", source })
}

fn purpose(purpose: Purpose) -> Result<PurposeCode, AccessLogError> {
    PurposeCode::parse(purpose.name()).map_err(|source| AccessLogError::Name { claim: "purposes", source })
}
