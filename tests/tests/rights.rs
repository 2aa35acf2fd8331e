//! Who may see what is changed by two persons while the register runs, holds after a crash, and can be explained.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::access_policy::{AccessPolicy, AdoptPolicy, PolicyCommand, PolicyText, ProposePolicy};
use domain::ids;
use domain::kernel::Decide;
use domain::personal::Personal;
use domain::values::{Actor, PolicyFileName, Reason, UserName};
use event_store::append::{Appender, AppenderConfig, Lane, Metadata, Submission, Target, Work};
use event_store::log::LogName;
use event_store::private_pg::shared_for_tests;
use event_store::seal::MasterKeys;
use proto::command::v1 as pb;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use serde_json::{Value, json};
use tests::{Bearer, Folder, TestSystem, VnrProcess, ask, envelope, get, position, project_file};
use tonic::Code;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use uuid::Uuid;
use vnr::compose::System;
use vnr::settings::{PolicySource, Settings};

/// What is adopted holds within a second; a slow machine gets another.
const SOON: Duration = Duration::from_secs(2);

/// The register's policies, without some of them.
fn policies_without(folder: &Folder, name: &str, policies: &[&str]) -> String {
    let folder = folder.path().join(name);
    fs::create_dir_all(&folder).unwrap();
    for entry in fs::read_dir(project_file("schema/policies")).unwrap() {
        let entry = entry.unwrap();
        let mut text = fs::read_to_string(entry.path()).unwrap();
        for policy in policies {
            text = without(&text, policy);
        }
        fs::write(folder.join(entry.file_name()), text).unwrap();
    }
    folder.to_str().unwrap().to_owned()
}

/// A text of policies without one of them.
fn without(text: &str, policy: &str) -> String {
    let Some((before, rest)) = text.split_once(&format!("@id(\"{policy}\")")) else { return text.to_owned() };
    let after = rest.split_once("\n@id(").map(|(_, after)| format!("@id({after}")).unwrap_or_default();
    format!("{before}{after}")
}

/// A theft in Rīga.
fn theft() -> pb::RegisterIncident {
    pb::RegisterIncident {
        envelope: envelope(),
        channel: pb::Channel::Phone110 as i32,
        type_code: "theft".into(),
        category: pb::Category::B as i32,
        place: Some(pb::Place { territory: "0001000".into(), ..Default::default() }),
        narrative: "Nozagts velosipēds; aizdomās Anna.".into(),
        reporter: Some(pb::Reporter { name: "Anna Bērziņa".into(), ..Default::default() }),
        ..Default::default()
    }
}

async fn register(server: &VnrProcess, token: &str) -> Result<pb::CommandReply, tonic::Status> {
    let channel = Channel::from_shared(format!("http://{}", server.grpc)).unwrap().connect().await.unwrap();
    let mut incidents = IncidentServiceClient::new(InterceptedService::new(channel, Bearer::new(token)));
    incidents.register_incident(theft()).await.map(tonic::Response::into_inner)
}

const SEEN: &str = "query($n: String!) { incident(number: $n) {
    number narrative { value } reporter { name { value } } } }";

async fn seen(server: &VnrProcess, token: &str, number: &str) -> Value {
    ask(server.http, Some(token), SEEN, json!({ "n": number })).await["data"]["incident"].clone()
}

