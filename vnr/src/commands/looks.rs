//! `vnr access log | signals`: what the data-protection officer asks.

use access::Institution;
use access::policy::{Action, Reach, RecordKind};
use chrono::{DateTime, TimeDelta, Utc};
use domain::access_day::DataScope;
use event_store::log::LogName;
use event_store::seal::{KeyRing, KeyScope};
use projections::consultations::{LookFilter, LookRow, LookedAtRow, Signal, Thresholds};
use replay_tools::personal::Keys;
use replay_tools::resolve;
use serde_json::{Value, json};
use uuid::Uuid;

use super::acting::{Acting, Job, Look};
use super::with_database;
use crate::cli::{ActingArgs, LookCommand};
use crate::compose::{Database, personal_data};
use crate::failure::Failure;
use crate::output::{self, Align, Table, riga};
use crate::settings::Settings;

/// What an unexpected length of `vnr access log` is cut at.
const LONGEST: u32 = 10_000;

pub(super) async fn run(settings: &Settings, command: LookCommand) -> Result<(), Failure> {
    with_database(settings, async |database| match command {
        LookCommand::Log { record, person, actor, institution, since, until, limit, json, acting } => {
            let records = match (&record, person) {
                (Some(name), _) => Some(vec![resolve(database.tools().await?, name).await?.1]),
                (None, Some(person)) => Some(records_of(settings, database, person).await?),
                (None, None) => None,
            };
            let (acting, reach) = permitted(settings, database, &acting, "access_log").await?;
            let filter = LookFilter {
                records,
                actor,
                institution,
                from: since.map(|at| at.to_utc()),
                before: until.map(|at| at.to_utc()),
                reached: vec![reach],
            };
            tell(settings, database, &acting, &question(&filter)).await?;
            show_log(database, &filter, limit.min(LONGEST), json).await
        }
        LookCommand::Signals { since, until, bulk, json, acting } => {
            let until = until.map_or_else(Utc::now, |at| at.to_utc());
            let since = since.map_or(until - TimeDelta::days(7), |at| at.to_utc());
            let (acting, _) = permitted(settings, database, &acting, "access_signals").await?;
            tell(settings, database, &acting, &format!("access signals {since} {until}")).await?;
            show_signals(database, &acting, (since, until), (bulk, json)).await
        }
    })
    .await
}

/// Who may read some part of the access log, and which.
async fn permitted(
    settings: &Settings,
    database: &Database,
    acting: &ActingArgs,
    attempt: &str,
) -> Result<(Acting, Reach), Failure> {
    let acting = Acting::begin(settings, database, acting, Job::Audit).await?;
    let (policies, standing) = acting.permits();
    match policies.permit_some(standing, Action::ConsultAccessLog, RecordKind::Register) {
        Ok(()) => {
            let reach = policies.reach(standing, Action::ConsultAccessLog, RecordKind::Register);
            Ok((acting, reach))
        }
        Err(denied) => Err(acting.refused(settings, database, (attempt, None), denied).await),
    }
}

/// The question as it is kept, as a keyed digest.
fn question(filter: &LookFilter) -> String {
    format!("access log {:?}", LookFilter { reached: Vec::new(), ..filter.clone() })
}

/// Looking at the access log is told to it.
async fn tell(settings: &Settings, database: &Database, acting: &Acting, question: &str) -> Result<(), Failure> {
    let look = Look { question, records: &[], scopes: &[DataScope::AccessLog] };
    acting.tell(settings, database, look).await.map(drop)
}

/// Records that hold data of a data subject, also where it was erased.
async fn records_of(settings: &Settings, database: &Database, person: Uuid) -> Result<Vec<Uuid>, Failure> {
    let master = personal_data::open(settings, database).await?;
    let ring = KeyRing::new(database.tools().await?.clone(), LogName::REGISTER, std::sync::Arc::new(master));
    let keys = Keys::of(&ring, KeyScope::Subject(person)).await?;
    let present = keys.present.iter().map(|key| key.owner.record);
    let records: std::collections::BTreeSet<Uuid> =
        present.chain(keys.destroyed.iter().map(|key| key.owner.record)).collect();
    if records.is_empty() {
        return Err(Failure::Usage(format!("no record holds data of a data subject {person}")));
    }
    Ok(records.into_iter().collect())
}

