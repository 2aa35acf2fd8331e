//! Five journals, each with its own words, push at once while the register is killed: nothing is lost, nothing is there twice, and what is
//! broken waits with its reasons.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proto::command::v1 as pb;
use proto::command::v1::IntakeEffect as Effect;
use proto::command::v1::command_envelope::Command;
use proto::command::v1::command_result::Outcome;
use proto::command::v1::intake_client::IntakeClient;
use serde_json::{Value, json};
use tests::{Bearer, Folder, VnrProcess, ask_for};
use tokio::sync::watch;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use uuid::Uuid;

const PLACES: [&str; 5] = ["ogre", "liepaja", "valmiera", "kuldiga", "jelgava"];
/// Types of incidents that journals name in their own way.
const TYPES: [&str; 4] = ["theft", "robbery", "noise", "fraud"];

/// A journal and its way of writing records.
#[derive(Clone)]
struct Journal {
    place: &'static str,
    n: usize,
}

impl Journal {
    fn all() -> Vec<Journal> {
        PLACES.into_iter().enumerate().map(|(n, place)| Journal { place, n }).collect()
    }

    fn system(&self) -> String {
        format!("enz-{}", self.place)
    }

    fn institution(&self) -> String {
        format!("PP-{}", self.place.to_uppercase())
    }

    /// What it calls a field.
    fn name(&self, field: &str) -> String {
        match self.n % 2 {
            0 => format!("{}_{field}", self.place),
            _ => field.to_uppercase(),
        }
    }

    /// What it calls a type.
    fn code(&self, type_code: &str) -> String {
        match self.n {
            0 => type_code.to_owned(),
            n => format!("{n}-{}", type_code.to_uppercase()),
        }
    }

    /// How it writes the time of its `n`-th record.
    fn time(&self, n: usize) -> String {
        let (day, hour, minute) = (1 + n % 28, n % 24, n % 60);
        match self.n % 3 {
            0 => format!("{day:02}.02.2026 {hour:02}:{minute:02}"),
            1 => format!("2026-02-{day:02} {hour:02}:{minute:02}:30"),
            _ => format!("2026-02-{day:02}T{hour:02}:{minute:02}:00+02:00"),
        }
    }

    /// Its mapping, as a file of `vnr journal map`.
    fn mapping(&self) -> String {
        let mut text = format!("ignored = ['{}']\n[fields]\n", self.name("row"));
        for (field, meaning) in [
            ("type", "type_code"),
            ("text", "narrative"),
            ("at", "occurred_from"),
            ("place", "place.text"),
            ("a", if self.n == 2 { "place.northing" } else { "place.latitude" }),
            ("b", if self.n == 2 { "place.easting" } else { "place.longitude" }),
        ] {
            text.push_str(&format!("'{}' = '{meaning}'\n", self.name(field)));
        }
        text.push_str("[codes.type_code]\n");
        for code in TYPES.iter().filter(|_| self.n > 0) {
            text.push_str(&format!("'{}' = '{code}'\n", self.code(code)));
        }
        text + "[defaults]\ncategory = 'C'\nchannel = 'phone_110'\n"
    }

    /// Its `n`-th record as it says it then.
    fn fields(&self, n: usize, said: &str) -> BTreeMap<String, String> {
        let (a, b) = if self.n == 2 { ("299500.25", "541200") } else { ("56.816700", "24,600000") };
        let text = |name: &str, value: String| (self.name(name), value);
        BTreeMap::from([
            text("type", self.code(TYPES[n % TYPES.len()])),
            text("text", format!("{said} {n}")),
            text("at", self.time(n)),
            text("place", format!("Brīvības iela {}", 1 + n % 90)),
            text("a", a.to_owned()),
            text("b", b.to_owned()),
            text("row", n.to_string()),
        ])
    }
}

/// What a sent record is expected to come to.
#[derive(Debug, Clone, PartialEq)]
struct Sent {
    command: pb::PushRecord,
    expected: Effect,
    /// Path of what is wrong with it.
    fault: Option<&'static str>,
}

