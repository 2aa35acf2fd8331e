//! What is known of an incident that was registered, and what each event makes of it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Assignee, IncidentEvent, IncidentStatus};
use crate::classifier::{IncidentType, PersonRole, ResultCode};
use crate::terms::{Category, Channel, Identification, LinkKind, Protection, RaisedClass};
use crate::values::{Actor, CaseRef, InstitutionCode, NationalNumber, Place};

/// An incident; no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Registered {
    pub(super) number: NationalNumber,
    /// Who registered it.
    pub(super) institution: InstitutionCode,
    /// Who answers for it.
    pub(super) responsible: InstitutionCode,
    /// Who answered for it before.
    pub(super) formerly: BTreeSet<InstitutionCode>,
    pub(super) status: IncidentStatus,
    pub(super) channel: Channel,
    pub(super) type_code: IncidentType,
    pub(super) type_class: Option<RaisedClass>,
    pub(super) category: Category,
    pub(super) place: Option<Place>,
    pub(super) received_at: Option<DateTime<FixedOffset>>,
    pub(super) respond_by: Option<DateTime<FixedOffset>>,
    pub(super) occurred_from: DateTime<FixedOffset>,
    pub(super) occurred_to: Option<DateTime<FixedOffset>>,
    pub(super) assignee: Option<Assignee>,
    /// Every unit that it was ever given to.
    pub(super) units: BTreeSet<Uuid>,
    pub(super) result: Option<(ResultCode, BTreeSet<CaseRef>)>,
    pub(super) restriction: Option<RaisedClass>,
    pub(super) annulment: Option<Actor>,
    pub(super) involved: BTreeMap<Uuid, Involved>,
    /// How often an involvement was changed, and each of those there are as of which of these changes.
    pub(super) involvement_changes: u32,
    pub(super) involvements: BTreeMap<Uuid, u32>,
    pub(super) links: BTreeMap<Uuid, LinkKind>,
    /// The one that it goes on in.
    pub(super) merged: Option<Uuid>,
    /// Where it stood before it was merged.
    pub(super) before_merger: Option<IncidentStatus>,
    pub(super) absorbed: BTreeSet<Uuid>,
    pub(super) seized: BTreeMap<Uuid, u32>,
    pub(super) offer: Option<Offer>,
    pub(super) accepted: Option<Accepted>,
    /// The emergency card that it comes from.
    pub(super) card: Option<Uuid>,
    /// Who forwarded that, where this is how it came.
    pub(super) forwarded_by: Option<InstitutionCode>,
}

/// Who or what takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Involved {
    Person(Person),
    Organisation,
    Vehicle,
    Item,
    Document,
}

impl Involved {
    /// What it is called.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::Organisation => "organisation",
            Self::Vehicle => "vehicle",
            Self::Item => "item",
            Self::Document => "document",
        }
    }
}

/// A person in it, as far as rules need to know them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Person {
    pub(super) roles: BTreeSet<PersonRole>,
    pub(super) identification: Identification,
    pub(super) minor: bool,
    pub(super) protections: BTreeSet<Protection>,
}

/// It is offered to another institution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Offer {
    pub(super) transfer: Uuid,
    pub(super) to: InstitutionCode,
    pub(super) deadline: DateTime<FixedOffset>,
}

/// It was transferred, and that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Accepted {
    pub(super) transfer: Uuid,
    pub(super) from: InstitutionCode,
    pub(super) to: InstitutionCode,
}

