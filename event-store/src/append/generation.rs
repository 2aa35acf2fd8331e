//! Beginning a generation after a restore that lost answered events: one transaction that moves the head into it, keeps its
//! numbers away from those that may have been given out, and appends the event that says so.
//!
//! Positions stay dense: the new generation goes on right after the last event that was restored, with the same tree. What was
//! given out beyond is void under its old generation, and every position that leaves the house names its generation.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cqrs_es::{Aggregate as _, DomainEvent as _};
use domain::Decide as _;
use domain::ids::{of_log, riga_year};
use domain::kernel::{Moment, Series};
use domain::log_life::{BeginGeneration, LogLife, LogLifeCommand, LogLifeError, LogLifeEvent, LogPlace, VoidedNumbers};
use domain::values::{CardNumber, NationalNumber, ValueError};
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

use super::batch::{Belief, Columns, NewEvent};
use super::numbers::Numbers;
use crate::log::{DecodeError, LogName};
use crate::proof::generation::{Place, Statement};
use crate::proof::note::SignedNote;
use crate::proof::number::SeriesNumber;
use crate::read::{LogReader, ReadError};

/// What is known of a lossy restore.
#[derive(Debug, Clone)]
pub struct Lossy {
    /// The last place that is known to have been given out, of any generation. Where nothing beyond the log's end is known,
    /// its end.
    pub last_known: Place,
    /// Numbers known to have been given out.
    pub numbers: Vec<SeriesNumber>,
    /// So many numbers of each series are kept away from beyond those: they may have been given out unsigned.
    pub margin: u64,
    /// The signed tree head that shows what was lost.
    pub witness: Option<String>,
    /// Why, in the words of who decides it.
    pub reason: String,
    /// Who: becomes the event's metadata.
    pub metadata: BTreeMap<String, String>,
}

/// A generation that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Begun {
    /// The log.
    pub log: String,
    /// The generation.
    pub generation: u32,
    /// Its first position: the event that says so.
    pub begins: u64,
    /// The last place of older generations that is known to be void.
    pub voids: String,
    /// How many positions are known to be void.
    pub positions: u64,
    /// Numbers that are never given out again, first and last of each series.
    pub numbers: Vec<(String, String)>,
    /// The record of the log's own life.
    pub record: Uuid,
    /// The statement, as it was signed.
    pub statement: String,
}

