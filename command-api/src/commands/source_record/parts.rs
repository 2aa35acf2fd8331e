//! Who and what a journal has in its record: told to the incident, and taken back where the journal leaves them out again.

use std::collections::BTreeSet;

use domain::ids;
use domain::incident::{
    ChangePersonRoles, IdentifyPerson, Incident, IncidentCommand, InvolvePerson, InvolveVehicle, Vehicle,
    WithdrawInvolvement,
};
use domain::personal::Personal;
use domain::source_journal::{PersonField, RecordField, RecordMapping};
use domain::source_record::Parts;
use domain::values::Reason;
use event_store::append::{Stop, Work};
use uuid::Uuid;

use super::Incoming;
use super::interpret::Interpreted;
use super::take_over::Changed;

impl Incoming {
    /// Tells the incident who and what its journal has in it; gives what the incident has from the journal then. `known` is what it had from
    /// it before. What somebody here has changed or taken back since is theirs: it stays so.
    pub(super) fn parts(
        &self,
        work: &mut Work<'_>,
        read: &Interpreted,
        mapping: &RecordMapping,
        changed: &Changed,
        known: &Parts,
    ) -> Result<Parts, Stop> {
        let mut parts = Parts::new();
        for (index, person) in &read.persons {
            let subject = person.person.subject;
            let is_ours = self.is_of_journal(work, subject, known)?;
            self.person(work, *index, person, changed, known)?;
            parts.extend(self.version_of(work, subject, is_ours, known)?);
        }
        for (index, vehicle) in &read.vehicles {
            let is_ours = self.is_of_journal(work, vehicle.id, known)?;
            self.vehicle(work, *index, vehicle, changed)?;
            parts.extend(self.version_of(work, vehicle.id, is_ours, known)?);
        }
        parts.extend(self.leave_out(work, read, mapping, known)?);
        Ok(parts)
    }

    fn person(
        &self,
        work: &mut Work<'_>,
        index: u8,
        involved: &InvolvePerson,
        changed: &Changed,
        known: &Parts,
    ) -> Result<(), Stop> {
        let (id, subject) = (self.incident(), involved.person.subject);
        let of_person = |field: &RecordField| matches!(field, RecordField::Person(of, _) if *of == index);
        let says_who =
            |field: &RecordField| of_person(field) && *field != RecordField::Person(index, PersonField::Role);
        if work.state::<Incident>(id)?.0.must_involve(subject).is_err() {
            // Whom an officer took back stays away until the journal says something else of them.
            if !known.contains_key(&subject) || changed.any(of_person) {
                work.execute::<Incident>(id, IncidentCommand::InvolvePerson(Box::new(involved.clone())))?;
            }
            return Ok(());
        }
        if changed.any(says_who) && !involved.person.says_nothing() {
            let (person, reason) = (involved.person.clone(), Some(self.as_told()?));
            let identify = IdentifyPerson { person, identification: None, minor: None, protections: None, reason };
            work.execute::<Incident>(id, IncidentCommand::IdentifyPerson(Box::new(identify)))?;
        }
        if changed.has(RecordField::Person(index, PersonField::Role)) {
            let change = ChangePersonRoles { subject, roles: involved.roles.clone(), reason: self.as_told()? };
            work.execute::<Incident>(id, IncidentCommand::ChangePersonRoles(change))?;
        }
        Ok(())
    }

    fn vehicle(&self, work: &mut Work<'_>, index: u8, vehicle: &Vehicle, changed: &Changed) -> Result<(), Stop> {
        if changed.any(|field| matches!(field, RecordField::Vehicle(of, _) if *of == index)) {
            let involve = InvolveVehicle { vehicle: vehicle.clone() };
            work.execute::<Incident>(self.incident(), IncidentCommand::InvolveVehicle(Box::new(involve)))?;
        }
        Ok(())
    }

    /// Takes back those whom the journal had in its record and has no more; gives those of whom its mapping doesn't read any more whether it
    /// has them.
    fn leave_out(
        &self,
        work: &mut Work<'_>,
        read: &Interpreted,
        mapping: &RecordMapping,
        known: &Parts,
    ) -> Result<Parts, Stop> {
        let persons = read.persons.iter().map(|(_, person)| person.person.subject);
        let there: BTreeSet<Uuid> = persons.chain(read.vehicles.iter().map(|(_, vehicle)| vehicle.id)).collect();
        let could_be_read: BTreeSet<Uuid> = mapping.fields.values().filter_map(|field| self.part_of(*field)).collect();
        let (left_out, unread): (Vec<_>, Vec<_>) =
            known.iter().filter(|(part, _)| !there.contains(part)).partition(|(part, _)| could_be_read.contains(part));
        for (part, version) in left_out {
            if work.state::<Incident>(self.incident())?.0.involvement(*part) != Some(*version) {
                continue;
            }
            let reason = Reason::parse(&format!("journal {} has it no longer", self.system)).map(Personal::Open)?;
            let withdraw = WithdrawInvolvement { involvement: *part, reason };
            work.execute::<Incident>(self.incident(), IncidentCommand::WithdrawInvolvement(withdraw))?;
        }
        Ok(unread.into_iter().map(|(part, version)| (*part, *version)).collect())
    }

    /// Whom or what of the incident a field of a record is about.
    pub(super) fn part_of(&self, field: RecordField) -> Option<Uuid> {
        match field {
            RecordField::Incident(_) => None,
            RecordField::Person(index, _) => Some(ids::of_part(self.incident(), "person", index)),
            RecordField::Vehicle(index, _) => Some(ids::of_part(self.incident(), "vehicle", index)),
        }
    }

    /// Whether the incident has it from the journal as it is, or hasn't got it yet.
    fn is_of_journal(&self, work: &mut Work<'_>, part: Uuid, known: &Parts) -> Result<bool, Stop> {
        let version = work.state::<Incident>(self.incident())?.0.involvement(part);
        Ok(version.is_none() || version.as_ref() == known.get(&part))
    }

    /// As which version the journal is remembered to have it: what somebody else has changed or taken back stays as it was before that.
    fn version_of(
        &self,
        work: &mut Work<'_>,
        part: Uuid,
        is_ours: bool,
        known: &Parts,
    ) -> Result<Option<(Uuid, u32)>, Stop> {
        let version = work.state::<Incident>(self.incident())?.0.involvement(part).filter(|_| is_ours);
        Ok(version.or_else(|| known.get(&part).copied()).map(|version| (part, version)))
    }
}
