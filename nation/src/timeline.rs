//! All deeds in order of time, made as they are asked for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Timelike as _, Utc};
use chrono_tz::Europe::Riga;
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;

use super::call::call;
use super::chance::Chance;
use super::deed::{Deed, Lane, Matter, Script};
use super::fleet::{self, Fleet};
use super::incident::incident;
use super::institution::{EMERGENCY_CENTRE, INSTITUTIONS, Kind, STATE_POLICE};
use super::journal;
use super::plans;
use super::rhythm::{self, CALLS, INCIDENTS};
use super::shifts::Stations;
use super::{Nation, RATES, SHARES};

/// When crews change, local time.
const CHANGE_OF_CREWS: u32 = 8;

/// The deeds of some days, in order of time.
pub struct Timeline<'n> {
    nation: &'n Nation,
    minutes: VecDeque<(DateTime<Utc>, u32)>,
    end: DateTime<Utc>,
    /// Everything before it has been thought of.
    known: DateTime<Utc>,
    due: BinaryHeap<Reverse<Due>>,
    /// Deeds so far: those of one moment stay in the order in which they were thought of.
    thought: u64,
    matters: u64,
    fleet: Fleet,
    calls: u64,
    incidents: Vec<u64>,
    /// Places of municipal and port police among the institutions, and how much each records.
    local_forces: Vec<(usize, u32)>,
    shifts: u64,
    stations: Stations,
    day: NaiveDate,
    days_left: u32,
}

struct Due {
    at: DateTime<Utc>,
    n: u64,
    // Large, and moved with every other one that comes or goes.
    deed: Box<Deed>,
}

impl PartialEq for Due {
    fn eq(&self, other: &Due) -> bool {
        (self.at, self.n) == (other.at, other.n)
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Due) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Due) -> std::cmp::Ordering {
        (self.at, self.n).cmp(&(other.at, other.n))
    }
}

