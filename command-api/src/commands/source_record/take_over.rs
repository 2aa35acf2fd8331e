//! What a sound record does: registers an incident, or tells it what the journal has changed since.

use std::collections::BTreeSet;
use std::error::Error;

use access::policy::Action;
use domain::incident::{
    CloseIncident, CorrectIncident, Incident, IncidentCommand, IncidentStatus, NoteEarlierVersion, ReclassifyIncident,
    RecordResult, RegisterIncident, SupplementIncident,
};
use domain::kernel::broken_rules;
use domain::personal::Personal;
use domain::source_journal::{IncidentField, RecordField, RecordMapping};
use domain::source_record::{Fault, Parts, RecordEffect, SourceRecord, Standing};
use domain::values::{Reason, ValueError};
use event_store::append::{ClaimTaken, Stop, Work};

use super::super::resource::Governed;
use super::interpret::Interpreted;
use super::{Faults, Incoming};
use crate::caller::NotPermitted;
use crate::wire::source_claim;

/// What a sound record did.
pub(super) struct Taken {
    pub(super) effect: RecordEffect,
    /// Persons and vehicles that the incident has from it.
    pub(super) parts: Parts,
}

impl Taken {
    /// One that the incident has nothing new from.
    pub(super) fn of(effect: RecordEffect) -> Self {
        Self { effect, parts: Parts::new() }
    }
}

impl Incoming {
    /// Takes it over; what the rules of the incident refuse is what is wrong with the record.
    pub(super) fn take_over(
        &self,
        work: &mut Work<'_>,
        read: &Interpreted,
        mapping: &RecordMapping,
        standing: &Standing,
        record: &SourceRecord,
    ) -> Result<Result<Taken, Faults>, Stop> {
        if *standing == Standing::Late {
            self.note_late(work, read, record)?;
            return Ok(Ok(Taken::of(RecordEffect::Late)));
        }
        let id = self.incident();
        let is_known = work.state::<Incident>(id)?.0.number().is_some();
        let taken = work.attempt(|work| {
            if !is_known {
                read.registration.execute(work, id, None)?;
                work.claim::<Incident>("source", &source_claim::<Incident>(&self.system, &self.external_id), id)?;
                let parts = self.parts(work, read, mapping, &Changed::All, &Parts::new())?;
                self.outcome(work, read, &Changed::All)?;
                return Ok(Taken { effect: RecordEffect::Registered, parts });
            }
            if let Some(resource) = Incident::resource(work, id, &self.caller)? {
                self.caller.permit_to(Action::SupplementIncident, &resource)?;
            }
            let changed = match standing {
                Standing::Changed(names) => Changed::These(mapping.meaning(names)),
                // Registered before its journal sent it, or mended: all that it says may be new.
                _ => Changed::All,
            };
            self.amend(work, &read.registration.command, &changed)?;
            let parts = self.parts(work, read, mapping, &changed, record.parts())?;
            self.outcome(work, read, &changed)?;
            Ok(Taken { effect: RecordEffect::Supplemented, parts })
        })?;
        Ok(taken.map_err(|refused| faults(refused.as_ref())))
    }

    /// Tells the incident what its journal has changed. What the journal says as before stays as it is here: somebody may know better.
    fn amend(&self, work: &mut Work<'_>, said: &RegisterIncident, changed: &Changed) -> Result<(), Stop> {
        use IncidentField as F;
        let id = self.incident();
        let any = |fields: &[IncidentField]| fields.iter().any(|field| changed.has((*field).into()));
        let reason = || self.as_told();
        if any(&[F::TypeCode, F::Category]) {
            let reclassify = ReclassifyIncident {
                type_code: changed.has(F::TypeCode.into()).then(|| said.type_code.clone()),
                category: changed.has(F::Category.into()).then_some(said.category),
                rules: said.rules,
                reason: reason()?,
            };
            work.execute::<Incident>(id, IncidentCommand::ReclassifyIncident(reclassify))?;
        }
        let place = [F::AddressCode, F::Territory, F::PlaceText, F::Latitude, F::Longitude, F::Northing, F::Easting];
        let supplement = SupplementIncident {
            reason: None,
            narrative: said.narrative.clone().filter(|_| any(&[F::Narrative])),
            place: said.place.clone().filter(|_| any(&place)),
            occurred_from: said.occurred_from.filter(|_| any(&[F::OccurredFrom])),
            occurred_to: said.occurred_to.filter(|_| any(&[F::OccurredTo])),
            reporter: said.reporter.clone().filter(|_| any(&[F::ReporterName, F::ReporterPhone, F::ReporterCode])),
        };
        if supplement != SupplementIncident::default() {
            work.execute::<Incident>(id, IncidentCommand::SupplementIncident(Box::new(supplement)))?;
        }
        let received_at = said.received_at.filter(|_| any(&[F::ReceivedAt]));
        let channel = any(&[F::Channel]).then_some(said.channel);
        if received_at.is_some() || channel.is_some() {
            let correct = CorrectIncident {
                reason: reason()?,
                by_supervisor: false,
                channel,
                narrative: None,
                place: None,
                received_at,
                occurred_from: None,
                occurred_to: None,
                reporter: None,
            };
            work.execute::<Incident>(id, IncidentCommand::CorrectIncident(Box::new(correct)))?;
        }
        Ok(())
    }

