//! A call to 112: from the call to the end of the card, with all its clocks.

mod beside;

use chrono::{DateTime, TimeDelta, Utc};
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;

use super::Nation;
use super::chance::Chance;
use super::deed::{Deed, Lane, Script, external, local};
use super::fleet::Fleet;
use super::incident::{FromCard, incident, reporter};
use super::institution::{EMERGENCY_CENTRE, INSTITUTIONS, STATE_POLICE};
use super::people::Person;
use super::place::{self, Address};
use super::rates::RATES;

/// A kind of call: its code, its part of those that need somebody, how urgent it mostly is, who goes and what is said.
struct Kind {
    code: &'static str,
    weight: u32,
    priority: pb::Priority,
    services: &'static [pb::Service],
    engines: usize,
    patrols: usize,
    ends: &'static [&'static str],
    words: &'static [&'static str],
}

use pb::Priority::{P0, P1, P2, P3};
use pb::Service::{FireRescue, Gas, Medical, MunicipalPolice, StatePolice};

/// Of a hundred calls so many are no emergency.
const NO_EMERGENCY: u32 = 38;

/// Illustrative parts.
#[rustfmt::skip]
const KINDS: &[Kind] = &[
    Kind { code: "medical", weight: 560, priority: P1, services: &[Medical], engines: 0, patrols: 0, ends: &["handed-to-other"], words: &["Sāpes krūtīs.", "Kritiens, iespējams lūzums.", "Samaņas zudums uz ielas.", "Augsta temperatūra bērnam."] },
    Kind { code: "traffic-collision", weight: 60, priority: P1, services: &[StatePolice, Medical], engines: 1, patrols: 1, ends: &["report-taken", "settled"], words: &["Divu automašīnu sadursme.", "Notriekts gājējs.", "Automašīna grāvī."] },
    Kind { code: "structure-fire", weight: 22, priority: P0, services: &[FireRescue, StatePolice], engines: 3, patrols: 1, ends: &["fire-handled"], words: &["Dūmi no dzīvokļa trešajā stāvā.", "Deg saimniecības ēka."] },
    Kind { code: "forest-fire", weight: 14, priority: P2, services: &[FireRescue], engines: 2, patrols: 0, ends: &["fire-handled"], words: &["Deg kūla.", "Dūmi mežā."] },
    Kind { code: "alarm", weight: 26, priority: P2, services: &[FireRescue], engines: 1, patrols: 0, ends: &["false-alarm"], words: &["Nostrādājusi ugunsgrēka signalizācija."] },
    Kind { code: "gas-leak", weight: 5, priority: P1, services: &[FireRescue, Gas], engines: 1, patrols: 0, ends: &["fire-handled", "no-merit"], words: &["Gāzes smaka kāpņutelpā."] },
    Kind { code: "water-rescue", weight: 3, priority: P0, services: &[FireRescue, Medical], engines: 1, patrols: 0, ends: &["fire-handled"], words: &["Cilvēks ūdenī."] },
    Kind { code: "storm-damage", weight: 9, priority: P2, services: &[FireRescue], engines: 1, patrols: 0, ends: &["fire-handled"], words: &["Pār ceļu nokritis koks."] },
    Kind { code: "elevator-rescue", weight: 5, priority: P2, services: &[FireRescue], engines: 1, patrols: 0, ends: &["fire-handled"], words: &["Cilvēks iestrēdzis liftā."] },
    Kind { code: "domestic-violence", weight: 52, priority: P0, services: &[StatePolice], engines: 0, patrols: 1, ends: &["report-taken", "arrest", "warning"], words: &["Kliedzieni aiz sienas.", "Vīrs reibumā uzbrūk."] },
    Kind { code: "assault", weight: 32, priority: P1, services: &[StatePolice], engines: 0, patrols: 1, ends: &["report-taken", "arrest", "gone-on-arrival"], words: &["Kautiņš pie bāra."] },
    Kind { code: "theft", weight: 46, priority: P3, services: &[StatePolice], engines: 0, patrols: 1, ends: &["report-taken"], words: &["Nozagts velosipēds.", "Zādzība veikalā."] },
    Kind { code: "public-order", weight: 60, priority: P2, services: &[MunicipalPolice], engines: 0, patrols: 0, ends: &["warning", "gone-on-arrival"], words: &["Trokšņo jaunieši pagalmā."] },
    Kind { code: "intoxicated-person", weight: 55, priority: P2, services: &[MunicipalPolice], engines: 0, patrols: 0, ends: &["settled", "gone-on-arrival"], words: &["Cilvēks guļ pieturā."] },
    Kind { code: "noise", weight: 36, priority: P3, services: &[MunicipalPolice], engines: 0, patrols: 0, ends: &["warning", "no-merit"], words: &["Skaļa mūzika naktī."] },
    Kind { code: "missing-person", weight: 8, priority: P1, services: &[StatePolice], engines: 0, patrols: 1, ends: &["report-taken"], words: &["Bērns nav atnācis no skolas."] },
    Kind { code: "animal", weight: 7, priority: P3, services: &[MunicipalPolice], engines: 0, patrols: 0, ends: &["handed-to-other"], words: &["Alnis uz ceļa."] },
];

