//! What happens to a municipal journal's records on their way: they come in batches, late after an outage, twice, or broken first. Some
//! journals send them as they have them, and the register reads them by a mapping; the others speak the register's own words.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Europe::Riga;
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;
use uuid::Uuid;

use super::chance::Chance;
use super::deed::{Asked, Deed, Expected, Lane, Matter, Post, envelope, local};
use super::incident::type_codes;
use super::institution::{INSTITUTIONS, Institution, Kind};

/// Who connects the journals and says how they are read.
static CENTRE: LazyLock<Institution> = LazyLock::new(|| Institution {
    code: "IC".to_owned(),
    name: "Iekšlietu ministrijas Informācijas centrs".to_owned(),
    kind: Kind::Centre,
    territory: None,
    journal: "ic".to_owned(),
    weight: 0,
});

/// How times are written there.
const WALL: &str = "%d.%m.%Y %H:%M:%S";

/// What its types begin with.
const OWN_TYPE: &str = "N-";

/// Version of a record in its journal.
pub(crate) const VERSION: &str = "versija";

/// The version before the first that came.
const EARLIER: &str = "0.9";

impl Institution {
    /// Whether its journal sends its records as it has them.
    #[must_use]
    pub fn sends_as_it_has(&self) -> bool {
        self.kind == Kind::MunicipalPolice && self.territory.is_some_and(|territory| territory % 3 == 0)
    }
}

/// The journals that send records as they have them are registered, described, tried and put into service.
pub(crate) fn connected(seed: u64, at: DateTime<Utc>) -> Vec<Deed> {
    let journals = INSTITUTIONS.iter().filter(|one| one.sends_as_it_has());
    journals.zip(0..).flat_map(|(journal, n)| connect(journal, n, seed, at)).collect()
}

fn connect(journal: &Institution, n: u64, seed: u64, at: DateTime<Utc>) -> Vec<Deed> {
    let mut chance = Chance::of(seed, "journal", n);
    let mut deeds = Vec::new();
    let mut ask = |after: i64, command: &dyn Fn(Option<pb::Envelope>, String, String) -> Asked| {
        let at = at + TimeDelta::milliseconds(after);
        let (id, envelope) = envelope(&mut chance, at, None);
        deeds.push(Deed {
            at,
            sender: &CENTRE,
            post: Post::Administrator,
            lane: Lane::Interactive,
            expected: Expected::Effect,
            id,
            // They never end.
            matter: Some(Matter { number: u64::MAX - n, ends: false }),
            unit: None,
            command: command(envelope, journal.journal.clone(), "Sadarbības līgums".to_owned()),
        });
    };
    ask(0, &|envelope, system, _| {
        let (lv, en) = (format!("{}: žurnāls", journal.name), format!("Journal of {}", journal.code));
        let institution = journal.code.clone();
        Asked::RegisterJournal(pb::RegisterJournal { envelope, system, institution, lv, en })
    });
    ask(100, &|envelope, system, reason| {
        Asked::AdoptMapping(pb::AdoptMapping { envelope, system, mapping: Some(mapping()), reason })
    });
    for (after, phase) in [(200, pb::JournalPhase::Testing), (300, pb::JournalPhase::Live)] {
        ask(after, &|envelope, system, reason| {
            let phase = phase.into();
            Asked::ChangeJournalPhase(pb::ChangeJournalPhase { envelope, system, phase, reason })
        });
    }
    deeds
}

fn words<'w>(pairs: impl IntoIterator<Item = (&'w str, &'w str)>) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What the journal calls a type of incident.
fn own_type(code: &str) -> String {
    format!("{OWN_TYPE}{}", code.to_uppercase())
}

