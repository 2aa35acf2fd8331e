//! Commands on shifts of stations.

use access::policy::{RecordKind, Resource};
use chrono::NaiveDate;
use domain::emergency_card::EmergencyCard;
use domain::ids;
use domain::kernel::Refused;
use domain::roster_shift::{
    self, CallReserve, ChangeLineUp, CorrectShift, FollowShift, HandOverShift, LineUp, Minimum, OpenShift,
    PlanRotation, PlanShift, Relief, RosterShift, ShiftCommand, ShiftError, ShiftKey, ShiftPlan, ShiftUnit,
};
use domain::terms::UnitKind;
use domain::unit::Unit;
use domain::values::{Code, CrewSize, Description, Headcount, Officer, Reason, Station, UnitCount};
use event_store::append::{Stop, Target, Touch, Work};
use proto::command::v1 as pb;
use uuid::Uuid;

use super::resource::{permit, permit_to_name};
use super::unit::crew;
use super::{Prepared, must_exist, on_known};
use crate::caller::Caller;
use crate::status::{UnknownUnit, UnknownUnits};
use crate::wire::{Envelope, Item, NamedUnit, Path, Reader, Within, resolve};

/// Claim of what names a shift.
const SHIFT: &str = "shift";
/// Claim of the first shift of a station that the register knows.
const FIRST_SHIFT: &str = "first_shift";

fn key(reader: &mut Reader, path: impl Path, message: &pb::ShiftKey, caller: &Caller) -> Option<ShiftKey> {
    let at = |field| Within(path, field);
    let institution = reader.institution(at("institution"), &message.institution, caller);
    let station = reader.required(at("station"), &message.station, Station::parse);
    let date = reader.required(at("date"), &message.date, |date| {
        date.parse::<NaiveDate>().map_err(|_| "must be a day, `2026-03-28`")
    });
    let shift = reader.required(at("shift"), &message.shift, Code::parse);
    Some(ShiftKey { institution: institution?, station: station?, date: date?, shift: shift? })
}

fn optional_shift(reader: &mut Reader, path: impl Path, named: Option<pb::ShiftRef>, caller: &Caller) -> Option<Uuid> {
    use pb::shift_ref::By;
    match named?.by? {
        By::Id(id) => reader.required_uuid(Within(path, "id"), &id),
        By::Key(named) => key(reader, Within(path, "key"), &named, caller).map(|key| ids::of_shift(&key)),
    }
}

/// The shift that a command is about.
fn shift(reader: &mut Reader, named: Option<pb::ShiftRef>, caller: &Caller) -> Option<Uuid> {
    if named.as_ref().is_none_or(|named| named.by.is_none()) {
        reader.wrong("shift", "is required: give id or key");
        return None;
    }
    optional_shift(reader, "shift", named, caller)
}

/// The units that a command names, in its order.
struct Units {
    named: Vec<NamedUnit>,
    /// Where the one at a place among them stands in the message.
    path: fn(usize) -> String,
}

impl Units {
    fn ids(&self) -> impl Iterator<Item = Uuid> {
        self.named.iter().map(|unit| unit.id)
    }

    fn touches(&self) -> impl Iterator<Item = Touch> {
        self.ids().map(Touch::of::<Unit>)
    }

    /// Refuses those that the register does not have, all at once: a call sign with a slip in it would be a unit that nobody has. One
    /// that is off duty is known as well: a shift is planned before anybody comes.
    ///
    /// Asked after the rules of the shift: one that was never planned is nobody's, so everybody may name it, and the answer must not tell
    /// them which units there are.
    fn must_be_registered(&self, work: &mut Work<'_>) -> Result<(), Stop> {
        let mut unknown = Vec::new();
        for (place, unit) in self.named.iter().enumerate() {
            if !work.is::<Unit>(unit.id)? {
                unknown.push(UnknownUnit { path: (self.path)(place), name: unit.to_string() });
            }
        }
        if unknown.is_empty() { Ok(()) } else { Err(Stop::refused(UnknownUnits(unknown))) }
    }
}

