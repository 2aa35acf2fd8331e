//! Commands on response plans.

use std::collections::BTreeSet;

use domain::classifier::Coded;
use domain::ids;
use domain::response_plan::{
    Applies, ApprovePlan, Coverage, Hours, MinuteOfDay, Need, PlanCommand, PlanContent, PlanLevel, ProposePlan,
    RejectPlan, ResponsePlan, RetirePlan,
};
use domain::terms::UnitKind;
use domain::values::{AlarmLevel, Code, ContentDigest, CrewSize, InstitutionCode, Label, PlanRank, Station, UnitCount};
use proto::command::v1 as pb;

use super::access_rights::{on, sealed};
use super::{Prepared, actor};
use crate::caller::Caller;
use crate::wire::{Envelope, Item, Reader, RecordRef, Within};

/// Most entries of one list of a plan, beside those that its rules limit.
const MOST: usize = 200;

pub(super) fn propose(
    reader: &mut Reader,
    message: pb::ProposePlan,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let code = reader.required("code", &message.code, Code::parse);
    let content = match message.content {
        Some(read) => reader.within("content", |reader| content(reader, &read)),
        None => {
            reader.wrong("content", "is required");
            None
        }
    };
    let reason = sealed(reader, "reason", &message.reason);
    let by = actor(reader, caller);
    let code = code?;
    let plan = the_plan(&code);
    let propose = ProposePlan { code, content: content?, reason: reason?, by: by? };
    on::<ResponsePlan>(envelope, plan, caller, Some(PlanCommand::ProposePlan(Box::new(propose))))
}

pub(super) fn approve(
    reader: &mut Reader,
    message: pb::ApprovePlan,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let code = reader.required("code", &message.code, Code::parse);
    let digest = reader.required("digest", &message.digest, ContentDigest::parse);
    let reason = sealed(reader, "reason", &message.reason);
    let by = actor(reader, caller);
    let approve = ApprovePlan { digest: digest?, reason: reason?, by: by? };
    on::<ResponsePlan>(envelope, the_plan(&code?), caller, Some(PlanCommand::ApprovePlan(approve)))
}

pub(super) fn reject(
    reader: &mut Reader,
    message: pb::RejectPlan,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let code = reader.required("code", &message.code, Code::parse);
    let digest = reader.required("digest", &message.digest, ContentDigest::parse);
    let reason = sealed(reader, "reason", &message.reason);
    let by = actor(reader, caller);
    let reject = RejectPlan { digest: digest?, reason: reason?, by: by? };
    on::<ResponsePlan>(envelope, the_plan(&code?), caller, Some(PlanCommand::RejectPlan(reject)))
}

pub(super) fn retire(
    reader: &mut Reader,
    message: pb::RetirePlan,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let code = reader.required("code", &message.code, Code::parse);
    if message.version == 0 {
        reader.wrong("version", "is required: state the version in force");
    }
    let reason = sealed(reader, "reason", &message.reason);
    let by = actor(reader, caller);
    let retire = RetirePlan { version: message.version, reason: reason?, by: by? };
    on::<ResponsePlan>(envelope, the_plan(&code?), caller, Some(PlanCommand::RetirePlan(retire)))
}

/// Its id follows from its code.
fn the_plan(code: &Code) -> Option<RecordRef> {
    Some(RecordRef::Id(ids::of_response_plan(code)))
}

/// What it says. How its parts fit together is the rules' to say; here only each part is read.
fn content(reader: &mut Reader, message: &pb::PlanContent) -> Option<PlanContent> {
    let name = reader.required("name", &message.name, Label::parse);
    let applies = match &message.applies {
        Some(applies) => reader.within("applies", |reader| self::applies(reader, applies)),
        None => Some(Applies::default()),
    };
    let rank = reader.number("rank", Some(message.rank), PlanRank::try_new);
    let levels = each(reader, "levels", &message.levels, MOST, level);
    // One more than the rules let through is read, so that they and not this say that it is too many.
    let coverage = each(reader, "coverage", &message.coverage, PlanContent::MOST_COVERAGE + 1, coverage);
    Some(PlanContent { name: name?, applies: applies?, rank: rank?, levels: levels?, coverage: coverage? })
}

