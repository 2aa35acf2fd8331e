//! An incident of a police force, from its registration to its end.

use chrono::{DateTime, TimeDelta, Utc};
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;

use super::Nation;
use super::chance::Chance;
use super::deed::{Deed, Lane, Script, local};
use super::institution::{INSTITUTIONS, Kind as Institution};
use super::people::Person;
use super::place::{self, Address};
use super::rhythm::office_hours;

/// A kind of incident: its code, its parts of what State Police and municipal police register, how fast somebody must be there,
/// and what is said of it.
struct Kind {
    code: &'static str,
    state: u32,
    municipal: u32,
    category: pb::Category,
    words: &'static [&'static str],
    results: &'static [&'static str],
}

use pb::Category::{A, B, C, D};

const CRIMINAL: &[&str] = &[
    "criminal-process-opened",
    "criminal-process-opened",
    "criminal-process-refused",
    "added-to-criminal-process",
    "departmental-check",
];
const ADMINISTRATIVE: &[&str] = &[
    "administrative-process-opened",
    "administrative-process-opened",
    "warning",
    "preventive-talk",
    "administrative-process-refused",
];
const LIGHT: &[&str] =
    &["preventive-talk", "warning", "settled-on-scene", "not-confirmed", "no-offence", "information-only"];

/// Illustrative parts: the official ones are not public.
#[rustfmt::skip]
const KINDS: &[Kind] = &[
    Kind { code: "theft", state: 150, municipal: 25, category: D, words: &["Nozagts velosipēds no kāpņutelpas.", "Veikalā izņemta prece, nesamaksājot.", "No automašīnas pazudusi soma."], results: CRIMINAL },
    Kind { code: "burglary", state: 28, municipal: 2, category: C, words: &["Uzlauztas pagraba durvis, pazuduši instrumenti.", "Iekļūts dzīvoklī pa logu."], results: CRIMINAL },
    Kind { code: "robbery", state: 6, municipal: 0, category: A, words: &["Uz ielas, draudot ar nazi, atņemts telefons."], results: CRIMINAL },
    Kind { code: "fraud", state: 70, municipal: 2, category: D, words: &["Samaksa par preci interneta sludinājumā, prece nav saņemta.", "Zvanītājs uzdevies par bankas darbinieku."], results: CRIMINAL },
    Kind { code: "property-damage", state: 60, municipal: 35, category: D, words: &["Saskrāpēta automašīna stāvvietā.", "Izsists veikala skatlogs."], results: CRIMINAL },
    Kind { code: "assault", state: 45, municipal: 14, category: B, words: &["Kautiņš pie veikala, vienam cietušajam sejas savainojums."], results: CRIMINAL },
    Kind { code: "threat", state: 25, municipal: 6, category: C, words: &["Bijušais dzīvesbiedrs draud izrēķināties."], results: CRIMINAL },
    Kind { code: "domestic-violence", state: 75, municipal: 30, category: A, words: &["Konflikts ģimenē, dzirdami kliedzieni.", "Vīrietis reibumā sitis dzīvesbiedri."], results: &["protective-decision", "criminal-process-opened", "preventive-talk", "not-confirmed"] },
    Kind { code: "homicide", state: 1, municipal: 0, category: A, words: &["Dzīvoklī atrasta persona ar durtu brūci."], results: CRIMINAL },
    Kind { code: "sexual-offence", state: 3, municipal: 0, category: A, words: &["Saņemts iesniegums par dzimumnoziegumu."], results: CRIMINAL },
    Kind { code: "drugs", state: 20, municipal: 6, category: C, words: &["Pārbaudē atrasta balta viela maisiņā."], results: CRIMINAL },
    Kind { code: "alcohol", state: 10, municipal: 110, category: D, words: &["Alkohola lietošana publiskā vietā.", "Nepilngadīgais reibumā."], results: ADMINISTRATIVE },
    Kind { code: "public-order", state: 55, municipal: 120, category: C, words: &["Jauniešu grupa trokšņo pagalmā.", "Persona uzvedas agresīvi pret garāmgājējiem."], results: ADMINISTRATIVE },
    Kind { code: "noise", state: 20, municipal: 90, category: D, words: &["Skaļa mūzika pēc pulksten 23.", "Kaimiņu dzīvoklī remonts naktī."], results: LIGHT },
    Kind { code: "intoxicated-person", state: 40, municipal: 130, category: C, words: &["Persona guļ pieturā, no sevis smaržo pēc alkohola."], results: LIGHT },
    Kind { code: "traffic-accident", state: 130, municipal: 15, category: C, words: &["Divu automašīnu sadursme, cietušo nav.", "Nobraukts no ceļa, bojāta ceļazīme."], results: ADMINISTRATIVE },
    Kind { code: "traffic-accident-injured", state: 14, municipal: 1, category: A, words: &["Sadursme krustojumā, viens cietušais."], results: CRIMINAL },
    Kind { code: "traffic-offence", state: 55, municipal: 60, category: D, words: &["Pārsniegts ātrums, nav ievērota ceļazīme."], results: ADMINISTRATIVE },
    Kind { code: "wildlife-collision", state: 18, municipal: 2, category: C, words: &["Sadursme ar stirnu."], results: LIGHT },
    Kind { code: "drink-driving", state: 12, municipal: 2, category: B, words: &["Vadītājs reibumā, izelpā vairāk par 1,5 promilēm."], results: CRIMINAL },
    Kind { code: "parking", state: 5, municipal: 160, category: D, words: &["Automašīna uz gājēju ietves.", "Stāvvieta invalīdiem aizņemta bez kartes."], results: ADMINISTRATIVE },
    Kind { code: "missing-person", state: 14, municipal: 4, category: B, words: &["Pusaudzis nav atgriezies no skolas.", "Sirmgalvis aizgājis no mājām."], results: &["person-found", "person-found", "departmental-check"] },
    Kind { code: "body-found", state: 16, municipal: 0, category: C, words: &["Dzīvoklī atrasts miris vīrietis, vardarbības pazīmju nav."], results: &["departmental-check", "criminal-process-refused"] },
    Kind { code: "fire", state: 8, municipal: 4, category: B, words: &["Ugunsgrēks saimniecības ēkā, ierodas VUGD."], results: &["information-only", "departmental-check"] },
    Kind { code: "animal", state: 6, municipal: 45, category: D, words: &["Klaiņojošs suns pie rotaļu laukuma."], results: LIGHT },
    Kind { code: "environment", state: 4, municipal: 30, category: D, words: &["Mežā izmesti būvgruži."], results: ADMINISTRATIVE },
    Kind { code: "lost-property", state: 40, municipal: 8, category: D, words: &["Pazaudēti dokumenti."], results: &["information-only"] },
    Kind { code: "alarm", state: 20, municipal: 20, category: C, words: &["Nostrādājusi objekta signalizācija."], results: &["not-confirmed", "settled-on-scene"] },
    Kind { code: "medical-assist", state: 12, municipal: 20, category: C, words: &["Palīdzība medicīnas dienestam, agresīvs pacients."], results: LIGHT },
    Kind { code: "service-assist", state: 12, municipal: 25, category: D, words: &["Palīdzība bāriņtiesai."], results: LIGHT },
];

