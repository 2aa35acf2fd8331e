//! Which notices an incident implies: the rules, which are data, and whom they name in each municipality.
//!
//! The classifier of incident types names a rule for some types (`notice`). A rule has a line for each service that it tells, with the days
//! on which it holds; who is that service of a municipality stands in a table of its own. Both are illustrative.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::{IssueNotice, NoticeService};
use crate::classifier::{Classifiers, CodeSystem};
use crate::ids::{self, riga_day};
use crate::territory::{TableMistake, Territories};
use crate::values::{Code, InstitutionCode, TerritoryCode};

/// What the classifier of incident types calls the rule of a type.
pub const ATTRIBUTE: &str = "notice";

/// A line of a rule: one service is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRule {
    /// The rule that it is a line of.
    pub rule: Code,
    /// Version of the rule.
    pub version: u32,
    /// Which service is told.
    pub service: NoticeService,
    /// Minutes in which that has to be acknowledged.
    pub within_minutes: u32,
    /// What was recorded more days after it happened than this is history, and nobody is told.
    pub within_days: u32,
    period: Period,
}

/// An institution that is the service of a municipality.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Recipient {
    institution: InstitutionCode,
    period: Period,
}

/// From a day (included) until another (not included).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Period {
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
}

impl Period {
    fn holds_on(self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day < until)
    }
}

/// What is known of an incident that notices depend on.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The incident.
    pub incident: Uuid,
    /// Its present type.
    pub type_code: &'a str,
    /// Where it is.
    pub territory: Option<&'a TerritoryCode>,
    /// When it began.
    pub occurred_at: DateTime<Utc>,
    /// When the register recorded it.
    pub recorded_at: DateTime<Utc>,
    /// Who answers for it.
    pub responsible: &'a InstitutionCode,
}

/// Somebody is to be told, and it can't be said who that is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unaddressed {
    /// It is not known where it is.
    #[error("the incident has no territory: nobody can be told of it")]
    NoTerritory,
    /// Its territory is none of that day.
    #[error("the territory {territory} is in no municipality of {day}")]
    NoMunicipality {
        /// The territory.
        territory: TerritoryCode,
        /// The day.
        day: NaiveDate,
    },
}

/// The rules, and whom they name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoticeRules {
    rules: Vec<NoticeRule>,
    recipients: BTreeMap<(TerritoryCode, NoticeService), Vec<Recipient>>,
}

