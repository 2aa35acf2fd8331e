//! One request sees one snapshot: one read-only transaction, opened by the first read, held for 5 s at most (I-13).

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use access::policy::{Action, Reach, RecordKind};
use access::{AccessLog, Principal};
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::parser::types::OperationType;
use async_graphql::{Context, Data, Request, Response, Value, value};
use async_trait::async_trait;
use domain::access_day::{DataScope, RefusalCause};
use domain::classifier::Classifiers;
use event_store::log::LogName;
use sqlx::{PgConnection, Postgres, Transaction};
use tokio::sync::{Mutex, MutexGuard, Notify, watch};
use tokio::time::Instant;
use uuid::Uuid;

use crate::behind;
use crate::consulted::{self, Shown, Told};
use crate::databases::{Chosen, Databases};
use crate::document::Examined;
use crate::error::QueryError;
use crate::feed::Feeds;
use crate::freshness::{Freshness, Tide};
use crate::lang::Lang;
use crate::loaders::Loaders;
use crate::notices::HandedOver;
use crate::permits::Permits;
use crate::personal::OpenPersonal;

/// A transaction ends after this long, whatever it was doing.
const LONGEST: Duration = Duration::from_secs(5);

/// Whether a request has come as far as being carried out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stages(Arc<AtomicBool>);

impl Stages {
    /// Whether it has: its document was sound.
    pub(crate) fn executed(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What is known about a request before it is carried out; for a subscription it holds for all its events.
pub(crate) struct Asked {
    /// Who asks; none for introspection.
    pub(crate) caller: Option<Principal>,
    /// Language of labels, where a field does not say.
    pub(crate) lang: Lang,
    /// What is asked for at the root.
    pub(crate) examined: Examined,
    /// The question as it was asked: text and variables.
    question: Vec<u8>,
    stages: Stages,
    /// What a subscription has told the access log.
    told: Told,
    /// Notes what is shown, where whoever asks tells the access log themselves: it is handed over to somebody else.
    handed: Option<HandedOver>,
}

impl Asked {
    /// A request by someone, in a language.
    pub(crate) fn new(
        caller: Option<Principal>,
        lang: Lang,
        examined: Examined,
        request: &Request,
        stages: Stages,
    ) -> Self {
        let mut question = request.query.clone().into_bytes();
        // Variables are JSON values: they serialise.
        question.extend(serde_json::to_vec(&request.variables).unwrap_or_default());
        Self { caller, lang, examined, question, stages, told: Told::default(), handed: None }
    }

    /// What is shown is noted here, and told to the access log by who hands it over.
    pub(crate) fn hand_over_to(&mut self, handed: HandedOver) {
        self.handed = Some(handed);
    }

    fn subscription(&self) -> Option<&Told> {
        (self.examined.kind == OperationType::Subscription).then_some(&self.told)
    }
}

/// Where snapshots come from.
#[derive(Clone)]
pub(crate) struct SnapshotSource {
    pub(crate) databases: Databases,
    pub(crate) freshness: Freshness,
    pub(crate) feeds: Arc<Feeds>,
    pub(crate) access: AccessLog,
    pub(crate) classifiers: watch::Receiver<Arc<Classifiers>>,
    /// [`crate::Limits::gather_time`].
    pub(crate) gather_time: Duration,
}

impl SnapshotSource {
    /// A snapshot of what this caller reads now.
    ///
    /// # Errors
    /// The register's database is away, and they are none of those who go on.
    pub(crate) fn snapshot(&self, caller: Option<&Principal>) -> Result<Snapshot, QueryError> {
        Ok(Snapshot::new(self.databases.choose(caller)?))
    }
}

enum State {
    Unopened,
    Open { transaction: Transaction<'static, Postgres>, ends: Instant },
    Ended,
}

/// The state of the read models that one request sees.
#[derive(Clone)]
pub(crate) struct Snapshot(Arc<Inner>);

struct Inner {
    chosen: Chosen,
    state: Mutex<State>,
    opened: Notify,
}

/// The snapshot's connection, for one read at a time.
pub(crate) struct Reading<'a>(MutexGuard<'a, State>);

impl Snapshot {
    fn new(chosen: Chosen) -> Self {
        Self(Arc::new(Inner { chosen, state: Mutex::new(State::Unopened), opened: Notify::new() }))
    }

    /// Opens the personal data of the database that is read.
    pub(crate) fn personal(&self) -> Arc<dyn OpenPersonal> {
        Arc::clone(&self.0.chosen.database.personal)
    }

    /// Whether it is one of a copy.
    fn is_of_copy(&self) -> bool {
        self.0.chosen.is_copy
    }

    /// The connection; opens the transaction at the first call.
    pub(crate) async fn read(&self) -> Result<Reading<'_>, QueryError> {
        let mut state = self.0.state.lock().await;
        match &mut *state {
            State::Unopened => {
                let begin = self.0.chosen.database.pool.begin_with("begin isolation level repeatable read, read only");
                let mut transaction = tokio::select! {
                    begun = begin => begun?,
                    // Nobody waits for a database that is known not to answer.
                    () = self.0.chosen.went_away() => return Err(QueryError::Away),
                };
                limit_statements(&mut transaction, LONGEST).await?;
                *state = State::Open { transaction, ends: Instant::now() + LONGEST };
                self.0.opened.notify_one();
            }
            State::Open { transaction, ends } => {
                let left = ends.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(too_long());
                }
                if left < LONGEST / 2 {
                    limit_statements(transaction, left).await?;
                }
            }
            State::Ended => return Err(too_long()),
        }
        Ok(Reading(state))
    }

