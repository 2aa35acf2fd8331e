//! What is asked about, and by whom.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::institution::InstitutionKind;
use crate::principal::{Institution, Principal, Role, Territory, named};

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// An incident (notikums).
    Incident,
    /// An emergency card (VEK).
    EmergencyCard,
    /// A unit (resurss), or a shift of a station (ierinda).
    Unit,
    /// Where a unit was on a day.
    Track,
    /// Erasing or keeping of personal data (dzēšanas lieta).
    RetentionCase,
    /// What a recipient is told of an incident (paziņojums).
    Notice,
    /// What those who go somewhere must know beforehand (brīdinājums).
    Caution,
    /// The register as such: statistics, access log, policies.
    Register,
}

named!(RecordKind: Incident "incident", EmergencyCard "emergency_card", Unit "unit", Track "track",
    RetentionCase "retention_case", Notice "notice", Caution "caution", Register "register");

/// How restricted a record is (ierobežojuma klase).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Holds nothing that needs protection.
    Public,
    /// For those whose work it is; the usual one.
    #[default]
    Restricted,
    /// For those who work on this one: of minors, victims of violence and protected persons (aizsargāts).
    Protected,
    /// For those with a named grant.
    Secret,
}

named!(Class: Public "public", Restricted "restricted", Protected "protected", Secret "secret");

/// How a record is tied to the institution of whom asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// It registered it.
    Own,
    /// It takes part in it, or was handed it.
    Participating,
    /// It happened where the institution is competent.
    Territory,
    /// None of these.
    None,
}

named!(Relation: Own "own", Participating "participating", Territory "territory", None "none");

/// What access is asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// What it is.
    pub kind: RecordKind,
    /// Id of the record; none for the register as such and for what is only being made.
    pub id: Option<Uuid>,
    /// How restricted it is.
    pub class: Class,
    /// Institution that registered it, or whose part of the access log it is.
    pub owner: Option<Institution>,
    /// Institutions that take part in it or were handed it.
    pub participants: Vec<Institution>,
    /// Services that were sent for: institutions of these kinds take part in it, local ones where they are competent.
    pub services: Vec<InstitutionKind>,
    /// Where it happened.
    pub territory: Option<Territory>,
    /// Whether somebody else than whom asks has asked for it or agreed to it (dual control).
    pub second_person: bool,
}

impl Resource {
    /// A restricted record of nobody's, nowhere.
    pub fn new(kind: RecordKind) -> Self {
        Self {
            kind,
            id: None,
            class: Class::default(),
            owner: None,
            participants: Vec::new(),
            services: Vec::new(),
            territory: None,
            second_person: false,
        }
    }

    /// A restricted record that an institution registered, or the part of the register that is its.
    pub fn of(kind: RecordKind, owner: Institution) -> Self {
        Self { owner: Some(owner), ..Self::new(kind) }
    }
}

/// What a grant opens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GrantScope {
    /// One record.
    Record(Uuid),
    /// All records of a class.
    Class(Class),
    /// What somebody in that role of that institution may see.
    Role(Institution, Role),
}

/// A right that one person has for a time. Whether it is in force is for whom brings it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Grant {
    /// Approved by a second person (atļauja).
    Named(GrantScope),
    /// A record that the person opened in an emergency (ārkārtas piekļuve).
    Emergency(Uuid),
}

/// Who asks, with the grants that they have in force.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// Who.
    pub principal: &'a Principal,
    /// Their grants in force.
    pub grants: &'a [Grant],
}

impl<'a> Asker<'a> {
    /// Somebody with grants.
    pub fn new(principal: &'a Principal, grants: &'a [Grant]) -> Self {
        Self { principal, grants }
    }

    /// Whether a named grant covers the record.
    pub(super) fn is_granted(&self, resource: &Resource) -> bool {
        self.grants.iter().any(|grant| match grant {
            Grant::Named(GrantScope::Record(record)) => resource.id == Some(*record),
            Grant::Named(GrantScope::Class(class)) => resource.class == *class,
            Grant::Named(GrantScope::Role(..)) | Grant::Emergency(_) => false,
        })
    }

    /// Whether they have opened the record in an emergency.
    pub(super) fn broke_glass(&self, resource: &Resource) -> bool {
        resource.id.is_some_and(|record| self.grants.contains(&Grant::Emergency(record)))
    }

    /// Records that they have a grant of their own for, or have opened in an emergency.
    pub(super) fn records(&self) -> Vec<Uuid> {
        let records = self.grants.iter().filter_map(|grant| match grant {
            Grant::Named(GrantScope::Record(record)) | Grant::Emergency(record) => Some(*record),
            Grant::Named(_) => None,
        });
        let mut records: Vec<Uuid> = records.collect();
        records.sort_unstable();
        records.dedup();
        records
    }

    /// As whom else a grant lets them look: in the role of another institution, for the same purpose.
    pub(super) fn stand_ins(&self) -> Vec<Principal> {
        let roles = self.grants.iter().filter_map(|grant| match grant {
            Grant::Named(GrantScope::Role(institution, role)) => Some((institution, *role)),
            _ => None,
        });
        let stand_in = |(institution, role): (&Institution, Role)| Principal {
            institution: institution.clone(),
            roles: vec![role],
            territories: Vec::new(),
            ..self.principal.clone()
        };
        roles.map(stand_in).collect()
    }
}

/// Somebody without grants.
impl<'a> From<&'a Principal> for Asker<'a> {
    fn from(principal: &'a Principal) -> Self {
        Self { principal, grants: &[] }
    }
}