fn units(reader: &mut Reader, units: Vec<pb::UnitRef>, caller: &Caller) -> Option<Units> {
    reader.at_most("units", &units, roster_shift::MAX_UNITS);
    let units = units.into_iter().take(roster_shift::MAX_UNITS).enumerate();
    let read: Vec<Option<NamedUnit>> =
        units.map(|(index, unit)| reader.named_unit(Item("units", index), Some(unit), caller)).collect();
    Some(Units { named: read.into_iter().collect::<Option<_>>()?, path: |place| Item("units", place).to_string() })
}

fn minimum(reader: &mut Reader, index: usize, message: &pb::ShiftMinimum) -> Option<Minimum> {
    let at = |field| Within(Item("minimum", index), field);
    let kind = reader.required_term::<pb::UnitKind, UnitKind>(at("kind"), message.kind);
    let at_least = reader.number(at("at_least"), Some(message.at_least), UnitCount::try_new);
    Some(Minimum { kind: kind?, at_least: at_least?, of_institution: message.of_institution })
}

fn line_up(reader: &mut Reader, message: Option<pb::LineUp>, caller: &Caller) -> Option<(LineUp, Units)> {
    let Some(message) = message else {
        reader.wrong("line_up", "is required");
        return None;
    };
    reader.within("line_up", |reader| {
        let present = reader.number("present", Some(message.present), Headcount::try_new);
        reader.at_most("units", &message.units, roster_shift::MAX_UNITS);
        let lines = message.units.into_iter().take(roster_shift::MAX_UNITS).enumerate();
        let lines: Vec<Option<(ShiftUnit, NamedUnit)>> = lines
            .map(|(index, line)| reader.within(&format!("units[{index}]"), |part| shift_unit(part, line, caller)))
            .collect();
        let (units, named): (Vec<ShiftUnit>, Vec<NamedUnit>) = lines.into_iter().collect::<Option<_>>()?;
        let named = Units { named, path: |place| format!("line_up.units[{place}].unit") };
        Some((LineUp { present: present?, units }, named))
    })
}

fn shift_unit(reader: &mut Reader, line: pb::ShiftUnit, caller: &Caller) -> Option<(ShiftUnit, NamedUnit)> {
    let unit = reader.named_unit("unit", line.unit, caller);
    let crew = match line.crew {
        None => Some(None),
        Some(message) => reader.within("crew", |part| crew(part, &message)).map(Some),
    };
    let unit = unit?;
    Some((ShiftUnit { unit: unit.id, crew: crew? }, unit))
}

/// A command on a shift that is there, and on nothing else. The units that it names are known.
fn on_shift(
    envelope: Option<Envelope>,
    id: Option<Uuid>,
    caller: &Caller,
    command: ShiftCommand,
    units: Units,
) -> Option<Prepared> {
    let (envelope, id) = (envelope?, id?);
    let (expected, caller) = (envelope.expected_version, caller.clone());
    let mut touches = vec![Touch::of::<RosterShift>(id)];
    touches.extend(units.touches());
    let decide = Box::new(move |work: &mut Work<'_>| {
        permit::<RosterShift>(work, id, &caller)?;
        work.expect_version::<RosterShift>(id, expected)?;
        work.execute::<RosterShift>(id, command.clone())?;
        units.must_be_registered(work)?;
        Ok(Target::of::<RosterShift>(id))
    });
    Some(Prepared::register(envelope, touches, decide))
}

