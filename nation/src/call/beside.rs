//! What is told of a call beside the way from its receipt to the last unit's release.

use chrono::{DateTime, TimeDelta, Utc};
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;

use super::{Address, Kind, Lane, Script, complete, qualify, receive};
use crate::Nation;
use crate::chance::Chance;
use crate::deed::{Deed, Post};
use crate::institution::EMERGENCY_CENTRE;

/// Most callers are asked again where they are, before anything else.
pub(super) fn locate(script: &mut Script<'_>, from: DateTime<Utc>, until: DateTime<Utc>, scene: &Address) {
    if !script.chance.percent(72) {
        return;
    }
    let at = from + (until - from) / 2;
    let command = pb::ConfirmLocation {
        envelope: script.envelope(at, None),
        card: script.record(),
        place: Some(scene.as_place(pb::LocationSource::Address, None, at)),
    };
    script.act(at, Lane::Urgent, Command::ConfirmLocation(command));
}

/// Fires and collisions are reported to be under control, mostly.
pub(super) fn situation(script: &mut Script<'_>, from: DateTime<Utc>, until: DateTime<Utc>, engines: usize) {
    if engines == 0 || !script.chance.percent(80) {
        return;
    }
    let at = from + (until - from) * 2 / 3;
    let command = pb::UpdateSituation {
        envelope: script.envelope(at, None),
        card: script.record(),
        under_control: Some(true),
        note: "Situācija kontrolēta.".to_owned(),
        ..pb::UpdateSituation::default()
    };
    script.act(at, Lane::Urgent, Command::UpdateSituation(command));
}

/// The recording is handed in when the call is over.
pub(super) fn recording(script: &mut Script<'_>, n: u64, from: DateTime<Utc>, at: DateTime<Utc>) {
    if !script.chance.percent(30) {
        return;
    }
    let seconds = script.chance.about(40, 300).clamp(1, (at - from).num_seconds().max(1));
    let command = pb::AddCardFile {
        envelope: script.envelope(at, None),
        card: script.record(),
        kind: pb::FileKind::Recording as i32,
        reference: format!("rec/{n}"),
        // Of nothing: there is no recording of what did not happen.
        sha256: format!("{n:064x}"),
        length: 16_000 * seconds.unsigned_abs(),
        duration_s: u32::try_from(seconds).ok(),
    };
    script.act(at, Lane::Urgent, Command::AddCardFile(command));
}

/// A service takes it on over the telephone.
pub(super) fn by_phone(script: &mut Script<'_>, at: DateTime<Utc>, service: pb::Service) {
    let command = pb::HandOverByPhone {
        envelope: script.envelope(at, None),
        card: script.record(),
        service: service as i32,
        to: String::new(),
    };
    script.act(at, Lane::Urgent, Command::HandOverByPhone(command));
}

/// The caller calls again: it is not needed.
pub(super) fn cancel(script: &mut Script<'_>, at: DateTime<Utc>) {
    let command = pb::CancelCard {
        envelope: script.envelope(at, None),
        card: script.record(),
        reason: "Zvanītājs zvana vēlreiz: palīdzība vairs nav vajadzīga.".to_owned(),
    };
    script.act(at, Lane::Urgent, Command::CancelCard(command));
}

/// Somebody else calls about the same, too: the dispatcher links their card to the first one, and ends it.
pub(super) fn again(
    nation: &Nation,
    n: u64,
    first: &Script<'_>,
    at: DateTime<Utc>,
    about: (&Kind, &Address),
) -> Vec<Deed> {
    let mut script = Script::new(nation, EMERGENCY_CENTRE, "vkcp-again", n);
    if !script.chance.percent(1) {
        return Vec::new();
    }
    let (kind, scene) = about;
    let later =
        |script: &mut Script<'_>, at: DateTime<Utc>, from, to| at + TimeDelta::seconds(script.chance.about(from, to));
    let received = later(&mut script, at, 20, 240);
    let answered = later(&mut script, received, 2, 14);
    receive(&mut script, n, received, answered, scene, kind.words);
    let qualified = later(&mut script, answered, 10, 60);
    qualify(&mut script, qualified, kind, scene);
    let linked = later(&mut script, qualified, 5, 40);
    let command = pb::MarkDuplicate {
        envelope: script.envelope(linked, None),
        card: script.record(),
        of: first.record(),
        reason: "Tas pats notikums: tā pati vieta un laiks.".to_owned(),
    };
    script.act(linked, Lane::Urgent, Command::MarkDuplicate(command));
    let end = later(&mut script, linked, 10, 120);
    complete(&mut script, end, "duplicate");
    script.deeds
}

/// Some calls are listened to again, the day after, by who leads the dispatchers.
pub(super) fn review(script: &mut Script<'_>, n: u64, end: DateTime<Utc>) {
    use pb::ReviewFinding::{AnsweredLate, Manner, PlaceNotConfirmed, QuestionsMissed, WrongPriority};
    let mut chance = Chance::of(script.nation.seed, "review", n);
    if !chance.percent(3) {
        return;
    }
    let at = end + TimeDelta::seconds(chance.about(20_000, 160_000));
    let findings = match chance.below(100) {
        0..60 => Vec::new(),
        _ => vec![chance.one_of(&[AnsweredLate, PlaceNotConfirmed, QuestionsMissed, WrongPriority, Manner]) as i32],
    };
    let score = if findings.is_empty() { chance.between(85, 100) } else { chance.between(45, 84) };
    let dispatcher = std::mem::replace(&mut script.post, Post::Supervisor);
    let command = pb::ReviewCard {
        envelope: script.envelope(at, None),
        card: script.record(),
        score: u32::try_from(score).ok(),
        findings,
        note: "Noklausīts pēc izlases.".to_owned(),
    };
    script.act(at, Lane::Interactive, Command::ReviewCard(command));
    script.post = dispatcher;
}
