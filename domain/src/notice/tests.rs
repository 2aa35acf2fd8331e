use std::collections::BTreeSet;

use proptest::prelude::*;

use super::examples::institution;
use super::rule::{ATTRIBUTE, NoticeRules, Told, Unaddressed};
use super::*;
use crate::access_day::DataScope;
use crate::classifier::{Classifiers, CodeSystem};
use crate::examples::{at, id, sure};
use crate::ids;
use crate::scenario::{Scenario, moment};
use crate::territory::{Territories, TerritoryLevel};
use crate::values::{Actor, Code, ContentDigest, TerritoryCode, UserName};

fn issue() -> NoticeCommand {
    NoticeCommand::IssueNotice(Box::new(IssueNotice {
        incident: id(1),
        rule: sure(Code::parse("family-violence")),
        rule_version: 1,
        service: NoticeService::SocialService,
        municipality: sure(TerritoryCode::parse("0001000")),
        recipient: institution("SD-RIGA"),
        escalate_to: institution("VP"),
        within_minutes: 30,
    }))
}

fn delivered(receipt: u16) -> NoticeCommand {
    let content = sure(ContentDigest::parse(&"5e".repeat(32)));
    NoticeCommand::RecordDelivery(RecordDelivery { receipt, content, scopes: vec![DataScope::Summary] })
}

fn failed() -> NoticeCommand {
    NoticeCommand::RecordDeliveryFailure(RecordDeliveryFailure { cause: DeliveryFailure::Unreachable, receipt: None })
}

fn acknowledge(of: &str) -> NoticeCommand {
    let by = Actor { institution: institution(of), user: sure(UserName::parse("i.liepa")) };
    NoticeCommand::AcknowledgeNotice(AcknowledgeNotice { by, reference: None })
}

fn fetched(of: &str) -> NoticeCommand {
    let by = Actor { institution: institution(of), user: sure(UserName::parse("i.liepa")) };
    NoticeCommand::RecordFetch(RecordFetch { by, scopes: vec![DataScope::Summary] })
}

fn notice() -> Scenario<Notice> {
    Scenario::new().at("21:40:00")
}

#[test]
fn a_notice_is_issued_once_and_says_until_when_it_is_waited_for() {
    let (events, record) = notice().when(issue()).accepted();
    let [NoticeEvent::NoticeIssued { due_by, recipient, .. }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((*due_by, recipient), (at("22:10:00"), &institution("SD-RIGA")));
    assert_eq!((record.status(), record.incident()), (Some(NoticeStatus::Issued), Some(id(1))));
    notice().after(issue()).when(issue()).changes_nothing();
}

#[test]
fn what_its_recipient_fetched_is_there_and_is_late_for_want_of_an_answer_only() {
    let known = notice().after(issue());
    let (events, record) = known.clone().when(fetched("SD-RIGA")).accepted();
    assert!(matches!(events.as_slice(), [NoticeEvent::NoticeFetched { .. }]), "{events:?}");
    assert_eq!(record.status(), Some(NoticeStatus::Delivered));
    known
        .clone()
        .when(fetched("SD-OGRE"))
        .refused_with([NoticeError::OtherRecipient { recipient: institution("SD-RIGA") }]);
    let there = known.clone().after(fetched("SD-RIGA"));
    there.clone().when(fetched("SD-RIGA")).changes_nothing();
    there.clone().when(delivered(200)).changes_nothing();
    known.clone().after(delivered(200)).when(fetched("SD-RIGA")).changes_nothing();
    known.after(acknowledge("SD-RIGA")).when(fetched("SD-RIGA")).changes_nothing();
    let (events, _) = there.at("22:10:01").when(NoticeCommand::EscalateNotice).accepted();
    let late = matches!(&events[..], [NoticeEvent::NoticeEscalated { cause: EscalationCause::NotAcknowledged, .. }]);
    assert!(late, "{events:?}");
}

#[test]
fn nothing_happens_to_a_notice_that_was_not_issued() {
    for command in [delivered(200), fetched("SD-RIGA"), failed(), acknowledge("SD-RIGA"), NoticeCommand::EscalateNotice]
    {
        notice().when(command).refused_with([NoticeError::NotIssued]);
    }
}

#[test]
fn a_notice_that_came_at_the_third_attempt_says_so_and_comes_once() {
    let tried = notice().after(issue()).after(failed()).after(failed());
    let (events, record) = tried.when(delivered(202)).accepted();
    assert!(matches!(events[..], [NoticeEvent::NoticeDelivered { attempt: 3, receipt: 202, .. }]), "{events:?}");
    assert_eq!(record.status(), Some(NoticeStatus::Delivered));
    let came = notice().after(issue()).after(delivered(200));
    came.clone().when(delivered(200)).changes_nothing();
    came.when(failed()).changes_nothing();
}

#[test]
fn a_receiver_that_is_away_for_long_does_not_fill_the_log() {
    let mut tried = notice().after(issue());
    for _ in 0..MAX_FAILURES {
        let (events, record) = tried.clone().when(failed()).accepted();
        assert_eq!(events.len(), 1);
        tried.record = record;
    }
    tried.clone().when(failed()).changes_nothing();
    tried.when(delivered(200)).accepted();
}

#[test]
fn only_whom_it_is_for_acknowledges_a_notice() {
    let came = notice().after(issue()).after(delivered(200));
    let recipient = institution("SD-RIGA");
    came.clone().when(acknowledge("PP-RIGA")).refused_with([NoticeError::OtherRecipient { recipient }]);
    let known = came.after(acknowledge("SD-RIGA"));
    assert_eq!(known.record.status(), Some(NoticeStatus::Acknowledged));
    known.clone().when(acknowledge("SD-RIGA")).changes_nothing();
    // Fetched, not sent: that it was acknowledged is all that the register hears of it.
    notice().after(issue()).when(acknowledge("SD-RIGA")).accepted();
}

#[test]
fn a_late_notice_is_escalated_once_and_may_still_be_acknowledged() {
    let issued = notice().after(issue());
    let due_by = at("22:10:00");
    issued.clone().at("22:10:00").when(NoticeCommand::EscalateNotice).refused_with([NoticeError::NotDue { due_by }]);
    let to = institution("VP");
    let cause = EscalationCause::NotDelivered;
    let late = issued.clone().at("22:10:01");
    late.clone().when(NoticeCommand::EscalateNotice).records(&[NoticeEvent::NoticeEscalated { to: to.clone(), cause }]);
    let cause = EscalationCause::NotAcknowledged;
    let came = issued.after(delivered(200)).at("22:11:00");
    came.clone().when(NoticeCommand::EscalateNotice).records(&[NoticeEvent::NoticeEscalated { to, cause }]);
    let told = came.after(NoticeCommand::EscalateNotice);
    told.clone().when(NoticeCommand::EscalateNotice).changes_nothing();
    assert_eq!(told.after(acknowledge("SD-RIGA")).record.status(), Some(NoticeStatus::Acknowledged));
    let in_time = notice().after(issue()).after(acknowledge("SD-RIGA")).at("23:00:00");
    in_time.when(NoticeCommand::EscalateNotice).changes_nothing();
}

fn told<'a>(type_code: &'a str, territory: Option<&'a TerritoryCode>, responsible: &'a InstitutionCode) -> Told<'a> {
    let occurred_at = at("20:00:00").with_timezone(&Utc);
    let recorded_at = occurred_at + TimeDelta::hours(2);
    Told { incident: id(1), type_code, territory, occurred_at, recorded_at, responsible }
}

