//! `vnr access policy …`: read, check, propose and adopt versions of the policies.

use std::path::Path;

use access::Purpose;
use access::policy::{Action, Effect, Policies, PolicyErrors, RecordKind, schema_digest};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use domain::access_policy::{PolicyEvent, PolicyText};
use domain::ids;
use domain::lang::Lang;
use domain::values::{ContentDigest, PolicyFileName, ValueError};
use event_store::log::LogName;
use event_store::read::LogReader;
use projections::access_policies::{FileRow, ProposalRow};
use proto::command::v1 as pb;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::gate::Gate;
use super::{caught_up, named, person, send};
use crate::cli::{ActingArgs, DecidePolicyArgs, PolicyCommand, SendingArgs};
use crate::commands::with_database;
use crate::compose::policies::in_force;
use crate::failure::Failure;
use crate::output::{self, Align, Table, riga};
use crate::settings::Settings;

/// So many digits of a digest are shown in tables; so many at least have to be given.
const SHORT: usize = 12;
const SHORTEST: usize = 8;
/// Most versions that are listed.
const LIMIT: u32 = 1_000;
/// Who adopts policies may read which there were.
const DECIDES: &[(Action, RecordKind)] = &[(Action::AdoptPolicy, RecordKind::Register)];

pub(super) async fn run(settings: &Settings, command: PolicyCommand) -> Result<(), Failure> {
    match command {
        PolicyCommand::Show { digest, text, lang, json, acting } => {
            show(settings, (digest, text, lang.into(), json), &acting).await
        }
        PolicyCommand::Check { folder, json } => check(&folder, json),
        PolicyCommand::Propose { folder, reason, force, sending } => {
            propose(settings, (&folder, reason, force), &sending).await
        }
        PolicyCommand::Adopt(args) => decide(settings, args, true).await,
        PolicyCommand::Reject(args) => decide(settings, args, false).await,
        PolicyCommand::List { json, acting } => list(settings, json, &acting).await,
    }
}

/// A version to be shown.
struct Version {
    text: PolicyText,
    /// As this program reads it; a text that it can't use is shown as it is only.
    policies: Result<Policies, PolicyErrors>,
    /// `embedded`, or what became of its proposal.
    status: String,
    since: Option<DateTime<Utc>>,
    by: Option<String>,
}

impl Version {
    /// The one in force.
    async fn in_force(settings: &Settings, pool: &PgPool) -> Result<Self, Failure> {
        let (policies, adopted) = in_force(settings, pool).await?;
        Ok(match adopted.filter(|adopted| adopted.digest == *policies.digest()) {
            Some(adopted) => Self {
                status: ProposalRow::IN_FORCE.to_owned(),
                since: Some(adopted.at),
                by: Some(named(adopted.by.user.as_str(), adopted.by.institution.as_str())),
                text: adopted.text,
                policies: Ok(policies),
            },
            None => {
                let file = |file: &schema::TextFile<'_>| Ok((PolicyFileName::parse(file.name)?, file.text.to_owned()));
                let files: Result<Vec<_>, ValueError> = schema::POLICIES.iter().map(file).collect();
                let text = PolicyText::try_new(files?)?;
                Self { text, policies: Ok(policies), status: "embedded".to_owned(), since: None, by: None }
            }
        })
    }

    /// The one that was proposed last, of those whose digest begins so.
    async fn of(pool: &PgPool, begin: &str) -> Result<Self, Failure> {
        caught_up(pool, "access_policies").await?;
        let mut connection = pool.acquire().await?;
        let begin = beginning(begin)?;
        let row =
            ProposalRow::list(&mut connection, LIMIT).await?.into_iter().find(|row| row.digest.starts_with(&begin));
        let row = row.ok_or_else(|| unknown(&begin))?;
        let files = FileRow::of(&mut connection, &row.digest).await?;
        let files: Result<Vec<_>, ValueError> =
            files.into_iter().map(|file| Ok((PolicyFileName::parse(&file.name)?, file.content))).collect();
        let text = PolicyText::try_new(files?)?;
        let (since, by) = match decided_by(&row) {
            Some(by) => (row.decided_at, by),
            None => (Some(row.proposed_at), named(&row.proposed_by, &row.proposed_institution)),
        };
        Ok(Self { policies: Policies::of(&text), text, status: row.status, since, by: Some(by) })
    }
}