fn mapping() -> pb::RecordMapping {
    let own = type_codes().map(|code| (own_type(code), code.to_owned()));
    let types = pb::CodeMap { codes: own.collect() };
    let categories = pb::CodeMap { codes: words([("1", "A"), ("2", "B"), ("3", "C"), ("4", "D")]) };
    let channels = words([("T112", "phone_112"), ("T110", "phone_110"), ("KLĀT", "in_person"), ("RAKST", "written")]);
    let channels = channels.into_iter().chain(words([
        ("PAŠI", "own_initiative"),
        ("SIGN", "alarm"),
        ("LIETOTNE", "app"),
        ("CITI", "partner"),
    ]));
    pb::RecordMapping {
        fields: words([
            ("veids", "type_code"),
            ("steidzamiba", "category"),
            ("kanals", "channel"),
            ("sanemts", "received_at"),
            ("no", "occurred_from"),
            ("lidz", "occurred_to"),
            ("atvk", "place.territory"),
            ("vieta", "place.text"),
            ("platums", "place.latitude"),
            ("garums", "place.longitude"),
            ("apraksts", "narrative"),
            ("zinotajs", "reporter.name"),
            ("talrunis", "reporter.phone"),
            ("kods", "reporter.personal_code"),
            ("persona", "persons[0].name"),
            ("pers_kods", "persons[0].personal_code"),
            ("dzimis", "persons[0].birth_date"),
            ("pers_talrunis", "persons[0].phone"),
            ("dzivesvieta", "persons[0].address"),
            ("loma", "persons[0].role"),
        ]),
        ignored: vec![VERSION.to_owned()],
        codes: BTreeMap::from([
            ("type_code".to_owned(), types),
            ("category".to_owned(), categories),
            ("channel".to_owned(), pb::CodeMap { codes: channels.collect() }),
        ]),
        defaults: BTreeMap::new(),
    }
}

/// A registration as a journal has it.
fn as_it_has(register: pb::RegisterIncident) -> pb::PushRecord {
    use pb::Channel as C;
    let channel = match register.channel() {
        C::Phone112 | C::Ecall => "T112",
        C::InPerson => "KLĀT",
        C::Written => "RAKST",
        C::OwnInitiative => "PAŠI",
        C::Alarm => "SIGN",
        C::App | C::Sms => "LIETOTNE",
        C::Partner => "CITI",
        C::Phone110 | C::Unspecified => "T110",
    };
    let category = match register.category() {
        pb::Category::A => "1",
        pb::Category::B => "2",
        pb::Category::D => "4",
        pb::Category::C | pb::Category::Unspecified => "3",
    };
    let place = register.place.unwrap_or_default();
    let point = place.point.unwrap_or_default();
    let reporter = register.reporter.unwrap_or_default();
    let degrees = |micro: i32| format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
    let own = own_type(&register.type_code);
    let times = [&register.received_at, &register.occurred_from, &register.occurred_to].map(|text| on_the_wall(text));
    let (latitude, longitude) = (degrees(point.latitude_e6), degrees(point.longitude_e6));
    let mut fields = words([
        ("veids", own.as_str()),
        ("steidzamiba", category),
        ("kanals", channel),
        ("sanemts", &times[0]),
        ("no", &times[1]),
        ("lidz", &times[2]),
        ("atvk", &place.territory),
        ("vieta", &place.text),
        ("platums", &latitude),
        ("garums", &longitude),
        ("apraksts", &register.narrative),
        ("zinotajs", &reporter.name),
        ("talrunis", &reporter.phone),
        ("kods", &reporter.personal_code),
        (VERSION, "1"),
    ]);
    fields.retain(|_, value| !value.is_empty());
    pb::PushRecord { envelope: register.envelope, fields }
}