    /// Waits until the transaction, once opened, has been held for as long as it may.
    async fn too_old(&self) {
        self.0.opened.notified().await;
        tokio::time::sleep(LONGEST).await;
    }

    /// Ends the transaction.
    pub(crate) async fn end(&self) {
        let state = std::mem::replace(&mut *self.0.state.lock().await, State::Ended);
        if let State::Open { transaction, .. } = state
            && let Err(error) = transaction.rollback().await
        {
            tracing::debug!(%error, "a read transaction did not end by itself");
        }
    }
}

impl Deref for Reading<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match &*self.0 {
            State::Open { transaction, .. } => transaction,
            State::Unopened | State::Ended => unreachable!("a reading is handed out of an open transaction only"),
        }
    }
}

impl DerefMut for Reading<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match &mut *self.0 {
            State::Open { transaction, .. } => transaction,
            State::Unopened | State::Ended => unreachable!("a reading is handed out of an open transaction only"),
        }
    }
}

async fn limit_statements(connection: &mut PgConnection, limit: Duration) -> Result<(), sqlx::Error> {
    let limit = format!("set local statement_timeout = {}", limit.as_millis().max(1));
    sqlx::query(&limit).persistent(false).execute(connection).await.map(|_| ())
}

fn too_long() -> QueryError {
    QueryError::Timeout { seconds: LONGEST.as_secs() }
}

/// Gives each execution, of a query or of one event of a subscription, its own snapshot, and ends it. What it has shown is told
/// to the access log before the answer is handed on.
pub(crate) struct OneSnapshot(pub(crate) SnapshotSource);

impl ExtensionFactory for OneSnapshot {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(OneSnapshot(self.0.clone()))
    }
}

#[async_trait]
impl Extension for OneSnapshot {
    async fn execute(&self, ctx: &ExtensionContext<'_>, name: Option<&str>, next: NextExecute<'_>) -> Response {
        let asked = ctx.data_opt::<Asked>();
        if let Some(asked) = asked {
            asked.stages.0.store(true, Ordering::Release);
            self.0.freshness.wait_for(&asked.examined).await;
        }
        let caller = asked.and_then(|asked| asked.caller.as_ref());
        let snapshot = match self.0.snapshot(caller) {
            Ok(snapshot) => snapshot,
            Err(away) => return Response::from_errors(vec![away.into_server_error()]),
        };
        let mut data = Data::default();
        data.insert(Loaders::new(&snapshot, &self.0));
        data.insert(snapshot.clone());
        let shown = Shown::default();
        data.insert(shown.clone());
        let response = tokio::select! {
            response = next.run_with_data(ctx, name, data) => response,
            () = snapshot.too_old() => Response::from_errors(vec![too_long().into_server_error()]),
        };
        let tide = self.0.freshness.tide();
        let behind = if tide.parked() == 0 { Ok(None) } else { behind::read(&snapshot, &shown, &tide).await };
        snapshot.end().await;
        let Some(asked) = asked else { return response };
        if let Some(handed) = &asked.handed {
            handed.note(shown.take());
            return response;
        }
        let told = consulted::tell(
            &self.0.access,
            asked.caller.as_ref(),
            &asked.question,
            asked.subscription(),
            &shown,
            tide.seen(),
            asked.caller.as_ref().is_some_and(|caller| self.0.databases.goes_on(caller)),
        );
        match told.await.and(behind) {
            Ok(behind) => {
                let of_copy = snapshot.is_of_copy().then(|| ("copy", of_copy(&tide)));
                let marks = of_copy.into_iter().chain(behind.map(|behind| ("behind", behind)));
                marks.fold(response, |response, (name, mark)| response.extension(name, mark))
            }
            Err(error) => Response::from_errors(vec![error.into_server_error()]),
        }
    }
}

