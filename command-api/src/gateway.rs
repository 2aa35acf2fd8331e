//! From a call to the appender and back: the same for one call and for a command of the bulk stream.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use access::policy::{GrantBook, PolicyHandle, RecordKind, Resource};
use access::{AccessLog, Authenticated, Institution, Principal};
use domain::access_day::RefusalCause;
use domain::classifier::Classifiers;
use domain::kernel::Violations;
use domain::unit::UnitEvent;
use event_store::append::{AppendError, Appender, Lane, Pending, Reply, Submission, holders};
use event_store::log::{DecodeError, LogName, LogPosition};
use event_store::read::LogReader;
use event_store::seal::MasterKeys;
use event_store::seal::erasures::{ErasureList, reconcile};
use lru::LruCache;
use proto::command::v1 as pb;
use sqlx::PgPool;
use tokio::sync::watch;
use tonic::{Request, Response, Status};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::caller::{Caller, NotPermitted, Sender};
use crate::commands::{Forwarded, Prepared, Told, WireCommand};
use crate::recommend;
use crate::status;
use crate::web::WebOrigins;

/// Units whose institution is remembered, for positions.
const KNOWN_UNITS: usize = 16_384;

/// How long an erasure waits for every process to forget destroyed keys.
const FORGETTING: Duration = Duration::from_secs(15);

/// What the services work with.
#[derive(Debug, Clone)]
pub struct Deps {
    /// Appends to the `register` log.
    pub register: Appender,
    /// Appends to the `tracks` log.
    pub tracks: Appender,
    /// Told what is refused.
    pub access: AccessLog,
    /// Decide who may send what.
    pub policies: Arc<PolicyHandle>,
    /// Knows which rights somebody has beside.
    pub grants: Arc<dyn GrantBook>,
    /// The lists that codes are checked by.
    pub classifiers: watch::Receiver<Arc<Classifiers>>,
    /// Reads, as the application's role.
    pub pool: PgPool,
    /// Tells a repeated command from another under the same id.
    pub master: Arc<MasterKeys>,
    /// The list of destroyed keys that is kept outside the database.
    pub erasures: ErasureList,
    /// Whether the register holds what was made up: no other takes commands that say they were (I-14).
    pub simulated: bool,
    /// Whether the contract may be asked for by reflection without a token, as in development.
    pub open_reflection: bool,
    /// Whose pages may call from a browser.
    pub web_origins: WebOrigins,
}

/// Takes commands to their appender.
#[derive(Debug, Clone)]
pub(crate) struct Gateway(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    deps: Deps,
    known_units: Mutex<LruCache<Uuid, Institution>>,
    recommends: recommend::Known,
    closing: watch::Receiver<bool>,
}

/// A command that was read, on its way into its lane.
pub(crate) struct Read {
    name: &'static str,
    content: Vec<u8>,
    prepared: Prepared,
    caller: Caller,
}

/// A command that is not taken any further.
#[derive(Debug)]
pub(crate) enum Unread {
    /// All that is wrong with it.
    Invalid(Violations),
    /// Its sender may not.
    NotPermitted(NotPermitted),
}

impl From<NotPermitted> for Unread {
    fn from(refused: NotPermitted) -> Unread {
        Unread::NotPermitted(refused)
    }
}

impl From<Unread> for Status {
    fn from(unread: Unread) -> Status {
        match unread {
            Unread::Invalid(violations) => status::invalid(violations),
            Unread::NotPermitted(refused) => status::not_permitted(&refused),
        }
    }
}

impl Read {
    /// Reads a command, unless it comes under a source system's name that isn't its sender's.
    pub(crate) fn command<C: WireCommand>(command: C, caller: Caller) -> Result<Read, Unread> {
        let content = command.encode_to_vec();
        let prepared = command.prepare(&caller).map_err(Unread::Invalid)?;
        if let Some(source) = &prepared.envelope.source {
            caller.permit_source(&source.system)?;
        }
        Ok(Read { name: C::NAME, content, prepared, caller })
    }

    /// Reads a draft of what a forwarded card becomes.
    pub(crate) fn forwarded(
        draft: pb::RegisterIncident,
        forwarded: Forwarded,
        caller: Caller,
    ) -> Result<Read, Violations> {
        let prepared = forwarded.prepare(draft, &caller)?;
        Ok(Read { name: pb::RegisterIncident::NAME, content: Vec::new(), prepared, caller })
    }

    /// The log that it goes into.
    pub(crate) fn log(&self) -> LogName {
        self.prepared.log
    }

    /// A unit that must be known in the register.
    pub(crate) fn needs_unit(&self) -> Option<Uuid> {
        self.prepared.needs_unit
    }

