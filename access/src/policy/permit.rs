//! Who asks with their rights in force, and what it means not to be allowed.

use std::fmt;

use domain::lang::Lang;
use futures::future::BoxFuture;

use super::action::Action;
use super::resource::{Asker, Grant, RecordKind, Resource};
use super::set::Policies;
use crate::principal::Principal;

/// Who asks, with the rights that they have in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Who.
    pub principal: Principal,
    /// Their grants and emergency access in force for this purpose.
    pub grants: Vec<Grant>,
}

/// As policies ask for it.
impl<'a> From<&'a Standing> for Asker<'a> {
    fn from(standing: &'a Standing) -> Self {
        Asker::new(&standing.principal, &standing.grants)
    }
}

/// Where it is known which rights somebody has in force.
pub trait GrantBook: fmt::Debug + Send + Sync {
    /// The grants and the emergency access of somebody that are in force now, for the purpose that they act for.
    fn in_force<'a>(&'a self, who: &'a Principal) -> BoxFuture<'a, Result<Vec<Grant>, GrantsUnknown>>;
}

/// It can't be known now which rights somebody has.
#[derive(Debug, thiserror::Error)]
#[error("which access rights are in force can't be read at present: ask again")]
pub struct GrantsUnknown(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The policies do not let somebody do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("role {roles} of {institution} for purpose {purpose} may not {action}: {because}")]
pub struct Denied {
    roles: String,
    institution: String,
    purpose: &'static str,
    /// What they may not do.
    pub action: Action,
    because: String,
}

impl Policies {
    /// Lets somebody do something with something.
    ///
    /// # Errors
    /// [`Denied`] says by which policies not.
    pub fn permit<'a>(&self, asker: impl Into<Asker<'a>>, action: Action, resource: &Resource) -> Result<(), Denied> {
        let asker = asker.into();
        let decision = self.decide(asker, action, resource);
        if decision.allowed {
            return Ok(());
        }
        let texts = decision.reasons.iter().filter_map(|id| self.text(id));
        let sentences: Vec<String> = texts.map(|text| format!("{} ({})", text.sentence(Lang::En), text.id)).collect();
        let because = match sentences.as_slice() {
            [] => "no policy permits it".to_owned(),
            sentences => sentences.join(" "),
        };
        let principal = asker.principal;
        Err(Denied {
            roles: principal.role_names(),
            institution: principal.institution.to_string(),
            purpose: principal.purpose.name(),
            action,
            because,
        })
    }

    /// Lets somebody ask at all: there may be a record of that kind that they could do it with.
    ///
    /// # Errors
    /// [`Denied`], with what stands in their way even with a record of their own institution.
    pub fn permit_some<'a>(&self, asker: impl Into<Asker<'a>>, action: Action, kind: RecordKind) -> Result<(), Denied> {
        let asker = asker.into();
        // Most often it is about what is their own, and that is decided already.
        let own = Resource { second_person: true, ..Resource::of(kind, asker.principal.institution.clone()) };
        if self.decide(asker, action, &own).allowed || self.could(asker, action, kind) {
            return Ok(());
        }
        self.permit(asker, action, &own)
    }
}
