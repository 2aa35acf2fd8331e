//! The documents for those who connect a system say what the contract says.

use std::fmt::Write as _;
use std::{env, fs};

use prost_reflect::prost_types::FileDescriptorProto;
use prost_reflect::{DescriptorPool, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor};

use tests::project_file;

const PACKAGE: &str = "vnr.command.v1";

#[test]
fn the_artefact_commands_reference_is_as_the_contract_is() {
    let path = project_file("docs/COMMANDS_REFERENCE.md");
    let wanted = reference(&proto::descriptor_pool());
    if env::var_os("VNR_UPDATE_ARTEFACTS").is_some() {
        fs::write(&path, wanted).unwrap();
        return;
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == wanted, "{} is not as the contract is: run `make artefacts`", path.display());
}

#[test]
fn every_rule_of_the_domain_is_in_the_document() {
    let document = fs::read_to_string(project_file("docs/COMMANDS.md")).unwrap();
    let mut rules = 0;
    for aggregate in [
        "incident",
        "seized_item",
        "caution",
        "emergency_card",
        "unit",
        "track",
        "access_grant",
        "emergency_access",
        "access_policy",
        "classifier",
        "source_journal",
        "source_record",
        "notice",
        "response_plan",
        "roster_shift",
    ] {
        let source = fs::read_to_string(project_file(&format!("domain/src/{aggregate}/error.rs"))).unwrap();
        for rule in source.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(document.contains(&format!("`{rule}`")), "docs/COMMANDS.md does not say what `{rule}` is");
            rules += 1;
        }
    }
    assert!(rules > 25, "the rules were not found in the sources");
}

/// Services, then messages, then enums; each with its comment.
fn reference(pool: &DescriptorPool) -> String {
    let mut text = String::from(
        "# Commands: reference\n\nEvery command and field of the gRPC contract. Made from `proto/vnr/command/v1/` by \
         `make artefacts`; how to use it is told in [COMMANDS.md](COMMANDS.md).\n\n## Commands\n",
    );
    let ours = |file: &FileDescriptor| file.package_name() == PACKAGE;
    let files: Vec<FileDescriptor> = pool.files().filter(ours).collect();
    let mut commands = Vec::new();
    for service in files.iter().flat_map(|file| file.services().collect::<Vec<_>>()) {
        let about = comment(service.parent_file().file_descriptor_proto(), service.path());
        write!(text, "\n### {}\n\n{about}\n\n| command | |\n| --- | --- |\n", service.name()).unwrap();
        for method in service.methods() {
            let about = comment(service.parent_file().file_descriptor_proto(), method.path());
            let name = if method.is_client_streaming() {
                format!("`{}` (stream of {}, answers {})", method.name(), method.input().name(), method.output().name())
            } else {
                commands.push(method.input());
                format!("[`{0}`](#{1})", method.name(), method.name().to_lowercase())
            };
            writeln!(text, "| {name} | {about} |").unwrap();
        }
    }
    text.push_str("\n## Fields\n");
    for message in &commands {
        fields(&mut text, message);
    }
    text.push_str("\n## Messages that several commands share\n");
    for message in files.iter().flat_map(|file| file.messages().collect::<Vec<_>>()) {
        if !commands.contains(&message) {
            fields(&mut text, &message);
        }
    }
    text.push_str("\n## Terms\n\nUnspecified (0) means that it is not given.\n");
    for terms in files.iter().flat_map(|file| file.enums().collect::<Vec<_>>()) {
        values(&mut text, &terms);
    }
    text
}

fn fields(text: &mut String, message: &MessageDescriptor) {
    let file = message.parent_file();
    write!(text, "\n### {}\n\n", message.name()).unwrap();
    let about = comment(file.file_descriptor_proto(), message.path());
    if !about.is_empty() {
        write!(text, "{about}\n\n").unwrap();
    }
    text.push_str("| field | type | |\n| --- | --- | --- |\n");
    for field in message.fields() {
        let mut about = comment(file.file_descriptor_proto(), field.path());
        if let Some(choice) = field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) {
            about = format!("one of `{}`. {about}", choice.name());
        }
        writeln!(text, "| `{}` | {} | {} |", field.name(), kind(&field), about.trim()).unwrap();
    }
}

fn kind(field: &FieldDescriptor) -> String {
    let name = match field.kind() {
        Kind::Message(message) if message.package_name() == PACKAGE => {
            format!("[{0}](#{1})", message.name(), message.name().to_lowercase())
        }
        Kind::Message(message) => format!("`{}`", message.full_name()),
        Kind::Enum(terms) => format!("[{0}](#{1})", terms.name(), terms.name().to_lowercase()),
        scalar => format!("{scalar:?}").to_lowercase(),
    };
    let choice = field.containing_oneof().is_some_and(|oneof| oneof.is_synthetic());
    match (field.is_list(), choice) {
        (true, _) => format!("list of {name}"),
        (false, true) => format!("{name}, may be absent"),
        (false, false) => name,
    }
}

fn values(text: &mut String, terms: &EnumDescriptor) {
    let file = terms.parent_file();
    let about = comment(file.file_descriptor_proto(), terms.path());
    write!(text, "\n### {}\n\n{about}\n\n| value | |\n| --- | --- |\n", terms.name()).unwrap();
    for value in terms.values().filter(|value| value.number() != 0) {
        writeln!(text, "| `{}` | {} |", value.name(), comment(file.file_descriptor_proto(), value.path())).unwrap();
    }
}

/// The comment before the thing at `path`, on one line.
fn comment(file: &FileDescriptorProto, path: &[i32]) -> String {
    let locations = file.source_code_info.as_ref().map(|info| info.location.as_slice()).unwrap_or_default();
    let location = locations.iter().find(|location| location.path == path);
    let text = location.and_then(|location| location.leading_comments.as_deref()).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
