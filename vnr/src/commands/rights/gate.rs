//! Who may list rights: decided by the policies, as everything else.

use access::policy::{Action, Policies, RecordKind, Resource};
use access::{Institution, Principal};
use domain::access_day::DataScope;
use uuid::Uuid;

use crate::cli::ActingArgs;
use crate::commands::acting::{Acting, Job, Look};
use crate::compose::Database;
use crate::failure::Failure;
use crate::settings::Settings;

/// Somebody who looks at rights.
pub(super) struct Gate {
    acting: Acting,
    /// What else lets them look at what their own institution has to decide on.
    decides: &'static [(Action, RecordKind)],
}

impl Gate {
    /// Lets in who may read some part of the access log, or decides on rights like these; tells the look, or the refusal, to the
    /// access log. `question` is the command line, without what is secret.
    pub(super) async fn open(
        settings: &Settings,
        database: &Database,
        args: &ActingArgs,
        question: &str,
        decides: &'static [(Action, RecordKind)],
    ) -> Result<Self, Failure> {
        let gate = Self::of(settings, database, args, decides).await?;
        if !gate.sees(gate.who().institution.as_str()) {
            let attempt = question.split(' ').take(3).collect::<Vec<_>>().join("_");
            gate.refuse(settings, database, (&attempt, None)).await?;
        }
        let look = Look { question, records: &[], scopes: &[DataScope::AccessLog] };
        gate.acting.tell(settings, database, look).await?;
        Ok(gate)
    }

    /// Somebody who looks, before anything is decided.
    pub(super) async fn of(
        settings: &Settings,
        database: &Database,
        args: &ActingArgs,
        decides: &'static [(Action, RecordKind)],
    ) -> Result<Self, Failure> {
        let acting = Acting::begin(settings, database, args, Job::Audit).await?;
        Ok(Self { acting, decides })
    }

    /// Tells the refusal to the access log, and why to who asked.
    pub(super) async fn refuse(
        &self,
        settings: &Settings,
        database: &Database,
        attempt: (&str, Option<Uuid>),
    ) -> Result<(), Failure> {
        self.acting.tell_refused(settings, database, attempt).await?;
        let part = Resource::of(RecordKind::Register, self.who().institution.clone());
        let (policies, standing) = self.acting.permits();
        let denied = policies.permit(standing, Action::ConsultAccessLog, &part).err();
        let told = denied.map_or_else(|| "this may not be looked at".to_owned(), |denied| denied.to_string());
        Err(Failure::Failed(anyhow::anyhow!(told)))
    }

    /// Whether they may look at rights of people of an institution: where they may read its part of the access log, or decide on such
    /// rights of their own institution.
    pub(super) fn sees(&self, institution: &str) -> bool {
        let Ok(institution) = Institution::parse(institution) else { return false };
        let (policies, standing) = self.acting.permits();
        let may = |action, kind| {
            let second_person = true;
            let resource = Resource { second_person, ..Resource::of(kind, institution.clone()) };
            policies.decide(standing, action, &resource).allowed
        };
        self.acting.reads_log_of(&institution)
            || institution == self.who().institution && self.decides.iter().any(|(action, kind)| may(*action, *kind))
    }

    /// Who looks.
    pub(super) fn who(&self) -> &Principal {
        &self.acting.permits().1.principal
    }

    /// As whom they look.
    pub(super) fn acting(&self) -> &Acting {
        &self.acting
    }

    /// The policies in force.
    pub(super) fn policies(&self) -> &Policies {
        self.acting.permits().0
    }
}
