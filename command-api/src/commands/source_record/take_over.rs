//! What a sound record does: registers an incident, or tells it what the journal has changed since.

use std::collections::BTreeSet;
use std::error::Error;

use access::policy::Action;
use domain::incident::{
    CloseIncident, CorrectIncident, Incident, IncidentCommand, IncidentStatus, ReclassifyIncident, RecordResult,
    RegisterIncident, SupplementIncident,
};
use domain::kernel::broken_rules;
use domain::personal::Personal;
use domain::source_journal::{RecordField, RecordMapping};
use domain::source_record::{Fault, RecordEffect, Standing};
use domain::values::Reason;
use event_store::append::{ClaimTaken, Stop, Work};

use super::super::resource::Governed;
use super::interpret::Interpreted;
use super::{Faults, Incoming};
use crate::caller::NotPermitted;
use crate::wire::source_claim;

impl Incoming {
    /// Takes it over; what the rules of the incident refuse is what is wrong with the record.
    pub(super) fn take_over(
        &self,
        work: &mut Work<'_>,
        read: &Interpreted,
        mapping: &RecordMapping,
        standing: &Standing,
    ) -> Result<Result<RecordEffect, Faults>, Stop> {
        if *standing == Standing::Late {
            return Ok(Ok(RecordEffect::Late));
        }
        let id = self.incident();
        let is_known = work.state::<Incident>(id)?.0.number().is_some();
        let taken = work.attempt(|work| {
            if !is_known {
                read.registration.execute(work, id, None)?;
                work.claim::<Incident>("source", &source_claim::<Incident>(&self.system, &self.external_id), id)?;
                self.outcome(work, read, &BTreeSet::from_iter(RecordField::ALL.iter().copied()))?;
                return Ok(RecordEffect::Registered);
            }
            if let Some(resource) = Incident::resource(work, id, &self.caller)? {
                self.caller.permit_to(Action::SupplementIncident, &resource)?;
            }
            let changed = match standing {
                Standing::Changed(names) => mapping.meaning(names),
                // Registered before its journal sent it, or mended: all that it says may be new.
                _ => BTreeSet::from_iter(RecordField::ALL.iter().copied()),
            };
            self.amend(work, &read.registration.command, &changed)?;
            self.outcome(work, read, &changed)?;
            Ok(RecordEffect::Supplemented)
        })?;
        Ok(taken.map_err(|refused| faults(refused.as_ref())))
    }

    /// Tells the incident what its journal has changed. What the journal says as before stays as it is here: somebody may know better.
    fn amend(&self, work: &mut Work<'_>, said: &RegisterIncident, changed: &BTreeSet<RecordField>) -> Result<(), Stop> {
        use RecordField as F;
        let id = self.incident();
        let any = |fields: &[RecordField]| fields.iter().any(|field| changed.contains(field));
        let reason = || Reason::parse(&format!("as journal {} has it", self.system)).map(Personal::Open);
        if any(&[F::TypeCode, F::Category]) {
            let reclassify = ReclassifyIncident {
                type_code: changed.contains(&F::TypeCode).then(|| said.type_code.clone()),
                category: changed.contains(&F::Category).then_some(said.category),
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

    /// Records what came of it in its journal, and closes it where it is closed there.
    fn outcome(&self, work: &mut Work<'_>, read: &Interpreted, changed: &BTreeSet<RecordField>) -> Result<(), Stop> {
        use RecordField as F;
        let id = self.incident();
        if (changed.contains(&F::ResultCode) || changed.contains(&F::CaseRef))
            && let Some((result_code, case_refs)) = read.result.clone()
        {
            work.execute::<Incident>(id, IncidentCommand::RecordResult(RecordResult { result_code, case_refs }))?;
        }
        let is_closed = work.state::<Incident>(id)?.0.status() == Some(IncidentStatus::Closed);
        if changed.contains(&F::Disposition)
            && !is_closed
            && let Some(disposition) = read.disposition.clone()
        {
            let close = CloseIncident { disposition, closing_type: None, class: None };
            work.execute::<Incident>(id, IncidentCommand::CloseIncident(close))?;
        }
        Ok(())
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
