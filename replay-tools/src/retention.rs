//! The retention schedule (glabāšanas termiņi): a configuration with validity dates and sources, and the records whose time is up.

use chrono::{DateTime, Months, NaiveDate, Utc};
use domain::ids::{self, riga_day};
use domain::retention::{ErasureScope, RetentionCase};
use event_store::log::LogName;
use event_store::read::{LogReader, ReadError};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, Row as _};
use uuid::Uuid;

/// A schedule that can't be used, or records that can't be judged by it.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// It is not in the form of a schedule.
    #[error("the retention schedule is not right")]
    Form(#[from] toml::de::Error),
    /// Its rules say what can't be.
    #[error("the retention schedule is not right:{}", lines(.0))]
    Rules(Vec<String>),
    /// The database failed.
    #[error("the records could not be read from the database")]
    Database(#[from] sqlx::Error),
    /// The log failed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A retention case is unreadable.
    #[error(transparent)]
    Case(#[from] event_store::log::DecodeError),
}

fn lines(problems: &[String]) -> String {
    problems.iter().map(|problem| format!("\n  {problem}")).collect()
}

/// A schedule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Whether its values are invented, to show the form.
    #[serde(default)]
    pub illustrative: bool,
    /// Its rules.
    #[serde(rename = "rule", default)]
    pub rules: Vec<Rule>,
}

/// How long some records are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name.
    pub id: String,
    /// Type of the records: `incident` or `emergency_card`.
    pub record: String,
    /// Only incidents with one of these results; all where it is empty.
    #[serde(default)]
    pub results: Vec<String>,
    /// Whole years after the record was done.
    #[serde(default)]
    pub keep_years: u32,
    /// Months on top.
    #[serde(default)]
    pub keep_months: u32,
    /// First day on which a record must be done for the rule to hold.
    pub valid_from: NaiveDate,
    /// Last such day; none where it holds still.
    #[serde(default)]
    pub valid_to: Option<NaiveDate>,
    /// Where it comes from.
    pub source: String,
}

impl Rule {
    fn covers(&self, record: &Done) -> bool {
        let day = riga_day(&record.done_at);
        self.record == record.record_type
            && self.valid_from <= day
            && self.valid_to.is_none_or(|last| day <= last)
            && (self.results.is_empty() || record.result.as_ref().is_some_and(|result| self.results.contains(result)))
    }

    fn months(&self) -> u32 {
        self.keep_years.saturating_mul(12).saturating_add(self.keep_months)
    }
}

impl Schedule {
    /// The project's own, illustrative one.
    pub const ILLUSTRATIVE: &'static str = schema::RETENTION;

    /// Reads and checks a schedule.
    ///
    /// # Errors
    /// All that is wrong with its rules, at once.
    pub fn parse(text: &str) -> Result<Schedule, RetentionError> {
        let schedule: Schedule = toml::from_str(text)?;
        let mut wrong = Vec::new();
        for (index, rule) in schedule.rules.iter().enumerate() {
            let mut say = |what: &str| wrong.push(format!("rule `{}`: {what}", rule.id));
            if !matches!(rule.record.as_str(), "incident" | "emergency_card") {
                say("record must be incident or emergency_card");
            }
            if rule.months() == 0 {
                say("keep_years or keep_months must be given");
            }
            if rule.valid_to.is_some_and(|last| last < rule.valid_from) {
                say("valid_to lies before valid_from");
            }
            if rule.source.trim().is_empty() {
                say("source must say where the rule comes from");
            }
            if schedule.rules[..index].iter().any(|earlier| earlier.id == rule.id) {
                say("its id is used twice");
            }
        }
        if schedule.rules.is_empty() {
            wrong.push("it has no [[rule]]".to_owned());
        }
        if wrong.is_empty() { Ok(schedule) } else { Err(RetentionError::Rules(wrong)) }
    }

    /// Day on which a record's time is up, and the rule that says so: the longest of those that fit; none where none fits.
    fn due(&self, record: &Done) -> Option<(NaiveDate, &Rule)> {
        let rule = self.rules.iter().filter(|rule| rule.covers(record)).max_by_key(|rule| rule.months())?;
        Some((riga_day(&record.done_at).checked_add_months(Months::new(rule.months()))?, rule))
    }
}

/// A record that is done, of which personal data is there.
struct Done {
    record_type: String,
    id: Uuid,
    number: String,
    result: Option<String>,
    done_at: DateTime<Utc>,
}

