//! How far the read models have come, and waiting until they have come far enough.
//!
//! `minPosition` is looked at twice. Before the snapshot is opened the request waits, bounded, without a transaction.
//! Then each field checks in its own snapshot what its read models have reached: that is the answer that counts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Value;
use event_store::consumer::CHANNEL;
use event_store::log::LogName;
use event_store::proof::generation::Lives;
use projections::Projection;
use projections::access_grants::AccessGrants;
use projections::cards::Cards;
use projections::case_file::CaseFile;
use projections::case_search::CaseSearch;
use projections::case_words;
use projections::cautions::Cautions;
use projections::lookups;
use projections::notices::Notices;
use projections::response_plans::ResponsePlans;
use projections::roster::Roster;
use projections::roster_history::RosterHistory;
use projections::shifts::Shifts;
use projections::source_journals::SourceJournals;
use projections::timeline::Timeline;
use sqlx::postgres::PgListener;
use sqlx::{PgConnection, PgPool, Row};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::databases::Databases;
use crate::document::{Examined, RootField};
use crate::error::QueryError;
use crate::position::LogPosition;

/// Longest time that a query may wait.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Time that a query waits where it does not say.
pub(crate) const USUAL_WAIT: Duration = Duration::from_secs(5);

/// Time that a message of a subscription waits for read models other than the one that is followed.
const LONGEST_LEAD: Duration = Duration::from_secs(1);

/// How long a lost notification can delay those who wait.
const POLL: Duration = Duration::from_millis(250);

/// Read models by the fields that read them, at the root or deeper.
const READ_BY: &[(&str, &[&str])] = &[
    ("incident", &[CaseSearch::NAME]),
    ("incidents", &[CaseSearch::NAME]),
    ("persons", &[CaseFile::NAME]),
    ("organisations", &[CaseFile::NAME]),
    ("vehicles", &[CaseFile::NAME]),
    ("items", &[CaseFile::NAME]),
    ("documents", &[CaseFile::NAME]),
    ("actions", &[CaseFile::NAME]),
    ("links", &[CaseFile::NAME]),
    ("transfers", &[CaseFile::NAME]),
    ("pendingTransfer", &[CaseFile::NAME]),
    ("seizedItems", &[CaseFile::NAME]),
    ("relatedIncidents", &[CaseSearch::NAME, CaseFile::NAME, lookups::NAME]),
    ("caution", &[Cautions::NAME]),
    // Met on records too: by persons, and by what is sealed.
    ("cautions", &[Cautions::NAME, CaseFile::NAME, lookups::NAME]),
    ("earlierIncidents", &[CaseSearch::NAME]),
    ("dossier", &[CaseSearch::NAME, CaseFile::NAME, Cards::NAME, Cautions::NAME]),
    ("notice", &[Notices::NAME]),
    ("notices", &[Notices::NAME]),
    ("card", &[Cards::NAME]),
    ("cards", &[Cards::NAME]),
    ("cardStatistics", &[Cards::NAME]),
    ("units", &[Cards::NAME]),
    ("unit", &[Roster::NAME]),
    ("assignedUnit", &[Roster::NAME]),
    ("roster", &[Roster::NAME]),
    ("rosterAt", &[RosterHistory::NAME]),
    ("now", &[Roster::NAME]),
    ("timeline", &[Timeline::NAME]),
    ("node", &[CaseSearch::NAME, Cards::NAME, Roster::NAME]),
    ("journals", &[SourceJournals::NAME]),
    ("journal", &[SourceJournals::NAME]),
    ("responsePlans", &[ResponsePlans::NAME]),
    ("responsePlan", &[ResponsePlans::NAME]),
    ("shift", &[Shifts::NAME]),
    ("shifts", &[Shifts::NAME]),
    ("plannedUnits", &[Roster::NAME]),
    ("coverage", &[Shifts::NAME, Roster::NAME]),
    ("record", &[Timeline::NAME, CaseSearch::NAME, Cards::NAME]),
];