/// The `n`-th call, received at `at`: what is done about it, and the incident that comes of it.
pub(crate) fn call(nation: &Nation, n: u64, at: DateTime<Utc>, fleet: &mut Fleet) -> Vec<Deed> {
    let mut script = Script::new(nation, EMERGENCY_CENTRE, "vkcp", n);
    let territory = place::territory(&mut script.chance);
    let scene = Address::scene(nation, &mut script.chance, territory);
    let kind = script.chance.weighted(KINDS, |kind| kind.weight);
    let emergency = !script.chance.percent(NO_EMERGENCY);
    let answered = at + TimeDelta::seconds(script.chance.about(2, 14));
    receive(
        &mut script,
        n,
        at,
        answered,
        &scene,
        if emergency { kind.words } else { &["Jautājums par darba laiku.", "Zvans pēc nejaušības."] },
    );
    if !emergency {
        let end = answered + TimeDelta::seconds(script.chance.about(10, 120));
        no_emergency(&mut script, end);
        return script.deeds;
    }
    let qualified = answered + TimeDelta::seconds(script.chance.about(15, 100));
    beside::locate(&mut script, answered, qualified, &scene);
    qualify(&mut script, qualified, kind, &scene);
    let decided = qualified + TimeDelta::seconds(script.chance.about(3, 40));
    let sent = services(&mut script, decided, kind);
    if script.chance.percent(1) {
        beside::cancel(&mut script, sent + TimeDelta::seconds(20));
        return script.deeds;
    }
    let mut end = sent;
    for (unit_kind, count) in [(pb::UnitKind::FireEngine, kind.engines), (pb::UnitKind::Patrol, kind.patrols)] {
        for unit in fleet.free(unit_kind, territory, count, sent) {
            let free = leg(&mut script, fleet, unit, sent, &scene);
            end = end.max(free);
        }
    }
    beside::situation(&mut script, sent, end, kind.engines);
    let end = end + TimeDelta::seconds(script.chance.about(20, 600));
    beside::recording(&mut script, n, answered, end);
    complete(&mut script, end, kind.ends[n as usize % kind.ends.len()]);
    beside::review(&mut script, n, end);
    let others = beside::again(nation, n, &script, at, (kind, &scene));
    let mut deeds = script.deeds;
    deeds.extend(others);
    if kind.services.contains(&StatePolice) {
        deeds.extend(to_police(nation, n, end, &scene));
    }
    deeds
}

