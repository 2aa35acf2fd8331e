use super::super::command::{
    AbsorbIncident, AddSeizedItem, LinkIncidents, MergeIncident, ReleaseIncident, SplitIncident, UnlinkIncidents,
    UnmergeIncident,
};
use super::super::{Decision, Incident, IncidentError, IncidentEvent, IncidentStatus, MAX_LINKS, MAX_SEIZED};

impl Incident {
    /// Ties it to another, also where it is closed: that changes nothing of what happened in it. Nothing where they are tied so already.
    pub(in super::super) fn link(&self, command: LinkIncidents) -> Decision {
        let incident = self.standing()?;
        let LinkIncidents { other, kind, confidence, reason } = command;
        match incident.links.get(&other) {
            Some(known) if *known == kind => return Ok(Vec::new()),
            None if incident.links.len() >= MAX_LINKS => {
                return Err(IncidentError::TooMany { number: incident.number, what: "links", most: MAX_LINKS }.into());
            }
            _ => {}
        }
        Ok(vec![IncidentEvent::IncidentLinked { other, kind, confidence, reason }])
    }

    /// Takes a link back.
    pub(in super::super) fn unlink(&self, command: UnlinkIncidents) -> Decision {
        let incident = self.standing()?;
        let UnlinkIncidents { other, reason } = command;
        if !incident.links.contains_key(&other) {
            return Err(IncidentError::NotLinked { number: incident.number, other }.into());
        }
        Ok(vec![IncidentEvent::IncidentUnlinked { other, reason }])
    }

    /// Makes it part of another. From then on nothing of it changes until it is unmerged.
    ///
    /// Refused while others go on in it, so mergers are never more than one step deep and never go round in a circle; also while it is
    /// offered to another institution or is to be annulled.
    pub(in super::super) fn merge(&self, command: MergeIncident) -> Decision {
        let incident = self.standing()?;
        incident.has_absorbed_none()?;
        incident.not_offered()?;
        incident.not_about_to_be_annulled()?;
        let MergeIncident { into, reason } = command;
        Ok(vec![IncidentEvent::IncidentMerged { into, reason }])
    }

    /// Takes the place of another.
    pub(in super::super) fn absorb(&self, command: AbsorbIncident) -> Decision {
        let incident = self.open()?;
        incident.not_about_to_be_annulled()?;
        if incident.absorbed.len() >= MAX_LINKS {
            let what = "merged incidents";
            return Err(IncidentError::TooMany { number: incident.number, what, most: MAX_LINKS }.into());
        }
        let AbsorbIncident { other, reason } = command;
        Ok(vec![IncidentEvent::IncidentAbsorbed { other, reason }])
    }

    /// Takes a merger back: it stands where it stood.
    pub(in super::super) fn unmerge(&self, command: UnmergeIncident) -> Decision {
        let incident = self.known()?;
        let (Some(from), Some(status)) = (incident.merged, incident.before_merger) else {
            return Err(match incident.status {
                IncidentStatus::Annulled => IncidentError::Annulled { number: incident.number },
                IncidentStatus::Returned => IncidentError::Returned { number: incident.number },
                _ => IncidentError::NotMerged { number: incident.number },
            }
            .into());
        };
        Ok(vec![IncidentEvent::IncidentUnmerged { from, status, reason: command.reason }])
    }

    /// No longer takes the place of another; also where it is closed.
    pub(in super::super) fn release(&self, command: ReleaseIncident) -> Decision {
        let incident = self.known()?;
        let ReleaseIncident { other, reason } = command;
        if !incident.absorbed.contains(&other) {
            return Err(IncidentError::NotLinked { number: incident.number, other }.into());
        }
        Ok(vec![IncidentEvent::IncidentReleased { other, reason }])
    }

    /// Parts another incident from it.
    pub(in super::super) fn split(&self, command: SplitIncident) -> Decision {
        self.open()?.not_about_to_be_annulled()?;
        let SplitIncident { into, reason } = command;
        Ok(vec![IncidentEvent::IncidentSplit { into, reason }])
    }

    /// Notes that an item was seized in it, under the next number; nothing where it is noted already.
    pub(in super::super) fn add_seized_item(&self, command: &AddSeizedItem) -> Decision {
        let incident = self.open()?;
        if incident.seized.contains_key(&command.item) {
            return Ok(Vec::new());
        }
        if incident.seized.len() >= MAX_SEIZED {
            let what = "seized items";
            return Err(IncidentError::TooMany { number: incident.number, what, most: MAX_SEIZED }.into());
        }
        let ordinal = incident.seized.values().max().copied().unwrap_or(0) + 1;
        Ok(vec![IncidentEvent::SeizedItemAdded { item: command.item, ordinal }])
    }
}