/// Arguments that name what is asked for.
const ASKED_BY: [&str; 2] = ["filter", "of"];
/// Read models by what of such an argument is found in them.
const FOUND_BY: &[(&str, &str)] = &[
    ("plate", lookups::NAME),
    ("personalCode", lookups::NAME),
    ("vin", lookups::NAME),
    ("documentNumber", lookups::NAME),
    ("itemSerial", CaseFile::NAME),
    ("words", case_words::NAME),
];

/// Read models that a field at the root is answered from.
pub(crate) fn models_of(root: &RootField) -> impl Iterator<Item = &'static str> {
    let read = READ_BY.iter().filter(|(field, _)| root.name == *field || root.inner.contains(*field));
    // Whatever is shown depends on the rights that the caller has.
    let models = read.flat_map(|(_, models)| models.iter().copied()).chain([AccessGrants::NAME]);
    let models = models.chain(searched_by(root));
    models.filter(|_| !root.is_introspection())
}

/// Read models that its filter is looked up in.
fn searched_by(root: &RootField) -> impl Iterator<Item = &'static str> {
    let asked = |name: &str| {
        ASKED_BY.iter().any(|argument| {
            let Some(Value::Object(asked)) = root.argument(argument) else { return false };
            asked.get(name).is_some_and(|value| !matches!(value, Value::Null))
        })
    };
    FOUND_BY.iter().filter(move |(name, _)| asked(name)).map(|(_, model)| *model)
}

/// Whether answers are read from it: a process is a consumer of the log too.
pub(crate) fn answers_from(consumer: &str) -> bool {
    let read = READ_BY.iter().flat_map(|(_, models)| models.iter()).chain(FOUND_BY.iter().map(|(_, model)| model));
    read.chain([&AccessGrants::NAME]).any(|model| *model == consumer)
}

/// Where the logs and the read models that serve are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tide {
    generations: BTreeMap<String, u32>,
    lives: BTreeMap<String, Lives>,
    progress: BTreeMap<(String, String), u64>,
    /// Records that are parked in some read model.
    parked: u64,
}

impl Tide {
    /// Reads it; within a snapshot it is the snapshot's.
    pub(crate) async fn read(connection: &mut PgConnection) -> Result<Self, QueryError> {
        let rows = sqlx::query(READ_TIDE).fetch_all(connection).await?;
        let mut tide = Self::default();
        for row in rows {
            let log: String = row.try_get("log")?;
            if let Some(name) = row.try_get::<Option<String>, _>("name")? {
                let progress = row.try_get::<i64, _>("progress")?.unsigned_abs();
                tide.progress.insert((name, log.clone()), progress);
            }
            if !tide.lives.contains_key(&log) {
                let (generations, first): (Vec<i32>, Vec<i64>) = (row.try_get("generations")?, row.try_get("begins")?);
                let rows = generations.iter().map(|g| g.unsigned_abs()).zip(first.iter().map(|f| f.unsigned_abs()));
                tide.lives.insert(log.clone(), Lives::of_rows(rows));
            }
            tide.parked = row.try_get::<i64, _>("parked")?.unsigned_abs();
            tide.generations.insert(log, row.try_get::<i32, _>("generation")?.unsigned_abs());
        }
        Ok(tide)
    }

    /// The furthest position of the register that a read model has reached.
    pub(crate) fn seen(&self) -> event_store::log::LogPosition {
        let of_register = self.progress.iter().filter(|((_, log), _)| log == LogName::REGISTER.as_str());
        event_store::log::LogPosition::new(of_register.map(|(_, position)| *position).max().unwrap_or_default())
    }

    /// How many records are parked in some read model; hardly ever any.
    pub(crate) fn parked(&self) -> u64 {
        self.parked
    }

    /// Generation of a log; 0 while nothing is known.
    pub(crate) fn generation(&self, log: LogName) -> u32 {
        self.generations.get(log.as_str()).copied().unwrap_or_default()
    }

    /// The place that a position stands for in a log as it is now.
    ///
    /// # Errors
    /// Refused where the log does not have it.
    pub(crate) fn place(&self, position: LogPosition, log: LogName) -> Result<u64, QueryError> {
        let none = Lives::default();
        position.within(self.lives.get(log.as_str()).unwrap_or(&none), self.generation(log))
    }