/// What a journal sends: of each hundred two broken, five twice, five late, one with another content later.
fn sent_by(journal: &Journal, records: usize) -> Vec<Sent> {
    let push = |n: usize, sequence: u64, fields| {
        let source = pb::Source {
            system: journal.system(),
            external_id: format!("{}/{n}", journal.place),
            sequence,
            recorded_at: chrono::Utc::now().to_rfc3339(),
        };
        let envelope = pb::Envelope {
            command_id: Uuid::now_v7().to_string(),
            occurred_at: format!("2026-02-{:02}T{:02}:00:00+02:00", 1 + n % 28, n % 24),
            source: Some(source),
            ..Default::default()
        };
        pb::PushRecord { envelope: Some(envelope), fields }
    };
    let mut sent = Vec::new();
    let mut late: VecDeque<(usize, Sent)> = VecDeque::new();
    for n in 0..records {
        let sequence = 2 * n as u64 + 2;
        let mut fields = journal.fields(n, "Zādzība no pagalma");
        let one = |fields, expected, fault| Sent { command: push(n, sequence, fields), expected, fault };
        let broken = [("type", "nav tāda", "type_code"), ("at", "vakar", "occurred_from"), ("extra", "x", "")];
        if n % 50 == 7 {
            let (name, value, path) = broken[n / 50 % broken.len()];
            fields.insert(journal.name(name), value.to_owned());
            sent.push(one(fields, Effect::Quarantined, Some(path)));
        } else if n % 20 == 11 {
            late.push_back((n + 15, one(fields, Effect::Registered, None)));
        } else {
            sent.push(one(fields.clone(), Effect::Registered, None));
            if n % 20 == 3 {
                sent.push(one(fields, Effect::Unchanged, None));
            } else if n % 100 == 42 {
                let other = journal.fields(n, "Atrasts turpat");
                sent.push(Sent { command: push(n, sequence + 1, other), expected: Effect::Supplemented, fault: None });
            }
        }
        while late.front().is_some_and(|(until, _)| *until <= n) {
            sent.extend(late.pop_front().map(|(_, late)| late));
        }
    }
    sent.extend(late.into_iter().map(|(_, late)| late));
    sent
}

