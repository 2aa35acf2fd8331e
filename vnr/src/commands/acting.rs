//! As whom a tool looks, and that it is told before anything is shown: tools obey as the APIs do.

use std::collections::{BTreeMap, BTreeSet};

use access::policy::{Action, Denied, Policies, RecordKind, Resource, Standing};
use access::{Authenticated, Consultation, Disclosure, Institution, Presented, Principal, Purpose, Reference, Role};
use anyhow::anyhow;
use chrono::{TimeDelta, Utc};
use domain::access_day::{AccessWay, DataScope};
use domain::values::Recipient;
use event_store::seal::LookedAt;
use projections::access_grants::in_force;
use projections::{resource_for_handover, resource_of};
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;
use uuid::Uuid;

use super::telling::Telling;
use crate::cli::ActingArgs;
use crate::compose::{self, Database};
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

/// What a tool is for: as what somebody without a token acts where tokens are issued for development.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    /// The work of others is checked.
    Audit,
    /// Records are handed over to somebody.
    Handover,
    /// Read models are kept.
    Keeping,
}

/// Somebody who uses a tool, and what the policies let them do.
pub(super) struct Acting {
    standing: Standing,
    policies: Policies,
}

impl Acting {
    /// Whose token it is; without one, where tokens are issued for development, whoever this machine says it is.
    ///
    /// # Errors
    /// Where nobody knows who looks.
    pub(super) async fn begin(
        settings: &Settings,
        database: &Database,
        args: &ActingArgs,
        job: Job,
    ) -> Result<Self, Failure> {
        let principal = principal(settings, args, job).await?;
        let pool = database.tools().await?;
        let grants = in_force(&mut *pool.acquire().await?, &principal, Utc::now()).await?;
        let (policies, _) = compose::policies::in_force(settings, pool).await?;
        Ok(Self { standing: Standing { principal, grants }, policies })
    }

    /// The same of somebody who keeps read models. Grants are about records, and whoever mends a read model must not need one for it.
    ///
    /// # Errors
    /// Where nobody knows who acts.
    pub(super) async fn of_keeper(
        settings: &Settings,
        database: &Database,
        args: &ActingArgs,
    ) -> Result<Self, Failure> {
        let principal = principal(settings, args, Job::Keeping).await?;
        let (policies, _) = compose::policies::in_force(settings, &database.app).await?;
        Ok(Self { standing: Standing { principal, grants: Vec::new() }, policies })
    }

    /// The policies in force, and who asks.
    pub(super) fn permits(&self) -> (&Policies, &Standing) {
        (&self.policies, &self.standing)
    }

    /// Whether they may read an institution's part of the access log.
    pub(super) fn reads_log_of(&self, institution: &Institution) -> bool {
        let part = Resource::of(RecordKind::Register, institution.clone());
        self.policies.decide(&self.standing, Action::ConsultAccessLog, &part).allowed
    }

    /// Lets them read all events of a record: auditors, and those who see everything of it that is not about persons.
    ///
    /// # Errors
    /// [`Denied`].
    pub(super) fn permit_history(&self, record: &Resource) -> Result<(), Denied> {
        let content =
            [Action::View, Action::ViewHazards, Action::ViewCasualties, Action::ViewUnits, Action::ViewResult];
        let may = |action: &Action| self.policies.decide(&self.standing, *action, record).allowed;
        if content.iter().all(may) {
            return Ok(());
        }
        self.policies.permit(&self.standing, Action::ReadHistory, record)
    }

    /// Lets them take all that is recorded of persons out of a record.
    ///
    /// # Errors
    /// [`Denied`].
    pub(super) fn permit_persons(&self, record: &Resource) -> Result<(), Denied> {
        let content = [Action::View, Action::ViewNarrative, Action::ViewReporter, Action::ViewPersonalCode];
        content.iter().try_for_each(|action| self.policies.permit(&self.standing, *action, record))
    }

    /// Tells what is about to be shown, and comes back once that is durable, with where it stands: by that the database hands out keys.
    ///
    /// # Errors
    /// Where it can't be told. Nothing is to be shown then.
    pub(super) async fn tell(
        &self,
        settings: &Settings,
        database: &Database,
        look: Look<'_>,
    ) -> Result<LookedAt, Failure> {
        let consultation = Consultation {
            way: AccessWay::Tool,
            records: look.of_each(),
            other: look.scopes.first().copied().unwrap_or(DataScope::Summary),
            question: look.question.as_bytes().to_vec(),
            count: look.records.len(),
        };
        let telling = Telling::open(settings, database).await?;
        let told = self.tell_by(&telling, consultation).await;
        telling.close().await?;
        told
    }

    /// The same to an access log that is open.
    ///
    /// # Errors
    /// As [`Self::tell`].
    pub(super) async fn tell_by(&self, telling: &Telling, consultation: Consultation) -> Result<LookedAt, Failure> {
        let told = telling.log().consulted(&self.standing.principal, consultation, telling.after()).await;
        Ok(told.map_err(anyhow::Error::new)?)
    }

