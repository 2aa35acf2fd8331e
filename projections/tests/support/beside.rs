//! What is told of cards beside the way from the call to the last unit's release.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::emergency_card::{
    CancelCard, CardCommand, CardFile, CloseNonEmergency, ConfirmLocation, EmergencyCard, FileKind, ForwardCard,
    ForwardProgress, HandOverByPhone, MarkDuplicate, NoEmergency, ReceiveForward, ReportForward, ReturnForward,
    ReviewCard, ReviewFinding, ReviewScore, UnmarkDuplicate, UpdateSituation,
};
use domain::incident::IncidentStatus;
use domain::terms::Service;
use domain::values::{
    Actor, Casualties, ContentDigest, InstitutionCode, NationalNumber, Place, PlaceParts, PlaceText, Reason,
    RecordingRef, UserName,
};
use event_store::append::{AppendError, Target};
use event_store::log::LogName;

use super::System;
use super::work::{RandomWork, id};

/// One such command about one of a few cards.
pub(super) async fn work(random: &mut RandomWork, system: &System) -> Result<(), AppendError> {
    let n = random.dice.below(random.records);
    let (card, other) = (id(2, n), id(2, random.dice.below(random.records)));
    let incident = id(1, random.dice.below(random.records));
    let institution = |code: &str| InstitutionCode::parse(code).unwrap();
    let reason = || Reason::parse("Zvanīja vēlreiz").unwrap().into();
    let to = || institution("RPP");
    let command = match random.dice.below(60) {
        0..3 => CardCommand::ConfirmLocation(ConfirmLocation {
            place: Place::try_new(PlaceParts {
                text: Some(PlaceText::parse("Krasta iela 3").unwrap()),
                ..PlaceParts::default()
            })
            .unwrap(),
        }),
        3..6 => CardCommand::UpdateSituation(UpdateSituation {
            under_control: random.dice.maybe(|dice| dice.below(3) > 0),
            hazards: BTreeSet::new(),
            casualties: Casualties::try_new(random.dice.below(4) as u32).ok(),
            note: None,
        }),
        6 | 7 => CardCommand::AddFile(CardFile {
            kind: *random.dice.one(FileKind::ALL),
            reference: RecordingRef::parse("rec/1").unwrap(),
            sha256: ContentDigest::of([random.dice.below(5) as u8; 32]),
            length: 1,
            duration_s: None,
        }),
        8 => CardCommand::HandOverByPhone(HandOverByPhone { service: *random.dice.one(Service::ALL), to: None }),
        9 => CardCommand::CloseNonEmergency(CloseNonEmergency { kind: *random.dice.one(NoEmergency::ALL), note: None }),
        10 => CardCommand::CancelCard(CancelCard { reason: reason() }),
        11 | 12 => CardCommand::MarkDuplicate(MarkDuplicate { of: other, reason: None }),
        13 => CardCommand::UnmarkDuplicate(UnmarkDuplicate { reason: None }),
        14 => CardCommand::TakeDuplicate(other),
        15 | 16 => CardCommand::ReviewCard(Box::new(ReviewCard {
            score: ReviewScore::try_new(random.dice.below(101) as u32).unwrap(),
            findings: BTreeSet::from([*random.dice.one(ReviewFinding::ALL)]),
            note: None,
            by: Actor { institution: institution("VUGD"), user: UserName::parse("a.ozola").unwrap() },
        })),
        17..40 => CardCommand::ForwardCard(ForwardCard { to: to(), by: institution("VP"), note: None }),
        40..48 => CardCommand::ReceiveForward(ReceiveForward {
            to: to(),
            incident,
            number: NationalNumber::try_new(2026, 1).unwrap(),
            at: DateTime::<Utc>::UNIX_EPOCH.fixed_offset() + TimeDelta::days(20_000),
        }),
        48..50 => CardCommand::ReturnForward(ReturnForward { incident, cause: reason() }),
        50 => CardCommand::LapseCard,
        _ => {
            let status = *random.dice.one(IncidentStatus::ALL);
            let progress = ForwardProgress { incident, status, result: None, disposition: None };
            CardCommand::ReportForward(ReportForward { progress })
        }
    };
    let metadata = random.metadata(Some(format!("C{n}")));
    let decide = Box::new(move |work: &mut event_store::append::Work<'_>| {
        work.execute::<EmergencyCard>(card, command.clone())?;
        Ok(Target::of::<EmergencyCard>(card))
    });
    system.submit(LogName::REGISTER, metadata, random.clock, decide).await.map(|_| ())
}