    /// A position of a log, with the generation that it was given out in.
    pub(crate) fn position(&self, position: u64, log: LogName) -> LogPosition {
        LogPosition { generation: self.lives.get(log.as_str()).map_or(0, |lives| lives.of(position)), position }
    }

    /// How far a read model has come in a log.
    pub(crate) fn progress(&self, model: &str, log: LogName) -> LogPosition {
        let position = self.progress.get(&(model.to_owned(), log.as_str().to_owned())).copied().unwrap_or_default();
        LogPosition { generation: self.generation(log), position }
    }

    /// Whether the read models of a field at the root have reached the position in the register; the first that has not,
    /// else.
    pub(crate) fn reached(&self, root: &RootField, wanted: LogPosition) -> Result<(), QueryError> {
        let place = self.place(wanted, LogName::REGISTER)?;
        for model in models_of(root) {
            let progress = self.progress(model, LogName::REGISTER);
            if progress.position < place {
                return Err(QueryError::NotYet {
                    model: model.to_owned(),
                    progress: progress.to_string(),
                    wanted: wanted.to_string(),
                });
            }
        }
        Ok(())
    }
}

const READ_TIDE: &str = "
    select h.log, h.generation, h.generations, h.begins, c.name, coalesce(c.progress, 0) as progress,
           (select count(*) from projections.parked p where p.build = 'live') as parked
    from (select 'register' as log, generation,
                 array(select g.generation from register.generations g order by g.generation) as generations,
                 array(select g.first_position from register.generations g order by g.generation) as begins
          from register.head
          union all
          select 'tracks', generation,
                 array(select g.generation from tracks.generations g order by g.generation),
                 array(select g.first_position from tracks.generations g order by g.generation)
          from tracks.head) h
    left join projections.consumers c on c.log = h.log and c.build = 'live'";

/// Follows the progress of the read models.
#[derive(Clone)]
pub(crate) struct Freshness(watch::Receiver<Arc<Tide>>);

impl Freshness {
    /// Starts to follow, through failures of the database too; ends when the last one who could wait is gone.
    pub(crate) fn start(databases: Databases) -> Self {
        let (sender, tide) = watch::channel(Arc::new(Tide::default()));
        tokio::spawn(follow(databases, sender));
        Self(tide)
    }

    /// Where the logs and the read models are, as far as is known.
    pub(crate) fn tide(&self) -> Arc<Tide> {
        Arc::clone(&self.0.borrow())
    }

    /// Every change of it.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<Tide>> {
        self.0.clone()
    }

    /// Waits, for a moment at most, until read models have come as far as a message of a subscription tells: what it shows from
    /// them would otherwise be missing, and nobody would tell it later. Where one of them stands still the message goes out.
    pub(crate) async fn keep_up(&self, models: &[&'static str], told: LogPosition) {
        let reached = |tide: &Arc<Tide>| {
            let of = |model: &&str| tide.progress(model, LogName::REGISTER);
            models.iter().map(of).all(|now| now.generation != told.generation || now.position >= told.position)
        };
        _ = tokio::time::timeout(LONGEST_LEAD, self.watch().wait_for(reached)).await;
    }

    /// Waits until every field at the root can be answered, or its time is over: then the field says so itself.
    pub(crate) async fn wait_for(&self, examined: &Examined) {
        let begun = Instant::now();
        for root in &examined.roots {
            let Some(Value::String(text)) = root.argument("minPosition") else { continue };
            let Ok(wanted) = LogPosition::parse(text) else { continue };
            let wait = match root.argument("waitSeconds") {
                Some(Value::Number(n)) => Duration::from_secs(n.as_u64().unwrap_or_default()).min(LONGEST_WAIT),
                _ => USUAL_WAIT,
            };
            let settled = |tide: &Arc<Tide>| {
                // A generation that is not ours will not become ours by waiting.
                tide.generation(LogName::REGISTER) != 0
                    && !matches!(tide.reached(root, wanted), Err(QueryError::NotYet { .. }))
            };
            _ = tokio::time::timeout_at(begun + wait, self.watch().wait_for(settled)).await;
        }
    }
}