/// The card that an incident comes of.
pub(crate) struct FromCard {
    /// As its platform names it.
    pub(crate) card: pb::RecordRef,
    /// Where it is.
    pub(crate) scene: Address,
}

/// The `n`-th incident of an institution: what is done about it, in order of time. `at` is when it is registered.
pub(crate) fn incident(
    nation: &Nation,
    institution: usize,
    n: u64,
    at: DateTime<Utc>,
    card: Option<FromCard>,
) -> Vec<Deed> {
    let journal = &INSTITUTIONS[institution].journal;
    let mut script = Script::new(nation, institution, journal, n);
    let state = script.sender().kind == Institution::StatePolice;
    let kind = script.chance.weighted(KINDS, |kind| if state { kind.state } else { kind.municipal });
    let lane = if state { Lane::Interactive } else { Lane::Bulk };
    register(&mut script, kind, at, lane, n, card);
    follow(&mut script, kind, at, lane);
    script.deeds
}

fn register(script: &mut Script<'_>, kind: &Kind, at: DateTime<Utc>, lane: Lane, n: u64, card: Option<FromCard>) {
    let (nation, territory) = (script.nation, script.sender().territory);
    let chance = &mut script.chance;
    let territory = territory.unwrap_or_else(|| place::territory(chance));
    let (scene, card) = match card {
        Some(from) => (from.scene, Some(from.card)),
        None => (Address::scene(nation, chance, territory), None),
    };
    let channel = channel(chance, card.is_some(), at);
    // Most is told at once; some after days.
    let told_after = match chance.below(100) {
        0..70 => chance.about(2, 90),
        70..93 => chance.about(60, 1_400),
        _ => chance.about(1_440, 30 * 1_440),
    };
    let began = at - TimeDelta::minutes(told_after);
    let lasted = chance.percent(25).then(|| began + TimeDelta::minutes(chance.between(0, told_after.min(240))));
    let reporter = (channel != pb::Channel::OwnInitiative && chance.percent(85))
        .then(|| reporter(nation, &Person::met(nation, chance), chance.percent(55)));
    let narrative = chance.one_of(kind.words).to_owned();
    let uncertain = chance.percent(20).then(|| chance.between(10, 300) as u32);
    let source = pb::Source {
        system: script.sender().journal.clone(),
        external_id: script.external_id.clone(),
        sequence: n + 1,
        recorded_at: local(at),
    };
    let command = pb::RegisterIncident {
        envelope: script.envelope(at, Some(source)),
        channel: channel as i32,
        type_code: kind.code.to_owned(),
        category: kind.category as i32,
        place: Some(scene.as_place(pb::LocationSource::Address, uncertain)),
        occurred_from: local(began),
        occurred_to: lasted.map(local).unwrap_or_default(),
        narrative,
        reporter,
        card,
        legacy_number: String::new(),
    };
    script.act(at, lane, Command::RegisterIncident(command));
}