fn recipients(told: &Told<'_>) -> Vec<String> {
    let implied = NoticeRules::embedded().implied(told, Classifiers::embedded()).expect("a place");
    implied.into_iter().map(|(_, issue)| issue.recipient.to_string()).collect()
}

#[test]
fn family_violence_is_told_to_the_social_service_and_the_police_of_the_place() {
    let (vp, pp) = (institution("VP"), institution("PP-MADONA"));
    let parish = sure(TerritoryCode::parse("0055410"));
    assert_eq!(recipients(&told("domestic-violence", Some(&parish), &vp)), ["SD-MADONA", "PP-MADONA"]);
    assert_eq!(recipients(&told("domestic-violence", Some(&parish), &pp)), ["SD-MADONA"], "who registered it knows");
    assert_eq!(recipients(&told("missing-person", Some(&parish), &vp)), ["PP-MADONA"]);
    assert_eq!(recipients(&told("theft", Some(&parish), &vp)), Vec::<String>::new());
    let small = sure(TerritoryCode::parse("0021000"));
    assert_eq!(
        recipients(&told("domestic-violence", Some(&small), &vp)),
        ["SD-ALUKSNE"],
        "it has no police of its own"
    );
}

#[test]
fn the_municipality_of_a_notice_is_that_of_the_day_on_which_it_happened() {
    let vp = institution("VP");
    let parish = sure(TerritoryCode::parse("0055410"));
    let mut before = told("domestic-violence", Some(&parish), &vp);
    before.occurred_at = sure("2024-06-01T12:00:00Z".parse());
    before.recorded_at = before.occurred_at;
    assert_eq!(recipients(&before), ["SD-VARAKLANI"]);
}

#[test]
fn history_is_told_to_nobody_and_what_is_nowhere_cannot_be() {
    let vp = institution("VP");
    let riga = sure(TerritoryCode::parse("0001000"));
    let mut old = told("domestic-violence", Some(&riga), &vp);
    old.recorded_at = old.occurred_at + TimeDelta::days(31);
    assert!(recipients(&old).is_empty());
    let nowhere = told("domestic-violence", None, &vp);
    let refused = NoticeRules::embedded().implied(&nowhere, Classifiers::embedded());
    assert_eq!(refused.unwrap_err(), Unaddressed::NoTerritory);
}