/// What an incident is registered by, as far as rules about incidents go by it: type, place and time. None of what is no registration, or
/// a record that is too broken to be one.
#[must_use]
pub fn registration(command: &Command) -> Option<Cow<'_, pb::RegisterIncident>> {
    match command {
        Command::RegisterIncident(register) => Some(Cow::Borrowed(register)),
        Command::SplitIncident(split) => {
            let register = split.registration.clone()?;
            Some(Cow::Owned(pb::RegisterIncident { envelope: split.envelope.clone(), ..register }))
        }
        Command::PushRecord(push) => {
            let said = |name: &str| push.fields.get(name).map(String::as_str).unwrap_or_default();
            let whole = said(VERSION) == "1";
            let type_code = said("veids").strip_prefix(OWN_TYPE)?.to_lowercase();
            let occurred_from = off_the_wall(said("no")).filter(|_| whole)?;
            let place = pb::Place { territory: said("atvk").to_owned(), ..pb::Place::default() };
            let (envelope, place) = (push.envelope.clone(), Some(place));
            Some(Cow::Owned(pb::RegisterIncident { envelope, type_code, occurred_from, place, ..Default::default() }))
        }
        _ => None,
    }
}

/// The other way round; of an hour that came twice the earlier one.
fn off_the_wall(text: &str) -> Option<String> {
    let naive = NaiveDateTime::parse_from_str(text, WALL).ok()?;
    Some(naive.and_local_timezone(Riga).earliest()?.to_rfc3339())
}

/// Takes one of the persons of an incident out of what is done about it, where nothing is done about them later: the journal has them in
/// its record. Whom it knows to be protected it tells by itself.
fn person_of_record(deeds: &mut Vec<Deed>) -> Option<BTreeMap<String, String>> {
    let told: String = deeds.iter().map(|deed| format!("{:?}", deed.command)).collect();
    let place = deeds.iter().position(|deed| {
        let Asked::Streamed(Command::InvolvePerson(involve)) = &deed.command else { return false };
        let known = involve.person.as_ref().is_some_and(|person| !person.name.is_empty());
        let plain = involve.protections.is_empty() && involve.minor != Some(true) && involve.roles.len() == 1;
        known && plain && told.matches(&involve.subject_id).count() == 1
    })?;
    let Asked::Streamed(Command::InvolvePerson(involve)) = deeds.remove(place).command else { return None };
    let person = involve.person?;
    Some(words([
        ("persona", person.name.as_str()),
        ("pers_kods", &person.personal_code),
        ("dzimis", &person.birth_date),
        ("pers_talrunis", &person.phone),
        ("dzivesvieta", &person.address),
        ("loma", involve.roles.first()?),
    ]))
}

/// A time as the clock on the wall showed it.
fn on_the_wall(text: &str) -> String {
    let at = DateTime::parse_from_rfc3339(text);
    at.map(|at| at.with_timezone(&Riga).format(WALL).to_string()).unwrap_or_default()
}

/// The same deeds as they reach the register.
pub(crate) fn sent(mut deeds: Vec<Deed>, chance: &mut Chance) -> Vec<Deed> {
    if let Some(Deed { sender, command: Asked::Streamed(Command::RegisterIncident(register)), .. }) = deeds.first()
        && sender.sends_as_it_has()
    {
        let mut push = as_it_has(register.clone());
        push.fields.extend(person_of_record(&mut deeds).unwrap_or_default());
        push.fields.retain(|_, value| !value.is_empty());
        deeds[0].command = Asked::Streamed(Command::PushRecord(push));
    }
    let outage = chance.percent(3);
    let delay = if outage { chance.about(60, 3 * 1_440) } else { chance.about(1, 20) };
    let mut sent: Vec<Deed> =
        deeds.into_iter().map(|deed| Deed { at: deed.at + TimeDelta::minutes(delay), ..deed }).collect();
    let Some(first) = sent.first().cloned() else { return sent };
    if chance.percent(2) {
        // The journal did not hear the answer.
        let at = first.at + TimeDelta::seconds(chance.between(20, 900));
        sent.push(Deed { at, expected: Expected::Repetition, ..first.clone() });
    }
    if chance.in_a_million(7_000) {
        // It was refused at first, and mended.
        let at = first.at - TimeDelta::seconds(chance.between(30, 50));
        sent.extend(broken(first, at, chance));
    }
    sent.extend(earlier(&sent[0]));
    sent.sort_by_key(|deed| deed.at);
    sent
}

