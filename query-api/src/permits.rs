//! What the access policies let the caller see, in one request.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::policy::{
    Action, CodeShown, Denied, Field, Masks, Owners, Policies, Reach, RecordKind, Resource, Standing,
};
use access::{Institution, Principal};
use async_graphql::Enum;
use chrono::Utc;
use domain::terms::Service;
use projections::access_grants::in_force;
use projections::cards::CardRow;
use projections::case_search::IncidentRow;
use projections::cautions::CautionRow;
use projections::notices::NoticeRow;
use projections::roster::RosterRow;
use projections::roster_history::RosterAtRow;
use projections::shifts::ShiftRow;
use projections::source_journals::JournalRow;
use projections::timeline::Visible;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::QueryError;

/// The policies in force when the request began, and the caller with the rights that they have by its snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Permits {
    policies: Arc<Policies>,
    standing: Standing,
}

impl Permits {
    /// Reads which rights the caller has.
    pub(crate) async fn read(
        policies: Arc<Policies>,
        caller: &Principal,
        connection: &mut PgConnection,
    ) -> Result<Self, QueryError> {
        let grants = in_force(connection, caller, Utc::now()).await?;
        Ok(Self::of(policies, Standing { principal: caller.clone(), grants }))
    }

    /// Of somebody whose rights are known.
    pub(crate) fn of(policies: Arc<Policies>, standing: Standing) -> Self {
        Self { policies, standing }
    }

    /// Which records of a kind the caller may do this with.
    ///
    /// # Errors
    /// [`Denied`] where there can be none.
    pub(crate) fn reach(&self, action: Action, kind: RecordKind) -> Result<Reach, Denied> {
        self.policies.permit_some(&self.standing, action, kind)?;
        Ok(self.reach_if_any(action, kind))
    }

    /// Whether there can be a record of any of these kinds that the caller may do this with.
    ///
    /// # Errors
    /// [`Denied`] where there can be none; what it says is about the first kind.
    pub(crate) fn reach_any(&self, action: Action, kinds: &[RecordKind]) -> Result<(), Denied> {
        let mut told = Ok(());
        for kind in kinds {
            match self.policies.permit_some(&self.standing, action, *kind) {
                Ok(()) => return Ok(()),
                Err(denied) => told = told.and(Err(denied)),
            }
        }
        told
    }

    /// The same; nothing is reached where there can be no such record.
    pub(crate) fn reach_if_any(&self, action: Action, kind: RecordKind) -> Reach {
        self.policies.reach(&self.standing, action, kind)
    }

    /// Which other records are shown in timelines.
    pub(crate) fn visible(&self) -> Visible {
        Visible {
            incidents: self.reach_if_any(Action::View, RecordKind::Incident),
            cards: self.reach_if_any(Action::View, RecordKind::EmergencyCard),
        }
    }

    /// Whether figures over the whole register may be seen.
    pub(crate) fn counts_everything(&self) -> bool {
        self.policies.decide(&self.standing, Action::Statistics, &Resource::new(RecordKind::Register)).allowed
    }

    /// Whether the caller sees what is sent to which call: those who see the units of all services, and those who manage the plans.
    ///
    /// # Errors
    /// [`Denied`] where they are neither.
    pub(crate) fn sees_plans(&self) -> Result<(), Denied> {
        if self.may(Action::View, &Resource::new(RecordKind::Unit)) {
            return Ok(());
        }
        self.policies.permit_some(&self.standing, Action::ManagePlans, RecordKind::Register)
    }

    /// What of an incident the caller is shown.
    pub(crate) fn of_incident(&self, row: &IncidentRow) -> Guard {
        self.guard(&row.resource())
    }

    /// What of an incident the caller is shown where its recipient was told of it.
    pub(crate) fn of_incident_told(&self, row: &IncidentRow, recipient: &str) -> Guard {
        self.guard(&row.resource_told(recipient))
    }

    /// Whether the caller is shown a notice.
    pub(crate) fn sees_notice(&self, row: &NoticeRow) -> bool {
        self.may(Action::View, &row.resource())
    }

    /// Whether the caller is shown a caution.
    pub(crate) fn of_caution(&self, row: &CautionRow) -> Guard {
        self.guard(&row.resource())
    }

    /// Whether the caller is shown a shift: as they are shown the units of its institution.
    pub(crate) fn of_shift(&self, row: &ShiftRow) -> Guard {
        self.guard(&row.resource())
    }

    /// What of a card the caller is shown.
    pub(crate) fn of_card(&self, row: &CardRow) -> Guard {
        self.guard(&row.resource())
    }

    /// Whether the caller is shown a unit, and where it was.
    pub(crate) fn of_unit(&self, row: &RosterRow) -> UnitGuard {
        let unit = row.resource(RecordKind::Unit);
        UnitGuard {
            seen: self.may(Action::View, &unit),
            followed: self.may(Action::Subscribe, &unit),
            track: self.may(Action::View, &row.resource(RecordKind::Track)),
        }
    }

    /// Whether the caller is shown a unit as it was, and where: as of the unit now.
    pub(crate) fn of_unit_then(&self, row: &RosterAtRow) -> UnitGuard {
        let unit = row.resource(RecordKind::Unit);
        UnitGuard {
            seen: self.may(Action::View, &unit),
            followed: self.may(Action::Subscribe, &unit),
            track: self.may(Action::View, &row.resource(RecordKind::Track)),
        }
    }

