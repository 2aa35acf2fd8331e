//! The register's database is away: 112 screens go on reading from a copy, all others wait, and the access log is told afterwards.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use access::{DevelopmentKey, Institution, Principal, Purpose, Reference, Role, TokenIssuer};
use event_store::private_pg::{Options, PrivatePg, Profile};
use proto::command::v1 as pb;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use tests::{Bearer, Connection, VnrProcess, ask, ask_for, dispatcher, envelope, get, position, vnr_binary};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use uuid::Uuid;

const LOOK: &str = "query($i: ID!) { incident(id: $i) { number narrative { value } } }";

/// A register on a database that can be taken away, with a copy that stays.
struct Site {
    folder: PathBuf,
    primary: Option<PrivatePg>,
    copy: PrivatePg,
    app_url: String,
    owner_url: String,
}

impl Site {
    async fn new() -> Site {
        let folder = std::env::temp_dir().join(format!("vnr-replica-{}", Uuid::now_v7()));
        let primary = PrivatePg::start(primary_in(&folder)).await.expect("a database");
        let copy = primary.followed_in(&folder.join("copy"), Profile::Throwaway).await.expect("a copy");
        let (app_url, owner_url) = (primary.app_url(), primary.owner_url());
        Site { folder, primary: Some(primary), copy, app_url, owner_url }
    }

    fn data(&self) -> PathBuf {
        self.folder.join("vnr")
    }

    fn start(&self) -> VnrProcess {
        let replica = self.copy.app_url();
        let urls =
            ["--database-url", &self.app_url, "--database-owner-url", &self.owner_url, "--replica-url", &replica];
        VnrProcess::start(&[&["up"], urls.as_slice()].concat(), &self.data())
    }

    fn token(&self, who: &Principal) -> String {
        let key = DevelopmentKey::load_or_create(&self.data().join("development-token-key.pem")).expect("a key");
        TokenIssuer::new(&key).issue(who).expect("a token")
    }

    async fn database_goes_away(&mut self) {
        self.primary.take().expect("it is there").stop().await;
    }

    async fn database_comes_back(&mut self) {
        self.primary = Some(PrivatePg::start(primary_in(&self.folder)).await.expect("the database"));
    }

    async fn register(&self) -> PgConnection {
        PgConnection::connect(&self.owner_url).await.expect("the database answers")
    }