#[test]
fn the_tables_are_sound_and_every_municipality_has_a_social_service() {
    let rules = include_str!("../../../schema/reference/notice-rules.csv");
    let recipients = include_str!("../../../schema/reference/notice-recipients.csv");
    assert_eq!(NoticeRules::parse(rules, recipients).as_ref(), Ok(NoticeRules::embedded()));
    let rules = NoticeRules::embedded();
    let day = "2026-01-01".parse().unwrap();
    for territory in Territories::embedded().iter().filter(|one| one.level == TerritoryLevel::Municipality) {
        let social = rules.recipient(&territory.code, NoticeService::SocialService, day);
        assert!(social.is_some(), "{}", territory.code);
    }
    let named: BTreeSet<&str> = rules.rules().iter().map(|line| line.rule.as_str()).collect();
    for entry in Classifiers::embedded().list(CodeSystem::IncidentType).entries() {
        if let Some(rule) = entry.attribute(ATTRIBUTE) {
            assert!(named.contains(rule), "{} names a rule that there is not: {rule}", entry.code.as_str());
        }
    }
    assert_eq!(NoticeRules::types(Classifiers::embedded()), ["domestic-violence", "juvenile", "missing-person"]);
}

#[test]
fn all_mistakes_of_the_tables_are_told() {
    let rules = "head\nfamily-violence,1,social_service,x,30,,\nfamily-violence,1,king,60,30,,\na,1\n";
    let recipients =
        "head\n1,social_service,SD,,,x\n0001000,social_service,SD RIGA,,,x\n0001000,social_service,SD,2026,,x\n";
    let mistakes = NoticeRules::parse(rules, recipients).unwrap_err();
    assert_eq!(mistakes.iter().map(|mistake| mistake.line).collect::<Vec<_>>(), [2, 3, 4, 2, 3, 4]);
}

#[test]
fn the_same_incident_recipient_and_rule_give_the_same_notice_for_ever() {
    let rule = sure(Code::parse("family-violence"));
    let notice = ids::of_notice(id(1), &institution("SD-RIGA"), &rule);
    // As Python's `uuid.uuid5` gives it: stored ids follow from this name.
    assert_eq!(notice.to_string(), "a843187a-1bea-5264-a572-1c04e8017241");
    assert_ne!(notice, ids::of_notice(id(1), &institution("PP-RIGA"), &rule));
    assert_ne!(notice, ids::of_notice(id(2), &institution("SD-RIGA"), &rule));
}

fn asked() -> impl Strategy<Value = Vec<(usize, u32)>> {
    prop::collection::vec((0usize..8, 0u32..60), 0..40)
}

proptest! {
    #[test]
    fn whatever_is_asked_a_notice_is_told_of_once(asked in asked()) {
        let mut record = Notice::default();
        let (mut issued, mut came, mut known, mut escalated, mut tried) = (0, 0, 0, 0, 0);
        for (kind, minute) in asked {
            let command = match kind {
                0 => issue(),
                1 => delivered(200),
                2 | 3 => failed(),
                4 => acknowledge("SD-RIGA"),
                5 => acknowledge("VP"),
                6 => fetched("SD-RIGA"),
                _ => NoticeCommand::EscalateNotice,
            };
            let before = record.clone();
            let Ok(events) = record.decide(command, &moment(&format!("21:{minute:02}:00"))) else { continue };
            for event in events {
                match &event {
                    NoticeEvent::NoticeIssued { .. } => issued += 1,
                    NoticeEvent::NoticeDelivered { attempt, .. } => {
                        prop_assert_eq!(*attempt, tried + 1);
                        came += 1;
                    }
                    NoticeEvent::NoticeDeliveryFailed { attempt, .. } => {
                        tried += 1;
                        prop_assert_eq!(*attempt, tried);
                        prop_assert!(came == 0 && known == 0, "it is not tried any more");
                    }
                    NoticeEvent::NoticeFetched { by, .. } => {
                        prop_assert_eq!(Some(&by.institution), before.recipient());
                        prop_assert_eq!(known, 0, "who knows has it");
                        came += 1;
                    }
                    NoticeEvent::NoticeAcknowledged { by, .. } => {
                        prop_assert_eq!(Some(&by.institution), before.recipient());
                        known += 1;
                    }
                    NoticeEvent::NoticeEscalated { .. } => {
                        prop_assert_eq!(known, 0);
                        escalated += 1;
                    }
                }
                record.apply(event);
            }
            prop_assert!(issued <= 1 && came <= 1 && known <= 1 && escalated <= 1 && tried <= MAX_FAILURES);
            // How far it has come never goes back.
            prop_assert!(before.status() <= record.status(), "{:?} after {:?}", record.status(), before.status());
            let state = serde_json::to_string(&record).unwrap();
            prop_assert_eq!(serde_json::from_str::<Notice>(&state).unwrap(), record.clone());
        }
    }
}