async fn show(
    settings: &Settings,
    (digest, as_text, lang, as_json): (Option<String>, bool, Lang, bool),
    acting: &ActingArgs,
) -> Result<(), Failure> {
    with_database(settings, async |database| {
        Gate::open(settings, database, acting, "access policy show", DECIDES).await?;
        let version = match digest {
            Some(begin) => Version::of(database.tools().await?, &begin).await?,
            None => Version::in_force(settings, database.tools().await?).await?,
        };
        if as_text {
            for (name, text) in version.text.files() {
                output::line(format!("// {name}\n{text}"));
            }
            return Ok(());
        }
        let digest = version.text.digest();
        let policies = version.policies?;
        if as_json {
            output::json(&json!({
                "digest": digest.as_str(),
                "schema": schema_digest().as_str(),
                "status": version.status,
                "since": version.since,
                "by": version.by,
                "policies": policies.texts().iter().map(|policy| told(policy, lang)).collect::<Vec<_>>(),
            }));
            return Ok(());
        }
        output::line(format!("digest {digest}\nschema {}", schema_digest()));
        output::line(match (&version.since, &version.by) {
            (Some(since), Some(by)) => format!("{} since {}, by {by}", version.status.replace('_', " "), riga(*since)),
            _ => "those that the program came with: none was adopted, or --policies embedded was given".to_owned(),
        });
        for policy in policies.texts() {
            output::line(format!("\n{} ({})", policy.id, effect(policy.effect)));
            output::line(format!("  {}", policy.sentence(lang)));
            output::line(format!("  source: {}", policy.source));
        }
        Ok(())
    })
    .await
}

fn told(policy: &access::policy::PolicyText, lang: Lang) -> Value {
    json!({
        "id": policy.id.as_str(),
        "effect": effect(policy.effect),
        "says": policy.sentence(lang),
        "source": policy.source,
    })
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Permit => "permits",
        Effect::Forbid => "forbids",
    }
}

/// A folder of policies, and what in it is none.
struct Folder {
    text: PolicyText,
    left_out: Vec<String>,
}

impl Folder {
    fn read(folder: &Path) -> Result<Self, Failure> {
        let unreadable = || format!("the folder {} can't be read", folder.display());
        let (mut files, mut left_out) = (Vec::new(), Vec::new());
        for entry in std::fs::read_dir(folder).with_context(unreadable)? {
            let entry = entry.with_context(unreadable)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.ends_with(".cedar") && name != "institutions.toml" {
                left_out.push(name);
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).with_context(|| format!("{name} can't be read"))?;
            let name = PolicyFileName::parse(&name).with_context(|| format!("{name} is no name of a policy file"))?;
            files.push((name, text));
        }
        left_out.sort();
        let text = PolicyText::try_new(files)
            .with_context(|| format!("{} holds no policies that could be proposed", folder.display()))?;
        Ok(Self { text, left_out })
    }
}

const LAST_ONES: &str = "nobody could adopt another version after this one: no role of any institution for any purpose may \
                         adopt_policy";

fn check(folder: &Path, as_json: bool) -> Result<(), Failure> {
    let Folder { text, left_out } = Folder::read(folder)?;
    let (policies, mistakes) = match Policies::of(&text) {
        Ok(policies) => (Some(policies), Vec::new()),
        Err(errors) => (None, errors.0.iter().map(ToString::to_string).collect()),
    };
    let replaceable = policies.as_ref().is_some_and(Policies::can_be_replaced);
    if as_json {
        output::json(&json!({
            "ok": replaceable,
            "digest": text.digest().as_str(),
            "schema": schema_digest().as_str(),
            "policies": policies.as_ref().map(|policies| policies.texts().len()),
            "replaceable": policies.as_ref().map(|_| replaceable),
            "mistakes": mistakes,
        }));
    } else {
        for mistake in &mistakes {
            output::line(mistake);
        }
        if let Some(policies) = &policies {
            let (count, files) = (policies.texts().len(), text.files().count());
            output::line(format!("{}: {count} policies in {files} files, sound", folder.display()));
            output::line(format!("digest {}\nschema {}", text.digest(), schema_digest()));
            if !replaceable {
                output::line(LAST_ONES);
            }
        }
        if !left_out.is_empty() {
            output::aside(format!("not policies, and left out: {}", left_out.join(", ")));
        }
    }
    if replaceable { Ok(()) } else { Err(Failure::CheckFailed) }
}

async fn propose(
    settings: &Settings,
    (folder, reason, force): (&Path, String, bool),
    sending: &SendingArgs,
) -> Result<(), Failure> {
    let Folder { text, .. } = Folder::read(folder)?;
    let policies = Policies::of(&text)?;
    if !policies.can_be_replaced() {
        if !force {
            return Err(Failure::Failed(anyhow::anyhow!("{LAST_ONES}. --force proposes it all the same")));
        }
        output::aside(LAST_ONES);
    }
    let files = text.files().map(|(name, text)| pb::PolicyFile { name: name.to_string(), text: text.to_owned() });
    let message = pb::ProposePolicy { envelope: send::envelope(), files: files.collect(), reason };
    let mut client = send::connect(settings, sending, Purpose::Administration).await?;
    let reply = client.propose_policy(message).await.map_err(|status| send::said(&status))?.into_inner();
    let digest = text.digest();
    let what = match reply.events {
        0 => format!("{digest} was proposed already, or is in force: nothing has changed"),
        _ => format!("{digest} waits for another person: `vnr access policy adopt {}`", &digest.as_str()[..SHORT]),
    };
    send::tell(sending, &reply, &what);
    Ok(())
}