/// A generation that did not begin. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum GenerationError {
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its own life could not be read.
    #[error("what the log says of its own life can't be read")]
    Decode(#[from] DecodeError),
    /// Somebody appended meanwhile.
    #[error("{log} is being appended to: stop every `vnr up` and `vnr serve` on this database first")]
    Moving {
        /// Which log.
        log: LogName,
    },
    /// The rules of the log's life refuse it.
    #[error(transparent)]
    Refused(#[from] domain::kernel::Refused<LogLifeError>),
    /// The clock stands outside the years that a number can have.
    #[error("the clock of this machine is wrong")]
    Clock(#[from] ValueError),
    /// The event can't be written as JSON.
    #[error("the event can't be written")]
    Write(#[from] serde_json::Error),
}

impl From<sqlx::Error> for GenerationError {
    fn from(error: sqlx::Error) -> GenerationError {
        GenerationError::Read(error.into())
    }
}

/// Begins the next generation of a log, as the role that owns it. `sign` signs the statement with the notary's key.
///
/// # Errors
/// When somebody appends, nothing would be void, or the database fails.
pub async fn begin_generation(
    owner: &PgPool,
    log: LogName,
    lossy: &Lossy,
    sign: &(dyn Fn(&Statement) -> SignedNote + Sync),
) -> Result<Begun, GenerationError> {
    let mut tx = owner.begin().await?;
    let before = Belief::read(&mut tx, log, true).await?;
    let recorded_at = before.recorded_at.max(Utc::now());
    let record = of_log(&before.origin);
    let mut life = LogLife::default();
    let history = LogReader::new(owner.clone(), log).stream(record).await?;
    for event in &history {
        life.apply(event.decode()?);
    }

    let begins = before.position + 1;
    let generation = before.generation.max(lossy.last_known.generation) + 1;
    let voids = lossy.last_known.max(Place { generation: before.generation, position: before.position });
    let mut numbers = before.numbers.clone();
    let voided = void_numbers(log, &mut numbers, lossy, voids.position.saturating_sub(before.position), recorded_at);
    let last = |voided: &VoidedNumbers| SeriesNumber {
        series: voided.series.clone(),
        year: voided.year,
        ordinal: voided.last,
    };
    let statement = Statement {
        origin: before.origin.clone(),
        generation,
        begins,
        root: before.frontier.root(),
        voids,
        numbers: voided.iter().map(last).collect(),
    };
    let note = sign(&statement).to_string();
    let command = BeginGeneration {
        generation,
        begins,
        root: crate::proof::note::hex(&statement.root),
        voids: LogPlace { generation: voids.generation, position: voids.position },
        numbers: voided.clone(),
        witness: lossy.witness.clone(),
        statement: note.clone(),
        reason: lossy.reason.clone(),
    };
    let year = riga_year(&recorded_at);
    let moment = Moment {
        recorded_at,
        occurred_at: recorded_at.fixed_offset(),
        next_incident: NationalNumber::try_new(year, 1)?,
        next_card: CardNumber::try_new(year, 1)?,
    };
    let events = life.decide(LogLifeCommand::BeginGeneration(Box::new(command)), &moment)?;

    let sql = format!("update {log}.head set generation = $1 where generation = $2 and position = $3");
    let moved = sqlx::query(&sql)
        .bind(i64::from(generation) as i32)
        .bind(i64::from(before.generation) as i32)
        .bind(before.position as i64)
        .execute(&mut *tx)
        .await?;
    let sql = format!(
        "insert into {log}.generations (generation, first_position, voids_generation, voids_position, statement)
         values ($1, $2, $3, $4, $5)"
    );
    sqlx::query(&sql)
        .bind(i64::from(generation) as i32)
        .bind(begins as i64)
        .bind(i64::from(voids.generation) as i32)
        .bind(voids.position as i64)
        .bind(&note)
        .execute(&mut *tx)
        .await?;
    let base = Belief { generation, ..before.clone() };
    let columns = columns(base, numbers, recorded_at, &events, (record, history.len() as u64), &lossy.metadata)?;
    if moved.rows_affected() != 1 || !columns.append(&mut tx, log).await? {
        return Err(GenerationError::Moving { log });
    }
    tx.commit().await?;
    let shown = |v: &VoidedNumbers| {
        let number = |ordinal| SeriesNumber { series: v.series.clone(), year: v.year, ordinal }.to_string();
        (number(v.first), number(v.last))
    };
    Ok(Begun {
        log: log.to_string(),
        generation,
        begins,
        voids: voids.to_string(),
        positions: (voids.position + 1).saturating_sub(begins),
        numbers: voided.iter().map(shown).collect(),
        record,
        statement: note,
    })
}

/// Raises the series beyond what may have been given out, and says what that leaves out.
///
/// An event takes one number at most, so of `lost` events that are known of no series gave out more. Beyond them the margin
/// stands for events that nobody has signed. Where the year has changed since, they may have taken numbers of the new one.
fn void_numbers(
    log: LogName,
    numbers: &mut Numbers,
    lossy: &Lossy,
    lost: u64,
    now: DateTime<Utc>,
) -> Vec<VoidedNumbers> {
    let year = riga_year(&now);
    let restored = numbers.last();
    let mut series: Vec<String> = restored.iter().chain(&lossy.numbers).map(|number| number.series.clone()).collect();
    if log == LogName::REGISTER {
        series.extend([Series::Incident, Series::Card].map(|series| series.prefix().to_owned()));
    }
    series.sort();
    series.dedup();
    let mut voided = Vec::new();
    for series in series {
        let none = SeriesNumber { series: series.clone(), year, ordinal: 0 };
        let of = |all: &[SeriesNumber]| {
            let mut of_series: Vec<SeriesNumber> = all.iter().filter(|n| n.series == series).cloned().collect();
            of_series.sort();
            of_series.pop()
        };
        let had = of(&restored).unwrap_or(none.clone());
        let known = of(&lossy.numbers).unwrap_or(SeriesNumber { ordinal: had.ordinal + lost, ..had.clone() });
        let reach = known.max(had.clone());
        let first = if reach.year == had.year { had.ordinal + 1 } else { 1 };
        let mut ends = vec![(first, SeriesNumber { ordinal: reach.ordinal + lossy.margin, ..reach.clone() })];
        if reach.year < year {
            ends.push((1, SeriesNumber { ordinal: lossy.margin, ..none }));
        }
        for (first, end) in ends {
            if end.ordinal >= first {
                numbers.raise(&end);
                voided.push(VoidedNumbers { series: end.series, year: end.year, first, last: end.ordinal });
            }
        }
    }
    voided
}

/// The events as the appender would write them.
fn columns(
    before: Belief,
    numbers: Numbers,
    recorded_at: DateTime<Utc>,
    events: &[LogLifeEvent],
    (record, version): (Uuid, u64),
    metadata: &BTreeMap<String, String>,
) -> Result<Columns, serde_json::Error> {
    let metadata = serde_json::to_string(metadata)?;
    let after = Belief { recorded_at, numbers, ..before.clone() };
    let mut columns = Columns::new(before, after);
    for (event, sequence) in events.iter().zip(version + 1..) {
        columns.push(NewEvent {
            event_id: Uuid::now_v7(),
            aggregate_type: LogLife::TYPE,
            aggregate_id: record,
            sequence,
            event_type: event.event_type(),
            event_version: event.event_version(),
            occurred_at: recorded_at,
            payload: serde_json::to_string(event)?,
            metadata: &metadata,
        });
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> SeriesNumber {
        SeriesNumber::parse(text).unwrap()
    }

    fn lossy(numbers: &[&str], margin: u64) -> Lossy {
        Lossy {
            last_known: Place { generation: 1, position: 105 },
            numbers: numbers.iter().map(|text| number(text)).collect(),
            margin,
            witness: None,
            reason: "lost".into(),
            metadata: BTreeMap::new(),
        }
    }

    fn void(had: &[&str], lossy: &Lossy, now: &str) -> (Vec<String>, Vec<String>) {
        let mut numbers = Numbers::default();
        had.iter().for_each(|text| numbers.raise(&number(text)));
        let now = now.parse().unwrap();
        let voided = void_numbers(LogName::REGISTER, &mut numbers, lossy, 5, now);
        let shown = voided.iter().map(|v| format!("{} {} {}-{}", v.series, v.year, v.first, v.last)).collect();
        (shown, numbers.last().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn numbers_go_on_beyond_what_was_signed_and_the_margin() {
        let (voided, last) = void(&["VEK-2026-0000040"], &lossy(&["VEK-2026-0000044"], 10), "2026-06-01T00:00:00Z");
        assert_eq!(voided, ["VEK 2026 41-54", "VNR 2026 1-15"]);
        assert_eq!(last, ["VEK-2026-0000054", "VNR-2026-0000015"]);
    }

    #[test]
    fn without_signed_numbers_the_lost_events_bound_them() {
        let (voided, _) = void(&["VEK-2026-0000040", "VNR-2026-0000007"], &lossy(&[], 0), "2026-06-01T00:00:00Z");
        assert_eq!(voided, ["VEK 2026 41-45", "VNR 2026 8-12"]);
    }

    #[test]
    fn a_year_that_began_since_may_have_given_out_numbers_too() {
        let (voided, last) = void(&["VEK-2026-0000040"], &lossy(&[], 10), "2027-01-01T12:00:00Z");
        assert_eq!(voided, ["VEK 2026 41-55", "VEK 2027 1-10", "VNR 2027 1-15"]);
        assert_eq!(last, ["VEK-2027-0000010", "VNR-2027-0000015"]);
        let (voided, _) = void(&["VEK-2026-0000040"], &lossy(&["VEK-2027-0000003"], 10), "2027-01-01T12:00:00Z");
        assert_eq!(voided, ["VEK 2027 1-13", "VNR 2027 1-15"]);
    }
}