fn receive(
    script: &mut Script<'_>,
    n: u64,
    at: DateTime<Utc>,
    answered: DateTime<Utc>,
    scene: &Address,
    words: &[&'static str],
) {
    let nation = script.nation;
    let chance = &mut script.chance;
    let (source, uncertainty) = match chance.below(100) {
        0..62 => (pb::LocationSource::Aml, chance.between(5, 60)),
        62..80 => (pb::LocationSource::Cell, chance.between(300, 4_000)),
        _ => (pb::LocationSource::Manual, chance.between(10, 200)),
    };
    let ways = [
        (pb::Channel::Phone112, 950),
        (pb::Channel::App, 14),
        (pb::Channel::Sms, 4),
        (pb::Channel::Ecall, 12),
        (pb::Channel::Alarm, 20),
    ];
    let channel = chance.weighted(&ways, |way| way.1).0;
    let caller = (channel == pb::Channel::Phone112).then(|| reporter(nation, &Person::met(nation, chance), false));
    let narrative = chance.one_of(words).to_owned();
    let place = pb::Place {
        territory: String::new(),
        text: String::new(),
        ..scene.as_place(source, Some(uncertainty as u32), at)
    };
    let system = script.sender().journal.clone();
    let external_id = script.external_id.clone();
    let source = pb::Source { system, external_id, sequence: n + 1, recorded_at: local(at) };
    let command = pb::ReceiveCall {
        envelope: script.envelope(at, Some(source)),
        channel: channel as i32,
        caller,
        place: Some(place),
        answered_at: local(answered),
        narrative,
        recording_ref: format!("rec/{n}"),
    };
    // A card is entered when it is answered.
    script.act(answered, Lane::Urgent, Command::ReceiveCall(command));
}

fn qualify(script: &mut Script<'_>, at: DateTime<Utc>, kind: &Kind, scene: &Address) {
    let other = script.chance.percent(18);
    let priority = if other { script.chance.one_of(&[P0, P1, P2, P3]) } else { kind.priority };
    let hurt = matches!(kind.code, "traffic-collision" | "assault" | "structure-fire");
    let casualties = hurt.then(|| script.chance.below(3)).filter(|count| *count > 0);
    let command = pb::QualifyCard {
        envelope: script.envelope(at, None),
        card: script.record(),
        type_code: kind.code.to_owned(),
        priority: priority as i32,
        place: Some(scene.as_place(pb::LocationSource::Address, None, at)),
        hazards: Vec::new(),
        casualties,
        alarm_level: (kind.engines > 1).then(|| 1 + script.chance.below(2)),
        source_priority: String::new(),
    };
    script.act(at, Lane::Urgent, Command::QualifyCard(command));
}

/// Decides, tells and hears from each service; says when the last has taken it on.
fn services(script: &mut Script<'_>, at: DateTime<Utc>, kind: &Kind) -> DateTime<Utc> {
    let command = pb::DecideServices {
        envelope: script.envelope(at, None),
        card: script.record(),
        services: kind.services.iter().map(|service| *service as i32).collect(),
        reason: String::new(),
    };
    script.act(at, Lane::Urgent, Command::DecideServices(command));
    let mut last = at;
    for service in kind.services {
        let told = at + TimeDelta::seconds(script.chance.between(1, 4));
        // The ambulances' own centre is mostly told over the telephone.
        if *service == Medical && script.chance.percent(70) {
            let taken = told + TimeDelta::seconds(script.chance.about(20, 70));
            beside::by_phone(script, taken, *service);
            last = last.max(taken);
            continue;
        }
        let service = *service as i32;
        let notify = pb::NotifyService { envelope: script.envelope(told, None), card: script.record(), service };
        script.act(told, Lane::Urgent, Command::NotifyService(notify));
        let accepted = told + TimeDelta::seconds(script.chance.about(3, 45));
        let accept = pb::AcceptService { envelope: script.envelope(accepted, None), card: script.record(), service };
        script.act(accepted, Lane::Urgent, Command::AcceptService(accept));
        last = last.max(accepted);
    }
    last
}

/// What a unit does on it; says when it is free again.
fn leg(script: &mut Script<'_>, fleet: &mut Fleet, unit: usize, from: DateTime<Utc>, scene: &Address) -> DateTime<Utc> {
    let reference = fleet.0[unit].reference();
    let later = |chance: &mut Chance, at: DateTime<Utc>, from, to| at + TimeDelta::seconds(chance.about(from, to));
    let attached = later(&mut script.chance, from, 4, 60);
    // Some dispatchers ask the plans, and few of these know better.
    let recommended = match script.chance.below(100) {
        0..50 => Some(true),
        50..56 => Some(false),
        _ => None,
    };
    let attach = pb::AttachUnit {
        envelope: script.envelope(attached, None),
        card: script.record(),
        unit: reference.clone(),
        recommendation: recommended.map(|recommended| pb::PlanAdvice {
            plan: "any-call".to_owned(),
            version: 1,
            recommended,
        }),
        override_reason: if recommended == Some(false) { "Tuvāk, nekā rāda".to_owned() } else { String::new() },
        ..pb::AttachUnit::default()
    };
    script.act_with(unit, attached, Lane::Urgent, Command::AttachUnit(attach));
    let status = |script: &mut Script<'_>, at, status: pb::UnitStatus, vendor_code: &str| {
        let report = pb::ReportUnitStatus {
            envelope: script.envelope(at, None),
            unit: reference.clone(),
            status: status as i32,
            vendor_code: vendor_code.to_owned(),
            vendor_scheme: pb::VendorScheme::Fms as i32,
        };
        script.act_with(unit, at, Lane::Urgent, Command::ReportUnitStatus(report));
    };
    let en_route = later(&mut script.chance, attached, 30, 110);
    status(script, en_route, pb::UnitStatus::EnRoute, "3");
    let arrives = !script.chance.percent(6);
    let mut done = later(&mut script.chance, en_route, 100, 500);
    if arrives {
        let on_scene = later(&mut script.chance, en_route, 150, 1_300);
        track(script, fleet, unit, en_route, on_scene, scene);
        status(script, on_scene, pb::UnitStatus::OnScene, "4");
        done = later(&mut script.chance, on_scene, 400, 3_600);
    }
    let release =
        pb::ReleaseUnit { envelope: script.envelope(done, None), unit: reference.clone(), card: script.record() };
    script.act_with(unit, done, Lane::Urgent, Command::ReleaseUnit(release));
    let available = later(&mut script.chance, done, 60, 900);
    status(script, available, pb::UnitStatus::Available, "1");
    fleet.0[unit].free_at = available + TimeDelta::seconds(1);
    done
}

