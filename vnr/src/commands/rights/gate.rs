//! Who may list rights: decided by the policies, as everything else.

use std::sync::Arc;

use access::policy::{Action, Policies, RecordKind, Resource};
use access::{Institution, Principal};
use domain::access_day::DataScope;
use uuid::Uuid;

use crate::cli::ActingArgs;
use crate::commands::acting::{self, Look};
use crate::compose::Database;
use crate::compose::policies::in_force;
use crate::failure::Failure;
use crate::settings::Settings;

/// Somebody who looks at rights.
pub(super) struct Gate {
    policies: Arc<Policies>,
    who: Principal,
    /// The user of this machine, where tokens are issued for development: who holds the key of the tokens may be anybody.
    is_local: bool,
    /// What else lets them look at what their own institution has to decide on.
    decides: &'static [(Action, RecordKind)],
}

impl Gate {
    /// Lets in who may read some part of the access log, or decides on rights like these; tells the look, or the refusal, to the
    /// access log. `question` is the command line, without what is secret.
    pub(super) async fn open(
        settings: &Settings,
        database: &Database,
        acting: &ActingArgs,
        question: &str,
        decides: &'static [(Action, RecordKind)],
    ) -> Result<Self, Failure> {
        let gate = Self::of(settings, database, acting, decides).await?;
        gate.let_in(settings, database, question).await?;
        let look = Look { question, records: &[], scopes: &[DataScope::AccessLog] };
        acting::tell(settings, database, acting, look).await?;
        Ok(gate)
    }

    /// Somebody who looks, before anything is decided.
    pub(super) async fn of(
        settings: &Settings,
        database: &Database,
        acting: &ActingArgs,
        decides: &'static [(Action, RecordKind)],
    ) -> Result<Self, Failure> {
        let who = acting::principal(settings, acting).await?;
        let (policies, _) = in_force(settings, &database.app).await?;
        Ok(Self { policies: Arc::new(policies), who, is_local: acting.token.is_none(), decides })
    }

    async fn let_in(&self, settings: &Settings, database: &Database, question: &str) -> Result<(), Failure> {
        if self.sees(self.who.institution.as_str()) {
            return Ok(());
        }
        let attempt = question.split(' ').take(3).collect::<Vec<_>>().join("_");
        self.refuse(settings, database, (&attempt, None)).await
    }

    /// Tells the refusal to the access log, and why to who asked.
    pub(super) async fn refuse(
        &self,
        settings: &Settings,
        database: &Database,
        attempt: (&str, Option<Uuid>),
    ) -> Result<(), Failure> {
        acting::refuse(settings, database, &self.who, attempt).await?;
        let part = Resource::of(RecordKind::Register, self.who.institution.clone());
        let denied = self.policies.permit(&self.who, Action::ConsultAccessLog, &part).err();
        let told = denied.map_or_else(|| "this may not be looked at".to_owned(), |denied| denied.to_string());
        Err(Failure::Failed(anyhow::anyhow!(told)))
    }

    /// Whether they may look at rights of people of an institution: where they may read its part of the access log, or decide on such
    /// rights of their own institution.
    pub(super) fn sees(&self, institution: &str) -> bool {
        if self.is_local {
            return true;
        }
        let Ok(institution) = Institution::parse(institution) else { return false };
        let may = |action, kind| {
            let second_person = true;
            let resource = Resource { second_person, ..Resource::of(kind, institution.clone()) };
            self.policies.decide(&self.who, action, &resource).allowed
        };
        may(Action::ConsultAccessLog, RecordKind::Register)
            || institution == self.who.institution && self.decides.iter().any(|(action, kind)| may(*action, *kind))
    }

    /// Who looks.
    pub(super) fn who(&self) -> &Principal {
        &self.who
    }

    /// The policies in force.
    pub(super) fn policies(&self) -> &Policies {
        &self.policies
    }
}