    /// Tells what is about to be handed over, and comes back once that is durable.
    ///
    /// # Errors
    /// As [`Self::tell`].
    pub(super) async fn disclose(
        &self,
        settings: &Settings,
        database: &Database,
        (recipient, content): (&Recipient, &str),
        look: Look<'_>,
    ) -> Result<LookedAt, Failure> {
        let content = Sha256::digest(content.as_bytes()).into();
        let disclosure = Disclosure { recipient: recipient.clone(), records: look.of_each(), content };
        let telling = Telling::open(settings, database).await?;
        let told = telling.log().disclosed(&self.standing.principal, disclosure, telling.after()).await;
        telling.close().await?;
        Ok(told.map_err(anyhow::Error::new)?)
    }

    /// Tells the access log what was refused, and gives it back as the tool's end.
    pub(super) async fn refused(
        &self,
        settings: &Settings,
        database: &Database,
        (attempt, record): (&str, Option<Uuid>),
        denied: Denied,
    ) -> Failure {
        match self.tell_refused(settings, database, (attempt, record)).await {
            Ok(()) => Failure::Failed(anyhow::Error::new(denied)),
            Err(failure) => failure,
        }
    }

    /// Tells the access log what was refused.
    ///
    /// # Errors
    /// Where it can't be told.
    pub(super) async fn tell_refused(
        &self,
        settings: &Settings,
        database: &Database,
        (attempt, record): (&str, Option<Uuid>),
    ) -> Result<(), Failure> {
        let telling = Telling::open(settings, database).await?;
        telling.refused(&self.standing.principal, (attempt, record));
        telling.close().await
    }
}

/// What the policies know of a record, whatever its type; of what the read models don't have, that it is nobody's.
pub(super) async fn resource(database: &Database, record_type: &str, id: Uuid) -> Result<Resource, Failure> {
    resource_in(database.tools().await?, record_type, id).await
}

/// The same by connections of the tools' role.
pub(super) async fn resource_in(pool: &PgPool, record_type: &str, id: Uuid) -> Result<Resource, Failure> {
    let found = resource_of(&mut *pool.acquire().await?, record_type, id).await?;
    Ok(found.unwrap_or_else(|| of_nobody(id)))
}

/// The same of a record whose data is handed over to the person it is about.
pub(super) async fn handed_over(database: &Database, record_type: &str, id: Uuid) -> Result<Resource, Failure> {
    let mut connection = database.tools().await?.acquire().await?;
    let found = resource_for_handover(&mut connection, record_type, id).await?;
    Ok(found.unwrap_or_else(|| of_nobody(id)))
}

/// A record that the read models don't have: nobody's.
fn of_nobody(id: Uuid) -> Resource {
    Resource { id: Some(id), ..Resource::new(RecordKind::RetentionCase) }
}

impl Look<'_> {
    fn of_each(&self) -> BTreeMap<Uuid, BTreeSet<DataScope>> {
        let scopes: BTreeSet<DataScope> = self.scopes.iter().copied().collect();
        self.records.iter().map(|record| (*record, scopes.clone())).collect()
    }
}

async fn principal(settings: &Settings, acting: &ActingArgs, job: Job) -> Result<Principal, Failure> {
    let Some(token) = &acting.token else {
        if settings.issuer.is_some() {
            return Err(Failure::Usage(
                "say who looks: --token TOKEN or VNR_TOKEN, of this register's issuer".to_owned(),
            ));
        }
        let mut who = on_this_machine(job)?;
        who.purpose = acting.purpose.unwrap_or(who.purpose);
        who.reference = acting.reference.clone().or(who.reference);
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

/// Somebody of an institution that may do the job, in development only.
fn on_this_machine(job: Job) -> Result<Principal, Failure> {
    let (institution, role, purpose) = match job {
        Job::Audit => ("IC", Role::Auditor, Purpose::Audit),
        Job::Handover => ("VP", Role::Supervisor, Purpose::Investigation),
        Job::Keeping => ("IC", Role::Supervisor, Purpose::Administration),
    };
    let institution = Institution::parse(institution).map_err(|told| anyhow!(told))?;
    let until = Utc::now() + TimeDelta::hours(1);
    let mut who = Principal::new(local_user(), institution, vec![role], purpose, until);
    who.purposes = Purpose::ALL.to_vec();
    who.reference = Some(Reference::parse("development").map_err(|told| anyhow!(told))?);
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
        let who = principal(&settings, &acting, Job::Handover).await.expect("the user of the machine");
        assert_eq!((who.institution.as_str(), who.purpose), ("VP", Purpose::Audit));
        settings.issuer = Some(Issuer {
            name: "https://id.example.lv".to_owned(),
            audience: "vnr".to_owned(),
            keys: "keys.json".to_owned(),
            authorities: None,
            bound_systems: false,
        });
        let Err(Failure::Usage(told)) = principal(&settings, &acting, Job::Audit).await else { panic!("nobody looks") };
        assert_eq!(told, "say who looks: --token TOKEN or VNR_TOKEN, of this register's issuer");
    }
}