    /// As an appender takes it.
    pub(crate) fn submission(self, lane: Lane, master: &MasterKeys) -> Submission {
        let Read { name, content, prepared, caller } = self;
        let (envelope, touches, decide) = prepared.checked();
        let purpose = format!("command {name} {}", caller.institution);
        Submission {
            command_id: envelope.command_id,
            lane,
            deadline: None,
            digest: master.digest(&purpose, &content),
            metadata: envelope.metadata(&caller),
            occurred_at: envelope.occurred_at,
            touches,
            decide,
        }
    }
}

impl Gateway {
    /// `closing` turns true once no more is to be taken.
    pub(crate) fn new(deps: Deps, closing: watch::Receiver<bool>) -> Gateway {
        let known_units = Mutex::new(LruCache::new(NonZeroUsize::new(KNOWN_UNITS).unwrap_or(NonZeroUsize::MIN)));
        Gateway(Arc::new(Inner { deps, known_units, recommends: recommend::Known::default(), closing }))
    }

    /// What it works with.
    pub(crate) fn deps(&self) -> &Deps {
        &self.0.deps
    }

    /// What recommendations go by.
    pub(crate) fn recommends(&self) -> &recommend::Known {
        &self.0.recommends
    }

    /// Ends once the server is to close.
    pub(crate) async fn closing(&self) {
        // The sender lives as long as the server does; without it there is nothing to stay for either.
        let _ = self.0.closing.clone().wait_for(|closing| *closing).await;
    }

    /// One call.
    pub(crate) async fn unary<C: WireCommand>(
        &self,
        request: Request<C>,
    ) -> Result<Response<pb::CommandReply>, Status> {
        let began = Instant::now();
        let principal = principal(&request)?;
        let deadline = deadline(&request);
        let command = request.into_inner();
        // Only what is a UUID is told to the log: anything else could be anything.
        let command_id = Uuid::try_parse(command.command_id()).unwrap_or_default();
        let span = tracing::info_span!("command", name = C::NAME, %command_id);
        let abandoned = Abandoned { name: C::NAME, began, answered: false };
        let outcome = async {
            let sender = self.sender(principal).await;
            let read = self.read(command, &sender)?;
            let pending = self.enqueue(read, C::LANE, deadline).await?;
            let answered = pending.await.map_err(|error| self.failed(C::NAME, sender.principal(), error));
            let mut answered = answered?;
            self.recall(&mut answered).await?;
            Ok(answered)
        }
        .instrument(span)
        .await;
        abandoned.answered(outcome.as_ref().err());
        outcome.map(|reply| Response::new(reply_of(reply)))
    }

    /// Somebody, with the rights that they have in force.
    pub(crate) async fn sender(&self, principal: Principal) -> Sender {
        Sender::read(principal, &*self.0.deps.grants).await
    }

    /// The same, with rights that are not old.
    pub(crate) async fn renew(&self, sender: &mut Sender) {
        sender.renew(&*self.0.deps.grants).await;
    }

    /// Reads a command, unless there is no record with which its sender could do it, or it names a source that isn't theirs.
    pub(crate) fn read<C: WireCommand>(&self, command: C, sender: &Sender) -> Result<Read, Status> {
        let Deps { policies, classifiers, master, .. } = &self.0.deps;
        let classifiers = Arc::clone(&classifiers.borrow());
        let caller = Caller::of::<C>(sender, policies.current(), classifiers, Arc::clone(master));
        let read = caller.map_err(Unread::from).and_then(|caller| Read::command(command, caller));
        read.map_err(|unread| match unread {
            Unread::NotPermitted(refused) => self.not_permitted(C::NAME, sender.principal(), &refused),
            invalid @ Unread::Invalid(_) => invalid.into(),
        })
    }

    /// Tells the access log that somebody sent what they may not do, and says how they are told.
    pub(crate) fn not_permitted(&self, name: &str, principal: &Principal, refused: &NotPermitted) -> Status {
        let record = match refused {
            NotPermitted::Denied { record, .. } => *record,
            NotPermitted::Source(_) => None,
            NotPermitted::Unread => return status::not_permitted(refused),
        };
        self.0.deps.access.refused(Some(principal), name, record, RefusalCause::Policy);
        status::not_permitted(refused)
    }

    /// How the sender of a command that did not take effect is told.
    pub(crate) fn failed(&self, name: &str, principal: &Principal, error: AppendError) -> Status {
        if let AppendError::Refused(refused) = &error
            && let Some(refused) = refused.downcast_ref::<NotPermitted>()
        {
            return self.not_permitted(name, principal, refused);
        }
        status::failed(error)
    }