fn channel(chance: &mut Chance, from_card: bool, at: DateTime<Utc>) -> pb::Channel {
    if from_card {
        return pb::Channel::Phone112;
    }
    let office = if office_hours(at) { 3 } else { 0 };
    let ways = [
        (pb::Channel::Phone110, 50),
        (pb::Channel::InPerson, 8 * office),
        (pb::Channel::Written, 6 * office),
        (pb::Channel::OwnInitiative, 25),
        (pb::Channel::Partner, 8),
        (pb::Channel::Alarm, 4),
        (pb::Channel::App, 2),
    ];
    chance.weighted(&ways, |way| way.1).0
}

/// Somebody who tells what happened; some show a document.
pub(crate) fn reporter(nation: &Nation, person: &Person, identified: bool) -> pb::Reporter {
    pb::Reporter {
        name: person.name.clone(),
        phone: person.phone.clone(),
        personal_code: if identified { person.code.to_string() } else { String::new() },
        subject_id: person.subject(nation).to_string(),
    }
}

/// What becomes of it.
fn follow(script: &mut Script<'_>, kind: &Kind, registered: DateTime<Utc>, lane: Lane) {
    let mut at = registered;
    let mut later = |chance: &mut Chance, from: i64, to: i64| {
        at += TimeDelta::seconds(60 * chance.about(from, to) + chance.between(0, 59));
        at
    };
    if script.chance.percent(65) {
        let at = later(&mut script.chance, 2, 240);
        let officer = format!("{:05}", script.chance.below(if lane == Lane::Bulk { 900 } else { 6_000 }));
        let command = pb::AssignIncident {
            envelope: script.envelope(at, None),
            incident: script.record(),
            assignee: Some(pb::assign_incident::Assignee::Officer(officer)),
        };
        script.act(at, lane, Command::AssignIncident(command));
    }
    if script.chance.percent(22) {
        let at = later(&mut script.chance, 30, 5 * 1_440);
        let command = pb::SupplementIncident {
            envelope: script.envelope(at, None),
            incident: script.record(),
            reason: "Saņemti papildu paskaidrojumi".to_owned(),
            narrative: Some(format!(
                "{} Aptaujāti liecinieki, iegūts videoieraksts.",
                script.chance.one_of(kind.words)
            )),
            ..pb::SupplementIncident::default()
        };
        script.act(at, lane, Command::SupplementIncident(command));
    }
    if script.chance.percent(5) {
        let at = later(&mut script.chance, 10, 2 * 1_440);
        let other = script.chance.one_of(&["property-damage", "public-order", "accident", "no-event"]);
        let command = pb::ReclassifyIncident {
            envelope: script.envelope(at, None),
            incident: script.record(),
            type_code: if other == "no-event" { "service-assist".to_owned() } else { other.to_owned() },
            category: pb::Category::Unspecified as i32,
            reason: "Precizēts pēc pārbaudes uz vietas".to_owned(),
        };
        script.act(at, lane, Command::ReclassifyIncident(command));
    }
    if script.chance.percent(7) {
        return; // It stays open.
    }
    let at_result = later(&mut script.chance, 20, 20 * 1_440);
    result(script, kind, at_result, lane);
    if script.chance.percent(9) {
        return;
    }
    let at_end = later(&mut script.chance, 1, 3 * 1_440);
    close(script, at_end, lane);
    if script.chance.percent(2) {
        let at = later(&mut script.chance, 1_440, 60 * 1_440);
        let command = pb::ReopenIncident {
            envelope: script.envelope(at, None),
            incident: script.record(),
            reason: "Saņemta jauna informācija".to_owned(),
        };
        script.act(at, lane, Command::ReopenIncident(command));
        let again = later(&mut script.chance, 60, 10 * 1_440);
        result(script, kind, again, lane);
        let end = later(&mut script.chance, 1, 1_440);
        close(script, end, lane);
    }
}

fn result(script: &mut Script<'_>, kind: &Kind, at: DateTime<Utc>, lane: Lane) {
    let code = script.chance.one_of(kind.results);
    let case = code.ends_with("-opened").then(|| format!("{:011}", script.chance.below(u32::MAX)));
    let command = pb::RecordResult {
        envelope: script.envelope(at, None),
        incident: script.record(),
        result_code: code.to_owned(),
        case_refs: case.into_iter().collect(),
    };
    script.act(at, lane, Command::RecordResult(command));
}

fn close(script: &mut Script<'_>, at: DateTime<Utc>, lane: Lane) {
    let disposition =
        script.chance.one_of(&["report-taken", "settled", "warning", "no-merit", "citation", "handed-to-other"]);
    let command = pb::CloseIncident {
        envelope: script.envelope(at, None),
        incident: script.record(),
        disposition: disposition.to_owned(),
        closing_type: String::new(),
    };
    script.act(at, lane, Command::CloseIncident(command));
}
