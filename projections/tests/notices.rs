//! Who was told of an incident, what waits to be handed over, and what is late.

mod support;

use chrono::{TimeDelta, Utc};
use domain::access_day::{AccessDay, AccessDayCommand, AccessWay, ConsultRecords, DataScope, Shown};
use domain::ids;
use domain::notice::{
    AcknowledgeNotice, DeliveryFailure, IssueNotice, Notice, NoticeCommand, NoticeService, RecordDelivery,
    RecordDeliveryFailure, RecordFetch,
};
use domain::values::{Actor, Code, ContentDigest, InstitutionCode, PurposeCode, TerritoryCode, UserName};
use event_store::append::{Target, Work};
use event_store::log::LogName;
use projections::notices::{Fetched, NoticeFilter, NoticeRow};
use projections::{Order, rebuild};
use support::System;
use uuid::Uuid;

fn institution(code: &str) -> InstitutionCode {
    InstitutionCode::parse(code).unwrap()
}

fn incident(n: u128) -> Uuid {
    Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 + n)
}

fn notice(n: u128, recipient: &str) -> Uuid {
    ids::of_notice(incident(n), &institution(recipient), &Code::parse("family-violence").unwrap())
}

async fn tell(system: &System, notice: Uuid, command: NoticeCommand) {
    let decide = move |work: &mut Work<'_>| {
        work.execute::<Notice>(notice, command.clone())?;
        Ok(Target::of::<Notice>(notice))
    };
    let metadata = [("actor".to_owned(), "vnr-notices".to_owned())].into_iter().collect();
    system.submit(LogName::REGISTER, metadata, Utc::now().fixed_offset(), Box::new(decide)).await.unwrap();
}

async fn issue(system: &System, n: u128, recipient: &str, within_minutes: u32) {
    let command = IssueNotice {
        incident: incident(n),
        rule: Code::parse("family-violence").unwrap(),
        rule_version: 1,
        service: NoticeService::SocialService,
        municipality: TerritoryCode::parse("0001000").unwrap(),
        recipient: institution(recipient),
        escalate_to: institution("VP"),
        within_minutes,
    };
    tell(system, notice(n, recipient), NoticeCommand::IssueNotice(Box::new(command))).await;
}

fn delivered() -> NoticeCommand {
    let content = ContentDigest::of([7; 32]);
    NoticeCommand::RecordDelivery(RecordDelivery { receipt: 202, content, scopes: vec![DataScope::Summary] })
}

fn failed() -> NoticeCommand {
    NoticeCommand::RecordDeliveryFailure(RecordDeliveryFailure { cause: DeliveryFailure::TimedOut, receipt: None })
}

