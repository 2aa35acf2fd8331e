//! `vnr access …`: policies, grants and emergency access, asked for, agreed to, listed and explained.

mod emergency;
mod explain;
mod gate;
mod grant;
mod policy;
mod send;

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::PgPool;

use super::looks;
use crate::cli::AccessCommand;
use crate::failure::Failure;
use crate::settings::Settings;

/// How long a listing waits for its read model to take in what was recorded before it was asked.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn run(settings: &Settings, command: AccessCommand) -> Result<(), Failure> {
    match command {
        AccessCommand::Looks(command) => looks::run(settings, command).await,
        AccessCommand::Policy(command) => policy::run(settings, command).await,
        AccessCommand::Grant(command) => grant::run(settings, command).await,
        AccessCommand::BreakGlass(args) => emergency::break_glass(settings, &args).await,
        AccessCommand::Vouch(args) => emergency::vouch(settings, &args).await,
        AccessCommand::Review(args) => emergency::review(settings, &args).await,
        AccessCommand::Emergencies(args) => emergency::list(settings, &args).await,
        AccessCommand::Explain(args) => explain::run(settings, &args).await,
    }
}

/// Waits a little for a read model: who lists what they have just done sees it. One that stays behind is shown as it is.
async fn caught_up(pool: &PgPool, name: &str) -> Result<(), Failure> {
    let head: i64 = sqlx::query_scalar("select position from register.head").fetch_one(pool).await?;
    let waited = async {
        loop {
            let sql =
                "select progress from projections.consumers where name = $1 and build = 'live' and log = 'register'";
            let progress: Option<i64> = sqlx::query_scalar(sql).bind(name).fetch_optional(pool).await?;
            if progress.is_some_and(|progress| progress >= head) {
                return Ok::<(), sqlx::Error>(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    match tokio::time::timeout(PATIENCE, waited).await {
        Ok(read) => Ok(read?),
        Err(_) => {
            crate::output::aside(format!("{name} has not yet taken in all that was recorded (`vnr projections list`)"));
            Ok(())
        }
    }
}

/// `user@INSTITUTION`; nothing where nobody is named.
fn person(user: Option<&str>, institution: Option<&str>) -> Option<String> {
    Some(format!("{}@{}", user?, institution?))
}

/// The same of somebody who is always named.
fn named(user: &str, institution: &str) -> String {
    format!("{user}@{institution}")
}

/// Policies with what they say.
fn sentences(policies: &[access::policy::PolicyText], lang: domain::lang::Lang) -> Vec<Value> {
    policies.iter().map(|policy| json!({ "id": policy.id.as_str(), "says": policy.sentence(lang) })).collect()
}
