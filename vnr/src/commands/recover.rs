//! `vnr log recover`: a new generation after a restore that lost answered events.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use event_store::append::{Begun, Lossy, begin_generation};
use event_store::log::LogName;
use event_store::proof::generation::{Place, Statement};
use event_store::proof::head::TreeHead;
use event_store::proof::heads;
use event_store::proof::keys::{KeyFolder, NotaryKey};
use event_store::proof::note::{SignedNote, VerifierKey};
use event_store::proof::number::SeriesNumber;
use event_store::proof::standing::{Standing, adopt, end, standing, trusted};
use event_store::proof::witness::WitnessFolder;
use event_store::read::LogReader;
use event_store::verify::{Options, verify_with};
use sqlx::PgPool;

use super::keys;
use super::log::{named, show_verification};
use crate::cli::RecoverArgs;
use crate::compose::{Database, Sharing};
use crate::failure::Failure;
use crate::output::{self, grouped};
use crate::settings::Settings;

/// What a log has lost, as far as it is known.
struct Loss {
    log: LogName,
    lossy: Lossy,
    end: Place,
}

pub(super) async fn run(settings: &Settings, args: &RecoverArgs) -> Result<(), Failure> {
    let logs = match &args.log {
        Some(name) => vec![named(name)?],
        None => LogName::ALL.to_vec(),
    };
    let numbers = args.number.iter().map(|text| SeriesNumber::parse(text)).collect::<Result<Vec<_>, _>>();
    let numbers = numbers.map_err(|error| Failure::Usage(error.to_string()))?;
    let position = args.position.as_deref().map(Place::parse).transpose();
    let position = position.map_err(|error| Failure::Usage(error.to_string()))?;
    let given = keys::read(&args.key)?;
    // Nobody else may be at work: the log must not grow while it is judged.
    let database = Database::open(settings, Sharing::Alone).await?;
    let known = Known { settings, args, numbers, position, given };
    let result = recover(&known, &database, &logs).await;
    database.close().await;
    result
}

struct Known<'a> {
    settings: &'a Settings,
    args: &'a RecoverArgs,
    numbers: Vec<SeriesNumber>,
    position: Option<Place>,
    given: Vec<VerifierKey>,
}

async fn recover(known: &Known<'_>, database: &Database, logs: &[LogName]) -> Result<(), Failure> {
    refuse_while_others_work(&database.app).await?;
    let mut losses = Vec::new();
    for log in logs {
        losses.extend(known.loss(&database.app, *log).await?);
    }
    if losses.is_empty() {
        output::line(
            "nothing is known to be lost: each log is at least as long as the tree heads outside. Where somebody holds a later \
             position or number, give it with --log NAME --position G.P or --number NUMBER",
        );
        return Ok(());
    }
    let mut begun = Vec::new();
    for loss in &losses {
        if known.args.dry_run {
            output::line(format!(
                "{}: would begin a generation after {}; void up to {}, and {} numbers of each series beyond those known",
                loss.log,
                loss.end,
                loss.lossy.last_known,
                grouped(loss.lossy.margin)
            ));
            continue;
        }
        let origin = LogReader::new(database.app.clone(), loss.log).head().await?.origin;
        let key = known.signing_key(&database.app, loss.log, &origin).await?;
        let sign = |statement: &Statement| {
            let text = statement.text();
            SignedNote { signatures: vec![key.sign(&origin, &text)], text }
        };
        begun.push(begin_generation(&database.owner, loss.log, &loss.lossy, &sign).await?);
    }
    if known.args.json {
        output::json(&serde_json::json!({ "generations": begun }));
    } else {
        begun.iter().for_each(show);
        if !begun.is_empty() {
            output::line("next: start the system (`vnr up`), then take a base backup (`vnr backup`)");
        }
    }
    Ok(())
}

