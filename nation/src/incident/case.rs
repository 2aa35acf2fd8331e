//! One incident while it is told: what is known of it so far, and what is done next.

use chrono::{DateTime, TimeDelta, Utc};
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;
use uuid::Uuid;

use super::kinds::{Kind, Who};
use super::{FromCard, reporter};
use crate::Nation;
use crate::chance::Chance;
use crate::deed::{Asked, Lane, Post, Script, local};
use crate::institution::{INSTITUTIONS, Kind as Institution};
use crate::people::{Household, Person};
use crate::place::{self, Address};
use crate::rhythm::office_hours;

/// An incident.
pub(super) struct Case<'n> {
    pub(super) script: Script<'n>,
    pub(super) kind: &'static Kind,
    pub(super) scene: Address,
    pub(super) lane: Lane,
    pub(super) reporter: Option<Person>,
    /// Those whose home it is.
    pub(super) family: Vec<Person>,
    /// Who takes part, by the ids that they are known by.
    pub(super) involved: Vec<Involved>,
    /// When something was done last.
    pub(super) clock: DateTime<Utc>,
    /// When it began.
    pub(super) began: DateTime<Utc>,
    /// Whether something is still to be said of it and another.
    pub(super) tied: bool,
    /// Its number in the journal.
    pub(super) n: u64,
    institution: usize,
}

/// A person in it.
#[derive(Debug, Clone)]
pub(super) struct Involved {
    pub(super) subject: Uuid,
    pub(super) person: Person,
    pub(super) role: &'static str,
    /// Whether it is known who they are.
    pub(super) known: bool,
}

impl<'n> Case<'n> {
    /// The `n`-th incident of an institution, which nobody has registered yet.
    pub(super) fn new(nation: &'n Nation, institution: usize, n: u64, at: DateTime<Utc>, kind: &'static Kind) -> Self {
        let journal = &INSTITUTIONS[institution];
        let mut script = Script::new(nation, institution, &journal.journal, n);
        let lane = if journal.kind == Institution::StatePolice { Lane::Interactive } else { Lane::Bulk };
        let territory = journal.territory.unwrap_or_else(|| place::territory(&mut script.chance));
        let (scene, family) = match kind.cast.iter().any(|part| part.who == Who::Family) {
            true => at_home(nation, &mut script.chance, journal.territory),
            false => (Address::scene(nation, &mut script.chance, territory), Vec::new()),
        };
        Case {
            script,
            kind,
            scene,
            lane,
            reporter: None,
            family,
            involved: Vec::new(),
            clock: at,
            began: at,
            tied: false,
            n,
            institution,
        }
    }