/// A record whose time is up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Due {
    /// Its type.
    pub record_type: String,
    /// Its number.
    pub number: String,
    /// Its id.
    pub record_id: Uuid,
    /// When it was done.
    pub done_at: DateTime<Utc>,
    /// Day on which its time was up.
    pub due_on: NaiveDate,
    /// The rule that says so.
    pub rule: String,
    /// The proceedings that it must be kept for all the same.
    pub held_for: Vec<String>,
    /// Who asked for its erasure, where a second person is waited for.
    pub requested_by: Option<String>,
}

/// The records whose time is up on `day`, those that wait longest first, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn due(pool: &PgPool, schedule: &Schedule, day: NaiveDate, limit: usize) -> Result<Vec<Due>, RetentionError> {
    let mut found: Vec<(NaiveDate, String, Done)> = done(pool)
        .await?
        .into_iter()
        .filter_map(|record| {
            let (due_on, rule) = schedule.due(&record).filter(|(due_on, _)| *due_on <= day)?;
            Some((due_on, rule.id.clone(), record))
        })
        .collect();
    found.sort_by(|a, b| (a.0, &a.2.number).cmp(&(b.0, &b.2.number)));
    found.truncate(limit);
    let mut listed = Vec::with_capacity(found.len());
    for (due_on, rule, record) in found {
        let case = case_of(pool, ErasureScope::Record(record.id)).await?;
        let Done { record_type, id: record_id, number, done_at, .. } = record;
        let held_for = case.holds().map(ToString::to_string).collect();
        let requested_by = case.requested_by().map(ToString::to_string);
        listed.push(Due { record_type, number, record_id, done_at, due_on, rule, held_for, requested_by });
    }
    Ok(listed)
}

async fn done(pool: &PgPool) -> Result<Vec<Done>, sqlx::Error> {
    let sql = "select 'incident' as record_type, id, number, result_code as result, closed_at as done_at
               from case_search.incidents
               where closed_at is not null and exists (select from register.key_owners k where k.aggregate_id = incidents.id)
               union all
               select 'emergency_card', id, number, null, completed_at from cards.cards
               where completed_at is not null and exists (select from register.key_owners k where k.aggregate_id = cards.id)";
    let record = |row: sqlx::postgres::PgRow| {
        Ok(Done {
            record_type: row.try_get("record_type")?,
            id: row.try_get("id")?,
            number: row.try_get("number")?,
            result: row.try_get("result")?,
            done_at: row.try_get("done_at")?,
        })
    };
    sqlx::query(sql).fetch_all(pool).await?.into_iter().map(record).collect()
}

/// What was decided on the personal data of a record or a data subject, as it stands in the log.
///
/// # Errors
/// When the log can't be read.
pub async fn case_of(pool: &PgPool, scope: ErasureScope) -> Result<RetentionCase, RetentionError> {
    use cqrs_es::Aggregate as _;
    let mut case = RetentionCase::default();
    let reader = LogReader::new(pool.clone(), LogName::REGISTER);
    for event in reader.stream(ids::of_retention_case(scope)).await? {
        case.apply(event.decode()?);
    }
    Ok(case)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(record_type: &str, result: Option<&str>, on: &str) -> Done {
        let done_at = format!("{on}T12:00:00Z").parse().unwrap();
        let (number, result) = ("VNR-2026-0000001".to_owned(), result.map(str::to_owned));
        Done { record_type: record_type.to_owned(), id: Uuid::nil(), number, result, done_at }
    }

    #[test]
    fn the_rule_that_was_valid_when_the_record_was_done_counts_and_of_several_the_longest() {
        let schedule = Schedule::parse(Schedule::ILLUSTRATIVE).unwrap();
        assert!(schedule.illustrative);
        let due = |record: &Done| schedule.due(record).map(|(day, rule)| (day.to_string(), rule.id.clone()));
        let talk = closed("incident", Some("preventive-talk"), "2024-02-29");
        assert_eq!(due(&talk), Some(("2034-02-28".to_owned(), "incident-general".to_owned())));
        let card = closed("emergency_card", None, "2020-04-07");
        assert_eq!(due(&card), Some(("2023-04-07".to_owned(), "card".to_owned())));
        assert_eq!(due(&closed("incident", None, "2018-12-31")), None, "no rule held then");
    }

    #[test]
    fn all_that_is_wrong_with_a_schedule_is_told_at_once() {
        let text = "[[rule]]\nid = \"a\"\nrecord = \"unit\"\nvalid_from = \"2020-01-01\"\nvalid_to = \"2019-01-01\"\nsource = \"\"";
        let told = Schedule::parse(text).unwrap_err().to_string();
        for part in ["incident or emergency_card", "keep_years", "before valid_from", "where the rule comes from"] {
            assert!(told.contains(part), "{told}");
        }
    }
}
