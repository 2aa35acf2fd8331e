//! The tables for the data-protection officer, in `docs/ACCESS.md`.

use std::path::Path;
use std::{env, fs};

use access::policy::{
    AccessProfile, Action, Class, Effect, Field, InstitutionKind, Policies, RecordKind, RecordProfile, Relation,
};
use access::{Purpose, Role};

use crate::oracle::is_about;
use crate::{INSTITUTIONS, code, policies};

const FILE: &str = "docs/ACCESS.md";
const BEGIN: &str = "<!-- written by `make artefacts` from here … -->\n";
const END: &str = "<!-- … to here -->\n";

/// What the tables show of each kind of record, with the relations that make a difference there.
const TABLES: [(RecordKind, &str, &[Relation]); 8] = [
    (RecordKind::Incident, "Incidents", Relation::ALL),
    (RecordKind::EmergencyCard, "Emergency cards", Relation::ALL),
    (RecordKind::Unit, "Units", Relation::ALL),
    (RecordKind::Track, "Tracks of units", Relation::ALL),
    (RecordKind::RetentionCase, "Retention cases", Relation::ALL),
    (RecordKind::Notice, "Notices", Relation::ALL),
    (RecordKind::Caution, "Cautions", Relation::ALL),
    (RecordKind::Register, "The register as such", &[Relation::Own, Relation::None]),
];

#[test]
fn the_artefact_of_who_may_do_what_is_as_the_policies_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(FILE);
    let committed = fs::read_to_string(&path).expect(FILE);
    let (before, rest) = committed.split_once(BEGIN).expect("the beginning of the tables");
    let (_, after) = rest.split_once(END).expect("the end of the tables");
    let produced = format!("{before}{BEGIN}{}\n{END}{after}", tables(&policies()));
    if env::var_os("VNR_UPDATE_ARTEFACTS").is_some() {
        fs::write(&path, produced).expect("written");
        return;
    }
    assert!(committed == produced, "{FILE} doesn't say what the policies say: run `make artefacts`");
}

fn tables(policies: &Policies) -> String {
    let mut text = String::from("\n## The policies\n");
    for (effect, title) in [
        (Effect::Forbid, "What is forbidden, whatever else permits it"),
        (Effect::Permit, "What is permitted; what no policy permits is refused"),
    ] {
        text += &format!("\n### {title}\n\n| policy | lv | en | source |\n| --- | --- | --- | --- |\n");
        for policy in policies.texts().iter().filter(|policy| policy.effect == effect) {
            text += &format!("| `{}` | {} | {} | {} |\n", policy.id, policy.lv, policy.en, policy.source);
        }
    }
    text += "\n## Institutions\n\n| code | kind | lv | en | sends under the name of | code confirmed |\n\
             | --- | --- | --- | --- | --- | --- |\n";
    for entry in policies.institutions().entries() {
        let named = entry.code.clone().or_else(|| entry.prefix.as_ref().map(|prefix| format!("{prefix}…")));
        let confirmed = if entry.illustrative { "no: illustrative" } else { "yes" };
        let named = named.unwrap_or_default();
        let sources: Vec<String> = entry.sources.iter().map(|names| format!("`{names}`")).collect();
        let (kind, lv, en, sources) = (entry.kind, &entry.lv, &entry.en, sources.join(", "));
        text += &format!("| `{named}` | `{kind}` | {lv} | {en} | {sources} | {confirmed} |\n");
    }
    text += "\n## Who may do what\n";
    for (institution, kind) in INSTITUTIONS {
        text += &format!("\n### `{kind}`\n");
        for (record, title, relations) in TABLES {
            text += &table(policies, institution, kind, record, title, relations);
        }
    }
    text
}