impl<'n> Timeline<'n> {
    /// What happens on so many days from `from` on. What would come later is left out: the log ends there.
    #[must_use]
    pub fn new(nation: &'n Nation, from: NaiveDate, days: u32) -> Timeline<'n> {
        let start = rhythm::midnight(from);
        let end = rhythm::midnight(from.checked_add_days(Days::new(u64::from(days))).unwrap_or(from));
        let forces = INSTITUTIONS.iter().enumerate();
        let local = forces.filter(|(_, one)| matches!(one.kind, Kind::MunicipalPolice | Kind::PortPolice));
        let mut timeline = Timeline {
            nation,
            minutes: VecDeque::new(),
            end,
            known: start,
            due: BinaryHeap::new(),
            thought: 0,
            matters: 0,
            fleet: Fleet::new(nation, start),
            calls: 0,
            incidents: vec![0; INSTITUTIONS.len()],
            local_forces: local.map(|(place, one)| (place, one.weight)).collect(),
            shifts: 0,
            stations: Stations::default(),
            day: from,
            days_left: days,
        };
        timeline.register_units(start);
        timeline
    }

    /// Its first moment and its last.
    #[must_use]
    pub fn span(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        (self.known, self.end)
    }

    fn register_units(&mut self, at: DateTime<Utc>) {
        for unit in 0..self.fleet.0.len() {
            let mut script = Script::new(self.nation, EMERGENCY_CENTRE, "unit", unit as u64);
            let known = &self.fleet.0[unit];
            let command = pb::RegisterUnit {
                institution: known.institution.to_owned(),
                call_sign: known.call_sign.clone(),
                kind: known.kind as i32,
                station: super::TERRITORIES[known.territory].seat.to_owned(),
                territory: super::TERRITORIES[known.territory].code.to_owned(),
                source_kind: String::new(),
                envelope: script.envelope(at, None),
            };
            script.act_with(unit, at, Lane::Interactive, Command::RegisterUnit(command));
            let equipment = known.equipment().iter().map(|code| (*code).to_owned()).collect();
            let (loaded, unit_ref) = (at + TimeDelta::seconds(1), known.reference());
            let envelope = script.envelope(loaded, None);
            let command = pb::ChangeEquipment { envelope, unit: unit_ref, equipment };
            script.act_with(unit, loaded, Lane::Interactive, Command::ChangeEquipment(command));
            let deeds = script.deeds;
            self.think(deeds);
        }
        self.change_crews(at);
        self.think(journal::connected(self.nation.seed, at));
        self.think(plans::adopted(self.nation.seed, at));
    }

    fn think(&mut self, deeds: Vec<Deed>) {
        for deed in deeds {
            if deed.at < self.end {
                self.due.push(Reverse(Due { at: deed.at, n: self.thought, deed: Box::new(deed) }));
                self.thought += 1;
            }
        }
    }

    /// Thinks of all that belongs to one matter.
    fn think_of_matter(&mut self, mut deeds: Vec<Deed>) {
        self.leave_out_unanswered(&mut deeds);
        let number = self.matters;
        self.matters += 1;
        // Of several at one time the last to be thought of comes last.
        let last = deeds.iter().enumerate().max_by_key(|(place, deed)| (deed.at, *place)).map(|(place, _)| place);
        for (place, deed) in deeds.iter_mut().enumerate() {
            deed.matter = Some(Matter { number, ends: Some(place) == last });
        }
        self.think(deeds);
    }

    /// Leaves out an offer whose answer would come after the end, with all that follows on it: the register itself ends an offer that
    /// nobody answers in time, so how such a one stands would depend on when the register is looked at.
    fn leave_out_unanswered(&self, deeds: &mut Vec<Deed>) {
        let at_of =
            |is: fn(&Command) -> bool| deeds.iter().find(|deed| deed.streamed().is_some_and(is)).map(|deed| deed.at);
        let answer = at_of(|command| {
            matches!(command, Command::AcceptTransfer(_) | Command::RejectTransfer(_) | Command::WithdrawTransfer(_))
        });
        let offer = at_of(|command| matches!(command, Command::OfferTransfer(_)));
        if let (Some(offer), Some(answer)) = (offer, answer)
            && offer < self.end
            && answer >= self.end
        {
            deeds.retain(|deed| deed.at < offer);
        }
    }

    /// Crews that are not out go home, and others come. Who is out stays until the next change.
    fn change_crews(&mut self, at: DateTime<Utc>) {
        let mut crews = BTreeMap::new();
        for index in 0..self.fleet.0.len() {
            let unit = &mut self.fleet.0[index];
            if unit.free_at > at {
                continue;
            }
            let goes_home = std::mem::replace(&mut unit.on_duty, true);
            unit.free_at = at + TimeDelta::seconds(61);
            let (reference, kind) = (unit.reference(), unit.kind);
            let mut script = Script::new(self.nation, EMERGENCY_CENTRE, "shift", self.shifts);
            self.shifts += 1;
            if goes_home {
                let command = pb::EndDuty { envelope: script.envelope(at, None), unit: reference.clone() };
                script.act_with(index, at, Lane::Interactive, Command::EndDuty(command));
            }
            let comes = at + TimeDelta::seconds(60);
            let command = pb::StartDuty { envelope: script.envelope(comes, None), unit: reference.clone() };
            script.act_with(index, comes, Lane::Interactive, Command::StartDuty(command));
            let crew = fleet::crew(kind, index, &mut script.chance);
            crews.insert(index, crew.clone());
            let crew = Some(crew);
            let command = pb::ChangeCrew { envelope: script.envelope(comes, None), unit: reference, crew };
            script.act_with(index, comes, Lane::Interactive, Command::ChangeCrew(command));
            let deeds = script.deeds;
            self.think(deeds);
        }
        let until = next_change(at);
        let deeds = self.stations.change(self.nation, &self.fleet, &crews, (at, until), &mut self.matters);
        self.think(deeds);
    }

    /// Thinks of what begins in the next minute; false at the end.
    fn next_minute(&mut self) -> bool {
        if self.minutes.is_empty() && !self.next_day() {
            return false;
        }
        let Some((minute, n)) = self.minutes.pop_front() else { return false };
        let local = minute.with_timezone(&Riga);
        if (local.hour(), local.minute()) == (CHANGE_OF_CREWS, 0) {
            self.change_crews(minute);
        }
        let seed = self.nation.seed;
        let mut chance = Chance::of(seed, "minute", u64::from(n) << 32 | self.day_number());
        let part = |rate: u64, rhythm: &rhythm::Rhythm| {
            (u128::from(self.nation.a_minute(rate)) * u128::from(rhythm.at(local)) / 1_000_000) as u64
        };
        let calls = part(RATES.calls, &CALLS);
        let state = part(SHARES.by_themselves(RATES.state_incidents) - RATES.cards_to_police, &INCIDENTS);
        let municipal = part(SHARES.by_themselves(RATES.municipal_incidents), &INCIDENTS);
        let counts = [chance.count(calls), chance.count(state), chance.count(municipal)];
        let second = |chance: &mut Chance| minute + TimeDelta::milliseconds(chance.between(0, 59_999));
        let mut starts: Vec<DateTime<Utc>> = (0..counts[0]).map(|_| second(&mut chance)).collect();
        starts.sort_unstable();
        for at in starts {
            let deeds = call(self.nation, self.calls, at, &mut self.fleet);
            self.calls += 1;
            self.think_of_matter(deeds);
        }
        for _ in 0..counts[1] {
            let at = second(&mut chance);
            let n = self.next_incident(STATE_POLICE);
            self.think_of_matter(incident(self.nation, STATE_POLICE, n, at, None));
        }
        for _ in 0..counts[2] {
            let at = second(&mut chance);
            let institution = chance.weighted(&self.local_forces, |force| force.1).0;
            let n = self.next_incident(institution);
            let deeds = incident(self.nation, institution, n, at, None);
            self.think_of_matter(journal::sent(deeds, &mut chance));
        }
        self.known = minute + TimeDelta::minutes(1);
        true
    }

    fn next_incident(&mut self, institution: usize) -> u64 {
        let n = self.incidents[institution];
        self.incidents[institution] += 1;
        n
    }

    fn day_number(&self) -> u64 {
        u64::try_from((self.day - NaiveDate::default()).num_days()).unwrap_or_default()
    }

    fn next_day(&mut self) -> bool {
        if self.days_left == 0 {
            return false;
        }
        self.days_left -= 1;
        self.minutes = rhythm::minutes(self.day, 1).zip(0..).collect();
        self.day = self.day.succ_opt().unwrap_or(self.day);
        true
    }
}

/// When crews change next.
fn next_change(at: DateTime<Utc>) -> DateTime<Utc> {
    let local = at.with_timezone(&Riga);
    let day = if local.hour() < CHANGE_OF_CREWS { local.date_naive() } else { local.date_naive() + Days::new(1) };
    let change = day.and_hms_opt(CHANGE_OF_CREWS, 0, 0).and_then(|time| time.and_local_timezone(Riga).earliest());
    change.map_or(at + TimeDelta::hours(24), |change| change.with_timezone(&Utc))
}

impl Iterator for Timeline<'_> {
    type Item = Deed;

