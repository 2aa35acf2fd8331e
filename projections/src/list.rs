//! The listing of read models: `vnr projections list`.

use event_store::consumer::{ConsumerStatus, statuses};
use serde::Serialize;
use sqlx::PgPool;

/// A read model as it is listed. Position, head and holder are those of its first log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Version of the code that built it.
    pub version: i32,
    /// Last position of `register` that is taken in.
    pub progress: i64,
    /// Last position of `register`.
    pub head: i64,
    /// Age of the oldest event of any log that is not taken in yet; 0 when there is none.
    pub lag_seconds: f64,
    /// Records that are left out because an event of theirs could not be taken in.
    pub parked: i64,
    /// Who works for it; nobody where the lease has run out.
    pub holder: Option<String>,
    /// Whether it has taken in what a restored log does not have; `vnr projections rebuild NAME` mends it.
    pub ahead: bool,
    /// Why it stands still, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Each log that it reads.
    pub logs: Vec<ListedLog>,
    /// Nobody works for it until it is resumed.
    pub paused: bool,
    /// What is beside it: a candidate that is being built anew or waits to be switched to, what served before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<ListedBody>,
}

/// A body of a read model that does not serve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ListedBody {
    /// `rebuild`, `rebuild-1-of-4`, `previous` or `check`.
    pub build: String,
    /// Version of the code that built it.
    pub version: i32,
    /// All of it is there.
    pub filled: bool,
    /// It was rolled back from: no program switches to it by itself.
    pub held: bool,
    /// Records that are left out.
    pub parked: i64,
    /// Who works for it.
    pub holder: Option<String>,
    /// Each log that it reads.
    pub logs: Vec<ListedLog>,
}

/// How far a read model is in one log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ListedLog {
    /// The log.
    pub log: String,
    /// Last position that is taken in.
    pub progress: i64,
    /// Generation of the log when it last moved.
    pub generation: i32,
    /// Last position.
    pub head: i64,
    /// Generation of the log now.
    pub head_generation: i32,
    /// Age of the oldest event that is not taken in yet.
    pub lag_seconds: f64,
}

impl From<&ConsumerStatus> for ListedLog {
    fn from(status: &ConsumerStatus) -> ListedLog {
        ListedLog {
            log: status.log.clone(),
            progress: status.progress,
            generation: status.generation,
            head: status.head,
            head_generation: status.head_generation,
            lag_seconds: status.lag_seconds,
        }
    }
}

impl From<&ConsumerStatus> for ListedBody {
    fn from(status: &ConsumerStatus) -> ListedBody {
        ListedBody {
            build: status.build.clone(),
            version: status.version,
            filled: status.filled,
            held: status.held,
            parked: 0,
            holder: status.holder.clone(),
            logs: Vec::new(),
        }
    }
}

impl Listed {
    /// Adds what a body beside it is in one log.
    fn note_beside(&mut self, status: &ConsumerStatus) {
        if self.beside.last().is_none_or(|body| body.build != status.build) {
            self.beside.push(status.into());
        }
        if let Some(body) = self.beside.last_mut() {
            body.parked += status.parked;
            body.logs.push(status.into());
        }
    }

    /// A worker may not have met it yet: the listing says so in any case.
    fn note_ahead(&mut self, status: &ConsumerStatus) {
        if let Some(mended_by) = status.mended_by() {
            self.ahead = true;
            self.last_error = Some(mended_by);
        }
    }
}

/// The read models of a database, by name.
///
/// # Errors
/// When the database fails.
pub async fn list(pool: &PgPool) -> Result<Vec<Listed>, sqlx::Error> {
    let mut listed: Vec<Listed> = Vec::new();
    let statuses = statuses(pool).await?;
    for status in &statuses {
        let known = listed.last_mut().filter(|known| known.name == status.name);
        match known {
            Some(known) if status.build != "live" => known.note_beside(status),
            Some(known) => {
                known.logs.push(status.into());
                known.lag_seconds = known.lag_seconds.max(status.lag_seconds);
                known.parked += status.parked;
                known.note_ahead(status);
            }
            None if status.build != "live" => {}
            None => {
                let mut model = Listed {
                    name: status.name.clone(),
                    version: status.version,
                    progress: status.progress,
                    head: status.head,
                    lag_seconds: status.lag_seconds,
                    parked: status.parked,
                    holder: status.holder.clone(),
                    ahead: false,
                    last_error: status.last_error.clone(),
                    logs: vec![status.into()],
                    paused: status.paused,
                    beside: Vec::new(),
                };
                model.note_ahead(status);
                listed.push(model);
            }
        }
    }
    Ok(listed)
}
