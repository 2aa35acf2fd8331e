//! Who has to be told of an incident is told of it once, whatever dies on the way, and nobody else is.

mod receiver;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use access::{Institution, Principal, Purpose, Role};
use chrono::{TimeDelta, Utc};
use domain::ids;
use domain::notice::{IssueNotice, Notice, NoticeCommand, NoticeService};
use domain::values::{Code, InstitutionCode, TerritoryCode};
use event_store::append::{Appender, AppenderConfig, Lane, Metadata, Submission, Target, Touch, Work};
use event_store::log::LogName;
use event_store::private_pg::PrivatePg;
use event_store::seal::MasterKeys;
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;
use proto::command::v1::command_result::Outcome;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use proto::command::v1::intake_client::IntakeClient;
use proto::command::v1::notice_service_client::NoticeServiceClient;
use receiver::{Post, Receiver};
use serde_json::{Value, json};
use sqlx::PgPool;
use tests::{Bearer, Folder, TestSystem, VnrProcess, ask, envelope, envelope_at};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use uuid::Uuid;

/// How long what takes seconds may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where it happens, and who is told there: a city, a parish that came to another municipality, one whose municipality has no police of its
/// own, and one that fetches its notices.
const PLACES: [(&str, &[&str]); 5] = [
    ("0001000", &["SD-RIGA", "PP-RIGA"]),
    ("0038601", &["SD-MADONA", "PP-MADONA"]),
    ("0021000", &["SD-ALUKSNE"]),
    ("0005000", &["SD-LIEPAJA", "PP-LIEPAJA"]),
    ("0026000", &["SD-CESIS", "PP-CESIS"]),
];
/// They have no system that could be posted to.
const FETCHES: [&str; 2] = ["SD-CESIS", "PP-CESIS"];

/// Of a hundred incidents one is of family violence.
const INCIDENTS: usize = 1_500;
const BATCHES: usize = 3;

fn is_told(n: usize) -> bool {
    n % 100 == 7
}