pub(super) fn plan(
    reader: &mut Reader,
    message: pb::PlanShift,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    if message.key.is_none() {
        reader.wrong("key", "is required");
    }
    let key = message.key.and_then(|named| key(reader, "key", &named, caller));
    let starts_at = reader.required_time("starts_at", &message.starts_at);
    let ends_at = reader.required_time("ends_at", &message.ends_at);
    let strength = reader.number("strength", Some(message.strength), Headcount::try_new);
    let units = units(reader, message.units, caller);
    let lines = reader.at_most("minimum", &message.minimum, roster_shift::MAX_MINIMUM).iter().enumerate();
    let lines: Vec<Option<Minimum>> = lines.map(|(index, line)| minimum(reader, index, line)).collect();

    let (envelope, key, units) = (envelope?, key?, units?);
    let plan = ShiftPlan {
        starts_at: starts_at?,
        ends_at: ends_at?,
        strength: strength?,
        units: units.ids().collect(),
        minimum: lines.into_iter().collect::<Option<_>>()?,
    };
    let (id, expected) = (ids::of_shift(&key), envelope.expected_version);
    // The policies know a shift as they know units: it is of the roster of an institution.
    let (caller, new) = (caller.clone(), Resource::of(RecordKind::Unit, key.institution.clone()));
    let mut touches = vec![Touch::of::<RosterShift>(id)];
    touches.extend(units.touches());
    let decide = Box::new(move |work: &mut Work<'_>| {
        caller.permit(&new)?;
        work.expect_version::<RosterShift>(id, expected)?;
        let plan = PlanShift { key: key.clone(), plan: plan.clone() };
        work.execute::<RosterShift>(id, ShiftCommand::PlanShift(plan))?;
        units.must_be_registered(work)?;
        work.claim::<RosterShift>(SHIFT, &key.to_string(), id)?;
        Ok(Target::of::<RosterShift>(id))
    });
    Some(Prepared::register(envelope, touches, decide))
}

pub(super) fn open(
    reader: &mut Reader,
    message: pb::OpenShift,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let id = shift(reader, message.shift, caller);
    let officer = reader.required("officer", &message.officer, Officer::parse);
    let line_up = line_up(reader, message.line_up, caller);
    let after = optional_shift(reader, "after", message.after, caller);

    let (envelope, id) = (envelope?, id?);
    let (line_up, units) = line_up?;
    let open = OpenShift { officer: officer?, line_up, after };
    let (expected, caller) = (envelope.expected_version, caller.clone());
    let mut touches: Vec<Touch> = [Some(id), after].into_iter().flatten().map(Touch::of::<RosterShift>).collect();
    touches.extend(units.touches());
    let decide = Box::new(move |work: &mut Work<'_>| {
        permit::<RosterShift>(work, id, &caller)?;
        work.expect_version::<RosterShift>(id, expected)?;
        work.execute::<RosterShift>(id, ShiftCommand::OpenShift(open.clone()))?;
        units.must_be_registered(work)?;
        let (shift, _) = work.state::<RosterShift>(id)?;
        if let Some(key) = shift.key() {
            follow(work, id, key, after, &caller)?;
        }
        Ok(Target::of::<RosterShift>(id))
    });
    Some(Prepared::register(envelope, touches, decide))
}

/// The shift follows the last one of its station, or is the first: so the shifts of a station make one chain, and two are never open.
fn follow(work: &mut Work<'_>, next: Uuid, key: &ShiftKey, after: Option<Uuid>, caller: &Caller) -> Result<(), Stop> {
    if let Some(after) = after {
        permit::<RosterShift>(work, after, caller)?;
        let follow = FollowShift { next, key: key.clone() };
        work.execute::<RosterShift>(after, ShiftCommand::FollowShift(follow))?;
        return Ok(());
    }
    let station = format!("{}/{}", key.institution, key.station);
    match work.claimed(FIRST_SHIFT, &station)? {
        Some(first) if first != next => Err(Stop::refused(Refused::from(ShiftError::BeforeNotNamed))),
        _ => work.claim::<RosterShift>(FIRST_SHIFT, &station, next),
    }
}

pub(super) fn change_line_up(
    reader: &mut Reader,
    message: pb::ChangeLineUp,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let id = shift(reader, message.shift, caller);
    let (line_up, units) = line_up(reader, message.line_up, caller)?;
    on_shift(envelope, id, caller, ShiftCommand::ChangeLineUp(ChangeLineUp { line_up }), units)
}

pub(super) fn call_reserve(
    reader: &mut Reader,
    message: pb::CallReserve,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let id = shift(reader, message.shift, caller);
    let people = reader.number("people", Some(message.people), CrewSize::try_new);
    let units = units(reader, message.units, caller);
    let (people, units) = (people?, units?);
    let command = CallReserve { people, units: units.ids().collect() };
    on_shift(envelope, id, caller, ShiftCommand::CallReserve(command), units)
}

