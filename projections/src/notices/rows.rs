//! Rows of notices, and the questions that are asked of them.

use access::policy::Reach;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::consultations::LookRow;
use crate::keyset::{Keyset, Order};
use crate::reach::{self, Columns, Participants};
use crate::table::{columns, table_row};

/// What access to a notice depends on.
pub(crate) const COLUMNS: Columns =
    Columns { id: "id", class: None, institution: "recipient", tied: Some(("municipality", "participants")) };

table_row! {
    /// A notice and what became of it.
    pub struct NoticeRow in "notices" key ("id") {
        /// Id of the notice.
        id: Uuid => "uuid",
        /// The incident that it is about.
        incident: Uuid => "uuid",
        /// The rule that implied it.
        rule: String => "text",
        /// Version of the rule.
        rule_version: i32 => "int4",
        /// Which service is told.
        service: String => "text",
        /// Of which municipality (ATVK).
        municipality: String => "text",
        /// The institution that this is.
        recipient: String => "text",
        /// Who sees to it when it is late.
        escalate_to: String => "text",
        /// Who else sees it: who answered for the incident.
        participants: Participants => "jsonb",
        /// How far it has come.
        status: String => "text",
        /// When the log recorded it.
        issued_at: DateTime<Utc> => "timestamptz",
        /// Until when it has to be acknowledged.
        due_by: DateTime<Utc> => "timestamptz",
        /// Failed attempts that were recorded.
        failures: i32 => "int4",
        /// Why the last of them failed.
        last_failure: Option<String> => "text",
        /// When the recipient's system took it, or somebody there fetched it.
        delivered_at: Option<DateTime<Utc>> => "timestamptz",
        /// HTTP status of that.
        receipt: Option<i32> => "int4",
        /// SHA-256 of what it took.
        content: Option<String> => "text",
        /// What of the incident that held.
        scopes: Json<Vec<String>> => "jsonb",
        /// When the recipient said that it knows.
        acknowledged_at: Option<DateTime<Utc>> => "timestamptz",
        /// Institution of who said so.
        acknowledged_institution: Option<String> => "text",
        /// Who said so.
        acknowledged_by: Option<String> => "text",
        /// The recipient's case.
        reference: Option<String> => "text",
        /// When somebody else was told that it is late.
        escalated_at: Option<DateTime<Utc>> => "timestamptz",
        /// Why.
        escalation_cause: Option<String> => "text",
        /// Position of its first event.
        first_position: i64 => "int8",
        /// Position of its last event.
        last_position: i64 => "int8",
        /// Sequence of its last event.
        version: i64 => "int8",
    }
}

/// A notice that somebody of its recipient was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Id of the notice.
    pub notice: Uuid,
    /// The recipient.
    pub institution: String,
    /// Who was shown it first.
    pub actor: String,
    /// What of the incident.
    pub scopes: Vec<String>,
}

/// Which notices are meant: all conditions that are given hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoticeFilter {
    /// For this institution.
    pub recipient: Option<String>,
    /// Of this incident.
    pub incident: Option<Uuid>,
    /// That came so far.
    pub statuses: Vec<String>,
    /// Of this rule.
    pub rule: Option<String>,
    /// That somebody reaches in each of these ways; all where nobody is asking.
    pub reached: Vec<Reach>,
}