async fn decide(settings: &Settings, args: DecidePolicyArgs, adopts: bool) -> Result<(), Failure> {
    let DecidePolicyArgs { digest, reason, sending } = args;
    let digest = whole(settings, &digest).await?.to_string();
    let mut client = send::connect(settings, &sending, Purpose::Administration).await?;
    let envelope = send::envelope();
    let (answer, what) = if adopts {
        let answer = client.adopt_policy(pb::AdoptPolicy { envelope, digest: digest.clone(), reason }).await;
        (answer, "is adopted: within a second it decides everywhere")
    } else {
        let answer = client.reject_policy(pb::RejectPolicy { envelope, digest: digest.clone(), reason }).await;
        (answer, "is turned down; what is in force stays")
    };
    let reply = answer.map_err(|status| send::said(&status))?.into_inner();
    send::tell(&sending, &reply, &format!("{digest} {what}"));
    Ok(())
}

/// The digest that is meant: all of it, or its first digits where the database is at hand. Another text than the one that was read is
/// never adopted, for the register takes the whole digest only.
async fn whole(settings: &Settings, given: &str) -> Result<ContentDigest, Failure> {
    if let Ok(digest) = ContentDigest::parse(given) {
        return Ok(digest);
    }
    let begin = beginning(given)?;
    with_database(settings, async |database| proposed(database.tools().await?, &begin).await).await
}

/// The first digits of a digest.
fn beginning(given: &str) -> Result<String, Failure> {
    let begin = given.trim().to_ascii_lowercase();
    if begin.len() >= SHORTEST && begin.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(begin);
    }
    Err(Failure::Usage(format!(
        "`{given}` names no version: give its digest, or the first {SHORTEST} digits of it or more"
    )))
}

fn unknown(begin: &str) -> Failure {
    Failure::Usage(format!("no version was proposed whose digest begins with {begin}"))
}

/// The version that was proposed last, of those whose digest begins so: read from the log, which nothing comes after.
async fn proposed(pool: &PgPool, begin: &str) -> Result<ContentDigest, Failure> {
    let reader = LogReader::new(pool.clone(), LogName::REGISTER);
    for stored in reader.stream(ids::of_access_policy()).await?.iter().rev() {
        if let PolicyEvent::PolicyProposed { digest, .. } = stored.decode()?
            && digest.as_str().starts_with(begin)
        {
            return Ok(digest);
        }
    }
    Err(unknown(begin))
}

async fn list(settings: &Settings, as_json: bool, acting: &ActingArgs) -> Result<(), Failure> {
    with_database(settings, async |database| {
        Gate::open(settings, database, acting, "access policy list", DECIDES).await?;
        caught_up(database.tools().await?, "access_policies").await?;
        let mut connection = database.tools().await?.acquire().await?;
        let rows = ProposalRow::list(&mut connection, LIMIT).await?;
        if as_json {
            output::json(&json!({ "proposals": rows.iter().map(row_told).collect::<Vec<_>>() }));
            return Ok(());
        }
        let columns = ["digest", "status", "proposed", "by", "decided", "by", "replaced"];
        let mut table = Table::new(columns.map(|column| (column, Align::Left)));
        for row in &rows {
            table.row([
                row.digest.chars().take(SHORT).collect(),
                row.status.replace('_', " "),
                riga(row.proposed_at),
                named(&row.proposed_by, &row.proposed_institution),
                row.decided_at.map(riga).unwrap_or_default(),
                decided_by(row).unwrap_or_default(),
                row.replaced_at.map(riga).unwrap_or_default(),
            ]);
        }
        table.print();
        if !rows.iter().any(|row| row.status == ProposalRow::IN_FORCE) {
            output::aside("none was adopted: those that the program came with are in force");
        }
        Ok(())
    })
    .await
}

fn decided_by(row: &ProposalRow) -> Option<String> {
    person(row.decided_by.as_deref(), row.decided_institution.as_deref())
}

fn row_told(row: &ProposalRow) -> Value {
    json!({
        "digest": row.digest,
        "status": row.status,
        "proposed_at": row.proposed_at,
        "proposed_by": named(&row.proposed_by, &row.proposed_institution),
        "decided_at": row.decided_at,
        "decided_by": decided_by(row),
        "replaced_at": row.replaced_at,
    })
}
