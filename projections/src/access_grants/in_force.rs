//! The rights that somebody has in force, as policies ask for them.

use access::Principal;
use access::policy::{Grant, GrantBook, GrantScope, GrantsUnknown};
use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row as _};
use uuid::Uuid;

use super::rows::{EmergencyRow, GrantRow};

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