    /// Whether the command is about a unit that the register does not have, or not yet.
    pub(crate) async fn misses_its_unit(&self, read: &Read) -> Result<bool, Status> {
        match read.needs_unit() {
            Some(unit) => Ok(self.institution_of(unit).await?.is_none()),
            None => Ok(false),
        }
    }

    /// The answer to a journal's record that was given before says again what became of it: that stands in the log.
    pub(crate) async fn recall(&self, answered: &mut Answered) -> Result<(), Status> {
        let Answered { reply, told: Some(told), .. } = answered else { return Ok(()) };
        if !reply.repeated {
            return Ok(());
        }
        let mut event = None;
        if reply.events > 0 {
            let register = LogReader::new(self.0.deps.pool.clone(), LogName::REGISTER);
            let before = reply.version.saturating_sub(1);
            let page = register.stream_page(reply.aggregate_id, before, 1).await;
            let stored = page.map_err(|error| {
                tracing::warn!(%error, "what became of a journal's record could not be read");
                status::failed(AppendError::Unavailable)
            })?;
            event = stored.first().map(|stored| stored.decode()).transpose().map_err(|error: DecodeError| {
                tracing::error!(%error, "what became of a journal's record can't be read");
                status::failed(AppendError::Internal(Box::new(error)))
            })?;
        }
        told.recalled(event);
        Ok(())
    }

    /// Puts a command into its lane: the bulk lane waits for room, the others refuse when they are full.
    pub(crate) async fn enqueue(&self, read: Read, lane: Lane, deadline: Option<Instant>) -> Result<Answer, Status> {
        if let Some(unit) = read.needs_unit() {
            let Some(institution) = self.institution_of(unit).await? else {
                let unknown = status::UnknownRecord { name: format!("unit {unit}") };
                return Err(status::failed(AppendError::Refused(Box::new(unknown))));
            };
            let track = Resource { id: Some(unit), ..Resource::of(RecordKind::Track, institution) };
            let permitted = read.caller.permit(&track);
            permitted.map_err(|refused| self.not_permitted(read.name, &read.caller, &refused))?;
        }
        let log = read.log();
        let Deps { register, master, simulated, .. } = &self.0.deps;
        if read.prepared.envelope.is_simulated() && !simulated {
            return Err(status::made_up());
        }
        let told = read.prepared.told.clone();
        let mut submission = Submission { deadline, ..read.submission(lane, master) };
        if log != LogName::REGISTER {
            note_register(&mut submission, register.head());
        }
        let command_id = submission.command_id;
        let appender = match log {
            LogName::TRACKS => &self.0.deps.tracks,
            _ => &self.0.deps.register,
        };
        let pending = match lane {
            Lane::Bulk => appender.enqueue_waiting(submission).await,
            Lane::Urgent | Lane::Interactive => appender.enqueue(submission),
        };
        pending.map(|pending| Answer { pending, command_id, told }).map_err(status::failed)
    }

    /// Ends an erasure: the list outside has it, and every process that holds keys in memory has forgotten what was destroyed.
    pub(crate) async fn finish_erasure(&self, reply: &pb::CommandReply) -> Result<(), Status> {
        let Deps { pool, erasures, .. } = &self.0.deps;
        let log = LogName::REGISTER;
        reconcile(pool, log, erasures).await.map_err(|error| {
            tracing::error!(%error, "destroyed keys could not be added to the erasure list");
            Status::unavailable(format!("the keys are destroyed, but {error}; ask again with the same command id"))
        })?;
        let position = LogPosition::new(reply.position.as_ref().map_or(0, |position| position.position));
        let late = holders::all_have_forgotten(pool, log, position, FORGETTING).await;
        let late = late.map_err(|error| {
            tracing::warn!(%error, "it is not known whether all processes have forgotten destroyed keys");
            status::failed(AppendError::Unavailable)
        })?;
        if late.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = late.iter().map(ToString::to_string).collect();
        tracing::error!(processes = ?names, "processes have not confirmed that they forgot destroyed keys");
        Err(Status::unavailable(format!(
            "the keys are destroyed, but these have not confirmed that they forgot them: {}; end them where they hang, \
             and ask again with the same command id",
            names.join(", ")
        )))
    }