    /// The institutions that answer for any of these services of 112.
    pub(crate) fn answering_for(&self, services: impl IntoIterator<Item = impl Into<Service>>) -> Owners {
        let services: Vec<Service> = services.into_iter().map(Into::into).collect();
        self.policies.institutions().answering_for(&services)
    }

    /// What of the records of a journal the caller is shown, whether they see the journal, and whether it is their institution's. Those who run the journals see how they are, and nothing
    /// that is in them.
    pub(crate) fn of_journal(&self, row: &JournalRow) -> (Guard, bool, bool) {
        let owner = Institution::parse(&row.institution).ok();
        let resource = Resource { id: Some(row.id), owner, ..Resource::new(RecordKind::Incident) };
        let guard = self.guard(&resource);
        let runs = self.may(Action::ManageJournals, &Resource::new(RecordKind::Register));
        let own = self.standing.principal.institution.as_str() == row.institution;
        (guard, guard.is_seen() || runs, own)
    }

    fn guard(&self, resource: &Resource) -> Guard {
        Guard {
            record: resource.id.unwrap_or_default(),
            kind: resource.kind,
            masks: self.policies.masks(&self.standing, resource),
            followed: self.may(Action::Subscribe, resource),
        }
    }

    fn may(&self, action: Action, resource: &Resource) -> bool {
        self.policies.decide(&self.standing, action, resource).allowed
    }
}

/// What of a record the caller is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guard {
    pub(crate) record: Uuid,
    kind: RecordKind,
    masks: Masks,
    followed: bool,
}

/// What of a unit the caller is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnitGuard {
    /// Whether they are shown it at all.
    pub(crate) seen: bool,
    /// Whether they may follow it.
    pub(crate) followed: bool,
    /// Whether they are shown where it was.
    pub(crate) track: bool,
}

/// Roles of those under suspicion: codes of the classifier of roles.
const SUSPECTED: [&str; 4] = ["suspect", "detainee", "offender", "wanted"];

/// Parts of a record that are shown or kept back as one.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordPart {
    /// What happened in words (apraksts).
    Narrative,
    /// Who reported it or called (ziņotājs).
    Reporter,
    /// Persons and organisations that take part, those under suspicion aside (iesaistītās personas).
    Persons,
    /// Persons under suspicion: suspects, detained and wanted persons, persons held liable (aizdomās turamie).
    Suspects,
    /// Vehicles, items, documents and seized items (mantas).
    Property,
    /// Personal codes (personas kods), in full.
    PersonalCode,
    /// What endangers people there (apdraudējumi).
    Hazards,
    /// How many were hurt (cietušie).
    Casualties,
    /// Units and officers on it (resursi).
    Units,
    /// What came of it (rezultāts).
    Result,
}

impl RecordPart {
    /// The part that a person belongs to, by what they are in the incident: one role under suspicion is enough.
    pub(crate) fn of_person(roles: &BTreeSet<String>) -> Self {
        let suspected = roles.iter().any(|role| SUSPECTED.contains(&role.as_str()));
        if suspected { Self::Suspects } else { Self::Persons }
    }
}

impl Guard {
    /// Whether the record is there for the caller.
    pub(crate) fn is_seen(&self) -> bool {
        self.masks.summary()
    }

    /// Whether the caller may follow it.
    pub(crate) fn is_followed(&self) -> bool {
        self.is_seen() && self.followed
    }

    /// Whether a part is shown.
    pub(crate) fn shows(&self, part: RecordPart) -> bool {
        match part {
            RecordPart::PersonalCode => self.masks.personal_code() == CodeShown::Full,
            RecordPart::Narrative => self.masks.shows(Field::Narrative),
            RecordPart::Reporter => self.masks.shows(Field::Reporter),
            RecordPart::Persons => self.masks.shows(Field::Persons),
            RecordPart::Suspects => self.masks.shows(Field::Suspects),
            RecordPart::Property => self.masks.shows(Field::Property),
            RecordPart::Hazards => self.masks.shows(Field::Hazards),
            RecordPart::Casualties => self.masks.shows(Field::Casualties),
            RecordPart::Units => self.masks.shows(Field::Units),
            RecordPart::Result => self.masks.shows(Field::Result),
        }
    }

    /// A part, where it is shown.
    pub(crate) fn part<T>(&self, part: RecordPart, value: T) -> Option<T> {
        self.shows(part).then_some(value)
    }

    /// How personal codes are shown.
    pub(crate) fn personal_code(&self) -> CodeShown {
        self.masks.personal_code()
    }

    /// What is kept from the caller, of these.
    pub(crate) fn kept(&self, parts: &[RecordPart]) -> Vec<RecordPart> {
        parts.iter().copied().filter(|part| !self.shows(*part)).collect()
    }

    /// Whether all is shown that stands open in events: all but free text and who reported it. An incident's tell of persons and
    /// property too.
    pub(crate) fn is_whole(&self) -> bool {
        let of_all = [RecordPart::Hazards, RecordPart::Casualties, RecordPart::Units, RecordPart::Result];
        let of_incidents = [RecordPart::Persons, RecordPart::Suspects, RecordPart::Property];
        of_all.into_iter().all(|part| self.shows(part))
            && (self.kind != RecordKind::Incident || of_incidents.into_iter().all(|part| self.shows(part)))
    }
}