/// A line for what several roles and purposes have in common; nothing where nobody may do anything.
fn table(
    policies: &Policies,
    institution: &str,
    kind: InstitutionKind,
    record: RecordKind,
    title: &str,
    relations: &[Relation],
) -> String {
    let mut lines: Vec<(Vec<Role>, Vec<Purpose>, Vec<String>)> = Vec::new();
    for role in Role::ALL {
        let mut of_role: Vec<(Vec<Purpose>, Vec<String>)> = Vec::new();
        for purpose in Purpose::ALL {
            let cell = |relation: &Relation| cell(policies, institution, kind, *role, *purpose, record, *relation);
            let cells: Vec<String> = relations.iter().map(cell).collect();
            match of_role.iter_mut().find(|(_, known)| *known == cells) {
                _ if cells.iter().all(String::is_empty) => {}
                Some((purposes, _)) => purposes.push(*purpose),
                None => of_role.push((vec![*purpose], cells)),
            }
        }
        for (purposes, cells) in of_role {
            match lines.iter_mut().find(|line| line.1 == purposes && line.2 == cells) {
                Some((roles, ..)) => roles.push(*role),
                None => lines.push((vec![*role], purposes, cells)),
            }
        }
    }
    if lines.is_empty() {
        return String::new();
    }
    let titles: Vec<&str> = relations.iter().map(|relation| relation_title(*relation)).collect();
    let mut text = format!(
        "\n**{title}**\n\n| role | purpose | {} |\n| --- | --- |{}\n",
        titles.join(" | "),
        " --- |".repeat(titles.len())
    );
    for (roles, purposes, cells) in lines {
        let names = |names: Vec<&str>| names.join(", ");
        let roles = names(roles.iter().map(|role| role.name()).collect());
        let purposes = names(purposes.iter().map(|purpose| purpose.name()).collect());
        text += &format!("| {roles} | {purposes} | {} |\n", cells.join(" | "));
    }
    text
}

fn relation_title(relation: Relation) -> &'static str {
    match relation {
        Relation::Own => "own",
        Relation::Participating => "taking part",
        Relation::Territory => "in its territory",
        Relation::None => "any other",
    }
}

/// Somebody trained who names a reference and has no grant, about a restricted record; where two persons are needed, both agree. What
/// isn't one's own is of State Police, theirs of municipal police; cards are of the 112 centre.
fn cell(
    policies: &Policies,
    institution: &str,
    kind: InstitutionKind,
    role: Role,
    purpose: Purpose,
    record: RecordKind,
    relation: Relation,
) -> String {
    let who = AccessProfile {
        institution: code(institution),
        kind,
        roles: [role].into_iter().collect(),
        purpose,
        has_reference: true,
        trained: true,
    };
    let owner_kind = match (relation, record) {
        (Relation::Own, _) => kind,
        (_, RecordKind::EmergencyCard) => InstitutionKind::EmergencyCentre,
        _ if kind == InstitutionKind::StatePolice => InstitutionKind::MunicipalPolice,
        _ => InstitutionKind::StatePolice,
    };
    let class = Class::Restricted;
    let what = RecordProfile {
        kind: record,
        class,
        relation,
        owner_kind,
        granted: false,
        broken_glass: false,
        second_person: true,
    };
    let allowed: Vec<Action> = policies
        .decisions(&who, &what)
        .into_iter()
        .filter_map(|(action, decision)| decision.allowed.then_some(action))
        .collect();
    described(record, &allowed)
}

/// Commands, what is seen, and the rest.
fn described(record: RecordKind, allowed: &[Action]) -> String {
    let mut said = Vec::new();
    let commands: Vec<&str> = allowed.iter().filter(|action| action.is_command()).map(|action| action.name()).collect();
    let possible = Action::ALL.iter().filter(|action| action.is_command() && is_about(**action, record)).count();
    match commands.len() {
        0 => {}
        all if all == possible => said.push("all commands".to_owned()),
        _ => said.push(commands.join(", ")),
    }
    let fields: Vec<Field> = Field::ALL.iter().copied().filter(|field| allowed.contains(&field.action())).collect();
    let seen = match (allowed.contains(&Action::View), fields.as_slice()) {
        (false, []) => None,
        (false, fields) => panic!("{fields:?} without the summary"),
        (true, []) => Some("summary".to_owned()),
        (true, fields) if fields == Field::ALL => Some("in full".to_owned()),
        (true, fields) if fields.len() == Field::ALL.len() - 1 && !fields.contains(&Field::PersonalCode) => {
            Some("in full, code masked".to_owned())
        }
        (true, fields) => {
            let fields: Vec<String> = fields.iter().map(|field| field.name().replace('_', " ")).collect();
            Some(format!("summary, {}", fields.join(", ")))
        }
    };
    said.extend(seen);
    let rest = allowed.iter().filter(|action| !action.is_command() && **action != Action::View);
    let rest = rest.filter(|action| !Field::ALL.iter().any(|field| field.action() == **action));
    said.extend(rest.map(|action| action.name().replace('_', " ")));
    said.join("; ")
}
