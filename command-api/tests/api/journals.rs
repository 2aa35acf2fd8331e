//! Source journals (ENŽ): their records are taken over with no clerk in between, or kept with every reason.

use std::collections::BTreeMap;

use access::{Principal, Purpose, Role};
use proto::command::v1 as pb;
use proto::command::v1::IntakeEffect as Effect;
use proto::command::v1::command_envelope::Command;
use proto::command::v1::command_result::Outcome;
use proto::command::v1::intake_client::IntakeClient;
use proto::command::v1::source_journal_service_client::SourceJournalServiceClient;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::support::{Api, Calling, envelope, envelope_of, external_of, person, refusal};

pub(crate) const SYSTEM: &str = "enz-ogre";

pub(crate) fn system_of_ogre() -> Principal {
    person("ogre-journal", "PP-OGRE", Role::System, Purpose::Response)
}

pub(crate) fn officer_of_ogre() -> Principal {
    person("a.ozola", "PP-OGRE", Role::Officer, Purpose::Response)
}

pub(crate) fn centre() -> Principal {
    person("k.liepa", "IC", Role::Supervisor, Purpose::Administration)
}

/// What somebody does about journals.
pub(crate) struct Journals(SourceJournalServiceClient<Calling>);

pub(crate) fn words(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn mapping() -> pb::RecordMapping {
    pb::RecordMapping {
        fields: words(&[
            ("veids", "type_code"),
            ("svarigums", "category"),
            ("apraksts", "narrative"),
            ("laiks", "occurred_from"),
            ("vieta", "place.text"),
            ("atvk", "place.territory"),
            ("x", "place.northing"),
            ("y", "place.easting"),
            ("zinotajs", "reporter.name"),
            ("kods", "reporter.personal_code"),
            ("rezultats", "result_code"),
            ("slegts", "disposition"),
        ]),
        ignored: vec!["rinda".to_owned()],
        codes: [
            ("type_code".to_owned(), pb::CodeMap { codes: words(&[("ZĀDZ", "theft"), ("LAUP", "robbery")]) }),
            ("category".to_owned(), pb::CodeMap { codes: words(&[("1", "A"), ("3", "C")]) }),
        ]
        .into(),
        defaults: words(&[("channel", "phone_110"), ("category", "C")]),
    }
}

pub(crate) fn theft() -> BTreeMap<String, String> {
    words(&[
        ("veids", "ZĀDZ"),
        ("apraksts", "No pagalma nozagts velosipēds."),
        ("laiks", "28.03.2026 21:40"),
        ("vieta", "Brīvības iela 33, Ogre"),
        ("atvk", "0040000"),
        ("x", "299500.5"),
        ("y", "541200"),
        ("zinotajs", "Jānis Bērziņš"),
        ("rinda", "1"),
    ])
}

pub(crate) fn with(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut record = theft();
    record.extend(words(pairs));
    record
}

fn push_of(external_id: &str, sequence: u64, fields: BTreeMap<String, String>) -> pb::PushRecord {
    let mut envelope = envelope_of(SYSTEM, external_id).unwrap();
    envelope.source.as_mut().unwrap().sequence = sequence;
    pb::PushRecord { envelope: Some(envelope), fields }
}

/// The same, recorded by its journal at that time.
fn push_at(external_id: &str, sequence: u64, at: &str, fields: BTreeMap<String, String>) -> pb::PushRecord {
    let mut push = push_of(external_id, sequence, fields);
    push.envelope.as_mut().unwrap().source.as_mut().unwrap().recorded_at = at.to_owned();
    push
}

impl Journals {
    pub(crate) fn of(api: &Api, who: &Principal) -> Self {
        Self(SourceJournalServiceClient::new(api.calling_as(who)))
    }

    pub(crate) async fn register(&mut self) -> Result<pb::CommandReply, Status> {
        let message = pb::RegisterJournal {
            envelope: envelope(),
            system: SYSTEM.to_owned(),
            institution: "PP-OGRE".to_owned(),
            lv: "Ogres žurnāls".to_owned(),
            en: "Journal of Ogre".to_owned(),
        };
        self.0.register_journal(message).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn adopt(&mut self, mapping: pb::RecordMapping) -> Result<pb::CommandReply, Status> {
        let (envelope, system, reason) = (envelope(), SYSTEM.to_owned(), "Līgums 17".to_owned());
        let message = pb::AdoptMapping { envelope, system, mapping: Some(mapping), reason };
        self.0.adopt_mapping(message).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn put(&mut self, phase: pb::JournalPhase) -> Result<pb::CommandReply, Status> {
        let (envelope, system, reason) = (envelope(), SYSTEM.to_owned(), "Līgums 17".to_owned());
        let message = pb::ChangeJournalPhase { envelope, system, phase: phase.into(), reason };
        self.0.change_journal_phase(message).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn push(
        &mut self,
        external_id: &str,
        sequence: u64,
        fields: BTreeMap<String, String>,
    ) -> Result<pb::CommandReply, Status> {
        self.0.push_record(push_of(external_id, sequence, fields)).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn effect(
        &mut self,
        external_id: &str,
        sequence: u64,
        fields: BTreeMap<String, String>,
    ) -> Effect {
        effect(&self.push(external_id, sequence, fields).await.unwrap())
    }

    async fn mend(&mut self, external_id: &str, fields: BTreeMap<String, String>) -> Result<pb::CommandReply, Status> {
        let record = Some(pb::ExternalRef { system: SYSTEM.to_owned(), external_id: external_id.to_owned() });
        let message = pb::MendRecord { envelope: envelope(), record, fields, reason: "Veids precizēts".to_owned() };
        self.0.mend_record(message).await.map(tonic::Response::into_inner)
    }

    async fn discard(&mut self, external_id: &str) -> Result<pb::CommandReply, Status> {
        let record = Some(pb::ExternalRef { system: SYSTEM.to_owned(), external_id: external_id.to_owned() });
        let message = pb::DiscardRecord { envelope: envelope(), record, reason: "Izmēģinājums".to_owned() };
        self.0.discard_record(message).await.map(tonic::Response::into_inner)
    }
}

fn effect(reply: &pb::CommandReply) -> Effect {
    reply.intake.as_ref().expect("it says what became of the record").effect()
}

/// Path, name in the journal and rule of each fault.
pub(crate) fn faults(reply: &pb::CommandReply) -> Vec<[&str; 3]> {
    assert_eq!(effect(reply), Effect::Quarantined);
    let faults = &reply.intake.as_ref().unwrap().faults;
    assert!(faults.iter().all(|fault| !fault.message.is_empty()));
    faults.iter().map(|fault| [&*fault.path, &*fault.field, &*fault.rule]).collect()
}

/// A register with that journal in service.
pub(crate) async fn live() -> (Api, Journals) {
    let api = Api::start().await;
    let mut centre = Journals::of(&api, &centre());
    centre.register().await.unwrap();
    centre.adopt(mapping()).await.unwrap();
    centre.put(pb::JournalPhase::Testing).await.unwrap();
    centre.put(pb::JournalPhase::Live).await.unwrap();
    let journal = Journals::of(&api, &system_of_ogre());
    (api, journal)
}

#[tokio::test]
async fn a_record_is_registered_once_and_supplemented_when_its_journal_says_something_else() {
    let (api, mut journal) = live().await;
    let first = journal.push("17", 5, theft()).await.unwrap();
    assert_eq!(effect(&first), Effect::Registered);
    assert!(first.number.starts_with("VNR-") && !first.part_id.is_empty(), "{first:?}");
    let again = journal.push("17", 5, theft()).await.unwrap();
    assert_eq!((effect(&again), again.events, &again.number), (Effect::Unchanged, 0, &first.number));
    let reclassified = with(&[("veids", "LAUP"), ("apraksts", "Velosipēds atņemts ar spēku.")]);
    let changed = journal.push("17", 6, reclassified.clone()).await.unwrap();
    assert_eq!((effect(&changed), &changed.number), (Effect::Supplemented, &first.number));
    assert_eq!(journal.effect("17", 4, with(&[("apraksts", "Pazudis velosipēds.")])).await, Effect::Late);
    assert_eq!(journal.effect("17", 4, with(&[("apraksts", "Pazudis velosipēds.")])).await, Effect::Unchanged);
    assert_eq!(journal.effect("17", 7, reclassified).await, Effect::Unchanged);
    let events = api.events("register").await;
    let expected = [
        "JournalRegistered",
        "MappingAdopted",
        "JournalPhaseChanged",
        "JournalPhaseChanged",
        "IncidentRegistered",
        "SourceRecordReceived",
        "IncidentReclassified",
        "IncidentSupplemented",
        "SourceRecordReceived",
        "EarlierVersionNoted",
        "SourceRecordReceived",
        "SourceRecordReceived",
    ];
    assert_eq!(events, expected);
}

/// The late versions that are noted of incidents: place, when the journal recorded it and what came after it, and the type.
async fn noted(api: &Api) -> Vec<[String; 4]> {
    let sql = "select payload::jsonb -> 'EarlierVersionNoted' from register.events
               where event_type = 'EarlierVersionNoted' order by position";
    let noted: Vec<serde_json::Value> = sqlx::query_scalar(sql).fetch_all(&api.pool).await.unwrap();
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    noted
        .iter()
        .map(|noted| ["sequence", "recorded_there", "superseded_at", "type_code"].map(|name| text(&noted[name])))
        .collect()
}

#[tokio::test]
async fn a_late_version_is_noted_at_its_place_in_the_journals_order_and_the_incident_stays() {
    let (api, mut journal) = live().await;
    let at = |minute: u32| format!("2026-03-29T08:{minute:02}:00+03:00");
    let robbery = with(&[("veids", "LAUP")]);
    for (sequence, fields, expected) in [
        (5, theft(), Effect::Registered),
        (7, theft(), Effect::Unchanged),
        (9, with(&[("vieta", "Brīvības iela 35, Ogre")]), Effect::Supplemented),
        (6, robbery.clone(), Effect::Late),
        (6, robbery.clone(), Effect::Unchanged),
    ] {
        let reply = journal.0.push_record(push_at("17", sequence, &at(sequence as u32), fields)).await.unwrap();
        assert_eq!(effect(&reply.into_inner()), expected, "{sequence}");
    }
    // One that was broken first, and that an officer mends, is late as well, at its own place and time.
    let broken = push_at("17", 8, &at(8), with(&[("veids", "???")]));
    assert_eq!(effect(&journal.0.push_record(broken).await.unwrap().into_inner()), Effect::Quarantined);
    let mended = Journals::of(&api, &officer_of_ogre()).mend("17", robbery).await.unwrap();
    assert_eq!(effect(&mended), Effect::Late);
    let expected =
        [["6".to_owned(), at(6), at(7), "robbery".to_owned()], ["8".to_owned(), at(8), at(9), "robbery".to_owned()]];
    assert_eq!(noted(&api).await, expected);
    let events = api.events("register").await;
    assert!(!events.contains(&"IncidentReclassified".to_owned()), "{events:?}");
}

#[tokio::test]
async fn what_an_officer_knows_better_stays_when_the_journal_says_something_else_beside() {
    let (api, mut journal) = live().await;
    journal.push("17", 1, theft()).await.unwrap();
    let reclassify = pb::ReclassifyIncident {
        envelope: envelope(),
        incident: external_of(SYSTEM, "17"),
        type_code: "robbery".to_owned(),
        reason: "Cietušais precizēja".to_owned(),
        ..Default::default()
    };
    api.incidents_as(&officer_of_ogre()).reclassify_incident(reclassify).await.unwrap();
    assert_eq!(journal.effect("17", 2, with(&[("vieta", "Brīvības iela 35, Ogre")])).await, Effect::Supplemented);
    let events = api.events("register").await;
    assert_eq!(events.iter().filter(|event| *event == "IncidentReclassified").count(), 1);
}

#[tokio::test]
async fn a_broken_record_is_kept_with_every_reason_until_it_is_mended() {
    let (api, mut journal) = live().await;
    let broken =
        with(&[("veids", "???"), ("laiks", "29.03.2026 03:30"), ("svarigums", "Z"), ("y", "5"), ("atvk", "0960201")]);
    let kept = journal.push("17", 5, broken.clone()).await.unwrap();
    let mut told = faults(&kept);
    told.sort_unstable();
    let expected = [
        ["category", "svarigums", ""],
        ["occurred_from", "laiks", ""],
        ["place.northing", "x", ""],
        ["place.territory", "atvk", ""],
        ["type_code", "veids", ""],
    ];
    assert_eq!(told, expected, "{kept:?}");
    assert_eq!(kept.number, "");
    // Nothing of it can be read in the log without its key.
    let payload: String = sqlx::query_scalar("select string_agg(payload::text, '') from register.events")
        .fetch_one(&api.pool)
        .await
        .unwrap();
    assert!(!payload.contains("velosip") && !payload.contains("Bērziņš"), "{payload}");
    assert_eq!(journal.push("17", 5, broken.clone()).await.unwrap().events, 0);

    let mut officer = Journals::of(&api, &officer_of_ogre());
    let still = officer.mend("17", with(&[("veids", "???")])).await.unwrap();
    assert_eq!(faults(&still), [["type_code", "veids", ""]]);
    let mended = officer.mend("17", theft()).await.unwrap();
    assert_eq!(effect(&mended), Effect::Registered);
    assert!(mended.number.starts_with("VNR-"));
    assert_eq!(journal.effect("17", 5, broken).await, Effect::Unchanged, "what was mended is not kept again");
    let (code, rules) = refusal(officer.mend("17", theft()).await);
    assert_eq!((code, &rules[..]), (Code::FailedPrecondition, &["record_not_in_quarantine".to_owned()][..]));
}

#[tokio::test]
async fn a_journal_mends_its_own_record_by_sending_it_anew() {
    let (api, mut journal) = live().await;
    assert_eq!(journal.effect("17", 5, with(&[("veids", "???")])).await, Effect::Quarantined);
    assert_eq!(journal.effect("17", 6, theft()).await, Effect::Registered);
    assert_eq!(api.events("register").await.last().unwrap(), "SourceRecordReleased");
    assert_eq!(journal.effect("18", 7, with(&[("liecinieks", "x")])).await, Effect::Quarantined);
    let told = journal.push("18", 8, with(&[("liecinieks", "y")])).await.unwrap();
    assert_eq!(faults(&told), [["", "liecinieks", ""]]);
    // Once the mapping knows it, the very same record is sound.
    let mut wider = mapping();
    wider.ignored.push("liecinieks".to_owned());
    Journals::of(&api, &centre()).adopt(wider).await.unwrap();
    assert_eq!(journal.effect("18", 8, with(&[("liecinieks", "y")])).await, Effect::Registered);
}

#[tokio::test]
async fn what_is_not_for_the_register_is_discarded_and_stays_so() {
    let (api, mut journal) = live().await;
    let broken = with(&[("veids", "TESTS")]);
    journal.push("17", 5, broken.clone()).await.unwrap();
    let mut officer = Journals::of(&api, &officer_of_ogre());
    officer.discard("17").await.unwrap();
    assert_eq!(journal.effect("17", 5, broken).await, Effect::Unchanged);
    assert_eq!(refusal(officer.discard("17").await).1, ["record_not_in_quarantine"]);
}

#[tokio::test]
async fn what_the_incident_refuses_is_kept_with_the_rule() {
    let (_api, mut journal) = live().await;
    let closed = with(&[("rezultats", "criminal-process-opened"), ("slegts", "report-taken")]);
    assert_eq!(journal.effect("17", 1, closed.clone()).await, Effect::Registered);
    let mut after = closed;
    after.insert("apraksts".to_owned(), "Cits apraksts".to_owned());
    let kept = journal.push("17", 2, after).await.unwrap();
    assert_eq!(faults(&kept), [["", "", "incident_closed"]]);
    assert!(kept.number.starts_with("VNR-"), "the reply names the incident");
}

#[tokio::test]
async fn a_journal_is_tested_before_it_serves_and_sends_nothing_while_it_is_suspended() {
    let api = Api::start().await;
    let (mut centre, mut journal) = (Journals::of(&api, &centre()), Journals::of(&api, &system_of_ogre()));
    assert_eq!(refusal(journal.push("17", 1, theft()).await).1, ["journal_not_registered"]);
    centre.register().await.unwrap();
    assert_eq!(refusal(centre.put(pb::JournalPhase::Testing).await).1, ["journal_without_mapping"]);
    let mut wrong = mapping();
    wrong.codes.get_mut("type_code").unwrap().codes.insert("NAV".to_owned(), "no-such-type".to_owned());
    wrong.fields.insert("veids2".to_owned(), "type_code".to_owned());
    wrong.defaults.insert("color".to_owned(), "red".to_owned());
    let status = centre.adopt(wrong).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let told = status.get_details_bad_request().unwrap().field_violations;
    let mut paths: Vec<&str> = told.iter().map(|violation| violation.field.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["mapping.codes", "mapping.defaults", "mapping.fields"], "{status}");
    centre.adopt(mapping()).await.unwrap();
    centre.put(pb::JournalPhase::Testing).await.unwrap();
    assert_eq!(journal.effect("17", 1, theft()).await, Effect::Tried);
    assert_eq!(journal.effect("18", 2, with(&[("veids", "???")])).await, Effect::Quarantined);
    centre.put(pb::JournalPhase::Live).await.unwrap();
    assert_eq!(journal.effect("17", 1, theft()).await, Effect::Registered);
    centre.put(pb::JournalPhase::Suspended).await.unwrap();
    assert_eq!(refusal(journal.push("19", 3, theft()).await).1, ["journal_not_in_service"]);
}

#[tokio::test]
async fn what_waits_is_mended_while_its_journal_is_suspended() {
    let (api, mut journal) = live().await;
    for (external_id, sequence) in [("17", 1), ("18", 2)] {
        assert_eq!(journal.effect(external_id, sequence, with(&[("veids", "???")])).await, Effect::Quarantined);
    }
    Journals::of(&api, &centre()).put(pb::JournalPhase::Suspended).await.unwrap();
    let mut officer = Journals::of(&api, &officer_of_ogre());
    let still = officer.mend("17", with(&[("veids", "NAV")])).await.unwrap();
    assert_eq!(faults(&still), [["type_code", "veids", ""]]);
    let mended = officer.mend("17", theft()).await.unwrap();
    assert_eq!(effect(&mended), Effect::Registered);
    assert!(mended.number.starts_with("VNR-"), "{mended:?}");
    officer.discard("18").await.unwrap();
    assert_eq!(refusal(journal.push("17", 3, theft()).await).1, ["journal_not_in_service"]);
}

#[tokio::test]
async fn what_waits_of_a_journal_that_was_suspended_in_its_test_is_only_tried() {
    let api = Api::start().await;
    let (mut centre, mut journal) = (Journals::of(&api, &centre()), Journals::of(&api, &system_of_ogre()));
    centre.register().await.unwrap();
    centre.adopt(mapping()).await.unwrap();
    centre.put(pb::JournalPhase::Testing).await.unwrap();
    assert_eq!(journal.effect("17", 1, with(&[("veids", "???")])).await, Effect::Quarantined);
    centre.put(pb::JournalPhase::Suspended).await.unwrap();
    let tried = Journals::of(&api, &officer_of_ogre()).mend("17", theft()).await.unwrap();
    assert_eq!((effect(&tried), &*tried.number), (Effect::Tried, ""));
}

#[tokio::test]
async fn only_its_institution_sends_and_only_those_who_run_the_journals_describe_it() {
    let (api, _) = live().await;
    let other = person("liepaja-journal", "PP-LIEPAJA", Role::System, Purpose::Response);
    assert_eq!(refusal(Journals::of(&api, &other).push("17", 1, theft()).await).0, Code::PermissionDenied);
    let foreign = person("b.kalns", "PP-LIEPAJA", Role::Officer, Purpose::Response);
    assert_eq!(refusal(Journals::of(&api, &foreign).mend("17", theft()).await).1, ["journal_of_other_institution"]);
    for who in [system_of_ogre(), officer_of_ogre()] {
        assert_eq!(refusal(Journals::of(&api, &who).adopt(mapping()).await).0, Code::PermissionDenied);
    }
}

#[tokio::test]
async fn the_bulk_stream_takes_records_as_single_calls_do() {
    let (api, mut journal) = live().await;
    let record = |external_id: &str, fields| pb::CommandEnvelope {
        command: Some(Command::PushRecord(push_of(external_id, 1, fields))),
    };
    let repeated = record("4", theft());
    let sent = vec![
        record("1", theft()),
        record("1", theft()),
        record("2", with(&[("veids", "???")])),
        record("3", with(&[("veids", "LAUP")])),
        repeated.clone(),
        repeated,
    ];
    let answer = IntakeClient::new(api.calling_as(&system_of_ogre())).submit(tokio_stream::iter(sent)).await;
    let mut results = answer.unwrap().into_inner();
    let mut effects = Vec::new();
    while let Some(result) = results.message().await.unwrap() {
        let Some(Outcome::Reply(reply)) = result.outcome else { panic!("{result:?}") };
        effects.push((effect(&reply), reply.repeated));
    }
    let expected = [
        (Effect::Registered, false),
        (Effect::Unchanged, false),
        (Effect::Quarantined, false),
        (Effect::Registered, false),
        (Effect::Registered, false),
        (Effect::Registered, true),
    ];
    assert_eq!(effects, expected);
    assert_eq!(journal.effect("1", 1, theft()).await, Effect::Unchanged);
}