/// What a journal had of a record before, where that comes after it: of a hundred records one. It follows from the record alone.
fn earlier(deed: &Deed) -> Option<Deed> {
    let Asked::Streamed(Command::PushRecord(mut push)) = deed.command.clone() else { return None };
    let chance = deed.id.as_u64_pair().1;
    if !chance.is_multiple_of(100) {
        return None;
    }
    let after = TimeDelta::seconds(30 + i64::try_from((chance >> 8) % 600).unwrap_or_default());
    let (at, id) = (deed.at + after, Uuid::new_v5(&deed.id, b"earlier"));
    let envelope = push.envelope.as_mut()?;
    envelope.command_id = id.to_string();
    let source = envelope.source.as_mut()?;
    source.sequence = source.sequence.checked_sub(1).filter(|place| *place > 0)?;
    let recorded = DateTime::parse_from_rfc3339(&source.recorded_at).ok()?;
    source.recorded_at = local(recorded.with_timezone(&Utc) - TimeDelta::minutes(4));
    push.fields.extend(words([("apraksts", "Ziņas tiek precizētas."), (VERSION, EARLIER)]));
    Some(Deed { at, id, command: Asked::Streamed(Command::PushRecord(push)), ..deed.clone() })
}

/// A broken one before it: refused, or kept until the sound one comes.
fn broken(deed: Deed, at: DateTime<Utc>, chance: &mut Chance) -> Option<Deed> {
    let id = uuid::Builder::from_unix_timestamp_millis(at.timestamp_millis().unsigned_abs(), &chance.ten_bytes());
    let id: Uuid = id.into_uuid();
    let (expected, command) = match deed.command {
        Asked::Streamed(Command::RegisterIncident(mut register)) => {
            let envelope = register.envelope.as_mut()?;
            envelope.command_id = id.to_string();
            match chance.below(3) {
                // Without an offset nobody knows when that was.
                0 => envelope.occurred_at.truncate(19),
                1 => register.reporter.get_or_insert_default().personal_code = "1234".to_owned(),
                _ => register.category = pb::Category::Unspecified as i32,
            }
            (Expected::Refusal, Command::RegisterIncident(register))
        }
        Asked::Streamed(Command::PushRecord(mut push)) => {
            push.envelope.as_mut()?.command_id = id.to_string();
            let (name, value) = match chance.below(3) {
                0 => ("no", "vakar vakarā"),
                1 => ("kods", "1234"),
                _ => ("steidzamiba", "?"),
            };
            push.fields.extend(words([(name, value), (VERSION, "0")]));
            (Expected::Effect, Command::PushRecord(push))
        }
        _ => return None,
    };
    Some(Deed { at, id, expected, command: Asked::Streamed(command), ..deed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Nation, Timeline};

    #[test]
    fn a_journals_record_says_what_it_registers_unless_it_is_broken() {
        let nation = Nation::new(11, 0.02);
        let (mut whole, mut broken, mut late) = (0, 0, 0);
        for deed in Timeline::new(&nation, nation.from, 60) {
            let Some(Command::PushRecord(push)) = deed.streamed() else { continue };
            match registration(deed.streamed().expect("a record")) {
                Some(register) => {
                    whole += 1;
                    assert!(type_codes().any(|code| code == register.type_code), "{register:?}");
                    assert!(register.place.as_ref().is_some_and(|place| place.territory.len() == 7));
                    assert!(DateTime::parse_from_rfc3339(&register.occurred_from).is_ok());
                }
                None if push.fields[VERSION] == EARLIER => late += 1,
                None => {
                    broken += 1;
                    assert_eq!(push.fields[VERSION], "0");
                }
            }
        }
        assert!(whole > 20 && broken < whole / 10 && late < whole / 10, "{whole} whole, {broken} broken, {late} late");
    }
}
