//! An incident of a police force, from its registration to its end, with all that comes of it.

mod case;
mod caution;
mod custody;
mod kinds;
mod persons;
#[cfg(test)]
mod tests;
mod things;
mod ties;
mod transfer;
mod work;

use chrono::{DateTime, Utc};
use proto::command::v1 as pb;

use self::case::Case;
use self::kinds::KINDS;
use super::Nation;
use super::chance::Chance;
use super::deed::{Deed, Lane};
use super::institution::{INSTITUTIONS, Kind as Institution};
use super::people::Person;
use super::place::Address;
use super::rates::SHARES;

/// Codes of the types of incidents that there are.
pub(crate) fn type_codes() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.code)
}

/// The card that an incident comes of.
pub(crate) struct FromCard {
    /// As its platform names it.
    pub(crate) card: pb::RecordRef,
    /// Where it is.
    pub(crate) scene: Address,
}

/// The `n`-th incident of an institution: what is done about it and about one that comes of it, in order of time. `at` is when it is
/// registered.
pub(crate) fn incident(
    nation: &Nation,
    institution: usize,
    n: u64,
    at: DateTime<Utc>,
    card: Option<FromCard>,
) -> Vec<Deed> {
    let journal = &INSTITUTIONS[institution];
    let state = journal.kind == Institution::StatePolice;
    // What kind it is follows from its number alone, before anything else of it.
    let mut chance = Chance::of(nation.seed, &format!("kind {}", journal.journal), n);
    let kind = chance.weighted(KINDS, |kind| if state { kind.state } else { kind.municipal });
    let mut case = Case::new(nation, institution, n, at, kind);
    case.register(card);
    case.involve_people();
    live(&mut case, &mut chance);
    in_order(case.script.deeds)
}

/// What becomes of it: with most, work and an end.
fn live(case: &mut Case<'_>, chance: &mut Chance) {
    let fate = chance.below(100_000);
    let mut so_far = 0;
    let mut is = |share: u32| {
        so_far += share;
        fate < so_far
    };
    if is(SHARES.annulled) {
        case.annul(true);
        return;
    }
    if is(SHARES.not_annulled) {
        case.annul(false);
    } else if is(SHARES.merged) {
        case.registered_twice();
    } else if is(SHARES.split) {
        case.split();
    } else if is(SHARES.repeated) {
        case.happened_again();
    }
    let alone = fate >= so_far;
    case.involve_things();
    if let Some(to) = case.competent_force().filter(|_| alone && chance.percent(SHARES.offered)) {
        case.transfer(to);
        return;
    }
    case.work_on();
    case.caution();
    case.bring_to_an_end();
}

/// In order of time, what was thought of first first. Once somebody at a screen does something in a matter, the rest of it is done there
/// too: a batch of a journal would not wait for them.
fn in_order(mut deeds: Vec<Deed>) -> Vec<Deed> {
    deeds.sort_by_key(|deed| deed.at);
    let mut at_screen = false;
    for deed in &mut deeds {
        at_screen |= deed.lane != Lane::Bulk;
        if at_screen {
            deed.lane = Lane::Interactive;
        }
    }
    deeds
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