    /// Waits until the copy has what the database has.
    async fn copy_has_it_all(&self) {
        let mut register = self.register().await;
        let mut copy = PgConnection::connect(&self.copy.app_url()).await.expect("the copy answers");
        let wal: String =
            sqlx::query_scalar("select pg_current_wal_lsn()::text").fetch_one(&mut register).await.expect("a place");
        for _ in 0..500 {
            let sql = "select pg_last_wal_replay_lsn() >= $1::pg_lsn";
            if sqlx::query_scalar(sql).bind(&wal).fetch_one(&mut copy).await.expect("an answer") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the copy stays behind");
    }

    /// Looks in the access log that came out of the journal: when each was, by position.
    async fn told_from_the_journal(&self) -> Vec<String> {
        let sql = "select to_char(occurred_at, 'YYYY-MM-DD HH24:MI:SS.US') from access.events
                   where event_type = 'RecordConsulted' and payload::text like '%\"journal\"%' order by position";
        sqlx::query_scalar(sql).fetch_all(&mut self.register().await).await.expect("the log")
    }

    /// The same, once there are so many.
    async fn told(&self, looks: usize) -> Vec<String> {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let told = self.told_from_the_journal().await;
            if told.len() >= looks || Instant::now() > until {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn primary_in(folder: &Path) -> Options {
    Options::new(folder.join("primary")).profile(Profile::Throwaway)
}

fn incident() -> pb::RegisterIncident {
    pb::RegisterIncident {
        envelope: envelope(),
        channel: pb::Channel::Phone112 as i32,
        type_code: "theft".into(),
        category: pb::Category::B as i32,
        narrative: "Izsists logs, pazudis velosipēds.".into(),
        ..Default::default()
    }
}

async fn incidents(process: &VnrProcess, token: &str) -> IncidentServiceClient<Connection> {
    let channel = Channel::from_shared(format!("http://{}", process.grpc)).expect("an address");
    IncidentServiceClient::new(InterceptedService::new(channel.connect().await.expect("gRPC"), Bearer::new(token)))
}

/// Waits until what was recorded can be read.
async fn is_read(process: &VnrProcess, token: &str, reply: &pb::CommandReply) {
    let wait = "query($p: LogPosition) { incidents(first: 0, minPosition: $p, waitSeconds: 30) { totalCount } }";
    ask(process.http, Some(token), wait, json!({ "p": position(reply) })).await;
}

/// Looks until the first answer of a copy, or 20 s; gives it, and how many looks were answered before.
async fn first_of_copy(process: &VnrProcess, token: &str, id: &str) -> (Value, usize) {
    let until = Instant::now() + Duration::from_secs(20);
    let mut before = 0;
    while Instant::now() < until {
        let answer = ask(process.http, Some(token), LOOK, json!({ "i": id })).await;
        match answer["data"]["incident"].is_object() {
            true if answer["extensions"]["copy"].is_object() => return (answer, before),
            true => before += 1,
            false => assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{answer}"),
        }
    }
    panic!("no answer of the copy within 20 s");
}

/// Waits until the journal knows that all of it is told.
async fn nothing_waits(process: &VnrProcess) {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let (_, ready) = get(process.http, "/readyz").await;
        let ready: Value = serde_json::from_str(&ready).expect("JSON");
        if ready["looks_waiting"] == 0 {
            return;
        }
        assert!(Instant::now() < until, "looks wait for ever: {ready}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn screens_of_112_go_on_from_a_copy_and_kill_9_loses_no_look_and_tells_none_twice() {
    let mut site = Site::new().await;
    let mut process = site.start();
    let token = site.token(&dispatcher());
    let mut incidents = incidents(&process, &token).await;
    let reply = incidents.register_incident(incident()).await.expect("it is registered").into_inner();
    let id = reply.aggregate_id.as_str();
    is_read(&process, &token, &reply).await;
    let there = ask(process.http, Some(&token), LOOK, json!({ "i": id })).await;
    assert_eq!(there["data"]["incident"]["number"], reply.number, "{there}");
    assert!(there["extensions"].is_null(), "the register itself: {there}");
    site.copy_has_it_all().await;

    site.database_goes_away().await;
    let (answer, _) = first_of_copy(&process, &token, id).await;
    assert_eq!(answer["data"]["incident"]["narrative"]["value"], "Izsists logs, pazudis velosipēds.", "{answer}");
    assert_eq!(answer["extensions"]["copy"]["position"], position(&reply), "how far the copy is: {answer}");
    let mut answered = 1;
    let asked = Instant::now();
    for _ in 0..40 {
        let answer = ask(process.http, Some(&token), LOOK, json!({ "i": id })).await;
        assert_eq!(answer["data"]["incident"]["number"], reply.number, "{answer}");
        answered += 1;
    }
    assert!(asked.elapsed() < Duration::from_secs(20), "nobody waits for the database: {:?}", asked.elapsed());

    // Others are told so, at once; nothing can be recorded.
    let until = chrono::Utc::now() + chrono::TimeDelta::hours(1);
    let mut detective = Principal::new(
        "some-detective",
        Institution::parse("VP").expect("a code"),
        vec![Role::Officer],
        Purpose::Investigation,
        until,
    );
    detective.reference = Some(Reference::parse("KP-11816000126").expect("a reference"));
    let reference = Some("KP-11816000126");
    let waits = ask_for(process.http, Some(&site.token(&detective)), reference, LOOK, json!({ "i": id })).await;
    assert_eq!(waits["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{waits}");
    assert!(waits["errors"][0]["message"].as_str().is_some_and(|text| text.contains("away")), "{waits}");
    let mut late = tonic::Request::new(incident());
    late.set_timeout(Duration::from_secs(2));
    let refused = incidents.register_incident(late).await.expect_err("nothing is recorded");
    let unsure = [tonic::Code::Unavailable, tonic::Code::DeadlineExceeded, tonic::Code::Cancelled];
    assert!(unsure.contains(&refused.code()), "it is sent again later: {refused}");
    let (status, ready) = get(process.http, "/readyz").await;
    let ready: Value = serde_json::from_str(&ready).expect("JSON");
    assert_eq!((status, &ready["reads"]), (200, &json!("copy")), "{ready}");
    assert_eq!(ready["looks_waiting"], answered, "what was shown is on the disk, and nothing else");

    // Killed with looks that nobody else knows of; then again while they are being told.
    process.kill();
    site.database_comes_back().await;
    let mut process = site.start();
    site.told(1).await;
    process.kill();
    let mut process = site.start();
    let told = site.told(answered).await;
    assert_eq!(told.len(), answered, "each once");
    assert!(told.is_sorted(), "in order: {told:?}");
    // The log has them; the journal may not know it yet. Once nothing waits there, nothing is told again.
    process.kill();
    let process = site.start();
    nothing_waits(&process).await;
    let again = ask(process.http, Some(&token), LOOK, json!({ "i": id })).await;
    assert!(again["data"]["incident"].is_object() && again["extensions"].is_null(), "{again}");
    assert_eq!(site.told_from_the_journal().await, told);
    drop(process);
    let urls = ["--database-url", &site.app_url, "--database-owner-url", &site.owner_url, "--data-dir"];
    let verified = Command::new(vnr_binary()).args(["log", "verify"]).args(urls).arg(site.data()).output();
    let verified = verified.expect("vnr runs");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(verified.status.success(), "{}{}", said(&verified.stdout), said(&verified.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_database_is_back_everybody_reads_it_again_and_looks_follow_those_of_the_journal() {
    let mut site = Site::new().await;
    let process = site.start();
    let token = site.token(&dispatcher());
    let reply = incidents(&process, &token).await.register_incident(incident()).await;
    let reply = reply.expect("it is registered").into_inner();
    let id = reply.aggregate_id.as_str();
    is_read(&process, &token, &reply).await;
    site.copy_has_it_all().await;
    site.database_goes_away().await;
    first_of_copy(&process, &token, id).await;
    site.database_comes_back().await;
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = ask(process.http, Some(&token), LOOK, json!({ "i": id })).await;
        assert!(answer["data"]["incident"].is_object(), "no look fails on the way back: {answer}");
        if answer["extensions"].is_null() {
            break;
        }
        assert!(Instant::now() < until, "the copy is read for ever");
    }
    let told = site.told(1).await;
    // All that were told, from the journal and since, are in the order in which they were.
    let sql = "select to_char(occurred_at, 'YYYY-MM-DD HH24:MI:SS.US') from access.events
               where event_type = 'RecordConsulted' order by position";
    let all: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut site.register().await).await.expect("the log");
    assert!(!told.is_empty() && all.len() >= told.len());
    assert!(all.is_sorted(), "{all:?}");
}