    /// Notes what the journal had said before what is known: the incident stays as it is, and its history on the source's axis has it. Where
    /// the incident doesn't take it, or isn't the institution's any more, the record alone keeps it.
    fn note_late(&self, work: &mut Work<'_>, read: &Interpreted, record: &SourceRecord) -> Result<(), Stop> {
        let id = self.incident();
        let (sequence, recorded_there) = match self.mended {
            Some(_) => record.kept().unwrap_or_default(),
            None => (self.sequence, self.recorded_there),
        };
        let said = read.registration.command.clone();
        let note = NoteEarlierVersion {
            sequence,
            recorded_there,
            superseded_at: record.superseded_at(sequence),
            channel: said.channel,
            type_code: said.type_code,
            category: said.category,
            place: said.place,
            received_at: said.received_at,
            occurred_from: said.occurred_from,
            occurred_to: said.occurred_to,
            narrative: said.narrative,
            reporter: said.reporter,
            result: read.result.clone(),
        };
        let noted = work.attempt(|work| {
            if let Some(resource) = Incident::resource(work, id, &self.caller)? {
                self.caller.permit_to(Action::SupplementIncident, &resource)?;
            }
            work.execute::<Incident>(id, IncidentCommand::NoteEarlierVersion(Box::new(note)))?;
            Ok(())
        })?;
        if let Err(refused) = noted {
            tracing::debug!(reason = %refused, "a late version of a record is not noted on its incident");
        }
        Ok(())
    }

    pub(super) fn as_told(&self) -> Result<Personal<Reason>, ValueError> {
        Reason::parse(&format!("as journal {} has it", self.system)).map(Personal::Open)
    }

    /// Records what came of it in its journal, and closes it where it is closed there.
    fn outcome(&self, work: &mut Work<'_>, read: &Interpreted, changed: &Changed) -> Result<(), Stop> {
        use IncidentField as F;
        let id = self.incident();
        if (changed.has(F::ResultCode.into()) || changed.has(F::CaseRef.into()))
            && let Some((result_code, case_refs)) = read.result.clone()
        {
            work.execute::<Incident>(id, IncidentCommand::RecordResult(RecordResult { result_code, case_refs }))?;
        }
        let is_closed = work.state::<Incident>(id)?.0.status() == Some(IncidentStatus::Closed);
        if changed.has(F::Disposition.into())
            && !is_closed
            && let Some(disposition) = read.disposition.clone()
        {
            let close = CloseIncident { disposition, closing_type: None, class: None };
            work.execute::<Incident>(id, IncidentCommand::CloseIncident(close))?;
        }
        Ok(())
    }
}

/// What of a record is to be told to its incident.
pub(super) enum Changed {
    All,
    These(BTreeSet<RecordField>),
}

impl Changed {
    pub(super) fn has(&self, field: RecordField) -> bool {
        self.any(|changed| *changed == field)
    }

    pub(super) fn any(&self, is_meant: impl Fn(&RecordField) -> bool) -> bool {
        match self {
            Self::All => true,
            Self::These(fields) => fields.iter().any(is_meant),
        }
    }
}

/// Why the incident does not take it, rule by rule.
fn faults(refused: &(dyn Error + Send + Sync + 'static)) -> Faults {
    let fault = |rule: &str| Fault { path: String::new(), field: None, rule: Some(rule.to_owned()) };
    if let Some(rules) = broken_rules(refused) {
        return rules.into_iter().map(|broken| (fault(broken.rule), broken.message)).collect();
    }
    let rule = match (refused.downcast_ref::<NotPermitted>(), refused.downcast_ref::<ClaimTaken>()) {
        (Some(_), _) => "not_permitted",
        (None, Some(_)) => "claim_taken",
        (None, None) => "refused",
    };
    vec![(fault(rule), refused.to_string())]
}
