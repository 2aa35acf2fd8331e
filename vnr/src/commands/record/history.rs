//! `vnr record history`: of one record, or of many, page by page, so that memory doesn't grow with them.
//!
//! Of a page the order is: find the records, ask the policies, read what is sealed, tell the access log who looks at what, get the keys for
//! just that, show. Where it can't be told nothing of the page is shown.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Lines, StdinLock};

use access::Consultation;
use access::policy::Denied;
use anyhow::anyhow;
use chrono::DateTime;
use domain::access_day::{AccessWay, DataScope};
use event_store::log::LogName;
use event_store::read::LogReader;
use event_store::seal::{KeyRing, RecordKey};
use futures::{StreamExt as _, TryStreamExt as _};
use replay_tools::history::{Axis, Histories, History, KnownAt, SealedHistory};
use replay_tools::texts::{Opening, Shows};
use replay_tools::{RecordNameError, SOURCED, resolve};
use serde::Serialize;
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use super::show::show;
use crate::cli::{HistoryArgs, KnownTo};
use crate::commands::acting::{self, Acting, Job};
use crate::commands::telling::Telling;
use crate::commands::with_database;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;

/// Records of a page: so many are told to the access log at once.
const PAGE: usize = 500;
/// Records that are read at once: as many as a tool has connections.
const AT_ONCE: usize = 4;
/// What is asked for, as refusals name it.
const ATTEMPT: &str = "record_history";

pub(super) async fn run(settings: &Settings, args: &HistoryArgs) -> Result<(), Failure> {
    with_database(settings, async |database| {
        let acting = Acting::begin(settings, database, &args.acting, Job::Audit).await?;
        let pool = database.tools().await?.clone();
        let histories = Histories::of(&pool, LogName::REGISTER).await?;
        if let Some(name) = args.number.as_deref().filter(|name| *name != "-") {
            // Where there is no such record, nothing is told of it, and no log is opened for that.
            resolve(&pool, name).await?;
        }
        let telling = Telling::open(settings, database).await?;
        let ring = KeyRing::new(pool.clone(), LogName::REGISTER, telling.master().clone());
        let looking = Looking { acting, pool, histories, ring, telling, args };
        let answered = looking.answer().await;
        looking.telling.close().await?;
        answered
    })
    .await
}

/// One history that is asked for.
#[derive(Debug, Clone)]
struct Asked {
    name: String,
    known_at: Option<KnownAt>,
    /// Type and id, where they are known already.
    record: Option<(String, Uuid)>,
}

/// What came of it.
enum Answer {
    Shown(Box<History>),
    NoSuchRecord(RecordNameError),
    Kept(Denied),
}

/// A history in a stream of many.
#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    #[serde(flatten)]
    history: &'a History,
}

/// A record of a page that is shown: its history, and which texts of it.
struct Found {
    history: SealedHistory,
    shows: Shows,
    opened: bool,
}

struct Looking<'a> {
    acting: Acting,
    pool: PgPool,
    histories: Histories,
    ring: KeyRing,
    telling: Telling,
    args: &'a HistoryArgs,
}