fn place(n: usize) -> (&'static str, &'static [&'static str]) {
    PLACES[n / 100 % PLACES.len()]
}

/// The `n`-th incident of a day.
fn incident(n: usize) -> pb::RegisterIncident {
    let occurred = (Utc::now() - TimeDelta::minutes(30)).to_rfc3339();
    pb::RegisterIncident {
        envelope: envelope().map(|envelope| pb::Envelope {
            source: Some(pb::Source { system: "vp-enz".into(), external_id: format!("day-{n}"), ..Default::default() }),
            ..envelope
        }),
        channel: pb::Channel::Phone110 as i32,
        type_code: if is_told(n) { "domestic-violence" } else { "noise" }.into(),
        category: pb::Category::A as i32,
        place: Some(pb::Place { territory: place(n).0.into(), ..Default::default() }),
        occurred_from: occurred,
        narrative: format!("Konflikts ģimenē {n}"),
        reporter: Some(pb::Reporter { name: "Kaimiņiene Vilma".into(), ..Default::default() }),
        ..Default::default()
    }
}

/// Registers them as a journal does, over one stream.
async fn register(server: &VnrProcess, token: &str, which: std::ops::Range<usize>) {
    let channel = Channel::from_shared(format!("http://{}", server.grpc)).unwrap().connect().await.unwrap();
    let mut intake = IntakeClient::new(InterceptedService::new(channel, Bearer::new(token)));
    let count = which.len();
    let commands: Vec<_> =
        which.map(|n| pb::CommandEnvelope { command: Some(Command::RegisterIncident(incident(n))) }).collect();
    let mut results = intake.submit(tokio_stream::iter(commands)).await.unwrap().into_inner();
    let mut taken = 0;
    while let Some(result) = results.message().await.unwrap() {
        match result.outcome.unwrap() {
            Outcome::Reply(_) => taken += 1,
            Outcome::Error(status) => panic!("{status:?}"),
        }
    }
    assert_eq!(taken, count);
}

/// Whom what is told of which incident: by the number that its journal gave it.
fn wanted() -> BTreeSet<(usize, String)> {
    let told = (0..INCIDENTS).filter(|n| is_told(*n));
    told.flat_map(|n| place(n).1.iter().map(move |recipient| (n, (*recipient).to_owned()))).collect()
}

/// The number that its journal gave the incident of a notice stands in its narrative.
fn told_of(notice: &Value) -> (usize, String) {
    let narrative = notice["incident"]["narrative"]["value"].as_str().unwrap_or_else(|| panic!("{notice}"));
    let n = narrative.rsplit(' ').next().unwrap().parse().unwrap();
    (n, notice["recipient"].as_str().unwrap().to_owned())
}

/// The notices that an institution fetches.
async fn fetched(folder: &Folder, server: &VnrProcess, institution: &str) -> Vec<Value> {
    let purpose = if institution.starts_with("SD-") { "prevention" } else { "response" };
    let token = folder.token("i.liepa", institution, "officer", purpose, &[]);
    let query = "{ notices(first: 200) { nodes { id recipient municipality status
                   incident { number narrative { value } reporter { name { value masked } } } } } }";
    let answer = ask(server.http, Some(&token), query, json!({})).await;
    answer["data"]["notices"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

async fn acknowledge(
    folder: &Folder,
    server: &VnrProcess,
    institution: &str,
    notice: &str,
) -> Result<u32, tonic::Status> {
    let token = folder.token("journal", institution, "system", "prevention", &[]);
    let channel = Channel::from_shared(format!("http://{}", server.grpc)).unwrap().connect().await.unwrap();
    let mut notices = NoticeServiceClient::new(InterceptedService::new(channel, Bearer::new(&token)));
    let message =
        pb::AcknowledgeNotice { envelope: envelope(), notice: notice.to_owned(), reference: "SD-2026/17".into() };
    notices.acknowledge_notice(message).await.map(|reply| reply.into_inner().events)
}

async fn pool(home: &Path) -> PgPool {
    PgPool::connect(&PrivatePg::attach(home).unwrap().unwrap().app_url()).await.unwrap()
}

/// How many events of notices there are, by type.
async fn events(pool: &PgPool) -> BTreeMap<String, i64> {
    let sql = "select event_type, count(*) from register.events where aggregate_type = 'notice' group by 1";
    let rows: Vec<(String, i64)> = sqlx::query_as(sql).fetch_all(pool).await.unwrap();
    rows.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: receivers that fail are waited for; make test-long runs it"]
async fn a_days_notices_come_once_to_whom_they_are_for_whoever_is_killed() {
    let folder = Folder::new("notices");
    let secret = "0123456789abcdef0123456789abcdef";
    let mut receiver = Receiver::listen(secret).await;
    let file = receivers(&folder, &receiver, secret);
    let arguments = ["up", "--notice-receivers", file.to_str().unwrap()];
    let mut server = VnrProcess::start(&arguments, &folder.home());
    let token = folder.token("journal", "VP", "system", "response", &[]);

    let batch = INCIDENTS / BATCHES;
    for round in 0..BATCHES {
        register(&server, &token, round * batch..(round + 1) * batch).await;
        match round {
            // What comes meanwhile finds nobody there.
            0 => receiver.away_for(Duration::from_secs(4)).await,
            // Killed while it issues and posts.
            1 => {
                tokio::time::sleep(Duration::from_millis(1_500)).await;
                server.kill();
                server = VnrProcess::start(&arguments, &folder.home());
            }
            _ => {}
        }
    }

    let (mut came, begun) = (Vec::<Post>::new(), Instant::now());
    let wanted = wanted();
    let posted: BTreeSet<_> = wanted.iter().filter(|(_, one)| !FETCHES.contains(&one.as_str())).cloned().collect();
    let known = |came: &[Post]| came.iter().map(|post| told_of(&post.body["content"])).collect::<BTreeSet<_>>();
    while known(&came) != posted {
        assert!(begun.elapsed() < PATIENCE, "{} of {} came", known(&came).len(), posted.len());
        tokio::time::sleep(Duration::from_millis(200)).await;
        came.extend(receiver.taken());
    }

    let mut notices: BTreeMap<String, String> = BTreeMap::new();
    for post in &came {
        let told = &post.body["content"];
        assert_eq!(post.body["form"], "vnr.notice.v1");
        assert_eq!(told["recipient"], post.path.trim_start_matches('/'), "it came to whom it is for");
        let (n, recipient) = told_of(told);
        assert!(place(n).1.contains(&recipient.as_str()), "{recipient} is not of {}", place(n).0);
        assert!(!post.body.to_string().contains("Vilma"), "who reported it is told to nobody");
        assert_eq!(post.body["notice"], told["id"]);
        let id = told["id"].as_str().unwrap().to_owned();
        assert_eq!(post.id, id, "the header has the same id");
        assert_eq!(*notices.entry(id).or_insert_with(|| recipient.clone()), recipient);
    }
    assert_eq!(notices.len(), posted.len(), "each is one notice, however often it came");

    for institution in FETCHES {
        for notice in fetched(&folder, &server, institution).await {
            let (n, recipient) = told_of(&notice);
            assert!(wanted.contains(&(n, recipient.clone())) && recipient == institution, "{notice}");
            notices.insert(notice["id"].as_str().unwrap().to_owned(), recipient);
        }
    }
    assert_eq!(notices.len(), wanted.len());
    let pool = pool(&folder.home()).await;
    let waited_for = i64::try_from(wanted.len() - posted.len()).unwrap();
    while events(&pool).await.get("NoticeFetched").copied().unwrap_or_default() < waited_for {
        assert!(begun.elapsed() < PATIENCE, "{:?}", events(&pool).await);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let (other, _) = notices.iter().find(|(_, recipient)| *recipient != "SD-RIGA").unwrap();
    let refused = acknowledge(&folder, &server, "SD-RIGA", other).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied, "{refused}");
    for (notice, recipient) in &notices {
        assert_eq!(acknowledge(&folder, &server, recipient, notice).await.unwrap(), 1);
        assert_eq!(acknowledge(&folder, &server, recipient, notice).await.unwrap(), 0, "it is so already");
    }

    let all = i64::try_from(wanted.len()).unwrap();
    let counted = events(&pool).await;
    assert_eq!((counted["NoticeIssued"], counted["NoticeAcknowledged"]), (all, all), "{counted:?}");
    // One that came, and was acknowledged before its receiver's receipt could be had, is posted no more.
    assert!(counted["NoticeDelivered"] <= i64::try_from(posted.len()).unwrap(), "{counted:?}");
    assert_eq!(counted["NoticeFetched"], waited_for, "each was fetched for the first time once");
    assert!(!counted.contains_key("NoticeEscalated"), "{counted:?}");
    let disclosed: i64 = sqlx::query_scalar("select count(*) from access.events where event_type = 'DataDisclosed'")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(disclosed >= i64::try_from(came.len()).unwrap(), "{disclosed} of {} were told", came.len());
    pool.close().await;
    server.kill();
}

/// The file of receivers: all that are told, but those that fetch.
fn receivers(folder: &Folder, receiver: &Receiver, secret: &str) -> PathBuf {
    std::fs::write(folder.path().join("secret"), format!("{secret}\n")).unwrap();
    let posted = PLACES.iter().flat_map(|(_, recipients)| recipients.iter()).filter(|one| !FETCHES.contains(one));
    let entries = posted.map(|one| {
        let url = format!("http://{}/{one}", receiver.address());
        format!("[[receiver]]\ninstitution = \"{one}\"\nurl = \"{url}\"\nsecret_file = \"secret\"\n")
    });
    let file = folder.path().join("receivers.toml");
    std::fs::write(&file, format!("settle_seconds = 1\n{}", entries.collect::<String>())).unwrap();
    file
}

/// Issues a notice that is late at once, as another process of the register would.
async fn issue_late(system: &TestSystem, incident: Uuid) -> Uuid {
    let recipient = InstitutionCode::parse("SD-RIGA").unwrap();
    let rule = Code::parse("family-violence").unwrap();
    let notice = ids::of_notice(incident, &recipient, &rule);
    let command = IssueNotice {
        incident,
        rule,
        rule_version: 1,
        service: NoticeService::SocialService,
        municipality: TerritoryCode::parse("0001000").unwrap(),
        recipient,
        escalate_to: InstitutionCode::parse("VP").unwrap(),
        within_minutes: 0,
    };
    let master = Arc::new(MasterKeys::load(system.settings().master_key.clone()).unwrap());
    let (appender, task) = Appender::start(AppenderConfig::new(LogName::REGISTER, system.pool().clone(), master));
    let decide = move |work: &mut Work<'_>| {
        work.execute::<Notice>(notice, NoticeCommand::IssueNotice(Box::new(command.clone())))?;
        Ok(Target::of::<Notice>(notice))
    };
    let submission = Submission {
        command_id: Uuid::now_v7(),
        lane: Lane::Bulk,
        deadline: None,
        digest: [7; 32],
        metadata: Metadata::new().with("actor", "another").with("occurred_offset", "+00:00"),
        occurred_at: Utc::now().fixed_offset(),
        touches: vec![Touch::of::<Notice>(notice)],
        decide: Box::new(decide),
    };
    appender.submit(submission).await.unwrap();
    drop(appender);
    task.await.unwrap();
    notice
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_notice_is_escalated_once_and_the_incidents_institution_sees_it() {
    let system = TestSystem::start().await;
    let who = |code: &str, purpose| {
        let until = Utc::now() + TimeDelta::hours(1);
        Principal::new("officer", Institution::parse(code).unwrap(), vec![Role::Officer], purpose, until)
    };
    let vp = who("VP", Purpose::Response);
    let mut incidents = IncidentServiceClient::new(system.connect(&vp).await);
    let old = (Utc::now() - TimeDelta::days(40)).to_rfc3339();
    // So old that no rule issues anything by itself.
    let message = pb::RegisterIncident {
        envelope: envelope_at(&old),
        channel: pb::Channel::Phone110 as i32,
        type_code: "domestic-violence".into(),
        category: pb::Category::A as i32,
        place: Some(pb::Place { territory: "0001000".into(), ..Default::default() }),
        occurred_from: old.clone(),
        ..Default::default()
    };
    let registered = incidents.register_incident(message).await.unwrap().into_inner();
    let incident: Uuid = registered.aggregate_id.parse().unwrap();
    let notice = issue_late(&system, incident).await;

    let query = "query ($id: ID!) { notice(id: $id) { status escalationCause escalatedAt recipient escalateTo
                   incident { number } } }";
    let (begun, variables) = (Instant::now(), json!({ "id": notice }));
    let told = loop {
        let answer = system.ask_as(&vp, query, variables.clone()).await;
        if answer["data"]["notice"]["status"] == "ESCALATED" {
            break answer["data"]["notice"].clone();
        }
        assert!(begun.elapsed() < PATIENCE, "{answer}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!((&told["escalationCause"], &told["escalateTo"]), (&json!("NOT_DELIVERED"), &json!("VP")));
    assert_eq!(told["incident"]["number"], registered.number);
    let of_incident = "query ($id: ID!) { incident(id: $id) { notices { recipient status } } }";
    let answer = system.ask_as(&vp, of_incident, json!({ "id": incident })).await;
    assert_eq!(answer["data"]["incident"]["notices"], json!([{ "recipient": "SD-RIGA", "status": "ESCALATED" }]));

    // Its recipient sees it with the incident; the social service of another place sees neither.
    let own = system.ask_as(&who("SD-RIGA", Purpose::Prevention), query, variables.clone()).await;
    assert_eq!(own["data"]["notice"]["incident"]["number"], registered.number, "{own}");
    let other = system.ask_as(&who("SD-CESIS", Purpose::Prevention), query, variables).await;
    assert_eq!(other["data"]["notice"], Value::Null, "{other}");
    let directly = "query ($id: ID!) { incident(id: $id) { number } }";
    let answer = system.ask_as(&who("SD-RIGA", Purpose::Prevention), directly, json!({ "id": incident })).await;
    assert_eq!(answer["data"]["incident"], Value::Null, "{answer}");

    let escalated: i64 =
        sqlx::query_scalar("select count(*) from register.events where event_type = 'NoticeEscalated'")
            .fetch_one(system.pool())
            .await
            .unwrap();
    assert_eq!(escalated, 1);
    let issued: i64 = sqlx::query_scalar("select count(*) from register.events where event_type = 'NoticeIssued'")
        .fetch_one(system.pool())
        .await
        .unwrap();
    assert_eq!(issued, 1, "history is told to nobody");
    system.stop().await;
}
