//! As whom a tool looks, and that it is told before anything is shown: tools obey as the APIs do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use access::{
    AccessLog, AccessLogError, Authenticated, Consultation, Disclosure, Institution, Presented, Principal, Purpose,
    Reference, Role,
};
use anyhow::{Context as _, anyhow};
use chrono::{TimeDelta, Utc};
use domain::access_day::{AccessWay, DataScope, RefusalCause};
use domain::values::Recipient;
use event_store::append::{Appender, AppenderConfig};
use event_store::log::{LogName, LogPosition};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::cli::ActingArgs;
use crate::compose::{self, Database, personal_data};
use crate::failure::Failure;
use crate::settings::Settings;

/// What a tool is about to show.
pub(super) struct Look<'a> {
    /// The command line, without what is secret: its keyed digest is kept.
    pub(super) question: &'a str,
    /// Records.
    pub(super) records: &'a [Uuid],
    /// What of each.
    pub(super) scopes: &'a [DataScope],
}

/// Tells what is about to be shown, and comes back once that is durable.
///
/// # Errors
/// Where nobody knows who looks, or it can't be told. Nothing is to be shown then.
pub(super) async fn tell(
    settings: &Settings,
    database: &Database,
    acting: &ActingArgs,
    look: Look<'_>,
) -> Result<(), Failure> {
    let who = principal(settings, acting).await?;
    let consultation = Consultation {
        way: AccessWay::Tool,
        records: look.of_each(),
        other: look.scopes.first().copied().unwrap_or(DataScope::Summary),
        question: look.question.as_bytes().to_vec(),
        count: look.records.len(),
    };
    let told = async |log: &AccessLog, after| log.consulted(&who, consultation, after).await;
    with_log(settings, database, told).await
}

/// Tells that somebody was refused what they asked a tool for.
///
/// # Errors
/// Where it can't be told.
pub(super) async fn refuse(
    settings: &Settings,
    database: &Database,
    who: &Principal,
    (attempt, record): (&str, Option<Uuid>),
) -> Result<(), Failure> {
    let refused = async |log: &AccessLog, _| {
        log.refused(Some(who), attempt, record, RefusalCause::Policy);
        Ok(())
    };
    with_log(settings, database, refused).await
}

/// Tells what is about to be handed over, and comes back once that is durable.
///
/// # Errors
/// As [`tell`].
pub(super) async fn disclose(
    settings: &Settings,
    database: &Database,
    acting: &ActingArgs,
    (recipient, content): (&Recipient, &str),
    look: Look<'_>,
) -> Result<(), Failure> {
    let who = principal(settings, acting).await?;
    let content = Sha256::digest(content.as_bytes()).into();
    let disclosure = Disclosure { recipient: recipient.clone(), records: look.of_each(), content };
    with_log(settings, database, async |log, after| log.disclosed(&who, disclosure, after).await).await
}

impl Look<'_> {
    fn of_each(&self) -> BTreeMap<Uuid, BTreeSet<DataScope>> {
        let scopes: BTreeSet<DataScope> = self.scopes.iter().copied().collect();
        self.records.iter().map(|record| (*record, scopes.clone())).collect()
    }
}

/// Opens the access log, tells it something, and closes it.
async fn with_log(
    settings: &Settings,
    database: &Database,
    tell: impl AsyncFnOnce(&AccessLog, LogPosition) -> Result<(), AccessLogError>,
) -> Result<(), Failure> {
    let head: i64 = sqlx::query_scalar("select position from register.head")
        .fetch_one(&database.app)
        .await
        .context("the head of the register can't be read")?;
    let master = Arc::new(personal_data::open(settings, database).await?);
    let config = AppenderConfig::new(LogName::ACCESS, database.app.clone(), Arc::clone(&master));
    let (appender, task) = Appender::start(config);
    let log = AccessLog::new(appender, master);
    let told = tell(&log, LogPosition::from_i64(head)).await;
    drop(log);
    task.await.context("the access log could not be closed")?;
    told.map_err(anyhow::Error::new)?;
    Ok(())
}

/// Whose token it is; without one, where tokens are issued for development, whoever this machine says it is.
pub(super) async fn principal(settings: &Settings, acting: &ActingArgs) -> Result<Principal, Failure> {
    let Some(token) = &acting.token else {
        if settings.issuer.is_some() {
            return Err(Failure::Usage(
                "say who looks: --token TOKEN or VNR_TOKEN, of this register's issuer".to_owned(),
            ));
        }
        let mut who = on_this_machine()?;
        who.purpose = acting.purpose.unwrap_or(who.purpose);
        who.reference.clone_from(&acting.reference);
        return Ok(who);
    };
    let authorization = format!("Bearer {token}");
    let presented = Presented {
        authorization: Some(&authorization),
        purpose: acting.purpose.map(Purpose::name),
        reference: acting.reference.as_ref().map(Reference::as_str),
        certificate: None,
    };
    let (verifier, _) = compose::trust(settings)?;
    let Authenticated(who) =
        verifier.authenticate(presented).await.map_err(|error| Failure::Usage(error.to_string()))?;
    Ok(who)
}

/// What this machine calls its user, as a subject that no identity provider gives.
pub(super) fn local_user() -> String {
    let name = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "operator".to_owned());
    format!("local:{name}")
}

fn on_this_machine() -> Result<Principal, Failure> {
    let institution = Institution::parse("LOCAL").map_err(|told| anyhow!(told))?;
    let until = Utc::now() + TimeDelta::hours(1);
    let mut who = Principal::new(local_user(), institution, vec![Role::Auditor], Purpose::Operation, until);
    who.purposes = Purpose::ALL.to_vec();
    Ok(who)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Issuer;

    #[tokio::test]
    async fn without_a_token_nobody_looks_where_there_is_an_issuer() {
        let folder = std::env::temp_dir().join(format!("vnr-acting-{}", Uuid::now_v7()));
        let mut settings = Settings::in_folder(&folder);
        let acting = ActingArgs { purpose: Some(Purpose::Audit), ..ActingArgs::default() };
        let who = principal(&settings, &acting).await.expect("the user of the machine");
        assert_eq!((who.institution.as_str(), who.purpose), ("LOCAL", Purpose::Audit));
        settings.issuer = Some(Issuer {
            name: "https://id.example.lv".to_owned(),
            audience: "vnr".to_owned(),
            keys: "keys.json".to_owned(),
            authorities: None,
            bound_systems: false,
        });
        let Err(Failure::Usage(told)) = principal(&settings, &acting).await else { panic!("nobody looks") };
        assert_eq!(told, "say who looks: --token TOKEN or VNR_TOKEN, of this register's issuer");
    }
}
