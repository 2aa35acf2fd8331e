//! The sample as a file.

use std::io::{self, Write};

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Riga;

use super::call::{Call, Leg};
use super::fleet::Fleet;
use nation::Chance;

/// Days that the calls lie in: two weeks with the night of 27 October 2024, when clocks were put back.
const DAYS: i64 = 14;
/// How many calls of a day come in which hour, local time.
const HOURS: [u32; 24] =
    [28, 22, 19, 17, 14, 14, 18, 26, 38, 44, 46, 48, 50, 49, 48, 50, 54, 58, 56, 52, 48, 44, 38, 32];

const HEADER: [&str; 30] = [
    "rinda",
    "izsaukums",
    "kanals",
    "sanemts",
    "atbildets",
    "kvalificets",
    "veids",
    "prioritate_sakotneja",
    "prioritate",
    "trauksme",
    "cietusie",
    "adrese",
    "atvk",
    "punkts",
    "vugd",
    "nmpd",
    "vp",
    "apraksts",
    "iestade",
    "ekipaza",
    "ekipazas_veids",
    "dala",
    "kartas_nr",
    "nosutits",
    "izbraucis",
    "ieradies",
    "transporte",
    "galamerki",
    "brivs",
    "rezultats",
];

/// Writes the sample of a seed.
///
/// # Errors
/// Where it can't be written.
pub fn write_to(out: impl Write, seed: u64, calls: u32) -> io::Result<()> {
    let mut chance = Chance::new(seed);
    let mut fleet = Fleet::new();
    let mut times: Vec<i64> = (0..calls).map(|_| time_of_call(&mut chance)).collect();
    times.sort_unstable();
    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(out);
    writer.write_record(HEADER)?;
    for (index, received) in times.into_iter().enumerate() {
        let call = Call::make_up(received, &mut chance, &mut fleet);
        let number = format!("2024-{:06}", index + 1);
        for (sequence, leg) in call.legs.iter().enumerate() {
            writer.write_record(record(&number, sequence + 1, &call, leg, &fleet))?;
        }
    }
    writer.flush()
}

/// Seconds since the beginning of the sample. Hours are those of the clock on the first day: an hour off after the change.
fn time_of_call(chance: &mut Chance) -> i64 {
    let hours: Vec<(i64, u32)> = (0..24).zip(HOURS).collect();
    let hour = chance.weighted(&hours, |hour| hour.1).0;
    chance.between(0, DAYS - 1) * 86_400 + hour * 3_600 + chance.between(0, 3_599)
}

fn record(number: &str, sequence: usize, call: &Call, leg: &Leg, fleet: &Fleet) -> Vec<String> {
    let unit = fleet.unit(leg.unit);
    let maybe = |seconds: Option<i64>| seconds.map(local).unwrap_or_default();
    let goes = |institution: &str| {
        let any = call.legs.iter().any(|leg| fleet.unit(leg.unit).service.institution() == institution);
        if any { "jā".to_owned() } else { String::new() }
    };
    vec![
        format!("{number}-{}", unit.call_sign),
        number.to_owned(),
        call.channel.to_owned(),
        local(call.received),
        local(call.answered),
        local(call.qualified),
        call.code.to_owned(),
        format!("P{}", call.first_priority),
        format!("P{}", call.priority),
        call.alarm_level.to_string(),
        call.casualties.map(|count| count.to_string()).unwrap_or_default(),
        call.address.text.clone(),
        call.address.territory.to_owned(),
        call.address.point.clone(),
        goes("VUGD"),
        goes("NMPD"),
        goes("VP"),
        call.words.to_owned(),
        unit.service.institution().to_owned(),
        unit.call_sign.clone(),
        unit.kind.to_owned(),
        unit.station.clone(),
        sequence.to_string(),
        local(leg.sent),
        maybe(leg.en_route),
        maybe(leg.on_scene),
        maybe(leg.transporting),
        maybe(leg.at_destination),
        maybe(leg.free),
        call.end.to_owned(),
    ]
}

/// Local time without an offset, as dispatch systems write it.
fn local(seconds: i64) -> String {
    let begin: Option<DateTime<Utc>> = Utc.with_ymd_and_hms(2024, 10, 20, 21, 0, 0).single();
    let at = begin.unwrap_or_default() + TimeDelta::seconds(seconds);
    at.with_timezone(&Riga).format("%d.%m.%Y %H:%M:%S").to_string()
}