async fn in_force(server: &VnrProcess) -> Value {
    let (_, body) = get(server.http, "/readyz").await;
    serde_json::from_str::<Value>(&body).unwrap()["policies"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_persons_adopt_holds_within_a_second_and_after_a_crash() {
    let folder = Folder::new("rights-adopt");
    let mut server = VnrProcess::up(&folder.home());
    let police = folder.token("k.liepa", "VP", "dispatcher", "response", &[]);
    let local = folder.token("m.krumins", "RPP", "officer", "response", &["--territory", "0001000"]);
    let reply = register(&server, &police).await.unwrap();
    let wait = "query($p: LogPosition) { incidents(first: 0, minPosition: $p, waitSeconds: 30) { totalCount } }";
    ask(server.http, Some(&police), wait, json!({ "p": position(&reply) })).await;
    assert_eq!(seen(&server, &local, &reply.number).await["number"], json!(reply.number));
    let embedded = in_force(&server).await;
    assert_eq!(embedded["source"], "embedded");

    // Nobody of another institution, and nobody alone.
    let given = policies_without(&folder, "stricter", &["look-local-police-territory", "record-own"]);
    let digest = folder.json(&["access", "policy", "check", &given, "--json"])["digest"].as_str().unwrap().to_owned();
    let propose = ["access", "policy", "propose", &given, "--reason", "illustrative"];
    let stranger = folder.token("k.liepa", "VP", "supervisor", "administration", &[]);
    let target = format!("http://{}", server.grpc);
    let sending = ["--token", &stranger, "--target-url", &target, "--reference", "PA-1"];
    let refused = folder.vnr(&[&propose[..], &sending].concat());
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let (done, said) = folder.centre(&server, "a.ozola", &propose);
    assert!(done && said.contains(&digest), "{said}");
    let adopt = ["access", "policy", "adopt", &digest[..12], "--reason", "read and agreed"];
    let (done, said) = folder.centre(&server, "a.ozola", &adopt);
    assert!(!done, "one person alone adopts nothing: {said}");
    assert_eq!(in_force(&server).await["digest"], embedded["digest"]);
    assert_eq!(seen(&server, &local, &reply.number).await["number"], json!(reply.number));

    let (done, said) = folder.centre(&server, "p.kalnins", &adopt);
    assert!(done, "{said}");
    let adopted = Instant::now();
    while !seen(&server, &local, &reply.number).await.is_null() {
        assert!(adopted.elapsed() < SOON, "it is still seen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(register(&server, &police).await.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(seen(&server, &police, &reply.number).await["number"], json!(reply.number), "others see what they saw");
    let now = in_force(&server).await;
    assert_eq!((&now["digest"], &now["source"]), (&json!(digest), &json!("adopted")));
    let (_, figures) = get(server.http, "/metrics").await;
    let info = figures.lines().find(|line| line.starts_with("vnr_policy_info") && line.contains(&digest));
    assert!(info.is_some_and(|line| line.ends_with(" 1")), "{info:?}");

    server.kill();
    let server = VnrProcess::up(&folder.home());
    assert_eq!(in_force(&server).await["digest"], json!(digest));
    assert!(seen(&server, &local, &reply.number).await.is_null());
    assert_eq!(register(&server, &police).await.unwrap_err().code(), Code::PermissionDenied);

    let shown = folder.json(&["access", "policy", "show", "--json"]);
    assert_eq!((&shown["digest"], &shown["by"]), (&json!(digest), &json!("p.kalnins@IC")), "{shown}");
    let listed = folder.json(&["access", "policy", "list", "--json"]);
    let row = &listed["proposals"][0];
    assert_eq!((&row["status"], &row["proposed_by"]), (&json!("in_force"), &json!("a.ozola@IC")), "{listed}");
    let read = folder.told(&["access", "policy", "show", &digest[..12], "--text"]);
    assert!(read.contains("@id(\"look-own\")") && !read.contains("@id(\"record-own\")"), "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_version_is_not_proposed_and_all_its_mistakes_are_told() {
    let folder = Folder::new("rights-wrong");
    let server = VnrProcess::up(&folder.home());
    let given = policies_without(&folder, "wrong", &[]);
    let mistakes = "@id(\"one\") @lv(\"a.\") @source(\"test\")\n\
                    permit (principal is Actor, action == Action::\"wiew\", resource);\n\
                    @id(\"two\") @lv(\"b.\") @en(\"b.\") @source(\"test\")\n\
                    permit (principal is Actor, action == Action::\"view\", resource) when { principal.age > 3 };\n";
    fs::write(Path::new(&given).join("90-more.cedar"), mistakes).unwrap();
    let propose = ["access", "policy", "propose", &given, "--reason", "illustrative"];
    let (done, said) = folder.centre(&server, "a.ozola", &propose);
    assert!(!done, "{said}");
    for mistake in ["policy `one` has no @en", "wiew", "age"] {
        assert!(said.contains(mistake), "{mistake}: {said}");
    }
    // After this one nobody could adopt another.
    let last = policies_without(&folder, "last", &["adopt-policy"]);
    let propose = ["access", "policy", "propose", &last, "--reason", "illustrative"];
    let (done, said) = folder.centre(&server, "a.ozola", &propose);
    assert!(!done && said.contains("nobody could adopt another version"), "{said}");
    let listed = folder.json(&["access", "policy", "list", "--json"]);
    assert_eq!(listed["proposals"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_explained_is_what_the_register_does() {
    let folder = Folder::new("rights-explain");
    let server = VnrProcess::up(&folder.home());
    let police = folder.token("k.liepa", "VP", "dispatcher", "response", &[]);
    let reply = register(&server, &police).await.unwrap();
    let wait = "query($p: LogPosition) { incidents(first: 0, minPosition: $p, waitSeconds: 30) { totalCount } }";
    ask(server.http, Some(&police), wait, json!({ "p": position(&reply) })).await;

    let riga: &[&str] = &["--territory", "0001000"];
    let liepaja: &[&str] = &["--territory", "0005000"];
    let cases: [(&str, &str, &str, &[&str]); 7] = [
        ("VP", "officer", "response", &[]),
        ("RPP", "officer", "response", riga),
        ("RPP", "officer", "response", liepaja),
        ("VUGD", "dispatcher", "response", &[]),
        ("NMPD", "dispatcher", "response", &[]),
        ("VUGD", "officer", "prevention", &[]),
        ("IC", "supervisor", "operation", &[]),
    ];
    let (mut yes, mut no) = (0, 0);
    for (institution, role, purpose, more) in cases {
        let token = folder.token("anybody", institution, role, purpose, more);
        let answer = seen(&server, &token, &reply.number).await;
        let who = format!("anybody@{institution}");
        let asked = ["access", "explain", &who, &reply.number, "--role", role, "--purpose", purpose, "--json"];
        let told = folder.json(&[&asked[..], more].concat());
        let view = &told["decisions"][0];
        assert_eq!(view["action"], "view");
        assert_eq!(view["allowed"].as_bool(), Some(!answer.is_null()), "{who} {role} {purpose}: {told} {answer}");
        let shown = |field: &str| told["shown"].as_array().unwrap().contains(&json!(field));
        assert_eq!(shown("narrative"), answer["narrative"]["value"].is_string(), "{who}: {told} {answer}");
        assert_eq!(shown("reporter"), answer["reporter"]["name"]["value"].is_string(), "{who}: {told} {answer}");
        // Who is refused is told by what.
        if view["allowed"] == false {
            let nearest = view["nearest"].as_array().unwrap();
            assert!(!nearest.is_empty() || !view["policies"].as_array().unwrap().is_empty(), "{told}");
            no += 1;
        } else {
            assert!(!view["policies"].as_array().unwrap().is_empty(), "{told}");
            yes += 1;
        }
    }
    assert!(yes > 2 && no > 1, "{yes} may, {no} may not");

    let arguments = [
        "access",
        "explain",
        "m.krumins@PP-OGRE",
        &reply.number,
        "--role",
        "officer",
        "--purpose",
        "response",
        "--lang",
        "lv",
    ];
    let text = folder.told(&arguments);
    assert!(text.contains("view: no") && text.contains("Nav atļauts"), "{text}");
    // The look at whose the record is stands in the access log.
    let log = folder.json(&["access", "log", "--record", &reply.number, "--json"]);
    let looks = log["looks"].as_array().unwrap();
    assert!(looks.iter().any(|look| look["way"] == "tool" && look["scopes"] == json!(["summary"])), "{log}");

    // Whose rights one may not look at are not explained, nor listed.
    let token = folder.token("k.liepa", "VP", "officer", "response", &[]);
    for asked in [&arguments[..8], &["access", "grant", "list"], &["access", "policy", "list"]] {
        let refused = folder.vnr(&[asked, &["--token", &token]].concat());
        assert_eq!(refused.status.code(), Some(1), "{asked:?} {refused:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("may not"), "{refused:?}");
    }
    let auditor = folder.token("d.auditore", "IC", "auditor", "audit", &[]);
    folder.told(&["access", "grant", "list", "--token", &auditor, "--reference", "A-1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_and_emergency_access_are_asked_for_and_agreed_to_on_the_command_line() {
    let folder = Folder::new("rights-grants");
    let server = VnrProcess::up(&folder.home());
    let police = folder.token("k.liepa", "VP", "dispatcher", "response", &[]);
    let reply = register(&server, &police).await.unwrap();
    let target = format!("http://{}", server.grpc);
    let send = |name: &str, (institution, role, purpose): (&str, &str, &str), arguments: &[&str]| {
        let token = folder.token(name, institution, role, purpose, &[]);
        let sending = ["--token", &token, "--target-url", &target, "--reference", "KP-1", "--json"];
        let output = folder.vnr(&[arguments, &sending].concat());
        assert!(output.status.success(), "{arguments:?} {output:?}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["record"].as_str().unwrap().to_owned()
    };
    let supervisor = ("VP", "supervisor", "administration");
    let until = (chrono::Utc::now() + chrono::TimeDelta::days(1)).to_rfc3339();
    let request = [
        "access",
        "grant",
        "request",
        "j.ozols@RPP",
        "--record",
        &reply.number,
        "--for",
        "investigation",
        "--until",
        &until,
        "--reason",
        "joint work",
    ];
    let grant = send("a.ozola", supervisor, &request);
    send("p.kalnins", supervisor, &["access", "grant", "approve", &grant]);
    let listed = folder.json(&["access", "grant", "list", "--status", "approved", "--json"]);
    assert_eq!(listed["grants"][0]["id"], json!(grant), "{listed}");
    assert_eq!(listed["grants"][0]["grantee"], "j.ozols@RPP");
    send("i.liepa", supervisor, &["access", "grant", "revoke", &grant, "--reason", "done"]);
    let shown = folder.json(&["access", "grant", "show", &grant, "--json"]);
    assert_eq!((&shown["status"], &shown["ended_by"]), (&json!("revoked"), &json!("i.liepa@VP")), "{shown}");

    let service = ("VUGD", "officer", "response");
    let emergency = send("i.kalve", service, &["access", "break-glass", &reply.number, "--reason", "life in danger"]);
    let waiting = folder.json(&["access", "emergencies", "--waiting", "--json"]);
    assert_eq!(waiting["emergencies"][0]["by"], "i.kalve@VUGD", "{waiting}");
    send("e.vilks", service, &["access", "vouch", &emergency, "--note", "I saw it"]);
    let unreviewed = folder.json(&["access", "emergencies", "--unreviewed", "--json"]);
    assert_eq!(unreviewed["emergencies"][0]["second"], "e.vilks@VUGD", "{unreviewed}");
    send("a.ozola", supervisor, &["access", "review", &emergency, "--outcome", "justified", "--note", "right"]);
    let unreviewed = folder.json(&["access", "emergencies", "--unreviewed", "--json"]);
    assert_eq!(unreviewed["emergencies"], json!([]));
}

/// A person of the Information Centre.
fn person(user: &str) -> Actor {
    Actor { institution: access::Institution::parse("IC").unwrap(), user: UserName::parse(user).unwrap() }
}

/// Records that a text was proposed and adopted, whatever it says: what another program may have taken.
async fn adopt_anything(pool: &sqlx::PgPool, settings: &Settings, content: &str) {
    let file = (PolicyFileName::parse("a.cedar").unwrap(), content.to_owned());
    let text = PolicyText::try_new([file]).unwrap();
    let master = Arc::new(MasterKeys::load(settings.master_key.clone()).unwrap());
    let (appender, _) = Appender::start(AppenderConfig::new(LogName::REGISTER, pool.clone(), master));
    let reason = || Personal::Open(Reason::parse("a test").unwrap());
    let propose = ProposePolicy { text: text.clone(), reason: reason(), by: person("a.ozola") };
    let adopt = AdoptPolicy { digest: text.digest(), reason: reason(), by: person("p.kalnins") };
    for command in [PolicyCommand::ProposePolicy(propose), PolicyCommand::AdoptPolicy(adopt)] {
        let submission = submission::<AccessPolicy>(ids::of_access_policy(), command);
        appender.enqueue_waiting(submission).await.unwrap().await.unwrap();
    }
}

fn submission<A: Decide<Command: Clone + Send + Sync>>(record: Uuid, command: A::Command) -> Submission {
    let command_id = Uuid::now_v7();
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(command_id.as_bytes());
    let mut metadata = Metadata::new();
    metadata.add("command_id", &command_id.hyphenated().to_string());
    Submission {
        command_id,
        lane: Lane::Interactive,
        deadline: None,
        digest,
        metadata,
        occurred_at: chrono::Utc::now().fixed_offset(),
        touches: Vec::new(),
        decide: Box::new(move |work: &mut Work<'_>| {
            work.execute::<A>(record, command.clone())?;
            Ok(Target::of::<A>(record))
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_does_not_go_by_other_policies_than_those_adopted_unless_told_to() {
    let server = shared_for_tests().await.unwrap();
    let name = format!("rights_{}", Uuid::now_v7().simple());
    let database = server.create_database(&name, None).await.unwrap();
    let folder = Folder::new("rights-unusable");
    let mut settings = Settings::in_folder(folder.home());
    fs::create_dir_all(folder.home()).unwrap();
    settings.database_url = Some(database.app_url().to_owned());
    settings.database_owner_url = Some(database.owner_url().to_owned());

    let mut running = System::start(settings.clone()).await.unwrap();
    adopt_anything(running.pool(), &settings, "permit (principal, action, resource) when { newer };").await;
    let ended = tokio::time::timeout(SOON, running.failed()).await.expect("it does not go on by the old ones");
    assert!(ended.unwrap_err().to_string().contains("--policies embedded"));
    running.stop().await;

    let Err(refused) = System::start(settings.clone()).await else { panic!("it starts") };
    let told = refused.to_string();
    assert!(told.contains("p.kalnins (IC)") && told.contains("--policies embedded"), "{told}");

    settings.policies = PolicySource::Embedded;
    let running = System::start(settings).await.unwrap();
    let (status, body) = get(running.http_addr().unwrap(), "/readyz").await;
    let told = serde_json::from_str::<Value>(&body).unwrap()["policies"].clone();
    assert_eq!((status, &told["source"]), (200, &json!("embedded")), "{body}");
    assert!(told["passed_over"].is_string(), "whoever runs it sees that something else was adopted: {body}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_is_shown_to_strangers_only_where_that_is_wanted() {
    const SCHEMA: &str = "{ __schema { queryType { name } } }";
    let open = TestSystem::start().await;
    let answer = ask(open.http(), None, SCHEMA, json!({})).await;
    assert!(answer["data"]["__schema"]["queryType"]["name"].is_string(), "{answer}");
    open.stop().await;
    let closed = TestSystem::start_with(|settings| settings.open_introspection = false).await;
    let answer = ask(closed.http(), None, SCHEMA, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{answer}");
    let answer = closed.ask(SCHEMA, json!({})).await;
    assert!(answer["data"]["__schema"]["queryType"]["name"].is_string(), "{answer}");
    closed.stop().await;
}
