//! Two incidents that have to do with each other: registered twice, two in one, or the same place again.

use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;

use super::case::Case;
use super::kinds::Who;
use crate::rates::SHARES;

/// Numbers of incidents that come of another lie beyond those of the journal and of cards.
const SECOND: u64 = 2_000_000_000;

impl Case<'_> {
    /// Somebody else registers the same; that one is merged into this, and a third of these mergers is taken back.
    pub(super) fn registered_twice(&mut self) {
        let mut other = self.beside(self.n + SECOND, 4, 90);
        other.register(None);
        self.clock = other.clock;
        let at = self.later(5, 240);
        let (envelope, into) = (other.script.envelope(at, None), self.script.record());
        let merge = pb::MergeIncident {
            envelope,
            incident: other.script.record(),
            into,
            reason: "Reģistrēts divreiz".to_owned(),
        };
        other.script.act(at, other.lane, Command::MergeIncident(merge));
        if self.percent(SHARES.unmerged) {
            let at = self.later(30, 1_440);
            other.clock = at;
            other.act(at, |envelope, incident| {
                let reason = "Tomēr ir divi notikumi".to_owned();
                Command::UnmergeIncident(pb::UnmergeIncident { envelope, incident, reason })
            });
            other.bring_to_an_end();
        }
        self.script.deeds.append(&mut other.script.deeds);
    }

    /// It turns out to be two, and the other goes on by itself.
    pub(super) fn split(&mut self) {
        let mut other = self.beside(self.n + SECOND, 20, 1_440);
        self.clock = other.clock;
        // Who reported this one told of both.
        let (registration, source) = other.registration(None);
        let (at, incident) = (self.clock, self.script.record());
        let split = pb::SplitIncident {
            envelope: self.script.envelope(at, Some(source)),
            incident,
            reason: "Divi atsevišķi notikumi".to_owned(),
            registration: Some(registration),
        };
        self.script.act(at, self.lane, Command::SplitIncident(split));
        other.involve_people();
        other.involve_things();
        other.bring_to_an_end();
        self.script.deeds.append(&mut other.script.deeds);
    }

    /// The same happens again at the same place within a month; both are linked, and few of these links are taken back.
    pub(super) fn happened_again(&mut self) {
        let before = self.clock;
        let mut other = self.beside(self.n + SECOND, 720, 30 * 1_440);
        (self.tied, other.tied) = (true, true);
        other.register(None);
        other.involve_people();
        let at = other.later(5, 120);
        let family = self.kind.cast.iter().any(|part| part.who == Who::Family);
        let kind = if family { pb::LinkKind::Related } else { pb::LinkKind::Series };
        let confidence = match self.script.chance.below(100) {
            0..60 => pb::Confidence::Certain,
            60..90 => pb::Confidence::Probable,
            _ => pb::Confidence::Possible,
        };
        let first = self.script.record();
        let tie = |envelope, incident| pb::LinkIncidents {
            envelope,
            incident,
            other: first.clone(),
            kind: kind as i32,
            confidence: confidence as i32,
            reason: "Atkārtoti tajā pašā vietā".to_owned(),
        };
        other.act(at, |envelope, incident| Command::LinkIncidents(tie(envelope, incident)));
        if self.percent(SHARES.unlinked) {
            let at = other.later(60, 3 * 1_440);
            other.act(at, |envelope, incident| {
                let reason = "Nav saistīti".to_owned();
                Command::UnlinkIncidents(pb::UnlinkIncidents { envelope, incident, other: first.clone(), reason })
            });
        }
        other.involve_things();
        other.work_on();
        other.bring_to_an_end();
        self.clock = before;
        self.script.deeds.append(&mut other.script.deeds);
    }
}