    /// Another one at the same place, that many minutes after the last thing that was done in this one.
    pub(super) fn beside(&mut self, n: u64, from: i64, to: i64) -> Case<'n> {
        let mut at = self.clock;
        at += TimeDelta::seconds(60 * self.script.chance.about(from, to) + self.script.chance.between(1, 59));
        let mut other = Case::new(self.script.nation, self.institution, n, at, self.kind);
        (other.scene, other.family) = (self.scene.clone(), self.family.clone());
        other
    }

    /// A later moment, so many minutes after the last.
    pub(super) fn later(&mut self, from: i64, to: i64) -> DateTime<Utc> {
        let chance = &mut self.script.chance;
        self.clock += TimeDelta::seconds(60 * chance.about(from, to) + chance.between(1, 59));
        self.clock
    }

    pub(super) fn percent(&mut self, percent: u32) -> bool {
        self.script.chance.percent(percent)
    }

    pub(super) fn one_of<T: Copy>(&mut self, from: &[T]) -> T {
        self.script.chance.one_of(from)
    }

    /// Does something with it then.
    pub(super) fn act(
        &mut self,
        at: DateTime<Utc>,
        command: impl FnOnce(Option<pb::Envelope>, Option<pb::RecordRef>) -> Command,
    ) {
        let (envelope, record) = (self.script.envelope(at, None), self.script.record());
        self.script.act(at, self.lane, command(envelope, record));
    }

    /// Somebody at a screen does something with it then.
    pub(super) fn ask(
        &mut self,
        post: Post,
        at: DateTime<Utc>,
        command: impl FnOnce(Option<pb::Envelope>, Option<pb::RecordRef>) -> Asked,
    ) {
        let before = std::mem::replace(&mut self.script.post, post);
        let (envelope, record) = (self.script.envelope(at, None), self.script.record());
        self.script.ask(at, Lane::Interactive, command(envelope, record));
        self.script.post = before;
    }

    /// Service number of one of the officers of who acts.
    pub(super) fn officer(&mut self) -> String {
        let forces = if self.script.sender().kind == Institution::StatePolice { 6_000 } else { 900 };
        format!("{:05}", self.script.chance.below(forces))
    }

    /// What is registered; the source says which record it is.
    pub(super) fn registration(&mut self, card: Option<FromCard>) -> (pb::RegisterIncident, pb::Source) {
        let at = self.clock;
        let (nation, kind) = (self.script.nation, self.kind);
        let chance = &mut self.script.chance;
        let card = card.map(|from| {
            self.scene = from.scene;
            from.card
        });
        let channel = channel(chance, card.is_some(), at);
        // Most is told at once; some after days.
        let told_after = match chance.below(100) {
            0..70 => chance.about(2, 90),
            70..93 => chance.about(60, 1_400),
            _ => chance.about(1_440, 30 * 1_440),
        };
        let began = at - TimeDelta::minutes(told_after);
        let lasted = chance.percent(25).then(|| began + TimeDelta::minutes(chance.between(0, told_after.min(240))));
        // Who leads operations is told before it is written down.
        let at_once = matches!(channel, pb::Channel::Phone112 | pb::Channel::Phone110 | pb::Channel::Alarm);
        let received = at_once.then(|| at - TimeDelta::minutes(chance.between(0, told_after.min(12))));
        if channel != pb::Channel::OwnInitiative && chance.percent(85) {
            self.reporter = Some(match self.family.first() {
                Some(victim) if chance.percent(55) => victim.clone(),
                _ => Person::met(nation, chance),
            });
        }
        let identified = chance.percent(55);
        let narrative = chance.one_of(kind.words).to_owned();
        let uncertain = chance.percent(20).then(|| chance.between(10, 300) as u32);
        self.began = began;
        let source = pb::Source {
            system: self.script.sender().journal.clone(),
            external_id: self.script.external_id.clone(),
            sequence: self.n + 1,
            recorded_at: local(at),
        };
        let command = pb::RegisterIncident {
            envelope: None,
            channel: channel as i32,
            type_code: kind.code.to_owned(),
            category: kind.category as i32,
            place: Some(self.scene.as_place(pb::LocationSource::Address, uncertain, at)),
            occurred_from: local(began),
            occurred_to: lasted.map(local).unwrap_or_default(),
            narrative,
            reporter: self.reporter.as_ref().map(|person| reporter(nation, person, identified)),
            card,
            legacy_number: String::new(),
            received_at: received.map(local).unwrap_or_default(),
        };
        (command, source)
    }

    /// Registers it.
    pub(super) fn register(&mut self, card: Option<FromCard>) {
        let at = self.clock;
        let (command, source) = self.registration(card);
        let envelope = self.script.envelope(at, Some(source));
        self.script.act(at, self.lane, Command::RegisterIncident(pb::RegisterIncident { envelope, ..command }));
    }
}

/// A family, where it lives, and who of it is of age first: in that territory, where that is given. Police are called to some again and
/// again.
fn at_home(nation: &Nation, chance: &mut Chance, territory: Option<usize>) -> (Address, Vec<Person>) {
    let here =
        |person: &Person| territory.is_none_or(|wanted| Address::home(nation, person.household).territory == wanted);
    let grown = |person: &Person| !person.is_minor(nation.since()) && here(person);
    let victim = Person::met_who(nation, chance, grown);
    let household = Household::of(nation, victim.household);
    let mut family: Vec<Person> = household.members(nation).into_iter().filter(|other| *other != victim).collect();
    family.insert(0, victim);
    // In small forces' towns nobody of few may live: then it is a home there like any other.
    let home = match territory {
        Some(territory) if household.address.territory != territory => Address::scene(nation, chance, territory),
        _ => household.address,
    };
    (home, family)
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