impl Looking<'_> {
    async fn answer(&self) -> Result<(), Failure> {
        match (&self.args.number, &self.args.source) {
            (Some(names), _) if names == "-" => self.of_names(io::stdin().lines()).await,
            (Some(name), _) => self.of_one(name).await,
            (None, Some(system)) => self.of_source(system).await,
            (None, None) => Err(Failure::Usage("name a record, or a --source".to_owned())),
        }
    }

    /// The time that is asked for all of them.
    fn known_at(&self) -> Option<KnownAt> {
        self.args.as_known_at.map(|at| KnownAt { at: at.to_utc(), axis: self.axis() })
    }

    fn axis(&self) -> Axis {
        match self.args.axis {
            KnownTo::Log => Axis::Log,
            KnownTo::Source => Axis::Source,
        }
    }

    async fn of_one(&self, name: &str) -> Result<(), Failure> {
        let asked = Asked { name: name.to_owned(), known_at: self.known_at(), record: None };
        for (asked, answer) in self.page(vec![asked]).await? {
            match answer {
                Answer::Shown(history) if self.args.json => output::json(&history),
                Answer::Shown(history) => show(&asked.name, &history),
                Answer::NoSuchRecord(error) => return Err(error.into()),
                Answer::Kept(denied) => return Err(Failure::Failed(anyhow::Error::new(denied))),
            }
        }
        Ok(())
    }

    /// All cards and incidents of a source, in the order of their names there; of those that are kept from who looks, how many.
    async fn of_source(&self, system: &str) -> Result<(), Failure> {
        let reader = LogReader::new(self.pool.clone(), LogName::REGISTER);
        let (mut shown, mut kept) = (0_u64, 0_u64);
        for record_type in SOURCED {
            let prefix = format!("{record_type}|{system}|");
            let mut after = String::new();
            loop {
                let claims = reader.claims_page("source", (&prefix, &after), PAGE as u32).await?;
                let Some((last, ..)) = claims.last() else { break };
                after.clone_from(last);
                let name = |key: &str| format!("{system}/{}", key.strip_prefix(&prefix).unwrap_or(key));
                let asked = claims.iter().map(|(key, record_type, id)| Asked {
                    name: name(key),
                    known_at: self.known_at(),
                    record: Some((record_type.clone(), *id)),
                });
                for (asked, answer) in self.page(asked.collect()).await? {
                    match answer {
                        Answer::Shown(history) => {
                            self.print(&asked.name, &history);
                            shown += 1;
                        }
                        Answer::NoSuchRecord(_) | Answer::Kept(_) => kept += 1,
                    }
                }
            }
        }
        output::aside(match kept {
            0 => format!("{shown} records of {system}"),
            kept => format!("{shown} records of {system}; the policies keep {kept} more from you"),
        });
        Ok(())
    }

    /// Records by name, one a line, each with a tab and a time where it is not the time that is asked for all.
    async fn of_names(&self, mut lines: Lines<StdinLock<'static>>) -> Result<(), Failure> {
        let mut not_shown = 0_u64;
        loop {
            let asked = self.next_names(&mut lines)?;
            if asked.is_empty() {
                break;
            }
            for (asked, answer) in self.page(asked).await? {
                let why = match answer {
                    Answer::Shown(history) => {
                        self.print(&asked.name, &history);
                        continue;
                    }
                    Answer::NoSuchRecord(error) => error.to_string(),
                    Answer::Kept(denied) => denied.to_string(),
                };
                not_shown += 1;
                if self.args.json {
                    output::json(&json!({ "name": asked.name, "error": why }));
                } else {
                    output::line(format!("{}: {why}", asked.name));
                }
            }
        }
        match not_shown {
            0 => Ok(()),
            some => Err(Failure::Failed(anyhow!("{some} of the records that were named are not shown"))),
        }
    }

    fn next_names(&self, lines: &mut Lines<StdinLock<'static>>) -> Result<Vec<Asked>, Failure> {
        let mut asked = Vec::new();
        for line in lines.by_ref() {
            let line = line.map_err(|error| Failure::Usage(format!("standard input can't be read: {error}")))?;
            let (name, time) = line.split_once('\t').map_or((line.as_str(), None), |(name, time)| (name, Some(time)));
            if name.trim().is_empty() {
                continue;
            }
            let known_at = match time {
                None => self.known_at(),
                Some(time) => {
                    let at = DateTime::parse_from_rfc3339(time.trim())
                        .map_err(|_| Failure::Usage(format!("`{time}` is no time (RFC 3339, with an offset)")))?;
                    Some(KnownAt { at: at.to_utc(), axis: self.axis() })
                }
            };
            asked.push(Asked { name: name.trim().to_owned(), known_at, record: None });
            if asked.len() == PAGE {
                break;
            }
        }
        Ok(asked)
    }

    fn print(&self, name: &str, history: &History) {
        if self.args.json {
            output::json(&Line { name, history });
        } else {
            show(name, history);
        }
    }

    /// What became of each that is asked for, in order; nothing is given back before the access log knows.
    async fn page(&self, asked: Vec<Asked>) -> Result<Vec<(Asked, Answer)>, Failure> {
        let mut named = Vec::with_capacity(asked.len());
        for asked in asked {
            let record = match &asked.record {
                Some(record) => Ok(record.clone()),
                None => match resolve(&self.pool, &asked.name).await {
                    Err(RecordNameError::Read(error)) => return Err(error.into()),
                    found => found,
                },
            };
            named.push((asked, record));
        }
        let records: HashMap<Uuid, String> =
            named.iter().filter_map(|(_, record)| record.as_ref().ok()).map(|(of, id)| (*id, of.clone())).collect();
        let (permitted, denied) = self.permitted(&records).await?;
        let mut found = self.found(permitted).await?;
        let keys = self.look(named.iter().map(|(asked, _)| asked), &mut found).await?;

        let mut answers = Vec::with_capacity(named.len());
        for (asked, record) in named {
            let answer = match record {
                Err(error) => Answer::NoSuchRecord(error),
                Ok((_, id)) => match (found.get(&id), denied.get(&id)) {
                    (Some(Found { history, shows, opened }), _) => {
                        let opening = opened.then_some(Opening { keys: &keys, shows: *shows });
                        Answer::Shown(Box::new(history.shown(asked.known_at, opening)?))
                    }
                    (None, Some(denied)) => Answer::Kept(denied.clone()),
                    (None, None) => return Err(Failure::Failed(anyhow!("{id} was not read"))),
                },
            };
            answers.push((asked, answer));
        }
        Ok(answers)
    }

    /// The records whose history who looks may read, with the texts that they may see; the others are told as refused.
    #[allow(clippy::type_complexity, reason = "two lists of the same records")]
    async fn permitted(
        &self,
        records: &HashMap<Uuid, String>,
    ) -> Result<(Vec<(Uuid, String, Shows)>, HashMap<Uuid, Denied>), Failure> {
        let (policies, standing) = self.acting.permits();
        let (mut permitted, mut denied) = (Vec::with_capacity(records.len()), HashMap::new());
        for (id, record_type) in records {
            let resource = acting::resource_in(&self.pool, record_type, *id).await?;
            match self.acting.permit_history(&resource) {
                Ok(()) => {
                    let shows = Shows::of(policies.masks(standing, &resource));
                    permitted.push((*id, record_type.clone(), shows));
                }
                Err(why) => {
                    self.telling.refused(&standing.principal, (ATTEMPT, Some(*id)));
                    denied.insert(*id, why);
                }
            }
        }
        Ok((permitted, denied))
    }

    async fn found(&self, permitted: Vec<(Uuid, String, Shows)>) -> Result<HashMap<Uuid, Found>, Failure> {
        let read = permitted.into_iter().map(async |(id, record_type, shows)| {
            let history = self.histories.read((&record_type, id)).await?;
            Ok::<_, Failure>((id, Found { history, shows, opened: false }))
        });
        futures::stream::iter(read).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Tells who looks at these records, and what of them; gives the keys for what is personal in that.
    async fn look<'n>(
        &self,
        asked: impl Iterator<Item = &'n Asked>,
        found: &mut HashMap<Uuid, Found>,
    ) -> Result<HashMap<Uuid, RecordKey>, Failure> {
        if found.is_empty() {
            return Ok(HashMap::new());
        }
        let mut records = BTreeMap::new();
        for (id, record) in &mut *found {
            let scopes = record.history.scopes(record.shows)?;
            record.opened = scopes.len() > 1;
            records.insert(*id, scopes);
        }
        let asked: HashSet<String> = asked.map(|asked| format!("{} {:?}", asked.name, asked.known_at)).collect();
        let mut question: Vec<String> = asked.into_iter().collect();
        question.sort_unstable();
        let consultation = Consultation {
            way: AccessWay::Tool,
            count: records.len(),
            records,
            other: DataScope::History,
            question: format!("record history {}", question.join(", ")).into_bytes(),
        };
        let looked_at = self.acting.tell_by(&self.telling, consultation).await?;
        let opened: Vec<Uuid> = found.iter().filter(|(_, record)| record.opened).map(|(id, _)| *id).collect();
        if opened.is_empty() {
            return Ok(HashMap::new());
        }
        Ok(self.ring.looked_at(looked_at, &opened).await?)
    }
}
