//! The rights that somebody has in force, as policies ask for them.

use std::collections::HashMap;

use access::Principal;
use access::policy::{Grant, GrantBook, GrantScope, GrantsUnknown};
use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row as _};
use uuid::Uuid;

use super::AccessGrants;
use super::rows::{EmergencyRow, GrantRow};
use crate::projection::Projection as _;

/// The grants and the emergency access of somebody that are in force at a moment, for the purpose that they act for. Connected
/// systems have none: rights of their own are people's.
///
/// # Errors
/// When the database fails.
pub async fn in_force(
    connection: &mut PgConnection,
    who: &Principal,
    now: DateTime<Utc>,
) -> Result<Vec<Grant>, sqlx::Error> {
    if who.is_system() {
        return Ok(Vec::new());
    }
    let (active, open) = (GrantRow::ACTIVE, EmergencyRow::OPEN);
    let sql = format!(
        "select scope, record, class, role_institution, role from access_grants.grants where {active} and purpose = $4
         union all
         select 'emergency', record, null, null, null from access_grants.emergencies where {open} and purpose = $4"
    );
    let rows = sqlx::query(&sql)
        .bind(who.institution.as_str())
        .bind(&who.subject)
        .bind(now)
        .bind(who.purpose.name())
        .fetch_all(connection)
        .await?;
    let rows: Result<Vec<Row>, sqlx::Error> = rows.iter().map(Row::read).collect();
    Ok(rows?.into_iter().filter_map(Row::grant).collect())
}

/// The grants and the emergency access of everybody that are in force or will be: for those who ask again and again on behalf of
/// many. What is in force at a moment is told by the moment alone, so they hold until this read model takes in another event of its own.
#[derive(Debug, Default)]
pub struct RightsHeld(HashMap<Holder, Vec<Right>>);

/// Institution and name of somebody, and what they act for.
type Holder = (String, String, String);

#[derive(Debug)]
struct Right {
    from: Option<DateTime<Utc>>,
    until: DateTime<Utc>,
    grant: Grant,
}

impl RightsHeld {
    /// Reads those whose time is not over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Self, sqlx::Error> {
        let sql = "select grantee_institution as institution, grantee as holder, purpose, valid_from, valid_until,
                          scope, record, class, role_institution, role
                   from access_grants.grants where status = 'approved' and valid_until > $1
                   union all
                   select institution, declared_by, purpose, null::timestamptz, valid_until,
                          'emergency', record, null, null, null
                   from access_grants.emergencies
                   where opened_at is not null and valid_until > $1 and outcome is distinct from 'unjustified'";
        let mut held = Self::default();
        for row in &sqlx::query(sql).bind(now).fetch_all(connection).await? {
            let Some(grant) = Row::read(row)?.grant() else { continue };
            let holder = (row.try_get("institution")?, row.try_get("holder")?, row.try_get("purpose")?);
            let (from, until) = (row.try_get("valid_from")?, row.try_get("valid_until")?);
            held.0.entry(holder).or_default().push(Right { from, until, grant });
        }
        Ok(held)
    }

    /// Whether the log has events of this read model's own in a range of positions: without them what was read holds on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn changed_between(connection: &mut PgConnection, after: u64, upto: u64) -> Result<bool, sqlx::Error> {
        let sql = "select exists (select from register.events
                                  where position > $1 and position <= $2 and aggregate_type = any($3))";
        let types: Vec<&str> = AccessGrants::AGGREGATES.to_vec();
        let asked = sqlx::query_scalar(sql).bind(after.cast_signed()).bind(upto.cast_signed()).bind(types);
        asked.fetch_one(connection).await
    }

    /// Those of somebody that are in force at a moment: what [`in_force`] gives.
    pub fn of(&self, who: &Principal, now: DateTime<Utc>) -> Vec<Grant> {
        if who.is_system() || self.0.is_empty() {
            return Vec::new();
        }
        let holder = (who.institution.to_string(), who.subject.clone(), who.purpose.name().to_owned());
        let held = self.0.get(&holder).into_iter().flatten();
        held.filter(|right| right.from.is_none_or(|from| from <= now) && now < right.until)
            .map(|right| right.grant.clone())
            .collect()
    }
}

struct Row {
    scope: String,
    record: Option<Uuid>,
    class: Option<String>,
    role_institution: Option<String>,
    role: Option<String>,
}

impl Row {
    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            scope: row.try_get("scope")?,
            record: row.try_get("record")?,
            class: row.try_get("class")?,
            role_institution: row.try_get("role_institution")?,
            role: row.try_get("role")?,
        })
    }

    /// None where it names what this program doesn't know: that opens nothing.
    fn grant(self) -> Option<Grant> {
        Some(match self.scope.as_str() {
            "record" => Grant::Named(GrantScope::Record(self.record?)),
            "class" => Grant::Named(GrantScope::Class(self.class?.parse().ok()?)),
            "role" => {
                let institution = access::Institution::parse(&self.role_institution?).ok()?;
                Grant::Named(GrantScope::Role(institution, self.role?.parse().ok()?))
            }
            "emergency" => Grant::Emergency(self.record?),
            _ => return None,
        })
    }
}

/// The rights in force, read from this read model by a pool of connections.
#[derive(Debug, Clone)]
pub struct GrantsInForce(pub PgPool);

impl GrantBook for GrantsInForce {
    fn in_force<'a>(&'a self, who: &'a Principal) -> BoxFuture<'a, Result<Vec<Grant>, GrantsUnknown>> {
        let read = async move {
            if who.is_system() {
                return Ok(Vec::new());
            }
            in_force(&mut *self.0.acquire().await?, who, Utc::now()).await
        };
        read.map(|read| read.map_err(|error: sqlx::Error| GrantsUnknown(Box::new(error)))).boxed()
    }
}