    /// Whose unit it is; none where it is not registered. A unit stays with the institution that it was registered for.
    async fn institution_of(&self, unit: Uuid) -> Result<Option<Institution>, Status> {
        if let Some(known) = self.0.known_units.lock().ok().and_then(|mut units| units.get(&unit).cloned()) {
            return Ok(Some(known));
        }
        let unavailable = |error: &(dyn std::error::Error + 'static)| {
            tracing::warn!(error, %unit, "a unit could not be looked up");
            status::failed(AppendError::Unavailable)
        };
        let register = LogReader::new(self.0.deps.pool.clone(), LogName::REGISTER);
        let first = register.stream_page(unit, 0, 1).await.map_err(|error| unavailable(&error))?;
        let Some(first) = first.first().filter(|first| first.aggregate_type == "unit") else { return Ok(None) };
        let registered: UnitEvent = first.decode().map_err(|error: DecodeError| unavailable(&error))?;
        let UnitEvent::UnitRegistered { institution, .. } = registered else { return Ok(None) };
        if let Ok(mut units) = self.0.known_units.lock() {
            units.put(unit, institution.clone());
        }
        Ok(Some(institution))
    }
}

/// Events of other logs say up to where the register was when they were decided.
pub(crate) fn note_register(submission: &mut Submission, head: LogPosition) {
    submission.metadata.add("after", &head.to_string());
}

/// The answer to a command that is in its lane.
#[derive(Debug)]
pub(crate) struct Answer {
    pending: Pending,
    pub(crate) command_id: Uuid,
    told: Option<Told>,
}

impl Future for Answer {
    type Output = Result<Answered, AppendError>;

    fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        let command_id = self.command_id;
        let answered = std::pin::Pin::new(&mut self.pending).poll(context);
        answered.map_ok(|reply| Answered { reply, command_id, told: self.told.take() })
    }
}

/// A reply and the command that it is for.
#[derive(Debug)]
pub(crate) struct Answered {
    reply: Reply,
    command_id: Uuid,
    told: Option<Told>,
}

/// The reply as the contract has it.
pub(crate) fn reply_of(answered: Answered) -> pb::CommandReply {
    let Answered { reply, command_id, told } = answered;
    pb::CommandReply {
        intake: told.and_then(|told| told.outcome()),
        command_id: command_id.to_string(),
        aggregate_id: reply.aggregate_id.to_string(),
        version: reply.version,
        position: Some(pb::LogPosition { generation: reply.generation, position: reply.position }),
        number: reply.number.unwrap_or_default(),
        part_id: reply.part.map(|part| part.to_string()).unwrap_or_default(),
        recorded_at: reply.recorded_at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        events: reply.events,
        repeated: reply.repeated,
    }
}

/// Whose call it is: put there by the interceptor that checked the token.
pub(crate) fn principal<T>(request: &Request<T>) -> Result<Principal, Status> {
    let authenticated = request.extensions().get::<Authenticated>();
    authenticated.map(|who| who.0.clone()).ok_or_else(|| Status::unauthenticated("a token is required"))
}

/// The caller's deadline, from the `grpc-timeout` header.
pub(crate) fn deadline<T>(request: &Request<T>) -> Option<Instant> {
    let text = request.metadata().get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let amount: u64 = digits.parse().ok()?;
    let timeout = match unit {
        "H" => Duration::from_secs(amount.checked_mul(3_600)?),
        "M" => Duration::from_secs(amount.checked_mul(60)?),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    };
    Instant::now().checked_add(timeout)
}

/// Counts a call also when its caller went away, or its time was up, before it was answered.
struct Abandoned {
    name: &'static str,
    began: Instant,
    answered: bool,
}

impl Abandoned {
    fn answered(mut self, error: Option<&Status>) {
        self.answered = true;
        measure(self.name, self.began, error);
    }
}

impl Drop for Abandoned {
    fn drop(&mut self) {
        if !self.answered {
            measure(self.name, self.began, Some(&Status::cancelled("")));
        }
    }
}

/// Counts a command and how long it took.
pub(crate) fn measure(name: &'static str, began: Instant, error: Option<&Status>) {
    let outcome = error.map_or("ok", |status| code_name(status.code()));
    metrics::counter!("vnr_commands_total", "command" => name, "outcome" => outcome).increment(1);
    metrics::histogram!("vnr_command_seconds", "command" => name).record(began.elapsed().as_secs_f64());
}

fn code_name(code: tonic::Code) -> &'static str {
    use tonic::Code;
    match code {
        Code::InvalidArgument => "invalid",
        Code::FailedPrecondition => "refused",
        Code::NotFound => "not_found",
        Code::AlreadyExists => "already_exists",
        Code::Aborted => "conflict",
        Code::ResourceExhausted => "lane_full",
        Code::PermissionDenied => "denied",
        Code::Unauthenticated => "unauthenticated",
        Code::DeadlineExceeded => "deadline",
        Code::Cancelled => "abandoned",
        Code::Unavailable => "unavailable",
        _ => "failed",
    }
}
