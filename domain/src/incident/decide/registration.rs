use chrono::{DateTime, FixedOffset};

use super::super::command::{
    CorrectIncident, NoteEarlierVersion, ReclassifyIncident, RegisterIncident, SupplementIncident, TypeRules,
};
use super::super::{Decision, Incident, IncidentError, IncidentEvent, IncidentStatus};
use crate::kernel::{Moment, Refused};
use crate::values::Place;

/// From when until when, as far as it is given.
type Span = (Option<DateTime<FixedOffset>>, Option<DateTime<FixedOffset>>);

impl Incident {
    /// Registers it under the next national number.
    ///
    /// Refused where it would begin or end in the future, or end before it begins.
    pub(in super::super) fn register(&self, command: RegisterIncident, moment: &Moment) -> Decision {
        if let Some(incident) = &self.registered {
            return Err(IncidentError::AlreadyRegistered { number: incident.number }.into());
        }
        let occurred_from = command.occurred_from.unwrap_or(moment.occurred_at);
        let mut broken = broken_times(occurred_from, command.occurred_to, moment);
        broken.extend(in_future("received_at", command.received_at, moment));
        Refused::unless_empty(broken)?;
        let received_at = command.received_at.unwrap_or(moment.occurred_at);
        let respond_by = respond_by(command.rules, command.place.as_ref(), received_at);
        Ok(vec![IncidentEvent::IncidentRegistered {
            number: moment.next_incident,
            channel: command.channel,
            type_code: command.type_code,
            category: command.category,
            place: command.place,
            occurred_from,
            occurred_to: command.occurred_to,
            narrative: command.narrative,
            reporter: command.reporter,
            institution: command.institution,
            card: command.card,
            legacy_number: command.legacy_number,
            received_at: Some(received_at),
            respond_by,
            class: command.rules.class,
            split_from: command.split_from,
            forwarded_by: command.forwarded_by,
            recording_ref: command.recording_ref,
        }])
    }

    /// Adds to or replaces its facts; only what is new is recorded. Personal data can't be compared, so what is given counts
    /// as new.
    pub(in super::super) fn supplement(&self, command: SupplementIncident, moment: &Moment) -> Decision {
        let incident = self.open()?;
        let SupplementIncident { reason, narrative, place, occurred_from, occurred_to, reporter } = command;
        let personal = narrative.is_some() || reporter.is_some();
        if !personal && place.is_none() && occurred_from.is_none() && occurred_to.is_none() {
            return Err(IncidentError::NothingToSupplement.into());
        }
        let place = place.filter(|place| incident.place.as_ref() != Some(place));
        let (occurred_from, occurred_to) = self.new_times(occurred_from, occurred_to, moment)?;
        if !personal && place.is_none() && occurred_from.is_none() && occurred_to.is_none() {
            return Ok(Vec::new());
        }
        Ok(vec![IncidentEvent::IncidentSupplemented { narrative, place, occurred_from, occurred_to, reporter, reason }])
    }

    /// Puts right what was recorded wrongly; only what is new is recorded, and what it was stays known.
    ///
    /// Refused where it is closed and who asks answers for nobody's work but their own.
    pub(in super::super) fn correct(&self, command: CorrectIncident, moment: &Moment) -> Decision {
        let incident = self.standing()?;
        let CorrectIncident {
            reason,
            by_supervisor,
            channel,
            narrative,
            place,
            received_at,
            occurred_from,
            occurred_to,
            reporter,
        } = command;
        if incident.status == IncidentStatus::Closed && !by_supervisor {
            return Err(IncidentError::CorrectionNeedsSupervisor { number: incident.number }.into());
        }
        let personal = narrative.is_some() || reporter.is_some();
        let times = [received_at, occurred_from, occurred_to];
        if !personal && channel.is_none() && place.is_none() && times.iter().all(Option::is_none) {
            return Err(IncidentError::NothingToCorrect.into());
        }
        Refused::unless_empty(in_future("received_at", received_at, moment).into_iter().collect())?;
        let channel = channel.filter(|channel| *channel != incident.channel);
        let place = place.filter(|place| incident.place.as_ref() != Some(place));
        let received_at = received_at.filter(|at| Some(*at) != incident.received_at);
        let (occurred_from, occurred_to) = self.new_times(occurred_from, occurred_to, moment)?;
        let times = [received_at, occurred_from, occurred_to];
        if !personal && channel.is_none() && place.is_none() && times.iter().all(Option::is_none) {
            return Ok(Vec::new());
        }
        Ok(vec![IncidentEvent::IncidentCorrected {
            channel,
            narrative,
            place,
            received_at,
            occurred_from,
            occurred_to,
            reporter,
            reason,
        }])
    }