    fn next(&mut self) -> Option<Deed> {
        loop {
            let ended = self.days_left == 0 && self.minutes.is_empty();
            if self.due.peek().is_some_and(|Reverse(due)| ended || due.at < self.known) {
                return self.due.pop().map(|Reverse(due)| *due.deed);
            }
            if !self.next_minute() && self.due.is_empty() {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deed::Expected;

    fn deeds(seed: u64, scale: f64, days: u32) -> Vec<Deed> {
        let nation = Nation::new(seed, scale);
        Timeline::new(&nation, nation.from, days).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_deeds_and_another_gives_others() {
        assert_eq!(deeds(7, 0.002, 2), deeds(7, 0.002, 2));
        assert_ne!(deeds(7, 0.002, 2), deeds(8, 0.002, 2));
    }

    #[test]
    fn deeds_come_in_order_of_time_under_ids_of_their_own() {
        let deeds = deeds(7, 0.01, 5);
        assert!(deeds.len() > 1_000, "{}", deeds.len());
        assert!(deeds.is_sorted_by_key(|deed| deed.at));
        let first = deeds.iter().filter(|deed| deed.expected != Expected::Repetition);
        let ids: std::collections::BTreeSet<_> = first.clone().map(|deed| deed.id).collect();
        assert_eq!(ids.len(), first.count());
    }

    #[test]
    fn a_matter_ends_once_and_nothing_of_it_comes_later() {
        let mut ended = std::collections::BTreeSet::new();
        for matter in deeds(7, 0.01, 40).iter().filter_map(|deed| deed.matter) {
            assert!(!ended.contains(&matter.number), "{matter:?}");
            if matter.ends {
                ended.insert(matter.number);
            }
        }
        assert!(ended.len() > 1_000, "{}", ended.len());
    }

    #[test]
    fn journals_repeat_and_break_some_of_their_records() {
        let deeds = deeds(7, 0.2, 20);
        let of = |expected| deeds.iter().filter(|deed| deed.expected == expected).count();
        let is_broken = |push: &pb::PushRecord| push.fields[journal::VERSION] == "0";
        let pushed = deeds.iter().filter_map(|deed| match deed.streamed() {
            Some(Command::PushRecord(push)) => Some(is_broken(push)),
            _ => None,
        });
        let (kept, sound): (Vec<bool>, Vec<bool>) = pushed.partition(|broken| *broken);
        let (repeated, refused) = (of(Expected::Repetition), of(Expected::Refusal));
        assert!(repeated > 10 && refused > 0 && kept.len() > 3, "{repeated} {refused} {}", kept.len());
        assert!(sound.len() > 300, "{}", sound.len());
    }
}
