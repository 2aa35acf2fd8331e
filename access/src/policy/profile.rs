//! What policies can see of whom asks and of what is asked about.

use super::institution::{InstitutionKind, Institutions};
use super::resource::{Asker, Class, RecordKind, Relation, Resource};
use crate::principal::{Institution, Principal, Purpose, Role};

/// What policies can see of whom asks. Those who have it in common may do the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccessProfile {
    /// Institution that they act for.
    pub institution: Institution,
    /// What that is.
    pub kind: InstitutionKind,
    /// What they are there.
    pub roles: Roles,
    /// What for.
    pub purpose: Purpose,
    /// Whether they named a case, card or task.
    pub has_reference: bool,
    /// Whether they were trained.
    pub trained: bool,
}

/// A set of roles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Roles(u8);

impl Roles {
    /// With one more.
    #[must_use]
    pub fn with(self, role: Role) -> Self {
        Self(self.0 | 1 << role as u8)
    }

    /// Whether a role is among them.
    pub fn contains(self, role: Role) -> bool {
        self.0 & (1 << role as u8) != 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.iter().copied().filter(move |role| self.contains(*role))
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().fold(Self::default(), Self::with)
    }
}

impl AccessProfile {
    pub(super) fn of(institutions: &Institutions, principal: &Principal) -> Self {
        Self {
            kind: institutions.kind(&principal.institution),
            institution: principal.institution.clone(),
            roles: principal.roles.iter().copied().collect(),
            purpose: principal.purpose,
            has_reference: principal.reference.is_some(),
            trained: principal.trained,
        }
    }
}

/// What policies can see of a record and of its tie to whom asks: territories and grants have been worked into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordProfile {
    /// What it is.
    pub kind: RecordKind,
    /// How restricted.
    pub class: Class,
    /// How it is tied to the institution of whom asks.
    pub relation: Relation,
    /// What the institution is that registered it.
    pub owner_kind: InstitutionKind,
    /// Whether a named grant covers it.
    pub granted: bool,
    /// Whether whom asks opened it in an emergency.
    pub broken_glass: bool,
    /// Whether somebody else has asked for it or agreed to it.
    pub second_person: bool,
}

impl RecordProfile {
    pub(super) fn of(institutions: &Institutions, asker: &Asker<'_>, resource: &Resource) -> Self {
        Self {
            kind: resource.kind,
            class: resource.class,
            relation: institutions.relation(asker.principal, resource),
            owner_kind: resource.owner.as_ref().map_or(InstitutionKind::Other, |owner| institutions.kind(owner)),
            granted: asker.is_granted(resource),
            broken_glass: asker.broke_glass(resource),
            second_person: resource.second_person,
        }
    }
}
