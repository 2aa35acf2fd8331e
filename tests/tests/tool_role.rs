//! Tools read what is sealed as a role that has no keys: the database hands it those of records about which the access log says who
//! looks, and what for.

use std::sync::Arc;

use event_store::log::{LogName, LogPosition};
use event_store::private_pg::{PrivatePg, shared_for_tests};
use event_store::seal::{KeyRing, KeySource, LookedAt, MasterKeys, SealError};
use proto::command::v1 as pb;
use proto::command::v1::emergency_card_service_client::EmergencyCardServiceClient;
use serde_json::json;
use sqlx::PgPool;
use tests::{Bearer, Folder, VnrProcess, envelope};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use uuid::Uuid;

const NAME: &str = "Anna Neatslēgtā";

fn master(folder: &Folder) -> Arc<MasterKeys> {
    Arc::new(MasterKeys::load(KeySource::File(folder.home().join("master.key"))).unwrap())
}

/// A call to 112, of a register that this folder's keys seal.
async fn call(folder: &Folder, server: &VnrProcess) -> pb::CommandReply {
    let who = ["--institution", "VUGD", "--role", "dispatcher", "--purpose", "response"];
    let token = folder.told(&[&["token"], &who[..]].concat()).trim().to_owned();
    let channel = Channel::from_shared(format!("http://{}", server.grpc)).unwrap().connect().await.unwrap();
    let mut cards = EmergencyCardServiceClient::new(InterceptedService::new(channel, Bearer::new(&token)));
    let call = pb::ReceiveCall {
        envelope: envelope(),
        channel: pb::Channel::Phone112 as i32,
        caller: Some(pb::Reporter { name: NAME.into(), ..Default::default() }),
        narrative: "Deg dzīvoklis".into(),
        ..Default::default()
    };
    cards.receive_call(call).await.unwrap().into_inner()
}

fn refused(error: &sqlx::Error, code: &str) -> bool {
    error.as_database_error().and_then(|told| told.code()).is_some_and(|told| told == code)
}

/// Puts an event into the access log beside its appender: what the log might say.
struct Said<'a> {
    pool: &'a PgPool,
    position: i64,
}