impl NoticeRules {
    /// Those in `schema/reference/`.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<NoticeRules> = LazyLock::new(|| {
            let rules = include_str!("../../../schema/reference/notice-rules.csv");
            let recipients = include_str!("../../../schema/reference/notice-recipients.csv");
            NoticeRules::parse(rules, recipients).unwrap_or_default()
        });
        &EMBEDDED
    }

    /// Reads both tables: `rule,version,service,acknowledge_minutes,within_days,valid_from,valid_until` and
    /// `territory,service,institution,valid_from,valid_until,lv`.
    ///
    /// # Errors
    /// All lines that can't be used.
    pub fn parse(rules: &str, recipients: &str) -> Result<Self, Vec<TableMistake>> {
        let (mut read, mut mistakes) = (Self::default(), Vec::new());
        for (line, text) in (1..).zip(rules.lines()).skip(1) {
            match rule_of(text) {
                Ok(rule) => read.rules.push(rule),
                Err(what) => mistakes.push(TableMistake { line, what }),
            }
        }
        for (line, text) in (1..).zip(recipients.lines()).skip(1) {
            match recipient_of(text) {
                Ok((key, recipient)) => read.recipients.entry(key).or_default().push(recipient),
                Err(what) => mistakes.push(TableMistake { line, what }),
            }
        }
        if mistakes.is_empty() { Ok(read) } else { Err(mistakes) }
    }

    /// The lines of all rules.
    #[must_use]
    pub fn rules(&self) -> &[NoticeRule] {
        &self.rules
    }

    /// All institutions that some municipality's service is, each once, in order.
    #[must_use]
    pub fn recipients(&self) -> Vec<&InstitutionCode> {
        let mut all: Vec<_> = self.recipients.values().flatten().map(|recipient| &recipient.institution).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The service of a municipality on a day; none where it has none.
    #[must_use]
    pub fn recipient(
        &self,
        municipality: &TerritoryCode,
        service: NoticeService,
        day: NaiveDate,
    ) -> Option<&InstitutionCode> {
        let of_both = self.recipients.get(&(municipality.clone(), service))?;
        of_both.iter().find(|recipient| recipient.period.holds_on(day)).map(|recipient| &recipient.institution)
    }

    /// The notices that an incident implies as it is known now, with their ids. A municipality without a police of its own is told by its
    /// social service alone.
    ///
    /// # Errors
    /// [`Unaddressed`] where somebody is to be told and it can't be said who.
    pub fn implied(&self, told: &Told<'_>, classifiers: &Classifiers) -> Result<Vec<(Uuid, IssueNotice)>, Unaddressed> {
        let day = riga_day(&told.occurred_at);
        let Some(rule) = classifiers.attribute(CodeSystem::IncidentType, told.type_code, day, ATTRIBUTE) else {
            return Ok(Vec::new());
        };
        let recent =
            |line: &&NoticeRule| told.recorded_at - told.occurred_at <= TimeDelta::days(line.within_days.into());
        let lines = self.rules.iter().filter(|line| line.rule.as_str() == rule && line.period.holds_on(day));
        let lines: Vec<&NoticeRule> = lines.filter(recent).collect();
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let territory = told.territory.ok_or(Unaddressed::NoTerritory)?;
        let municipality = Territories::embedded().municipality(territory, day);
        let municipality = municipality.map(|found| &found.code);
        let municipality =
            municipality.ok_or_else(|| Unaddressed::NoMunicipality { territory: territory.clone(), day })?;
        let issued = lines.into_iter().filter_map(|line| {
            let recipient = self.recipient(municipality, line.service, day)?;
            let id = ids::of_notice(told.incident, recipient, &line.rule);
            let issue = IssueNotice {
                incident: told.incident,
                rule: line.rule.clone(),
                rule_version: line.version,
                service: line.service,
                municipality: municipality.clone(),
                recipient: recipient.clone(),
                escalate_to: told.responsible.clone(),
                within_minutes: line.within_minutes,
            };
            // Who registered it knows of it.
            (recipient != told.responsible).then_some((id, issue))
        });
        Ok(issued.collect())
    }

    /// Types of incidents that some rule names on some day.
    #[must_use]
    pub fn types(classifiers: &Classifiers) -> Vec<String> {
        let entries = classifiers.list(CodeSystem::IncidentType).entries().iter();
        let mut types: Vec<String> =
            entries.filter(|entry| entry.attribute(ATTRIBUTE).is_some()).map(|entry| entry.code.to_string()).collect();
        types.sort_unstable();
        types.dedup();
        types
    }
}

fn rule_of(line: &str) -> Result<NoticeRule, String> {
    let fields: Vec<&str> = line.split(',').collect();
    let [rule, version, service, minutes, days, from, until] = fields.as_slice() else {
        return Err(format!("has {} fields, not 7", fields.len()));
    };
    let number = |text: &str| text.parse::<u32>().map_err(|_| format!("`{text}` is no number"));
    Ok(NoticeRule {
        rule: Code::parse(rule).map_err(|error| error.to_string())?,
        version: number(version)?,
        service: NoticeService::parse(service).map_err(|error| error.to_string())?,
        within_minutes: number(minutes)?,
        within_days: number(days)?,
        period: period(from, until)?,
    })
}

fn recipient_of(line: &str) -> Result<((TerritoryCode, NoticeService), Recipient), String> {
    let fields: Vec<&str> = line.split(',').collect();
    let [territory, service, institution, from, until, _] = fields.as_slice() else {
        return Err(format!("has {} fields, not 6", fields.len()));
    };
    let territory = TerritoryCode::parse(territory).map_err(|error| error.to_string())?;
    let service = NoticeService::parse(service).map_err(|error| error.to_string())?;
    let institution = InstitutionCode::parse(institution).map_err(|error| error.to_string())?;
    Ok(((territory, service), Recipient { institution, period: period(from, until)? }))
}

fn period(from: &str, until: &str) -> Result<Period, String> {
    let day = |text: &str| match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| format!("`{text}` is no day such as 2021-07-01")),
    };
    Ok(Period { from: day(from)?, until: day(until)? })
}