impl Registered {
    /// What a registration makes; none of any other event.
    pub(super) fn of(event: &IncidentEvent) -> Option<Self> {
        let IncidentEvent::IncidentRegistered {
            number,
            channel,
            type_code,
            category,
            place,
            occurred_from,
            occurred_to,
            institution,
            received_at,
            respond_by,
            class,
            card,
            forwarded_by,
            ..
        } = event
        else {
            return None;
        };
        Some(Self {
            number: *number,
            institution: institution.clone(),
            responsible: institution.clone(),
            formerly: BTreeSet::new(),
            status: IncidentStatus::Registered,
            channel: *channel,
            type_code: type_code.clone(),
            type_class: *class,
            category: *category,
            place: place.clone(),
            received_at: *received_at,
            respond_by: *respond_by,
            occurred_from: *occurred_from,
            occurred_to: *occurred_to,
            assignee: None,
            units: BTreeSet::new(),
            result: None,
            restriction: None,
            annulment: None,
            involved: BTreeMap::new(),
            involvement_changes: 0,
            involvements: BTreeMap::new(),
            links: BTreeMap::new(),
            merged: None,
            before_merger: None,
            absorbed: BTreeSet::new(),
            seized: BTreeMap::new(),
            offer: None,
            accepted: None,
            card: *card,
            forwarded_by: forwarded_by.clone(),
        })
    }

    /// How restricted it is beyond the usual: the most that its type, its persons or an order ask for. A minor or somebody who is
    /// protected makes it protected.
    pub(super) fn class(&self) -> Option<RaisedClass> {
        let guarded = self.involved.values().any(|involved| match involved {
            Involved::Person(person) => person.minor || !person.protections.is_empty(),
            _ => false,
        });
        let by_persons = guarded.then_some(RaisedClass::Protected);
        self.type_class.max(by_persons).max(self.restriction)
    }

    /// Takes in an event after the registration.
    pub(super) fn amend(&mut self, event: IncidentEvent) {
        match event {
            IncidentEvent::IncidentSupplemented { place, occurred_from, occurred_to, .. } => {
                self.place = place.or(self.place.take());
                self.occurred_from = occurred_from.unwrap_or(self.occurred_from);
                self.occurred_to = occurred_to.or(self.occurred_to);
            }
            IncidentEvent::IncidentCorrected { channel, place, received_at, occurred_from, occurred_to, .. } => {
                self.channel = channel.unwrap_or(self.channel);
                self.place = place.or(self.place.take());
                self.received_at = received_at.or(self.received_at);
                self.occurred_from = occurred_from.unwrap_or(self.occurred_from);
                self.occurred_to = occurred_to.or(self.occurred_to);
            }
            IncidentEvent::IncidentReclassified { type_code, category, class, respond_by, .. } => {
                if let Some(type_code) = type_code {
                    (self.type_code, self.type_class) = (type_code, class);
                }
                self.category = category.unwrap_or(self.category);
                self.respond_by = respond_by.or(self.respond_by);
            }
            IncidentEvent::IncidentAssigned { assignee } => {
                self.units.extend(assignee.unit());
                self.assignee = Some(assignee);
            }
            IncidentEvent::ResultRecorded { result_code, case_refs } => self.result = Some((result_code, case_refs)),
            IncidentEvent::IncidentClosed { closing_type, class, .. } => {
                if closing_type != self.type_code {
                    (self.type_code, self.type_class) = (closing_type, class);
                }
            }
            IncidentEvent::IncidentRestricted { class, .. } => self.restriction = Some(class),
            IncidentEvent::RestrictionLifted { .. } => self.restriction = None,
            IncidentEvent::AnnulmentRequested { by, .. } => self.annulment = Some(by),
            IncidentEvent::AnnulmentRejected { .. } | IncidentEvent::IncidentAnnulled { .. } => self.annulment = None,
            IncidentEvent::SeizedItemAdded { item, ordinal } => {
                self.seized.insert(item, ordinal);
            }
            IncidentEvent::IncidentRegistered { .. }
            | IncidentEvent::IncidentReopened { .. }
            | IncidentEvent::ActionTaken { .. }
            | IncidentEvent::IncidentSplit { .. }
            | IncidentEvent::EarlierVersionNoted { .. } => {}
            event => {
                self.count_involvement(&event);
                self.amend_ties(event);
            }
        }
    }