pub(super) fn plan_rotation(
    reader: &mut Reader,
    message: pb::PlanRotation,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let id = shift(reader, message.shift, caller);
    let card = reader.record("card", "emergency_card", message.card);
    reader.at_most("reliefs", &message.reliefs, roster_shift::MAX_RELIEFS);
    let reliefs = message.reliefs.into_iter().take(roster_shift::MAX_RELIEFS).enumerate();
    let reliefs: Vec<Option<(Relief, [NamedUnit; 2])>> =
        reliefs.map(|(index, line)| relief(reader, index, line, caller)).collect();

    let (envelope, id, card) = (envelope?, id?, card?);
    let (reliefs, pairs): (Vec<Relief>, Vec<[NamedUnit; 2]>) = reliefs.into_iter().collect::<Option<_>>()?;
    let named = pairs.into_iter().flatten().collect();
    let units = Units { named, path: |place| format!("reliefs[{}].{}", place / 2, ["unit", "relieved_by"][place % 2]) };
    let (expected, caller) = (envelope.expected_version, caller.clone());
    let mut touches = vec![Touch::of::<RosterShift>(id)];
    touches.extend(card.id().map(Touch::of::<EmergencyCard>));
    touches.extend(units.touches());
    let decide = Box::new(move |work: &mut Work<'_>| {
        permit::<RosterShift>(work, id, &caller)?;
        work.expect_version::<RosterShift>(id, expected)?;
        let card = resolve(work, &card)?;
        permit_to_name::<EmergencyCard>(work, card, &caller)?;
        must_exist::<EmergencyCard>(work, card)?;
        let plan = PlanRotation { card, reliefs: reliefs.clone() };
        work.execute::<RosterShift>(id, ShiftCommand::PlanRotation(plan))?;
        units.must_be_registered(work)?;
        Ok(Target::of::<RosterShift>(id))
    });
    Some(Prepared::register(envelope, touches, decide))
}

/// One relief, with who goes and who comes.
fn relief(reader: &mut Reader, index: usize, line: pb::Relief, caller: &Caller) -> Option<(Relief, [NamedUnit; 2])> {
    let at = |field| Within(Item("reliefs", index), field);
    let time = reader.required_time(at("at"), &line.at);
    let unit = reader.named_unit(at("unit"), line.unit, caller);
    let relieved_by = reader.named_unit(at("relieved_by"), line.relieved_by, caller);
    let pair = [unit?, relieved_by?];
    Some((Relief { at: time?, unit: pair[0].id, relieved_by: pair[1].id }, pair))
}

pub(super) fn hand_over(
    reader: &mut Reader,
    message: pb::HandOverShift,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let id = shift(reader, message.shift, caller);
    let handed_over_by = reader.required("handed_over_by", &message.handed_over_by, Officer::parse);
    let taken_over_by = reader.required("taken_over_by", &message.taken_over_by, Officer::parse);
    let notes = reader.personal("notes", &message.notes, Description::parse);
    let command = HandOverShift { handed_over_by: handed_over_by?, taken_over_by: taken_over_by?, notes };
    on_known::<RosterShift>(envelope, id, caller, Some(ShiftCommand::HandOverShift(command)))
}

pub(super) fn close(
    reader: &mut Reader,
    message: pb::CloseShift,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let id = shift(reader, message.shift, caller);
    on_known::<RosterShift>(envelope, id, caller, Some(ShiftCommand::CloseShift))
}

pub(super) fn correct(
    reader: &mut Reader,
    message: pb::CorrectShift,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let id = shift(reader, message.shift, caller);
    let line_up = line_up(reader, message.line_up, caller);
    let reason = reader.required("reason", &message.reason, Reason::parse);
    let ((line_up, units), reason) = (line_up?, reason?.into());
    on_shift(envelope, id, caller, ShiftCommand::CorrectShift(CorrectShift { line_up, reason }), units)
}
