//! What officers and their supervisors do about an incident, from the first hour to its end.

use chrono::TimeDelta;
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;

use super::case::Case;
use super::kinds::About;
use crate::deed::{Asked, Post, local};
use crate::rates::SHARES;

impl Case<'_> {
    /// The first hours: somebody gets it, does something, finds out more.
    pub(super) fn work_on(&mut self) {
        if self.percent(65) {
            self.assign();
        }
        self.take_actions();
        if self.script.chance.in_a_million(u64::from(SHARES.corrected) * 10) {
            self.correct(Post::System);
        }
        if self.percent(22) {
            self.supplement();
        }
        self.learn_of_people();
        if self.script.chance.in_a_million(u64::from(SHARES.withdrawn) * 10 * 5) {
            // A witness is last in one of five incidents.
            self.withdraw_witness();
        }
        if self.percent(5) {
            self.reclassify();
        }
        if self.script.chance.in_a_million(u64::from(SHARES.restricted) * 10) {
            self.restrict();
        }
    }

    pub(super) fn assign(&mut self) {
        let (at, officer) = (self.later(2, 240), self.officer());
        self.act(at, |envelope, incident| {
            let assignee = Some(pb::assign_incident::Assignee::Officer(officer));
            Command::AssignIncident(pb::AssignIncident { envelope, incident, assignee })
        });
    }

    /// One to three of what is done in such a case.
    pub(super) fn take_actions(&mut self) {
        for _ in 0..self.script.chance.about(0, 3) {
            let at = self.later(3, 90);
            let (action, officer) = (self.one_of(self.kind.actions), self.officer());
            // Some are written down after they were done.
            let done = if self.percent(30) { local(at - TimeDelta::minutes(2)) } else { String::new() };
            let note = if self.percent(25) { "Piezīmes protokolā.".to_owned() } else { String::new() };
            self.act(at, |envelope, incident| {
                Command::RecordAction(pb::RecordAction {
                    envelope,
                    incident,
                    action: action.to_owned(),
                    at: done,
                    note,
                    by: Some(pb::record_action::By::Officer(officer)),
                })
            });
        }
    }

    fn supplement(&mut self) {
        let at = self.later(30, 5 * 1_440);
        let words = self.one_of(self.kind.words);
        self.act(at, |envelope, incident| {
            Command::SupplementIncident(pb::SupplementIncident {
                envelope,
                incident,
                reason: "Saņemti papildu paskaidrojumi".to_owned(),
                narrative: Some(format!("{words} Aptaujāti liecinieki, iegūts videoieraksts.")),
                ..pb::SupplementIncident::default()
            })
        });
    }

    fn reclassify(&mut self) {
        let at = self.later(10, 2 * 1_440);
        let other = self.one_of(&["property-damage", "public-order", "accident", "service-assist"]);
        self.act(at, |envelope, incident| {
            Command::ReclassifyIncident(pb::ReclassifyIncident {
                envelope,
                incident,
                type_code: other.to_owned(),
                category: pb::Category::Unspecified as i32,
                reason: "Precizēts pēc pārbaudes uz vietas".to_owned(),
            })
        });
    }

    /// Puts right a word, a place or a time.
    fn correct(&mut self, post: Post) {
        let at = self.later(10, 1_440);
        let (words, which) = (self.one_of(self.kind.words), self.script.chance.below(100));
        let narrative = (which < 55).then(|| format!("{words} Labota pārrakstīšanās kļūda."));
        let place = (55..80).contains(&which).then(|| self.scene.as_place(pb::LocationSource::Manual, None, at));
        let earlier = self.began - TimeDelta::minutes(self.script.chance.between(3, 40));
        let occurred_from = if which >= 80 { local(earlier) } else { String::new() };
        let correction = |envelope, incident| pb::CorrectIncident {
            envelope,
            incident,
            reason: "Kļūda ierakstā".to_owned(),
            narrative,
            place,
            occurred_from,
            ..pb::CorrectIncident::default()
        };
        match post {
            Post::System => self.act(at, |envelope, incident| Command::CorrectIncident(correction(envelope, incident))),
            post => self.ask(post, at, |envelope, incident| {
                Asked::Streamed(Command::CorrectIncident(correction(envelope, incident)))
            }),
        }
    }

    /// Somebody orders it to be protected; half of that is taken back by a supervisor.
    fn restrict(&mut self) {
        self.raise(pb::RaisedClass::Protected, "Personas aizsardzības interesēs");
        if self.percent(50) {
            let at = self.later(2 * 1_440, 20 * 1_440);
            self.ask(Post::Supervisor, at, |envelope, incident| {
                let reason = "Iemesls vairs nepastāv".to_owned();
                Asked::LiftRestriction(pb::LiftRestriction { envelope, incident, reason })
            });
        }
    }

    fn raise(&mut self, class: pb::RaisedClass, reason: &str) {
        let at = self.later(10, 1_440);
        self.ask(Post::Officer, at, |envelope, incident| {
            let (class, reason) = (class as i32, reason.to_owned());
            Asked::Streamed(Command::RestrictIncident(pb::RestrictIncident { envelope, incident, class, reason }))
        });
    }

    /// An officer asks for it to be annulled; the supervisor agrees, or does not.
    pub(super) fn annul(&mut self, agreed: bool) {
        let at = self.later(20, 2 * 1_440);
        self.ask(Post::Officer, at, |envelope, incident| {
            let reason = "Reģistrēts kļūdaini".to_owned();
            Asked::RequestAnnulment(pb::RequestAnnulment { envelope, incident, reason })
        });
        let at = self.later(15, 1_440);
        self.ask(Post::Supervisor, at, |envelope, incident| match agreed {
            true => Asked::ApproveAnnulment(pb::ApproveAnnulment { envelope, incident }),
            false => {
                let reason = "Notikums ir bijis".to_owned();
                Asked::RejectAnnulment(pb::RejectAnnulment { envelope, incident, reason })
            }
        });
    }

    /// How it ends; some stay open, and some are opened again.
    pub(super) fn bring_to_an_end(&mut self) {
        if self.percent(7) {
            return; // It stays open.
        }
        self.result((20, 20 * 1_440));
        if self.percent(9) {
            return;
        }
        self.close((1, 3 * 1_440));
        if self.percent(2) {
            let at = self.later(1_440, 60 * 1_440);
            self.act(at, |envelope, incident| {
                let reason = "Saņemta jauna informācija".to_owned();
                Command::ReopenIncident(pb::ReopenIncident { envelope, incident, reason })
            });
            self.result((60, 10 * 1_440));
            self.close((1, 1_440));
        }
        if self.script.chance.in_a_million(u64::from(SHARES.corrected_closed) * 10) {
            self.correct(Post::Supervisor);
        }
        // Nobody touches what is secret without a grant, so it comes last.
        let later = self.tied || matches!(self.kind.about, About::Seized { .. });
        if !later && self.script.chance.in_a_million(u64::from(SHARES.secret) * 10) {
            self.raise(pb::RaisedClass::Secret, "Saistīts ar operatīvo darbību");
        }
    }

    pub(super) fn result(&mut self, (from, to): (i64, i64)) {
        let at = self.later(from, to);
        let code = self.one_of(self.kind.results);
        let case = code.ends_with("-opened").then(|| format!("{:011}", self.script.chance.below(u32::MAX)));
        self.act(at, |envelope, incident| {
            Command::RecordResult(pb::RecordResult {
                envelope,
                incident,
                result_code: code.to_owned(),
                case_refs: case.into_iter().collect(),
            })
        });
    }

    pub(super) fn close(&mut self, (from, to): (i64, i64)) {
        let at = self.later(from, to);
        let disposition =
            self.one_of(&["report-taken", "settled", "warning", "no-merit", "citation", "handed-to-other"]);
        self.act(at, |envelope, incident| {
            Command::CloseIncident(pb::CloseIncident {
                envelope,
                incident,
                disposition: disposition.to_owned(),
                closing_type: String::new(),
            })
        });
    }
}