/// Sends all of it, on one stream after another while the register is killed, and checks what came of each.
async fn push(sent: Vec<Sent>, mut at: watch::Receiver<(u16, String)>, answered: Arc<AtomicUsize>) {
    let mut waiting: VecDeque<Sent> = sent.into();
    while !waiting.is_empty() {
        let (port, token) = at.borrow_and_update().clone();
        let endpoint = Channel::from_shared(format!("http://127.0.0.1:{port}")).expect("an address");
        let Ok(channel) = endpoint.connect().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let commands: Vec<pb::CommandEnvelope> = waiting
            .iter()
            .map(|sent| pb::CommandEnvelope { command: Some(Command::PushRecord(sent.command.clone())) })
            .collect();
        let mut intake = IntakeClient::new(InterceptedService::new(channel, Bearer::new(&token)));
        let Ok(results) = intake.submit(tokio_stream::iter(commands)).await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let mut results = results.into_inner();
        while let Ok(Some(result)) = results.message().await {
            let reply = match result.outcome.expect("an outcome") {
                Outcome::Reply(reply) => reply,
                // It closes, or its database is away: what was not answered is sent again.
                Outcome::Error(status) if status.code == tonic::Code::Unavailable as i32 => break,
                Outcome::Error(status) => panic!("{status:?}"),
            };
            let sent = waiting.pop_front().expect("no more answers than commands");
            let id = &sent.command.envelope.as_ref().expect("an envelope").command_id;
            assert_eq!(&result.command_id, id, "answers come in the order of sending");
            let intake = reply.intake.expect("what came of it");
            assert_eq!(intake.effect(), sent.expected, "{:?}", sent.command);
            let faults: BTreeSet<&str> = intake.faults.iter().map(|fault| fault.path.as_str()).collect();
            assert_eq!(faults, sent.fault.into_iter().collect::<BTreeSet<_>>(), "{:?}", sent.command);
            answered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn journals_of(server: &VnrProcess, token: &str) -> Vec<Value> {
    let query = "{ journals { system phase counts { sent registered supplemented confirmed late quarantined released waiting outOfOrder }
        quarantine(first: 3) { totalCount nodes { externalId faults { path message } fields { name } } } } }";
    let answer = ask_for(server.http, Some(token), Some("KL-1"), query, json!({})).await;
    answer["data"]["journals"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_journals_push_at_once_and_kill_9_loses_nothing_and_doubles_nothing() {
    let records = if tests::long() { 37_700 } else { 300 };
    let folder = Folder::new("journals");
    let mut server = VnrProcess::up(&folder.home());
    for journal in Journal::all() {
        let (system, institution, file) = (journal.system(), journal.institution(), folder.path().join(journal.place));
        fs::write(&file, journal.mapping()).unwrap();
        let file = file.to_str().unwrap();
        for arguments in [
            &["journal", "register", &system, "--institution", &institution, "--lv", "Žurnāls", "--en", "Journal"][..],
            &["journal", "map", &system, file, "--reason", "Līgums 17"],
            &["journal", "phase", &system, "testing", "--reason", "Līgums 17"],
            &["journal", "phase", &system, "live", "--reason", "Līgums 17"],
        ] {
            let (done, said) = folder.centre(&server, "k.liepa", arguments);
            assert!(done, "{arguments:?}: {said}");
        }
    }
    let (mut pushing, mut turns, answered) = (Vec::new(), Vec::new(), Arc::new(AtomicUsize::new(0)));
    let mut expected = BTreeMap::new();
    let mut all = 0;
    for journal in Journal::all() {
        let token = folder.token("journal", &journal.institution(), "system", "response", &[]);
        let (turn, at) = watch::channel((server.grpc.port(), token));
        turns.push(turn);
        let sent = sent_by(&journal, records);
        all += sent.len();
        let of = |effect| sent.iter().filter(|sent| sent.expected == effect).count();
        expected.insert(journal.system(), [Effect::Registered, Effect::Supplemented, Effect::Quarantined].map(of));
        pushing.push(tokio::spawn(push(sent, at, Arc::clone(&answered))));
    }
    for third in 1..=2 {
        while answered.load(Ordering::Relaxed) < all * third / 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.kill();
        server = VnrProcess::up(&folder.home());
        turns.iter().for_each(|turn| turn.send_modify(|(port, _)| *port = server.grpc.port()));
    }
    for task in pushing {
        task.await.expect("every record came to what it should");
    }
    assert_eq!(answered.load(Ordering::Relaxed), all);

    let officer = folder.token("a.ozola", "PP-OGRE", "supervisor", "response", &[]);
    let centre = folder.token("k.liepa", "IC", "supervisor", "administration", &[]);
    for _ in 0..600 {
        let found = journals_of(&server, &centre).await;
        let sent: i64 = found.iter().filter_map(|journal| journal["counts"]["sent"].as_i64()).sum();
        if sent == expected.values().flatten().sum::<usize>() as i64 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let found = journals_of(&server, &centre).await;
    assert_eq!(found.len(), 5);
    for journal in &found {
        let counts = &journal["counts"];
        let [registered, supplemented, quarantined] = expected[journal["system"].as_str().unwrap()];
        let told = ["registered", "supplemented", "quarantined", "waiting", "late", "confirmed", "released"];
        let told = told.map(|name| counts[name].as_u64().unwrap() as usize);
        assert_eq!(told, [registered, supplemented, quarantined, quarantined, 0, 0, 0], "{journal}");
        assert!(counts["outOfOrder"].as_u64().unwrap() as usize >= records / 20 - 1, "{journal}");
        assert_eq!(journal["quarantine"]["totalCount"], quarantined);
        // Who runs the journals sees how they are, and nothing that is in them.
        assert!(journal["quarantine"]["nodes"].as_array().unwrap().iter().all(|kept| kept["fields"].is_null()));
    }
    let own = journals_of(&server, &officer).await;
    assert_eq!(own.iter().map(|journal| journal["system"].as_str().unwrap()).collect::<Vec<_>>(), ["enz-ogre"]);
    let kept = &own[0]["quarantine"]["nodes"][0];
    assert!(kept["fields"].as_array().is_some_and(|fields| fields.len() >= 7), "{kept}");
    assert!(kept["faults"][0]["message"].as_str().is_some_and(|words| !words.is_empty()), "{kept}");

    // Each that waits does so for its own reason.
    for journal in Journal::all() {
        let kept = folder.json(&["journal", "quarantine", &journal.system(), "--json"]);
        let kept: BTreeMap<&str, &str> = kept["records"]
            .as_array()
            .unwrap()
            .iter()
            .map(|record| {
                assert_eq!(record["faults"].as_array().unwrap().len(), 1, "{record}");
                (record["external_id"].as_str().unwrap(), record["faults"][0]["path"].as_str().unwrap_or_default())
            })
            .collect();
        let broken = sent_by(&journal, records).into_iter().filter_map(|sent| {
            let id = sent.command.envelope?.source?.external_id;
            sent.fault.map(|fault| (id, fault))
        });
        let broken: BTreeMap<String, &str> = broken.collect();
        assert_eq!(kept, broken.iter().map(|(id, path)| (id.as_str(), *path)).collect());
    }
    let verified = folder.vnr(&["log", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
}