/// The way there, a point each twenty seconds, sent in one command on arrival.
fn track(script: &mut Script<'_>, fleet: &Fleet, unit: usize, from: DateTime<Utc>, to: DateTime<Utc>, scene: &Address) {
    let start = super::TERRITORIES[fleet.0[unit].territory].centre;
    let steps = ((to - from).num_seconds() / 20).clamp(1, 60);
    let part = |a: i32, b: i32, step: i64| a + (i64::from(b - a) * step / steps) as i32;
    let point = |step: i64| pb::TrackPoint {
        at: local(from + (to - from) * step as i32 / steps as i32),
        point: Some(pb::GeoPoint {
            latitude_e6: part(start.0, scene.point.0, step),
            longitude_e6: part(start.1, scene.point.1, step),
        }),
        speed_kmh: Some(35 + (step * 7 % 50) as u32),
        heading_deg: None,
    };
    let command = pb::ReportPosition {
        envelope: script.envelope(to, None),
        unit: fleet.0[unit].reference(),
        points: (1..=steps).map(point).collect(),
    };
    script.act_with(unit, to, Lane::Urgent, Command::ReportPosition(command));
}

fn complete(script: &mut Script<'_>, at: DateTime<Utc>, disposition: &str) {
    let command = pb::CompleteCard {
        envelope: script.envelope(at, None),
        card: script.record(),
        disposition: disposition.to_owned(),
        source_disposition: String::new(),
    };
    script.act(at, Lane::Urgent, Command::CompleteCard(command));
}

/// It was no emergency: nobody goes.
fn no_emergency(script: &mut Script<'_>, at: DateTime<Utc>) {
    use pb::NoEmergency::{Information, Mistaken, Nuisance, OtherService, Silent, Test};
    let kinds = [(Information, 300), (OtherService, 240), (Mistaken, 230), (Silent, 150), (Nuisance, 60), (Test, 20)];
    let kind = script.chance.weighted(&kinds, |kind| kind.1).0;
    let command = pb::CloseNonEmergency {
        envelope: script.envelope(at, None),
        card: script.record(),
        kind: kind as i32,
        note: String::new(),
    };
    script.act(at, Lane::Urgent, Command::CloseNonEmergency(command));
}

/// State Police registers what came of some of the cards that it was sent to, and ties the card to it.
fn to_police(nation: &Nation, n: u64, at: DateTime<Utc>, scene: &Address) -> Vec<Deed> {
    let mut chance = Chance::of(nation.seed, "to-police", n);
    let police: u32 = KINDS.iter().filter(|kind| kind.services.contains(&StatePolice)).map(|kind| kind.weight).sum();
    let all: u32 = KINDS.iter().map(|kind| kind.weight).sum();
    let sent = RATES.calls * u64::from(100 - NO_EMERGENCY) / 100 * u64::from(police) / u64::from(all);
    if !chance.in_a_million(RATES.cards_to_police * 1_000_000 / sent) {
        return Vec::new();
    }
    let mut link = Script::new(nation, EMERGENCY_CENTRE, "vkcp", n);
    link.chance = chance;
    let registered = at + TimeDelta::seconds(link.chance.about(60, 1_800));
    let Some(card) = link.record() else { return Vec::new() };
    // Numbers of incidents from cards lie beyond those of the journal.
    let number = 1_000_000_000 + n;
    let from = FromCard { card, scene: scene.clone() };
    let mut deeds = incident(nation, STATE_POLICE, number, registered, Some(from));
    let tied = registered + TimeDelta::seconds(2);
    let journal = &INSTITUTIONS[STATE_POLICE].journal;
    let command = pb::LinkIncident {
        envelope: link.envelope(tied, None),
        card: link.record(),
        incident: Some(external(journal, &format!("{journal}-{number}"))),
    };
    link.act(tied, Lane::Urgent, Command::LinkIncident(command));
    deeds.extend(link.deeds);
    deeds
}