fn applies(reader: &mut Reader, message: &pb::PlanApplies) -> Option<Applies> {
    let card_types = codes(reader, "card_types", &message.card_types);
    let hazards = codes(reader, "hazards", &message.hazards);
    let priorities = set(reader, "priorities", &message.priorities, |reader, path, value| {
        reader.required_term::<pb::Priority, _>(path, *value)
    });
    let weekdays = set(reader, "weekdays", &message.weekdays, |reader, path, value| {
        reader.required_term::<pb::Weekday, _>(path, *value)
    });
    let territories = set(reader, "territories", &message.territories, |reader, path, value| {
        if value.is_empty() {
            reader.wrong(path, "is empty");
        }
        reader.territory(path, value)
    });
    let hours = match message.hours {
        None => Some(None),
        Some(hours) => {
            let from = reader.number(Within("hours", "from_minute"), Some(hours.from_minute), MinuteOfDay::try_new);
            let until = reader.number(Within("hours", "until_minute"), Some(hours.until_minute), MinuteOfDay::try_new);
            from.zip(until).map(|(from, until)| Some(Hours { from, until }))
        }
    };
    Some(Applies {
        card_types: card_types?,
        priorities: priorities?,
        hazards: hazards?,
        territories: territories?,
        weekdays: weekdays?,
        hours: hours?,
    })
}

fn level(reader: &mut Reader, message: &pb::PlanLevel) -> Option<PlanLevel> {
    let level = reader.number("level", Some(message.level), AlarmLevel::try_new);
    let needs = each(reader, "needs", &message.needs, PlanContent::MOST_NEEDS + 1, need);
    Some(PlanLevel { level: level?, needs: needs? })
}

fn need(reader: &mut Reader, message: &pb::PlanNeed) -> Option<Need> {
    let service = reader.required_term::<pb::Service, _>("service", message.service);
    let kind = reader.required_term::<pb::UnitKind, UnitKind>("kind", message.kind);
    let count = reader.number("count", Some(message.count), UnitCount::try_new);
    let min_crew = match message.min_crew {
        None => Some(None),
        crew => reader.number("min_crew", crew, CrewSize::try_new).map(Some),
    };
    let equipment =
        set(reader, "equipment", &message.equipment, |reader, path, code| reader.required(path, code, Code::parse));
    Some(Need { service: service?, kind: kind?, count: count?, min_crew: min_crew?, equipment: equipment? })
}

fn coverage(reader: &mut Reader, message: &pb::PlanCoverage) -> Option<Coverage> {
    let institution = reader.required("institution", &message.institution, InstitutionCode::parse);
    let station = reader.text("station", &message.station, Station::parse);
    let kind = reader.required_term::<pb::UnitKind, UnitKind>("kind", message.kind);
    let territory = reader.territory("territory", &message.territory);
    let at_least = reader.number("at_least", Some(message.at_least), UnitCount::try_new);
    Some(Coverage { institution: institution?, station, territory, kind: kind?, at_least: at_least? })
}

/// Each part of a list with its path; none where one can't be read.
fn each<M, T>(
    reader: &mut Reader,
    list: &'static str,
    messages: &[M],
    most: usize,
    read: impl Fn(&mut Reader, &M) -> Option<T>,
) -> Option<Vec<T>> {
    let messages = reader.at_most(list, messages, most).iter().enumerate();
    let parts: Vec<Option<T>> = messages
        .map(|(index, message)| reader.within(&format!("{list}[{index}]"), |part| read(part, message)))
        .collect();
    parts.into_iter().collect()
}

/// Each value of a list once.
fn set<V, T: Ord>(
    reader: &mut Reader,
    list: &'static str,
    values: &[V],
    read: impl Fn(&mut Reader, Item, &V) -> Option<T>,
) -> Option<BTreeSet<T>> {
    let values = reader.at_most(list, values, MOST).iter().enumerate();
    let read: Vec<Option<T>> = values.map(|(index, value)| read(reader, Item(list, index), value)).collect();
    read.into_iter().collect()
}

fn codes<C: Coded + Ord>(reader: &mut Reader, list: &'static str, values: &[String]) -> Option<BTreeSet<C>> {
    set(reader, list, values, |reader, path, value| reader.required_code(path, value))
}