    /// Changes its type or category; only what is new is recorded, and the opening ones stay known. Another category gives another
    /// deadline, from when it was received.
    pub(in super::super) fn reclassify(&self, command: ReclassifyIncident) -> Decision {
        let incident = self.open()?;
        let ReclassifyIncident { type_code, category, rules, reason } = command;
        if type_code.is_none() && category.is_none() {
            return Err(IncidentError::NothingToReclassify.into());
        }
        let type_code = type_code.filter(|new| *new != incident.type_code);
        let category = category.filter(|new| *new != incident.category);
        if type_code.is_none() && category.is_none() {
            return Ok(Vec::new());
        }
        let class = type_code.as_ref().and(rules.class);
        let received_at = incident.received_at.filter(|_| category.is_some());
        let respond_by = received_at.and_then(|at| respond_by(rules, incident.place.as_ref(), at));
        Ok(vec![IncidentEvent::IncidentReclassified { type_code, category, class, respond_by, reason }])
    }

    /// Notes what its journal had said before what is known of it. That changes nothing, so it is noted of what is closed or goes on in
    /// another as well.
    pub(in super::super) fn note_earlier_version(&self, command: NoteEarlierVersion) -> Decision {
        let incident = self.known()?;
        if incident.status == IncidentStatus::Annulled {
            return Err(IncidentError::Annulled { number: incident.number }.into());
        }
        let (result_code, case_refs) = command.result.unzip();
        Ok(vec![IncidentEvent::EarlierVersionNoted {
            sequence: command.sequence,
            recorded_there: command.recorded_there,
            superseded_at: command.superseded_at,
            channel: command.channel,
            type_code: command.type_code,
            category: command.category,
            place: command.place,
            received_at: command.received_at,
            occurred_from: command.occurred_from,
            occurred_to: command.occurred_to,
            narrative: command.narrative,
            reporter: command.reporter,
            result_code,
            case_refs: case_refs.unwrap_or_default(),
        }])
    }

    /// The times that are given and new.
    fn new_times(
        &self,
        from: Option<DateTime<FixedOffset>>,
        to: Option<DateTime<FixedOffset>>,
        moment: &Moment,
    ) -> Result<Span, Refused<IncidentError>> {
        let incident = self.known()?;
        let from = from.filter(|from| *from != incident.occurred_from);
        let to = to.filter(|to| Some(*to) != incident.occurred_to);
        if from.is_some() || to.is_some() {
            let began = from.unwrap_or(incident.occurred_from);
            Refused::unless_empty(broken_times(began, to.or(incident.occurred_to), moment))?;
        }
        Ok((from, to))
    }
}

/// Until when somebody has to be there; not known where it isn't known whether that is in a city.
fn respond_by(
    rules: TypeRules,
    place: Option<&Place>,
    received_at: DateTime<FixedOffset>,
) -> Option<DateTime<FixedOffset>> {
    let limits = rules.limits?;
    let in_city = place?.parts().territory.as_ref()?.is_city();
    Some(received_at + if in_city { limits.city } else { limits.rural })
}

fn in_future(field: &'static str, at: Option<DateTime<FixedOffset>>, moment: &Moment) -> Option<IncidentError> {
    at.filter(|at| moment.is_future(*at)).map(|_| IncidentError::InFuture { field })
}

fn broken_times(from: DateTime<FixedOffset>, to: Option<DateTime<FixedOffset>>, moment: &Moment) -> Vec<IncidentError> {
    let mut broken = Vec::new();
    broken.extend(in_future("occurred_from", Some(from), moment));
    broken.extend(in_future("occurred_to", to, moment));
    if to.is_some_and(|to| to < from) {
        broken.push(IncidentError::EndsBeforeItBegins);
    }
    broken
}
