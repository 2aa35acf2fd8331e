//! What happens to a municipal journal's records on their way: they come in batches, late after an outage, twice, or broken first.

use chrono::TimeDelta;
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;
use uuid::Uuid;

use super::chance::Chance;
use super::deed::{Asked, Deed, Expected};

/// The same deeds as they reach the register.
pub(crate) fn sent(deeds: Vec<Deed>, chance: &mut Chance) -> Vec<Deed> {
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
    sent.sort_by_key(|deed| deed.at);
    sent
}

fn broken(deed: Deed, at: chrono::DateTime<chrono::Utc>, chance: &mut Chance) -> Option<Deed> {
    let Asked::Streamed(Command::RegisterIncident(mut register)) = deed.command else { return None };
    let id = uuid::Builder::from_unix_timestamp_millis(at.timestamp_millis().unsigned_abs(), &chance.ten_bytes());
    let id: Uuid = id.into_uuid();
    let envelope = register.envelope.as_mut()?;
    envelope.command_id = id.to_string();
    match chance.below(3) {
        // Without an offset nobody knows when that was.
        0 => envelope.occurred_at.truncate(19),
        1 => register.reporter.get_or_insert_default().personal_code = "1234".to_owned(),
        _ => register.category = pb::Category::Unspecified as i32,
    }
    let command = Asked::Streamed(Command::RegisterIncident(register));
    Some(Deed { at, id, expected: Expected::Refusal, command, ..deed })
}
