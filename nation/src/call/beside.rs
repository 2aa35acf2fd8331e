//! What is told of a call beside the way from its receipt to the last unit's release.

use chrono::{DateTime, Utc};
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;

use super::{Address, Lane, Script};

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
