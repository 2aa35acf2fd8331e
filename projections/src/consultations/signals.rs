//! Patterns that a data-protection officer looks into: signs, not proofs.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// Beyond which a pattern is a sign. No law sets them: an institution's own, here illustrative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Records that one person is shown in an hour.
    pub records_in_an_hour: i64,
    /// From this hour of Riga's clock on it is night, for whoever does not answer calls.
    pub night_from: i64,
    /// Until this hour.
    pub night_until: i64,
    /// Times that one person looks at the same record on one day.
    pub looks_at_one_record: i64,
    /// Refusals of one person on one day.
    pub refusals_a_day: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { records_in_an_hour: 200, night_from: 22, night_until: 6, looks_at_one_record: 10, refusals_a_day: 20 }
    }
}

/// What kind of pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignalKind {
    /// Very many records in an hour.
    Bulk,
    /// At night, and not because help is on its way.
    AfterHours,
    /// The same record again and again.
    SameRecord,
    /// Many refusals.
    Refusals,
}

impl SignalKind {
    /// Its name in answers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Bulk => "bulk",
            Self::AfterHours => "after_hours",
            Self::SameRecord => "same_record",
            Self::Refusals => "refusals",
        }
    }
}

/// A pattern of one person's looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Institution.
    pub institution: String,
    /// Who looked.
    pub actor: String,
    /// When it began.
    pub since: DateTime<Utc>,
    /// How many of what the kind counts.
    pub count: i64,
}

/// Each: institution, actor, since, count, for looks from $1 until before $2, by the bounds $3 and $4.
const BULK: &str = "
    select institution, actor, date_trunc('hour', l.at) as since, count(distinct a.record) as count
    from consultations.looks l join consultations.looked_at a on a.position = l.position
    where l.at >= $1 and l.at < $2 and l.role is distinct from 'system'
    group by 1, 2, 3 having count(distinct a.record) >= $3 and $4::bigint is not null
    order by 3, 1, 2";
const AFTER_HOURS: &str = "
    select institution, actor, min(at) as since, count(*) as count
    from consultations.looks
    where at >= $1 and at < $2 and kind <> 'refused' and purpose <> 'response' and role is distinct from 'system'
      and (extract(hour from at at time zone 'Europe/Riga') >= $3 or extract(hour from at at time zone 'Europe/Riga') < $4)
    group by institution, actor, date_trunc('day', (at - interval '12 hours') at time zone 'Europe/Riga')
    order by since, institution, actor";
const SAME_RECORD: &str = "
    select institution, actor, min(l.at) as since, count(*) as count
    from consultations.looks l join consultations.looked_at a on a.position = l.position
    where l.at >= $1 and l.at < $2 and l.role is distinct from 'system'
    group by institution, actor, a.record, date_trunc('day', l.at at time zone 'Europe/Riga') having count(*) >= $3 and $4::bigint is not null
    order by since, institution, actor";
const REFUSALS: &str = "
    select institution, actor, min(at) as since, sum(count)::bigint as count
    from consultations.looks
    where at >= $1 and at < $2 and kind = 'refused' and actor is not null
    group by institution, actor, date_trunc('day', at at time zone 'Europe/Riga') having sum(count) >= $3 and $4::bigint is not null
    order by since, institution, actor";

impl Signal {
    /// The patterns of a time, by kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        connection: &mut PgConnection,
        from: DateTime<Utc>,
        before: DateTime<Utc>,
        thresholds: &Thresholds,
    ) -> Result<Vec<(SignalKind, Signal)>, sqlx::Error> {
        let mut found = Vec::new();
        for (kind, sql, bounds) in [
            (SignalKind::Bulk, BULK, [thresholds.records_in_an_hour, 0]),
            (SignalKind::SameRecord, SAME_RECORD, [thresholds.looks_at_one_record, 0]),
            (SignalKind::Refusals, REFUSALS, [thresholds.refusals_a_day, 0]),
            (SignalKind::AfterHours, AFTER_HOURS, [thresholds.night_from, thresholds.night_until]),
        ] {
            let query = sqlx::query_as(sql).bind(from).bind(before).bind(bounds[0]).bind(bounds[1]);
            let rows: Vec<(String, String, DateTime<Utc>, i64)> = query.fetch_all(&mut *connection).await?;
            let signal = |(institution, actor, since, count)| (kind, Signal { institution, actor, since, count });
            found.extend(rows.into_iter().map(signal));
        }
        found.sort_by(|(a_kind, a), (b_kind, b)| (a.since, a_kind).cmp(&(b.since, b_kind)));
        Ok(found)
    }
}