async fn show_log(database: &Database, filter: &LookFilter, limit: u32, as_json: bool) -> Result<(), Failure> {
    let mut connection = database.tools().await?.acquire().await?;
    let looks = LookRow::search(&mut connection, filter, limit).await?;
    let positions: Vec<i64> = looks.iter().map(|look| look.position).collect();
    let records = LookedAtRow::of_looks(&mut connection, &positions).await?;
    let of = |position: i64| records.iter().filter(move |row| row.position == position).map(|row| row.record);
    if as_json {
        let looks: Vec<Value> = looks.iter().map(|look| told(look, of(look.position).collect())).collect();
        output::json(&json!({ "looks": looks }));
        return Ok(());
    }
    let mut table = Table::new([
        ("position", Align::Right),
        ("when", Align::Left),
        ("who", Align::Left),
        ("what for", Align::Left),
        ("what", Align::Left),
        ("records", Align::Right),
    ]);
    for look in &looks {
        let actor = match (&look.institution, &look.actor) {
            (Some(institution), Some(actor)) => format!("{actor} ({institution})"),
            _ => "somebody unknown".to_owned(),
        };
        let purpose = look.purpose.as_deref().unwrap_or_default();
        let purpose = look.reference.as_ref().map_or(purpose.to_owned(), |number| format!("{purpose} {number}"));
        let what = match look.kind.as_str() {
            LookRow::REFUSED => format!("refused: {}", look.attempt.as_deref().unwrap_or_default()),
            LookRow::DISCLOSED => format!("given to {}", look.recipient.as_deref().unwrap_or_default()),
            _ => look.scopes.clone().unwrap_or_default(),
        };
        table.row([look.position.to_string(), riga(look.at), actor, purpose, what, look.count.to_string()]);
    }
    table.print();
    output::aside(match looks.len() {
        0 => "nobody".to_owned(),
        shown if shown == limit as usize => {
            format!("the latest {shown}; go on with --until, or ask for more with --limit")
        }
        shown => format!("{shown} in all"),
    });
    Ok(())
}

fn told(look: &LookRow, records: Vec<Uuid>) -> Value {
    json!({
        "position": look.position,
        "kind": look.kind,
        "at": look.at,
        "institution": look.institution,
        "actor": look.actor,
        "role": look.role,
        "purpose": look.purpose,
        "reference": look.reference,
        "way": look.way,
        "scopes": look.scopes.as_ref().map(|scopes| scopes.split(',').collect::<Vec<_>>()),
        "query": look.query,
        "count": look.count,
        "recipient": look.recipient,
        "attempt": look.attempt,
        "cause": look.cause,
        "records": records,
    })
}

async fn show_signals(
    database: &Database,
    acting: &Acting,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
    (bulk, as_json): (i64, bool),
) -> Result<(), Failure> {
    let thresholds = Thresholds { records_in_an_hour: bulk, ..Thresholds::default() };
    let mut connection = database.tools().await?.acquire().await?;
    let mut found = Signal::find(&mut connection, since, until, &thresholds).await?;
    found.retain(|(_, signal)| {
        Institution::parse(&signal.institution).is_ok_and(|institution| acting.reads_log_of(&institution))
    });
    if as_json {
        let told = found.iter().map(|(kind, signal)| {
            json!({
                "kind": kind.code(),
                "institution": signal.institution,
                "actor": signal.actor,
                "since": signal.since,
                "count": signal.count,
            })
        });
        output::json(&json!({ "signals": told.collect::<Vec<_>>() }));
        return Ok(());
    }
    let mut table =
        Table::new([("sign", Align::Left), ("who", Align::Left), ("since", Align::Left), ("count", Align::Right)]);
    for (kind, signal) in &found {
        let who = format!("{} ({})", signal.actor, signal.institution);
        table.row([kind.code().to_owned(), who, riga(signal.since), signal.count.to_string()]);
    }
    table.print();
    output::aside(format!("{} signs from {} to {}: signs, not proofs", found.len(), riga(since), riga(until)));
    Ok(())
}