/// Reads the progress when it is told that it has moved, and now and then in any case.
async fn follow(databases: Databases, sender: watch::Sender<Arc<Tide>>) {
    let mut listener: Option<PgListener> = None;
    while !sender.is_closed() {
        let (pool, tells) = databases.followed();
        if !tells {
            listener = None;
        } else if listener.is_none() {
            listener = listen(pool).await;
        }
        let read = async { Tide::read(&mut *pool.acquire().await?).await };
        match read.await {
            Ok(now) => {
                _ = sender.send_if_modified(|known| {
                    let changed = **known != now;
                    if changed {
                        *known = Arc::new(now);
                    }
                    changed
                })
            }
            Err(error) => {
                tracing::debug!(%error, "progress of the read models could not be read");
                listener = None;
            }
        }
        let woken = async {
            match &mut listener {
                // What is told while nobody looks is one wake-up, not many.
                Some(open) => open.try_recv().await.is_ok_and(|told| told.is_some()),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            open = woken => if !open { listener = None },
            () = tokio::time::sleep(POLL) => {}
            () = sender.closed() => return,
        }
    }
}

async fn listen(pool: &PgPool) -> Option<PgListener> {
    let mut listener = PgListener::connect_with(pool).await.ok()?;
    listener.listen(CHANNEL).await.ok()?;
    Some(listener)
}

#[cfg(test)]
mod tests {
    use async_graphql::Variables;
    use async_graphql::parser::parse_query;

    use super::*;
    use crate::document::{DocumentLimits, examine};

    fn tide(progress: &[(&str, u64)]) -> Arc<Tide> {
        let register = LogName::REGISTER.as_str().to_owned();
        let progress = progress.iter().map(|(model, at)| (((*model).to_owned(), register.clone()), *at));
        let lives = BTreeMap::from([(register.clone(), Lives::of_rows([(1, 1)]))]);
        let generations = BTreeMap::from([(register.clone(), 1)]);
        Arc::new(Tide { generations, lives, progress: progress.collect(), parked: 0 })
    }

    fn at(position: u64) -> LogPosition {
        LogPosition { generation: 1, position }
    }

    fn root(document: &str) -> RootField {
        let document = parse_query(document).expect("a document");
        let examined = examine(&document, None, &Variables::default(), &DocumentLimits::default());
        examined.expect("a sound document").roots.pop().expect("a field")
    }

    #[test]
    fn a_search_by_words_waits_for_the_words() {
        let all = [(CaseSearch::NAME, 9), (AccessGrants::NAME, 9), (case_words::NAME, 7)];
        let (plain, words) =
            ("{ incidents { totalCount } }", "{ incidents(filter: {words: {text: \"x\"}}) { totalCount } }");
        assert!(tide(&all).reached(&root(plain), at(8)).is_ok());
        assert!(
            matches!(tide(&all).reached(&root(words), at(8)), Err(QueryError::NotYet { model, .. }) if model == case_words::NAME)
        );
        assert!(tide(&all).reached(&root(words), at(7)).is_ok());
    }

    #[tokio::test]
    async fn a_message_waits_for_what_it_shows_of_other_read_models() {
        let (sender, tides) = watch::channel(tide(&[(Cards::NAME, 4)]));
        let freshness = Freshness(tides);
        let told = tokio::spawn(async move { freshness.keep_up(&[Cards::NAME], at(5)).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!told.is_finished(), "the card is not there yet");
        sender.send_replace(tide(&[(Cards::NAME, 5)]));
        told.await.expect("it goes out");
    }

    #[tokio::test]
    async fn a_message_does_not_wait_for_ever_for_a_read_model_that_stands_still() {
        let (_sender, tides) = watch::channel(tide(&[(Cards::NAME, 4)]));
        Freshness(tides).keep_up(&[Cards::NAME], at(5)).await;
    }
}