impl Known<'_> {
    /// What that log has lost; nothing where nothing is known.
    async fn loss(&self, pool: &PgPool, log: LogName) -> Result<Option<Loss>, Failure> {
        let head = LogReader::new(pool.clone(), log).head().await?;
        let given: Vec<VerifierKey> = if self.given.is_empty() {
            KeyFolder::new(&self.settings.notary_dir).verifiers(&head.origin)?
        } else {
            self.given.iter().filter(|key| key.name() == head.origin).cloned().collect()
        };
        if given.is_empty() {
            return Err(Failure::Usage(format!(
                "no key to check tree heads of {log} with: give --notary-dir, or --key with a file of public keys"
            )));
        }
        let trusted = trusted(pool, log, &given).await?;
        let at_end = end(&head);
        let (mut lost, mut whole): (Option<(TreeHead, SignedNote)>, Vec<TreeHead>) = (None, Vec::new());
        for file in self.witnesses(log) {
            for note in keys::notes(&file)? {
                // A file may hold the tree heads of several logs.
                if note.text.lines().next() != Some(head.origin.as_str()) {
                    continue;
                }
                match standing(pool, log, &trusted, &note.to_string()).await? {
                    Standing::Whole => {
                        let _ = adopt(pool, log, &trusted, &note.to_string()).await?;
                        whole.push(TreeHead::parse(&note.text)?);
                    }
                    Standing::Lost { signed, .. } => {
                        let place = |head: &TreeHead| (head.generation, head.size);
                        if lost.as_ref().is_none_or(|(known, _)| place(known) < place(&signed)) {
                            lost = Some((signed, note));
                        }
                    }
                    Standing::Forked { signed } => {
                        return Err(anyhow::anyhow!(
                            "{log} was appended to after it had lost events: it has others than those that the tree head over {} \
                             events in {} was signed over. A generation can't tell them apart; restore the backup once more \
                             (`vnr restore`) and recover before anything is served. `vnr log verify --log {log}` says where it \
                             differs",
                            signed.size,
                            file.display()
                        )
                        .into());
                    }
                    Standing::Unknown { why } => {
                        return Err(Failure::Usage(format!("a tree head in {} can't be used: {why}", file.display())));
                    }
                }
            }
        }
        let position = self.position.filter(|place| *place > at_end);
        let numbers: Vec<SeriesNumber> = if log == LogName::REGISTER { self.numbers.clone() } else { Vec::new() };
        if lost.is_none() && position.is_none() && numbers.is_empty() {
            return Ok(None);
        }
        self.is_what_was_signed(pool, log, given, whole).await?;
        let signed = lost.as_ref().map(|(head, _)| Place { generation: head.generation, position: head.size });
        let mut all_numbers = lost.as_ref().map_or(Vec::new(), |(head, _)| head.numbers.clone());
        all_numbers.extend(numbers);
        let lossy = Lossy {
            last_known: signed.into_iter().chain(position).max().unwrap_or(at_end),
            numbers: all_numbers,
            margin: self.args.margin,
            witness: lost.map(|(_, note)| note.to_string()),
            reason: self.args.reason.clone(),
            metadata: metadata(),
        };
        Ok(Some(Loss { log, lossy, end: at_end }))
    }

    fn witnesses(&self, log: LogName) -> Vec<PathBuf> {
        if !self.args.witness.is_empty() {
            return self.args.witness.clone();
        }
        let folder = &self.settings.witness_dir;
        let files = [WitnessFolder::newest_file(folder, log), WitnessFolder::all_file(folder, log)];
        files.into_iter().filter(|file| file.exists()).collect()
    }

    /// What survived has to be what was signed, as far as tree heads reach: a generation must not begin on other events.
    async fn is_what_was_signed(
        &self,
        pool: &PgPool,
        log: LogName,
        keys: Vec<VerifierKey>,
        outside: Vec<TreeHead>,
    ) -> Result<(), Failure> {
        let options = Options { since: 0, keys, outside };
        let found = verify_with(pool, log, &options, &mut |_, _| {}).await?;
        if found.sound {
            return Ok(());
        }
        show_verification(&found, None);
        output::aside(format!("{log} is not what was signed: no generation begins on it. Restore an older backup"));
        Err(Failure::CheckFailed)
    }

    /// The notary's own key, which the log knows as its last.
    async fn signing_key(&self, pool: &PgPool, log: LogName, origin: &str) -> Result<NotaryKey, Failure> {
        let folder = KeyFolder::new(&self.settings.notary_dir);
        let missing = || {
            format!(
                "the notary's private key is not in {}: it has to sign the statement on the new generation. Put the folder back, \
                 or name it with --notary-dir",
                folder.path().display()
            )
        };
        let key = folder.current()?.with_context(missing)?;
        let known = heads::keys(pool, log).await?.pop();
        let ours = key.verifier(origin);
        match known {
            // The key was changed after the backup: its folder has the old one's public part still.
            Some(known)
                if known.number < key.number()
                    && folder.verifiers(origin)?.iter().any(|key| key.to_string() == known.vkey) =>
            {
                heads::insert_lost_key(pool, log, key.number(), &ours).await?;
                output::aside(format!(
                    "the notary's key of {log} was changed after the backup, and the old one's word for it is lost: hand out \
                     `vnr notary keys` anew"
                ));
                Ok(key)
            }
            Some(known) if known.vkey != ours.to_string() => Err(anyhow::anyhow!(
                "the key in {} is not the one that {log} was last signed with ({}): is this the right folder?",
                folder.path().display(),
                known.vkey
            )
            .into()),
            _ => Ok(key),
        }
    }
}

/// On a database of one's own, other processes may be at work.
async fn refuse_while_others_work(pool: &PgPool) -> Result<(), Failure> {
    let sql = "select distinct holder from projections.consumers where lease_until > clock_timestamp()";
    let holders: Vec<String> = sqlx::query_scalar(sql).fetch_all(pool).await?;
    let ours = format!("/{}/", std::process::id());
    match holders.iter().find(|holder| !holder.contains(&ours)) {
        None => Ok(()),
        Some(holder) => Err(anyhow::anyhow!(
            "{holder} is at work on this database: stop every `vnr up` and `vnr serve` first, and wait until its lease has run \
             out (5 s)"
        )
        .into()),
    }
}

/// Who does it: the account of the machine, as there is no token for this.
fn metadata() -> BTreeMap<String, String> {
    let user = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    let user = user.filter(|user| !user.is_empty()).unwrap_or_else(|| "operator".to_owned());
    BTreeMap::from([
        ("actor".to_owned(), format!("account:{user}")),
        ("source_system".to_owned(), "vnr log recover".to_owned()),
    ])
}

fn show(begun: &Begun) {
    let Begun { log, generation, begins, voids, positions, numbers, record, .. } = begun;
    output::line(format!("{log}: generation {generation} begins at position {generation}.{begins}"));
    if *positions > 0 {
        output::line(format!(
            "  void: {} positions that are known to have been given out, up to {voids}, and any beyond of that generation",
            grouped(*positions)
        ));
    }
    for (first, last) in numbers {
        output::line(format!("  never given out again: {first} to {last}"));
    }
    output::line(format!("  the log says so itself: `vnr record history {record}`"));
    output::line("  who holds a void position or number has to send that command again, with the same command id");
}