/// Says that an answer is of a copy, and how far that has come.
fn of_copy(tide: &Tide) -> Value {
    let position = tide.position(tide.seen().get(), LogName::REGISTER);
    value!({ "position": position.to_string() })
}

/// What resolvers take from their context.
pub(crate) trait Given {
    /// The snapshot of this request.
    fn snapshot(&self) -> Result<&Snapshot, QueryError>;
    /// Who asks.
    fn caller(&self) -> Result<&Principal, QueryError>;
    /// Language of labels: the argument's, else the request's.
    fn lang(&self, argument: Option<Lang>) -> Lang;
    /// The classifiers in force when the request began.
    fn classifiers(&self) -> Result<&Classifiers, QueryError>;
    /// What the caller may see.
    async fn permits(&self) -> Result<&Permits, QueryError>;
    /// The same; where there is no record of a kind that they could do something with, that is refused and told to the access log.
    async fn reach(&self, action: Action, kind: RecordKind) -> Result<Reach, QueryError>;
    /// Refuses, likewise, where they could do it with no record of any of these kinds.
    async fn reach_any(&self, action: Action, kinds: &[RecordKind]) -> Result<(), QueryError>;
    /// Refuses, likewise, where they may not see what is sent to which call.
    async fn see_plans(&self) -> Result<(), QueryError>;
    /// A record that was asked for is kept from the caller: told to the access log.
    fn keeps_back(&self, record: Uuid);
    /// A record that was asked for, where the caller sees it.
    fn or_keeps_back<T>(&self, record: Uuid, seen: Option<T>) -> Option<T> {
        if seen.is_none() {
            self.keeps_back(record);
        }
        seen
    }
    /// This of that record is part of the answer.
    fn shows(&self, record: Uuid, scope: DataScope) -> Result<(), QueryError>;
}

fn tell_refused(ctx: &Context<'_>, record: Option<Uuid>) {
    if let (Some(source), Some(asked)) = (ctx.data_opt::<SnapshotSource>(), ctx.data_opt::<Asked>()) {
        source.access.refused(asked.caller.as_ref(), ctx.field().name(), record, RefusalCause::Policy);
    }
}

impl Given for Context<'_> {
    fn snapshot(&self) -> Result<&Snapshot, QueryError> {
        self.data_opt().ok_or_else(|| QueryError::internal("no snapshot"))
    }

    fn caller(&self) -> Result<&Principal, QueryError> {
        self.data_opt::<Asked>()
            .and_then(|asked| asked.caller.as_ref())
            .ok_or_else(|| QueryError::Unauthenticated("this needs a token".into()))
    }

    fn lang(&self, argument: Option<Lang>) -> Lang {
        argument.or_else(|| self.data_opt::<Asked>().map(|asked| asked.lang)).unwrap_or_default()
    }

    fn classifiers(&self) -> Result<&Classifiers, QueryError> {
        let loaders = self.data_opt::<Loaders>().ok_or_else(|| QueryError::internal("no loaders"))?;
        Ok(&loaders.classifiers)
    }

    async fn permits(&self) -> Result<&Permits, QueryError> {
        let loaders = self.data_opt::<Loaders>().ok_or_else(|| QueryError::internal("no loaders"))?;
        let read = async || {
            let (policies, mut reading) = (Arc::clone(&loaders.policies), self.snapshot()?.read().await?);
            Permits::read(policies, self.caller()?, &mut reading).await
        };
        loaders.permits.get_or_try_init(read).await
    }

    async fn reach(&self, action: Action, kind: RecordKind) -> Result<Reach, QueryError> {
        let reach = self.permits().await?.reach(action, kind);
        reach.map_err(|denied| {
            tell_refused(self, None);
            QueryError::Forbidden(denied.to_string())
        })
    }

    async fn see_plans(&self) -> Result<(), QueryError> {
        self.permits().await?.sees_plans().map_err(|denied| {
            tell_refused(self, None);
            QueryError::Forbidden(denied.to_string())
        })
    }

    async fn reach_any(&self, action: Action, kinds: &[RecordKind]) -> Result<(), QueryError> {
        self.permits().await?.reach_any(action, kinds).map_err(|denied| {
            tell_refused(self, None);
            QueryError::Forbidden(denied.to_string())
        })
    }

    fn keeps_back(&self, record: Uuid) {
        tell_refused(self, Some(record));
    }

    fn shows(&self, record: Uuid, scope: DataScope) -> Result<(), QueryError> {
        // Without a place to tell it nothing is shown.
        let shown = self.data_opt::<Shown>().ok_or_else(|| QueryError::internal("no note of what is shown"))?;
        shown.note(record, scope);
        Ok(())
    }
}