    /// Each change of an involvement makes another version of it.
    fn count_involvement(&mut self, event: &IncidentEvent) {
        let id = match event {
            IncidentEvent::PersonInvolved { person, .. } | IncidentEvent::PersonIdentified { person, .. } => {
                person.subject
            }
            IncidentEvent::PersonRolesChanged { subject, .. } => *subject,
            IncidentEvent::OrganisationInvolved { organisation } => organisation.id,
            IncidentEvent::VehicleInvolved { vehicle } => vehicle.id,
            IncidentEvent::ItemInvolved { item } => item.id,
            IncidentEvent::DocumentInvolved { document } => document.id,
            IncidentEvent::InvolvementWithdrawn { involvement, .. } => {
                self.involvements.remove(involvement);
                return;
            }
            _ => return,
        };
        self.involvement_changes += 1;
        self.involvements.insert(id, self.involvement_changes);
    }

    /// The same of what it has to do with others: persons and things, incidents, institutions.
    fn amend_ties(&mut self, event: IncidentEvent) {
        match event {
            IncidentEvent::PersonInvolved { person, roles, identification, minor, protections } => {
                let known = Person { roles, identification, minor, protections };
                self.involved.insert(person.subject, Involved::Person(known));
            }
            IncidentEvent::PersonIdentified { person, identification, minor, protections, .. } => {
                if let Some(Involved::Person(known)) = self.involved.get_mut(&person.subject) {
                    known.identification = identification.unwrap_or(known.identification);
                    known.minor = minor.unwrap_or(known.minor);
                    if let Some(protections) = protections {
                        known.protections = protections;
                    }
                }
            }
            IncidentEvent::PersonRolesChanged { subject, roles, .. } => {
                if let Some(Involved::Person(known)) = self.involved.get_mut(&subject) {
                    known.roles = roles;
                }
            }
            IncidentEvent::OrganisationInvolved { organisation } => {
                self.involved.insert(organisation.id, Involved::Organisation);
            }
            IncidentEvent::VehicleInvolved { vehicle } => {
                self.involved.insert(vehicle.id, Involved::Vehicle);
            }
            IncidentEvent::ItemInvolved { item } => {
                self.involved.insert(item.id, Involved::Item);
            }
            IncidentEvent::DocumentInvolved { document } => {
                self.involved.insert(document.id, Involved::Document);
            }
            IncidentEvent::InvolvementWithdrawn { involvement, .. } => {
                self.involved.remove(&involvement);
            }
            IncidentEvent::IncidentLinked { other, kind, .. } => {
                self.links.insert(other, kind);
            }
            IncidentEvent::IncidentUnlinked { other, .. } => {
                self.links.remove(&other);
            }
            IncidentEvent::IncidentMerged { into, .. } => self.merged = Some(into),
            IncidentEvent::IncidentUnmerged { .. } => (self.merged, self.before_merger) = (None, None),
            IncidentEvent::IncidentAbsorbed { other, .. } => {
                self.absorbed.insert(other);
            }
            IncidentEvent::IncidentReleased { other, .. } => {
                self.absorbed.remove(&other);
            }
            IncidentEvent::TransferOffered { transfer, to, deadline, .. } => {
                self.offer = Some(Offer { transfer, to, deadline });
            }
            IncidentEvent::TransferAccepted { transfer, from, to } => {
                (self.offer, self.assignee) = (None, None);
                self.formerly.insert(from.clone());
                self.responsible = to.clone();
                self.accepted = Some(Accepted { transfer, from, to });
            }
            IncidentEvent::TransferRejected { .. }
            | IncidentEvent::TransferWithdrawn { .. }
            | IncidentEvent::TransferExpired { .. } => self.offer = None,
            IncidentEvent::TransferCompleted { responsible, .. } => {
                if let Some(accepted) = self.accepted.take()
                    && responsible != accepted.to
                {
                    self.formerly.insert(accepted.to);
                    self.assignee = None;
                }
                self.responsible = responsible;
            }
            _ => {}
        }
    }
}
