//! Who acts on a read model, and what is noted of it: in the transaction that does it, so that no act is without its note, and no note
//! without its act. Whoever has an appender then tells the log (`projections.acts` is the way there).

use chrono::{DateTime, Utc};
use domain::read_model::ReadModelBody;
use domain::values::{Actor, Reason};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Who acts on a read model, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeper {
    /// Who; none where the program does by itself.
    pub by: Option<Actor>,
    /// Why.
    pub reason: Reason,
}

impl Keeper {
    /// The program by itself, because a newer one has another idea of the read model.
    pub fn program() -> Keeper {
        let reason = Reason::parse("the program is newer than the read model that it found");
        Keeper { by: None, reason: reason.unwrap_or_else(|_| unreachable!("a reason of ours")) }
    }
}

/// What was done to a read model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// A rebuild began.
    RebuildBegun {
        /// Version of the code that builds.
        version: u32,
    },
    /// What was built anew serves.
    Switched {
        /// Version of what served before.
        from: u32,
        /// Version of what serves.
        version: u32,
    },
    /// What served before serves again.
    RolledBack {
        /// Version of what served until then.
        from: u32,
        /// Version of what serves again.
        version: u32,
    },
    /// A body of data was thrown away.
    Dropped {
        /// Which.
        body: ReadModelBody,
        /// Its version.
        version: u32,
    },
    /// It takes nothing in.
    Paused,
    /// It takes in what comes.
    Resumed,
    /// Parked records were taken in.
    Retried {
        /// Which.
        records: Vec<Uuid>,
    },
}

/// An act that the log has not been told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntoldAct {
    /// Id of the command that tells it: told twice, it is recorded once.
    pub id: Uuid,
    /// The read model.
    pub read_model: String,
    /// What was done.
    pub done: Done,
    /// Who did it, and why.
    pub keeper: Keeper,
    /// When.
    pub at: DateTime<Utc>,
}

/// Notes an act, in the transaction that does it.
pub(crate) async fn note(
    tx: &mut PgConnection,
    read_model: &str,
    keeper: &Keeper,
    done: &Done,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into projections.acts (id, read_model, act, details, by_institution, by_user, reason)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(Uuid::now_v7())
    .bind(read_model)
    .bind(done.name())
    .bind(Json(done))
    .bind(keeper.by.as_ref().map(|by| by.institution.to_string()))
    .bind(keeper.by.as_ref().map(|by| by.user.to_string()))
    .bind(keeper.reason.as_str())
    .execute(tx)
    .await?;
    Ok(())
}

impl Done {
    fn name(&self) -> &'static str {
        match self {
            Done::RebuildBegun { .. } => "rebuild_begun",
            Done::Switched { .. } => "switched",
            Done::RolledBack { .. } => "rolled_back",
            Done::Dropped { .. } => "dropped",
            Done::Paused => "paused",
            Done::Resumed => "resumed",
            Done::Retried { .. } => "retried",
        }
    }
}

/// Acts that the log has not been told of, in the order in which they were done.
///
/// # Errors
/// When the database fails, or holds what this program did not write.
pub async fn untold(pool: &PgPool) -> Result<Vec<UntoldAct>, sqlx::Error> {
    type Row = (Uuid, String, Json<Done>, Option<String>, Option<String>, String, DateTime<Utc>);
    let rows: Vec<Row> = sqlx::query_as(
        "select id, read_model, details, by_institution, by_user, reason, at from projections.acts order by id",
    )
    .fetch_all(pool)
    .await?;
    let broken = |error: domain::values::ValueError| sqlx::Error::Decode(Box::new(error));
    let acts = rows.into_iter().map(|(id, read_model, Json(done), institution, user, reason, at)| {
        let by = match institution.zip(user) {
            None => None,
            Some((institution, user)) => Some(Actor {
                institution: domain::values::InstitutionCode::parse(&institution).map_err(broken)?,
                user: domain::values::UserName::parse(&user).map_err(broken)?,
            }),
        };
        let keeper = Keeper { by, reason: Reason::parse(&reason).map_err(broken)? };
        Ok(UntoldAct { id, read_model, done, keeper, at })
    });
    acts.collect()
}

/// Forgets an act that the log holds.
///
/// # Errors
/// When the database fails.
pub async fn told(pool: &PgPool, id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("delete from projections.acts where id = $1").bind(id).execute(pool).await?;
    Ok(())
}
