//! Which records somebody may do something with, all at once: what a list is narrowed to before its rows are read.

use std::sync::Arc;

use domain::terms::Service;
use uuid::Uuid;

use super::action::Action;
use super::institution::{Competence, InstitutionKind, Institutions};
use super::profile::{AccessProfile, RecordProfile};
use super::resource::{Asker, Class, RecordKind, Relation, Resource};
use super::set::Policies;
use crate::principal::{Institution, Principal};

/// The class of a record that was given no other.
const USUAL: Class = Class::Restricted;
/// Classes that an incident can be given.
const RAISED: [Class; 2] = [Class::Protected, Class::Secret];

/// Which records of a kind somebody may do something with: those that any of these lets them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Of the usual class: as themselves first, then as whom a grant lets them look.
    pub hats: Vec<Hat>,
    /// The same of records with a raised class.
    pub raised: Vec<(Class, Vec<Hat>)>,
}

/// What somebody may reach in one role of one institution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hat {
    /// The institution.
    pub institution: Institution,
    /// What that is.
    pub kind: InstitutionKind,
    /// Where they are competent.
    pub competence: Competence,
    /// Of all records that none of the others names.
    pub usual: Arc<ByRelation>,
    /// Of records that grants or emergency access name.
    pub named: Vec<(Vec<Uuid>, Arc<ByRelation>)>,
}

/// Whose records, by how the record is tied to the institution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByRelation {
    /// Of those that it registered.
    pub own: Owners,
    /// Of those that it takes part in.
    pub participating: Owners,
    /// Of those where it is competent.
    pub territory: Owners,
    /// Of all others.
    pub none: Owners,
}

/// Institutions whose records are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owners {
    /// Nobody's.
    Nobody,
    /// Everybody's.
    Everybody,
    /// By what the institution is.
    Some(OwnerRule),
}

/// By the code of an institution, then by the longest beginning that fits, then all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerRule {
    /// Codes whose records are meant.
    pub codes: Vec<String>,
    /// Codes whose records are not.
    pub not_codes: Vec<String>,
    /// Beginnings of codes, the longest first, and whether they are meant.
    pub prefixes: Vec<(String, bool)>,
    /// Whether all others are.
    pub others: bool,
}

impl Reach {
    /// Whether there is no record that they could.
    pub fn is_empty(&self) -> bool {
        let raised = self.raised.iter().flat_map(|(_, hats)| hats);
        self.hats.iter().chain(raised).all(Hat::is_empty)
    }
}

impl Hat {
    fn is_empty(&self) -> bool {
        self.usual.is_empty() && self.named.iter().all(|(_, named)| named.is_empty())
    }
}

impl ByRelation {
    fn is_empty(&self) -> bool {
        Relation::ALL.iter().all(|relation| *self.of(*relation) == Owners::Nobody)
    }

    /// Whose records of that tie.
    pub fn of(&self, relation: Relation) -> &Owners {
        match relation {
            Relation::Own => &self.own,
            Relation::Participating => &self.participating,
            Relation::Territory => &self.territory,
            Relation::None => &self.none,
        }
    }
}

impl Policies {
    /// Which records of a kind somebody may do something with.
    pub fn reach<'a>(&self, asker: impl Into<Asker<'a>>, action: Action, kind: RecordKind) -> Reach {
        let asker = asker.into();
        let of_class = |class| self.hats(asker, action, (kind, class), false);
        // No other records have classes of their own.
        let has_classes = matches!(kind, RecordKind::Incident | RecordKind::Caution);
        let classes = if has_classes { &RAISED[..] } else { &[] };
        Reach { hats: of_class(USUAL), raised: classes.iter().map(|class| (*class, of_class(*class))).collect() }
    }

    /// Whether there is any record of that kind, whosever it is, that they could do it with, as a second person where it takes two.
    pub fn could<'a>(&self, asker: impl Into<Asker<'a>>, action: Action, kind: RecordKind) -> bool {
        let asker = asker.into();
        let mut classes = std::iter::once(USUAL).chain(RAISED);
        classes.any(|class| !self.hats(asker, action, (kind, class), true).iter().all(Hat::is_empty))
    }

    fn hats(&self, asker: Asker<'_>, action: Action, what: (RecordKind, Class), second_person: bool) -> Vec<Hat> {
        let stand_ins = asker.stand_ins();
        let as_whom = std::iter::once(asker.principal).chain(&stand_ins);
        as_whom.map(|principal| self.hat(principal, asker, action, what, second_person)).collect()
    }

    fn hat(
        &self,
        principal: &Principal,
        asker: Asker<'_>,
        action: Action,
        (kind, class): (RecordKind, Class),
        second_person: bool,
    ) -> Hat {
        let asker = Asker { principal, ..asker };
        let who = AccessProfile::of(self.institutions(), principal);
        let decide = |granted, broken_glass| {
            self.by_relation(&who, action, |relation, owner_kind| RecordProfile {
                kind,
                class,
                relation,
                owner_kind,
                granted,
                broken_glass,
                second_person,
            })
        };
        let any = Resource { class, ..Resource::new(kind) };
        let usual = decide(asker.is_granted(&any), false);
        let mut groups: [Vec<Uuid>; 4] = Default::default();
        for id in asker.records() {
            let record = Resource { id: Some(id), ..any.clone() };
            groups[usize::from(asker.is_granted(&record)) * 2 + usize::from(asker.broke_glass(&record))].push(id);
        }
        let named = groups.into_iter().enumerate().filter(|(_, ids)| !ids.is_empty());
        Hat {
            institution: principal.institution.clone(),
            kind: who.kind,
            competence: self.institutions().competence(principal),
            usual,
            named: named.map(|(flags, ids)| (ids, decide(flags & 2 != 0, flags & 1 != 0))).collect(),
        }
    }
}

impl Institutions {
    /// The institutions that answer for any of these services of 112; nobody where none of the register does.
    pub fn answering_for(&self, services: &[Service]) -> Owners {
        self.owners(|kind| services.iter().any(|service| InstitutionKind::of_service(*service) == Some(kind)))
    }

    /// The institutions of the kinds that are meant.
    pub(super) fn owners(&self, meant: impl Fn(InstitutionKind) -> bool) -> Owners {
        let kinds: Vec<InstitutionKind> = InstitutionKind::ALL.iter().copied().filter(|kind| meant(*kind)).collect();
        if kinds.is_empty() {
            return Owners::Nobody;
        }
        if kinds.len() == InstitutionKind::ALL.len() {
            return Owners::Everybody;
        }
        let (mut codes, mut not_codes, mut prefixes) = (Vec::new(), Vec::new(), Vec::new());
        for entry in self.entries() {
            let meant = kinds.contains(&entry.kind);
            match (&entry.code, &entry.prefix) {
                (Some(code), _) if meant => codes.push(code.clone()),
                (Some(code), _) => not_codes.push(code.clone()),
                (None, Some(prefix)) => prefixes.push((prefix.clone(), meant)),
                (None, None) => {}
            }
        }
        prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        let others = kinds.contains(&InstitutionKind::Other);
        Owners::Some(OwnerRule { codes, not_codes, prefixes, others })
    }
}