impl Said<'_> {
    async fn say(&mut self, command: Uuid, event_type: &str, what: serde_json::Value, minutes_ago: i32) -> i64 {
        self.position += 1;
        let sql = "insert into access.events (position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
                                              payload, metadata, occurred_at, recorded_at, leaf_hash)
                   select $1, gen_random_uuid(), 'access_day', gen_random_uuid()::text, 1, $2, '1.0', $3::json, $4::json, at, at, ''
                   from (select clock_timestamp() - make_interval(mins => $5)) moment (at)";
        sqlx::query(sql)
            .bind(self.position)
            .bind(event_type)
            .bind(json!({ event_type: what }).to_string())
            .bind(json!({ "command_id": command }).to_string())
            .bind(minutes_ago)
            .execute(self.pool)
            .await
            .unwrap();
        self.position
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_hands_keys_out_only_for_what_the_access_log_says_is_looked_at() {
    let folder = Folder::new("tool-role");
    let server = VnrProcess::up(&folder.home());
    let (card, other) = (call(&folder, &server).await, call(&folder, &server).await);
    let [card_id, other_id] = [&card, &other].map(|reply| Uuid::try_parse(&reply.aggregate_id).unwrap());
    let pg = PrivatePg::attach(&folder.home()).unwrap().unwrap();
    let tools = PgPool::connect(&pg.tool_url()).await.unwrap();

    // The role reads the log and the read models, and no keys; it writes nothing.
    for readable in ["register.events", "access.events", "register.key_owners", "cards.cards", "projections.consumers"]
    {
        let count: i64 =
            sqlx::query_scalar(&format!("select count(*) from {readable}")).fetch_one(&tools).await.unwrap();
        assert!(count > 0 || readable == "access.events", "{readable}");
    }
    for log in LogName::ALL {
        for sql in [
            format!("select wrapped from {log}.keys"),
            format!("select count(*) from {log}.keys"),
            format!("delete from {log}.keys"),
            format!("select state from {log}.snapshots"),
            format!("update {log}.head set position = 0"),
            format!(
                "insert into {log}.destroyed_keys (key_id, aggregate_id, destroyed_at) values (gen_random_uuid(), gen_random_uuid(), now())"
            ),
            format!("select {log}.admit_tools()"),
        ] {
            let error = sqlx::query(&sql).execute(&tools).await.expect_err(&sql);
            assert!(refused(&error, "42501"), "{sql}: {error}");
        }
    }
    // The application's role, which has the keys anyway, has no use for the function.
    let app = PgPool::connect(&pg.app_url()).await.unwrap();
    let sql = "select * from register.keys_looked_at(1, 1, '{}')";
    assert!(refused(&sqlx::query(sql).execute(&app).await.unwrap_err(), "42501"));

    let ring = KeyRing::new(tools.clone(), LogName::REGISTER, master(&folder));
    let at = |from: i64, to: i64| LookedAt { from: LogPosition::from_i64(from), to: LogPosition::from_i64(to) };
    let closed = async |look: LookedAt, records: &[Uuid]| match ring.looked_at(look, records).await {
        Err(SealError::Database(error)) => assert!(refused(&error, "VN010"), "{error}"),
        other => panic!("{look:?} of {records:?}: {:?}", other.map(|keys| keys.len())),
    };
    closed(at(1, 1), &[card_id]).await;

    let mut said = Said { pool: &app, position: 500_000 };
    let look = |record: Uuid, way: &str, scopes: &[&str]| {
        json!({ "by": { "institution": "VP", "user": "a" }, "way": way, "records": [record], "scopes": scopes,
                "purpose": "investigation", "query": "00", "count": 1 })
    };
    let persons: &[&str] = &["summary", "narrative"];
    for (what, minutes_ago) in [
        (look(other_id, "tool", persons), 0),
        (look(card_id, "query", persons), 0),
        (look(card_id, "tool", &["history"]), 0),
        (look(card_id, "tool", persons), 6),
    ] {
        let position = said.say(Uuid::now_v7(), "RecordConsulted", what, minutes_ago).await;
        closed(at(position, position), &[card_id]).await;
    }
    let what = json!({ "attempt": "subject_export", "record": card_id, "cause": "policy" });
    let position = said.say(Uuid::now_v7(), "AccessRefused", what, 0).await;
    closed(at(position, position), &[card_id]).await;

    // One command may be several events; two commands are not one look.
    let command = Uuid::now_v7();
    let first = said.say(command, "RecordConsulted", look(card_id, "tool", persons), 0).await;
    let second = said.say(command, "RecordConsulted", look(other_id, "tool", persons), 0).await;
    let third = said.say(Uuid::now_v7(), "RecordConsulted", look(other_id, "tool", persons), 0).await;
    assert_eq!(ring.looked_at(at(first, second), &[card_id, other_id]).await.unwrap().len(), 4);
    assert_eq!(ring.looked_at(at(first, first), &[card_id]).await.unwrap().len(), 2);
    closed(at(first, first), &[card_id, other_id]).await;
    closed(at(second, third), &[other_id]).await;
    closed(at(first - 1_000, second), &[card_id]).await;
    closed(at(second, first), &[card_id]).await;
    let handed = json!({ "by": { "institution": "VP", "user": "a" }, "recipient": "tiesa", "records": [card_id],
                         "scopes": persons, "purpose": "investigation", "content": "00", "count": 1 });
    let position = said.say(Uuid::now_v7(), "DataDisclosed", handed, 0).await;
    assert_eq!(ring.looked_at(at(position, position), &[card_id]).await.unwrap().len(), 2);
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_says_that_it_looks_before_it_opens_and_opens_as_the_role_of_tools() {
    let folder = Folder::new("tool-role");
    let server = VnrProcess::up(&folder.home());
    let card = call(&folder, &server).await;
    let exported = folder.told(&["subject", "export", &card.number, "-o", "-"]);
    assert!(exported.contains(NAME), "{exported}");
    let pg = PrivatePg::attach(&folder.home()).unwrap().unwrap();
    let tools = PgPool::connect(&pg.tool_url()).await.unwrap();
    let told: Vec<(i64, String)> = sqlx::query_as(
        "select position, event_type from access.events where payload->event_type->'records'->>0 = $1 order by position",
    )
    .bind(&card.aggregate_id)
    .fetch_all(&tools)
    .await
    .unwrap();
    let kinds: Vec<&str> = told.iter().map(|(_, kind)| kind.as_str()).collect();
    assert_eq!(kinds, ["RecordConsulted", "DataDisclosed"]);
    // What was told a moment ago opens just that record, by the database's own judgement.
    let ring = KeyRing::new(tools.clone(), LogName::REGISTER, master(&folder));
    let position = LogPosition::from_i64(told[0].0);
    let look = LookedAt { from: position, to: position };
    let record = Uuid::try_parse(&card.aggregate_id).unwrap();
    assert_eq!(ring.looked_at(look, &[record]).await.unwrap().len(), 2);
    assert!(ring.looked_at(look, &[Uuid::now_v7()]).await.is_err());

    // Each tool that looks at records does with that role.
    let proof = folder.path().join("card.proof.json");
    for tool in [
        &["subject", "list", &card.number][..],
        &["subject", "due", "--on", "2040-01-01"],
        &["record", "history", &card.number],
        &["record", "prove", &card.number, "-o", proof.to_str().unwrap()],
        &["access", "log"],
        &["access", "signals"],
        &["access", "explain", "a.ozola@VP", &card.number, "--role", "officer", "--purpose", "response"],
        &["access", "grant", "list"],
        &["access", "emergencies", "--unreviewed"],
        &["access", "policy", "list"],
    ] {
        folder.told(tool);
    }

    // Where the role is shut out, no tool that looks at records does anything: none falls back on the application's.
    let owner = PgPool::connect(&pg.owner_url()).await.unwrap();
    sqlx::query("revoke usage on schema register from vnr_tool").execute(&owner).await.unwrap();
    for tool in [
        &["subject", "export", &card.number, "-o", "-"][..],
        &["subject", "list", &card.number],
        &["subject", "due"],
        &["record", "history", &card.number],
        &["access", "log"],
    ] {
        let output = folder.vnr(tool);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("vnr_tool"), "{tool:?}: {output:?}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains(NAME));
    }
    // The next start lets it in again.
    drop(server);
    let _server = VnrProcess::up(&folder.home());
    assert!(folder.told(&["subject", "export", &card.number, "-o", "-"]).contains(NAME));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_database_of_ones_own_the_role_is_named_by_a_url_of_its_own() {
    let folder = Folder::new("tool-role");
    let database = shared_for_tests().await.unwrap();
    let name = format!("tool_role_{}", Uuid::now_v7().simple());
    let database = database.create_database(&name, None).await.unwrap();
    let urls = ["--database-url", database.app_url(), "--database-owner-url", database.owner_url()];
    let server = VnrProcess::start(&[&["up"], &urls[..]].concat(), &folder.home());
    let card = call(&folder, &server).await;
    let export = ["subject", "export", &card.number, "-o", "-"];
    for tool in [&[][..], &["--database-tool-url", database.tool_url()]] {
        let exported = folder.told(&[&export, &urls[..], tool].concat());
        assert!(exported.contains(NAME), "{exported}");
    }
    // Another role, that may read keys, is none.
    for other in [database.app_url(), database.owner_url()] {
        let output = folder.vnr(&[&export, &urls[..], &["--database-tool-url", other]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("may read the keys of personal data"), "{output:?}");
    }
    drop(server);
}