fn acknowledged(by: &str) -> NoticeCommand {
    let by = Actor { institution: institution(by), user: UserName::parse("i.liepa").unwrap() };
    NoticeCommand::AcknowledgeNotice(AcknowledgeNotice { by, reference: None })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_and_what_is_late_is_found_and_a_rebuild_says_the_same() {
    let system = System::fresh().await;
    let at_work = system.start();
    for n in 1..=4 {
        issue(&system, n, "SD-RIGA", if n == 3 { 0 } else { 60 }).await;
        issue(&system, n, "PP-RIGA", 60).await;
    }
    tell(&system, notice(1, "SD-RIGA"), failed()).await;
    tell(&system, notice(1, "SD-RIGA"), delivered()).await;
    tell(&system, notice(2, "SD-RIGA"), acknowledged("SD-RIGA")).await;
    system.caught_up(&at_work).await;

    let mut connection = system.pools.app.acquire().await.unwrap();
    let to_riga = ["SD-RIGA".to_owned()];
    let waiting = NoticeRow::waiting(&mut connection, &to_riga, 9).await.unwrap();
    let waiting: Vec<Uuid> = waiting.iter().map(|row| row.id).collect();
    assert_eq!(waiting, [notice(3, "SD-RIGA"), notice(4, "SD-RIGA")], "in the order in which they were issued");
    let late = NoticeRow::late(&mut connection, Utc::now() + TimeDelta::seconds(1), 9).await.unwrap();
    assert_eq!(late, [notice(3, "SD-RIGA")]);
    let known = NoticeRow::known(&mut connection, &[notice(1, "SD-RIGA"), notice(9, "SD-RIGA")]).await.unwrap();
    assert_eq!(known, [notice(1, "SD-RIGA")]);
    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    tell(&system, notice(3, "SD-RIGA"), NoticeCommand::EscalateNotice).await;
    system.caught_up(&at_work).await;

    let of_first = NoticeRow::of_incidents(&mut connection, &[incident(1)]).await.unwrap();
    assert_eq!(of_first.iter().map(|row| row.recipient.as_str()).collect::<Vec<_>>(), ["SD-RIGA", "PP-RIGA"]);
    let first = &of_first[0];
    assert_eq!((first.status.as_str(), first.failures, first.receipt), ("delivered", 1, Some(202)));
    assert_eq!(
        (first.last_failure.as_deref(), &*first.scopes.0),
        (Some("timed_out"), ["summary".to_owned()].as_slice())
    );
    let third = NoticeRow::by_id(&mut connection, notice(3, "SD-RIGA")).await.unwrap().unwrap();
    assert_eq!((third.status.as_str(), third.escalation_cause.as_deref()), ("escalated", Some("not_delivered")));
    assert!(NoticeRow::late(&mut connection, Utc::now(), 9).await.unwrap().is_empty(), "somebody was told");

    let filter = NoticeFilter { recipient: Some("SD-RIGA".into()), ..Default::default() };
    let page = NoticeRow::search(&mut connection, &filter, None, Order::NewestFirst, 2).await.unwrap();
    assert_eq!(page.iter().map(|row| row.incident).collect::<Vec<_>>(), [incident(4), incident(3)]);
    let after = Some(page[1].keyset());
    let rest = NoticeRow::search(&mut connection, &filter, after, Order::NewestFirst, 9).await.unwrap();
    assert_eq!(rest.iter().map(|row| row.incident).collect::<Vec<_>>(), [incident(2), incident(1)]);
    let known = NoticeFilter { statuses: vec!["acknowledged".into()], ..Default::default() };
    assert_eq!(NoticeRow::count(&mut connection, &known).await.unwrap(), 1);

    let before = system.rows::<projections::notices::Notices>("notices").await;
    assert_eq!(before.len(), 8);
    rebuild(&system.pools, &system.registry, "notices", &mut |_| {}).await.unwrap();
    assert_eq!(system.rows::<projections::notices::Notices>("notices").await, before);
}

/// Tells the access log that somebody of that institution is shown these, and that much of each.
async fn look(system: &System, institution_of: &str, query: u8, shown: &[(Uuid, &[DataScope])]) {
    let by = Actor { institution: institution(institution_of), user: UserName::parse("i.liepa").unwrap() };
    let day = ids::of_access_day(Some(&by), Utc::now().date_naive());
    let shown: Vec<Shown> =
        shown.iter().map(|(record, scopes)| Shown { scopes: scopes.to_vec(), records: vec![*record] }).collect();
    let consult = AccessDayCommand::ConsultRecords(ConsultRecords {
        by,
        way: AccessWay::Query,
        count: u32::try_from(shown.len()).unwrap(),
        shown,
        purpose: PurposeCode::parse("prevention").unwrap(),
        reference: None,
        query: ContentDigest::of([query; 32]),
    });
    let decide = move |work: &mut Work<'_>| {
        work.execute::<AccessDay>(day, consult.clone())?;
        Ok(Target::of::<AccessDay>(day))
    };
    let metadata = [("actor".to_owned(), "i.liepa".to_owned())].into_iter().collect();
    system.submit(LogName::ACCESS, metadata, Utc::now().fixed_offset(), Box::new(decide)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_its_recipient_was_shown_with_its_incident_is_fetched_once() {
    use DataScope::{Narrative, Persons, Summary};
    let system = System::fresh().await;
    let at_work = system.start();
    for n in 1..=3 {
        issue(&system, n, "SD-RIGA", 60).await;
    }
    issue(&system, 1, "PP-RIGA", 60).await;
    let (first, second) = (notice(1, "SD-RIGA"), notice(2, "SD-RIGA"));
    // Who answers for the incident looks at what was told of it: that is no delivery.
    look(&system, "VP", 1, &[(first, &[Summary]), (incident(1), &[Summary, Narrative])]).await;
    // A list without the incidents, and the incident by another question.
    look(&system, "SD-RIGA", 2, &[(second, &[Summary])]).await;
    look(&system, "SD-RIGA", 3, &[(incident(2), &[Summary])]).await;
    look(&system, "SD-RIGA", 4, &[(first, &[Summary]), (incident(1), &[Summary, Narrative, Persons])]).await;
    look(&system, "PP-RIGA", 5, &[(notice(1, "PP-RIGA"), &[Summary]), (incident(1), &[Summary])]).await;
    system.caught_up(&at_work).await;

    let mut connection = system.pools.app.acquire().await.unwrap();
    let with_system = ["PP-RIGA".to_owned()];
    let fetched = NoticeRow::fetched(&mut connection, &with_system, 9).await.unwrap();
    let scopes = ["summary", "narrative", "persons"].map(str::to_owned).to_vec();
    let expected = Fetched { notice: first, institution: "SD-RIGA".into(), actor: "i.liepa".into(), scopes };
    assert_eq!(fetched, [expected]);
    assert_eq!(NoticeRow::fetched(&mut connection, &[], 9).await.unwrap().len(), 2);
    let by = Actor { institution: institution("SD-RIGA"), user: UserName::parse("i.liepa").unwrap() };
    tell(&system, first, NoticeCommand::RecordFetch(RecordFetch { by, scopes: vec![Summary, Narrative] })).await;
    system.caught_up(&at_work).await;
    assert!(NoticeRow::fetched(&mut connection, &with_system, 9).await.unwrap().is_empty());
    let row = NoticeRow::by_id(&mut connection, first).await.unwrap().unwrap();
    assert_eq!((row.status.as_str(), row.receipt, row.delivered_at.is_some()), ("delivered", None, true));
}
