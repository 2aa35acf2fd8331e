//! README and docs/ are true: their commands run, their queries are answered, their messages are taken.
//!
//! Of each document the blocks marked `sh` and, of `console` blocks, the lines after `$ `, are run by one shell, in order, as
//! a reader would type them; those marked `graphql` are asked of the same running system. Left out are only what starts that
//! system (`make …`, `vnr up`, `vnr demo`: CI runs them) and `grpcurl`, whose message is sent by a client of ours.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use prost_reflect::DynamicMessage;
use proto::command::v1 as pb;
use proto::command::v1::emergency_card_service_client::EmergencyCardServiceClient;
use serde_json::{Value, json};
use tests::{Bearer, VnrProcess, ask, project_file, vnr_binary};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use uuid::Uuid;

/// Marked blocks of a document, in order: mark and content.
fn blocks(document: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = document;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (mark, after) = after.split_once('\n').expect("a block has an end");
        let (content, after) = after.split_once("\n```").expect("a block has an end");
        found.push((mark.trim(), content));
        rest = after;
    }
    found
}

fn documents() -> Vec<(String, String)> {
    let folder = fs::read_dir(project_file("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = folder.filter(|path| path.extension().is_some_and(|kind| kind == "md")).collect();
    paths.push(project_file("README.md"));
    paths.sort();
    paths.iter().map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())).collect()
}

/// What of a block is to be typed into a shell; none where it is no shell's.
fn typed(mark: &str, content: &str) -> Option<String> {
    let lines: Vec<&str> = match mark {
        "sh" => content.lines().collect(),
        "console" => content.lines().filter_map(|line| line.strip_prefix("$ ")).collect(),
        _ => return None,
    };
    let mut kept = Vec::new();
    let mut in_grpcurl = false;
    for line in lines {
        let starts_it = ["make ", "vnr up", "vnr demo"].iter().any(|command| line.starts_with(command));
        in_grpcurl |= line.starts_with("grpcurl");
        if !starts_it && !in_grpcurl {
            kept.push(line);
        }
        // A message goes on to the line that closes its quotation.
        in_grpcurl &= line.matches('\'').count() != if line.starts_with("grpcurl") { 0 } else { 1 };
    }
    Some(kept.join("\n"))
}

struct Reader {
    server: VnrProcess,
    folder: PathBuf,
}

impl Reader {
    /// Somebody with a running system that holds the sample's calls.
    fn new() -> Reader {
        let folder = std::env::temp_dir().join(format!("vnr-documents-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        std::os::unix::fs::symlink(project_file("schema").canonicalize().unwrap(), folder.join("schema")).unwrap();
        let reader = Reader { server: VnrProcess::up(&folder.join("home")), folder };
        reader.shell(
            "vnr sample --calls 30 --seed 7 -o sample.csv
             export VNR_TOKEN=$(vnr token --institution VUGD --role system --purpose operation)
             vnr import sample.csv --mapping schema/mappings/vnr-sample.toml --target http://127.0.0.1:50051",
        );
        reader
    }

    /// Types it, with the documents' addresses made this system's; gives what was printed.
    fn shell(&self, script: &str) -> String {
        let grpc = self.server.grpc.to_string();
        let script = script
            .replace("127.0.0.1:50051", &grpc)
            .replace("localhost:50051", &grpc)
            .replace("127.0.0.1:8080", &self.server.http.to_string());
        let program = vnr_binary();
        let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap_or_default());
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &script])
            .current_dir(&self.folder)
            .env("PATH", path)
            .env("VNR_HOME", self.folder.join("home"))
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}\n--- printed\n{printed}\n--- errors\n{errors}");
        printed
    }

    fn token(&self) -> String {
        let printed = self.shell("vnr token --institution VUGD --role dispatcher --purpose response");
        printed.trim().to_owned()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.server.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_documents_tell_a_reader_to_do_works() {
    let reader = Reader::new();
    let (mut commands, mut queries) = (0, 0);
    for (name, document) in documents() {
        let blocks = blocks(&document);
        let script: Vec<String> = blocks.iter().filter_map(|(mark, content)| typed(mark, content)).collect();
        commands += script.iter().map(|block| block.lines().count()).sum::<usize>();
        reader.shell(&script.join("\n"));
        for (_, query) in blocks.iter().filter(|(mark, _)| *mark == "graphql") {
            let variables = json!({ "p": "1.1", "after": null, "id": Uuid::now_v7() });
            let answer = ask(reader.server.http, Some(&reader.token()), query, variables).await;
            assert!(answer.get("errors").is_none(), "{name}: {query}\n{answer}");
            queries += 1;
        }
    }
    assert!(commands > 10 && queries > 3, "{commands} commands and {queries} queries were found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_command_of_the_document_is_taken_and_answered_as_it_says() {
    let reader = Reader::new();
    let document = fs::read_to_string(project_file("docs/COMMANDS.md")).unwrap();
    let (_, rest) = document.split_once("-d '").unwrap();
    let (message, rest) = rest.split_once('\'').unwrap();
    assert!(rest.trim_start().starts_with("localhost:50051 vnr.command.v1.EmergencyCardService/ReceiveCall"));
    let kind = proto::descriptor_pool().get_message_by_name("vnr.command.v1.ReceiveCall").unwrap();
    let mut reading = serde_json::Deserializer::from_str(message);
    let call: pb::ReceiveCall = DynamicMessage::deserialize(kind, &mut reading).unwrap().transcode_to().unwrap();

    let channel = Channel::from_shared(format!("http://{}", reader.server.grpc)).unwrap().connect().await.unwrap();
    let mut cards = EmergencyCardServiceClient::new(InterceptedService::new(channel, Bearer::new(&reader.token())));
    let reply = cards.receive_call(call).await.unwrap().into_inner();

    let kind = proto::descriptor_pool().get_message_by_name("vnr.command.v1.CommandReply").unwrap();
    let mut shown = DynamicMessage::new(kind);
    shown.transcode_from(&reply).unwrap();
    let answer = serde_json::to_value(&shown).unwrap();
    let told = blocks(&document).into_iter().find(|(mark, _)| *mark == "json").unwrap().1;
    let told: Value = serde_json::from_str(told).unwrap();
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&answer), names(&told));
    assert_eq!(answer["commandId"], told["commandId"]);
    assert!(reply.number.starts_with("VEK-"), "{answer}");
}