impl NoticeRow {
    /// The notice of that id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(connection: &mut PgConnection, id: Uuid) -> Result<Option<Self>, sqlx::Error> {
        let sql = format!("select {} from notices.notices where id = $1", columns::<Self>());
        sqlx::query_as(&sql).bind(id).fetch_optional(connection).await
    }

    /// The notices of those incidents, in the order in which they were issued.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_incidents(connection: &mut PgConnection, incidents: &[Uuid]) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!(
            "select {} from notices.notices where incident = any($1) order by issued_at, id",
            columns::<Self>()
        );
        sqlx::query_as(&sql).bind(incidents).fetch_all(connection).await
    }

    /// A page of notices by the time when they were issued: at most `limit` of them, beyond `after` in that order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn search(
        connection: &mut PgConnection,
        filter: &NoticeFilter,
        after: Option<Keyset>,
        order: Order,
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let mut query = QueryBuilder::new(format!("select {} from notices.notices where true", columns::<Self>()));
        filter.push_to(&mut query);
        order.push_to(&mut query, "issued_at", after, limit);
        query.build_query_as().fetch_all(connection).await
    }

    /// How many notices there are of that kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(connection: &mut PgConnection, filter: &NoticeFilter) -> Result<i64, sqlx::Error> {
        let mut query = QueryBuilder::new("select count(*) from notices.notices where true");
        filter.push_to(&mut query);
        query.build_query_scalar().fetch_one(connection).await
    }

    /// Notices that wait to be handed over to these recipients, the longest waiting first: at most `limit`. What was acknowledged
    /// without, is known and waits no longer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn waiting(
        connection: &mut PgConnection,
        recipients: &[String],
        limit: u32,
    ) -> Result<Vec<Self>, sqlx::Error> {
        let sql = format!(
            "select {} from notices.notices
             where recipient = any($1) and delivered_at is null and acknowledged_at is null
             order by issued_at, id limit $2",
            columns::<Self>()
        );
        sqlx::query_as(&sql).bind(recipients).bind(i64::from(limit)).fetch_all(connection).await
    }

    /// Notices that somebody of their recipient was shown with the incident, and of which nobody knows yet that they are there: at most
    /// `limit`. Those with a system for it are left out: it is posted to them all the same.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn fetched(
        connection: &mut PgConnection,
        with_system: &[String],
        limit: u32,
    ) -> Result<Vec<Fetched>, sqlx::Error> {
        // What an answer shows of the notice and of the incident is told apart, since it is not the same of both.
        let sql = format!(
            "select n.id, seen.institution, seen.actor, seen.scopes
             from notices.notices n
             cross join lateral (
               select l.institution, l.actor, i.scopes
               from consultations.looked_at a
               join consultations.looks l on l.position = a.position
               join consultations.looked_at i on i.record = n.incident
               join consultations.looks li on li.position = i.position and li.kind = l.kind and li.query = l.query
                 and li.institution = l.institution and li.actor = l.actor
                 and li.at between l.at - interval '1 minute' and l.at + interval '1 minute'
               where a.record = n.id and l.kind = '{}' and l.institution = n.recipient and l.actor is not null
               order by a.position, i.position limit 1
             ) seen
             where n.delivered_at is null and n.acknowledged_at is null and n.recipient <> all($1)
             order by n.issued_at, n.id limit $2",
            LookRow::CONSULTED
        );
        let rows: Vec<(Uuid, String, String, String)> =
            sqlx::query_as(&sql).bind(with_system).bind(i64::from(limit)).fetch_all(connection).await?;
        let fetched = |(notice, institution, actor, scopes): (Uuid, String, String, String)| {
            let scopes = scopes.split(',').map(str::to_owned).collect();
            Fetched { notice, institution, actor, scopes }
        };
        Ok(rows.into_iter().map(fetched).collect())
    }

    /// Notices that are late at `now` and of which nobody else was told, the longest late first: at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn late(connection: &mut PgConnection, now: DateTime<Utc>, limit: u32) -> Result<Vec<Uuid>, sqlx::Error> {
        let sql = "select id from notices.notices
                   where acknowledged_at is null and escalated_at is null and due_by < $1 order by due_by, id limit $2";
        sqlx::query_scalar(sql).bind(now).bind(i64::from(limit)).fetch_all(connection).await
    }

    /// Which of those notices there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Uuid>, sqlx::Error> {
        let sql = "select id from notices.notices where id = any($1)";
        sqlx::query_scalar(sql).bind(ids).fetch_all(connection).await
    }

    /// Its place in a list by the time when it was issued.
    pub fn keyset(&self) -> Keyset {
        Keyset { at: self.issued_at, id: self.id }
    }
}

impl NoticeFilter {
    fn push_to(&self, query: &mut QueryBuilder<'_, Postgres>) {
        if let Some(recipient) = &self.recipient {
            query.push(" and recipient = ").push_bind(recipient.clone());
        }
        if let Some(incident) = self.incident {
            query.push(" and incident = ").push_bind(incident);
        }
        if let Some(rule) = &self.rule {
            query.push(" and rule = ").push_bind(rule.clone());
        }
        match self.statuses.as_slice() {
            [] => {}
            [status] => _ = query.push(" and status = ").push_bind(status.clone()),
            many => _ = query.push(" and status = any(").push_bind(many.to_vec()).push(")"),
        }
        for reach in &self.reached {
            reach::push(query, reach, &COLUMNS);
        }
    }
}
