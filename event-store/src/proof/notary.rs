//! The notary: at most a second behind the head, it signs what the log is, so that it can't become something else unseen.
//!
//! Before it signs it has the log prove that it is an extension of what was signed last, here or in the folder outside. Where
//! the log can't, nothing is signed any more: an error is logged, `vnr_notary_refuses` is 1, and people have to look.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use metrics::{counter, gauge};
use sqlx::{PgConnection, PgPool, Row as _};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use super::check::consistency;
use super::generation::{Lives, Statement};
use super::head::TreeHead;
use super::heads::{self, insert_head, insert_key};
use super::keys::{KeyFolder, NotaryKey, NotaryKeyError};
use super::nodes::{NodeError, Nodes};
use super::note::{NoteError, SignedNote, VerifierKey};
use super::succession;
use super::witness::WitnessFolder;
use crate::append::numbers::Numbers;
use crate::log::{LogName, LogPosition};
use crate::tail::HeadWatch;
use crate::tree::Frontier;

/// After a signature so long nothing is signed: with the time that a wake-up takes, a head is signed within the second.
const PAUSE: Duration = Duration::from_millis(500);
/// How often it is looked where nothing has changed.
const LOOK: Duration = Duration::from_secs(5);
/// How often an alarm that stays is said again.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum NotaryError {
    /// The database failed; it is tried again.
    #[error("the log could not be read, or the tree head not stored")]
    Database(#[from] sqlx::Error),
    /// The key can't be used.
    #[error(transparent)]
    Key(#[from] NotaryKeyError),
    /// The folder outside can't be read or written.
    #[error("the folder of tree heads outside the database can't be read or written")]
    Witness(#[from] std::io::Error),
    /// The log is not what was signed. Somebody changed it, or it was restored from an old backup.
    #[error("{log} is not an extension of the tree head that was signed at position {signed}: {what}")]
    NotAnExtension {
        /// Which log.
        log: LogName,
        /// Size of the last signed head.
        signed: u64,
        /// What shows it.
        what: String,
    },
    /// Another key has signed here before.
    #[error("the notary's key is not the one that {log} was last signed with ({known}): is this the right key folder?")]
    OtherKey {
        /// Which log.
        log: LogName,
        /// The key that the database knows.
        known: String,
    },
}

impl NotaryError {
    /// Whether it is about the log itself, not about the machinery around it.
    pub fn is_alarm(&self) -> bool {
        matches!(self, NotaryError::NotAnExtension { .. } | NotaryError::OtherKey { .. })
    }
}

/// What a round did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Round {
    /// Signed this head.
    Signed(TreeHead),
    /// All that is there is signed already.
    NothingNew,
    /// Another process is signing.
    Standby,
}

enum Decided {
    Standby,
    NothingNew(TreeHead),
    Signed(TreeHead, SignedNote),
}

/// Signs the heads of one log.
#[derive(Debug)]
pub struct Notary {
    pool: PgPool,
    log: LogName,
    keys: KeyFolder,
    witness: WitnessFolder,
    /// The largest head that this process knows to be signed.
    last: Option<TreeHead>,
    /// Whether the folder outside may lack the last head.
    owes_witness: bool,
}

impl Notary {
    /// A notary for that log, with keys and a folder outside the database.
    pub fn new(pool: PgPool, log: LogName, keys: KeyFolder, witness: impl Into<PathBuf>) -> Notary {
        let witness = WitnessFolder::new(witness, log);
        Notary { pool, log, keys, witness, last: None, owes_witness: true }
    }

    /// Signs the head, where it has moved since it was signed last.
    ///
    /// # Errors
    /// When the log is no extension of what was signed ([`NotaryError::is_alarm`]), or something around it fails.
    pub async fn round(&mut self) -> Result<Round, NotaryError> {
        let mut tx = self.pool.begin().await?;
        let decided = match self.decide_in_tx(&mut tx).await {
            Ok(decided) => decided,
            Err(problem) => {
                // Told to wait for, so that the lock is free when this returns.
                tx.rollback().await?;
                return Err(problem);
            }
        };
        tx.commit().await?;
        match decided {
            Decided::Standby => Ok(Round::Standby),
            Decided::NothingNew(last) => {
                if self.owes_witness && last.size > 0 {
                    self.catch_up_witness().await?;
                }
                self.last = Some(last);
                Ok(Round::NothingNew)
            }
            Decided::Signed(head, note) => {
                self.last = Some(head.clone());
                // It is signed and stored. Where the folder fails, the next round hands it over.
                self.owes_witness = true;
                self.witness.hand_over(&note)?;
                self.owes_witness = false;
                Ok(Round::Signed(head))
            }
        }
    }

    async fn decide_in_tx(&self, tx: &mut PgConnection) -> Result<Decided, NotaryError> {
        // One notary signs at a time; the lock ends with the transaction.
        let lock = "select pg_try_advisory_xact_lock(hashtext('vnr notary'), hashtext($1))";
        if !sqlx::query_scalar::<_, bool>(lock).bind(self.log.as_str()).fetch_one(&mut *tx).await? {
            return Ok(Decided::Standby);
        }
        let (head, frontier) = self.head().await?;
        let key = self.key_in_tx(tx, &head.origin).await?;
        let trusted = self.keys.verifiers(&head.origin)?;
        let lives = Lives::read(&mut *tx, self.log).await?;
        let statements = lives.statements(&trusted);
        let last = self.last_signed(&head.origin, &trusted, &statements).await?;
        self.check(&last, &head, &frontier).await?;
        self.check_generation(&last, &head, &statements).await?;
        if head.size == last.size {
            return Ok(Decided::NothingNew(last));
        }
        let text = head.text();
        let note = SignedNote { signatures: vec![key.sign(&head.origin, &text)], text };
        insert_head(tx, self.log, &head, &key.verifier(&head.origin), &note).await?;
        Ok(Decided::Signed(head, note))
    }

    /// The key of the folder. It must be the one that the log knows as its last.
    async fn key_in_tx(&self, tx: &mut PgConnection, origin: &str) -> Result<NotaryKey, NotaryError> {
        let key = self.keys.current_or_create()?;
        let Some(last) = heads::keys(&self.pool, self.log).await?.pop() else {
            insert_key(tx, self.log, key.number(), &key.verifier(origin), None).await?;
            return Ok(key);
        };
        if last.vkey == key.verifier(origin).to_string() {
            return Ok(key);
        }
        // A rotation that was cut off after its statements were stored is finished here.
        let adopted = match VerifierKey::parse(&last.vkey) {
            Ok(known) => self.keys.adopt(&key, &known)?,
            Err(_) => None,
        };
        adopted.ok_or(NotaryError::OtherKey { log: self.log, known: last.vkey })
    }

    async fn head(&self) -> Result<(TreeHead, Frontier), NotaryError> {
        let sql = format!("select origin, generation, position, frontier, numbers from {}.head", self.log);
        let row = sqlx::query(&sql).fetch_one(&self.pool).await?;
        let size = LogPosition::from_i64(row.try_get("position")?).get();
        let frontier = Frontier::from_bytes(size, &row.try_get::<Vec<u8>, _>("frontier")?)
            .map_err(|broken| self.not_an_extension(size, broken.to_string()))?;
        let generation = u32::try_from(row.try_get::<i32, _>("generation")?).unwrap_or(0);
        let numbers: Numbers = serde_json::from_str(row.try_get("numbers")?)
            .map_err(|broken| self.not_an_extension(size, format!("its numbers can't be read ({broken})")))?;
        let (origin, root) = (row.try_get("origin")?, frontier.root());
        Ok((TreeHead { origin, size, root, generation, numbers: numbers.last() }, frontier))
    }

    /// The largest of what the tables, the folder outside and this process know to be signed.
    async fn last_signed(
        &self,
        origin: &str,
        trusted: &[VerifierKey],
        statements: &[Statement],
    ) -> Result<TreeHead, NotaryError> {
        let forged = |size: u64, what: &str, error: NoteError| {
            self.not_an_extension(size, format!("{what} is not one that this notary signed ({error})"))
        };
        let stored = match heads::newest(&self.pool, self.log).await? {
            Some(stored) => {
                let head = stored.verified(trusted);
                Some(head.map_err(|error| forged(stored.size, "the newest stored tree head", error))?)
            }
            None => None,
        };
        let outside = match (&self.last, self.witness.newest()?) {
            // What this process has signed since it started is newer than what it found outside.
            (None, Some(note)) => {
                let head = SignedNote::parse(&note).and_then(|note| TreeHead::verified(&note, trusted));
                Some(head.map_err(|error| forged(0, "the tree head outside the database", error))?)
            }
            _ => None,
        };
        // What a restore lost and a signed statement made void is not waited for.
        let stands = |head: &TreeHead| !statements.iter().any(|statement| statement.voids(head));
        let remembered = self.last.clone().into_iter().chain(outside).filter(stands);
        let remembered = remembered.filter(|head| head.size > 0).max_by_key(|head| head.size);
        match (stored, remembered) {
            (stored, Some(known)) if stored.as_ref().is_none_or(|stored| stored.size < known.size) => {
                Err(self.not_an_extension(known.size, "that tree head is missing in the database".to_owned()))
            }
            (Some(stored), Some(known)) if stored.size == known.size && stored.root != known.root => {
                Err(self.not_an_extension(known.size, "two tree heads of that size are signed".to_owned()))
            }
            (Some(stored), _) => Ok(stored),
            (None, _) => Ok(TreeHead::empty(origin)),
        }
    }

    async fn check(&self, last: &TreeHead, head: &TreeHead, frontier: &Frontier) -> Result<(), NotaryError> {
        let shows = |what: String| self.not_an_extension(last.size, what);
        if head.origin != last.origin {
            return Err(shows(format!("the log calls itself {}", head.origin)));
        }
        if head.size < last.size {
            return Err(shows(format!("the log ends at position {}", head.size)));
        }
        let mut nodes = Nodes::new(self.pool.clone(), self.log);
        let proved = async {
            let proof = nodes.consistency(last.size, head.size).await?;
            Ok::<_, NodeError>((proof, nodes.edge(head.size).await?))
        };
        let (proof, edge) = match proved.await {
            Ok(proved) => proved,
            Err(NodeError::Database(error)) => return Err(error.into()),
            Err(missing) => return Err(shows(missing.to_string())),
        };
        if edge.concat() != frontier.to_bytes() {
            return Err(shows("its events are not those that its head was computed of".to_owned()));
        }
        consistency((last.size, &last.root), (head.size, &head.root), &proof).map_err(|error| shows(error.to_string()))
    }

    /// A new generation is one only where a statement says so that one of the notary's keys has signed, and that begins with
    /// these very events.
    async fn check_generation(
        &self,
        last: &TreeHead,
        head: &TreeHead,
        statements: &[Statement],
    ) -> Result<(), NotaryError> {
        let shows = |what: String| self.not_an_extension(last.size, what);
        if head.generation == last.generation {
            return Ok(());
        }
        if head.generation < last.generation {
            return Err(shows(format!("it has gone back to generation {}", head.generation)));
        }
        let Some(statement) = statements.iter().find(|statement| statement.generation == head.generation) else {
            return Err(shows(format!(
                "nobody with a notary's key has stated that generation {} began",
                head.generation
            )));
        };
        match Nodes::new(self.pool.clone(), self.log).root(statement.begins - 1).await {
            Ok(root) if root == statement.root && statement.begins <= head.size => Ok(()),
            Err(NodeError::Database(error)) => Err(error.into()),
            _ => Err(shows(format!("generation {} was stated to begin with other events", head.generation))),
        }
    }

    async fn catch_up_witness(&mut self) -> Result<(), NotaryError> {
        if let Some(stored) = heads::newest(&self.pool, self.log).await?
            && self.witness.newest()?.as_ref() != Some(&stored.note)
            && let Ok(note) = SignedNote::parse(&stored.note)
        {
            self.witness.hand_over(&note)?;
        }
        self.owes_witness = false;
        Ok(())
    }

    fn not_an_extension(&self, signed: u64, what: String) -> NotaryError {
        NotaryError::NotAnExtension { log: self.log, signed, what }
    }
}

/// Notaries at work.
#[derive(Debug)]
pub struct Notaries {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Notaries {
    /// Starts one for each log.
    ///
    /// # Errors
    /// When the key can't be read or made.
    pub fn start(pool: &PgPool, keys: &KeyFolder, witness: &std::path::Path) -> Result<Notaries, NotaryKeyError> {
        keys.current_or_create()?;
        let (stop, stopped) = watch::channel(false);
        let tasks = LogName::ALL
            .into_iter()
            .map(|log| {
                let notary = Notary::new(pool.clone(), log, keys.clone(), witness);
                tokio::spawn(work(notary, HeadWatch::start(pool.clone(), log), stopped.clone()))
            })
            .collect();
        Ok(Notaries { stop, tasks })
    }

    /// Signs what is not signed yet, and ends.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        futures::future::join_all(self.tasks).await;
    }
}

async fn work(mut notary: Notary, watch: HeadWatch, mut stop: watch::Receiver<bool>) {
    let log = notary.log;
    let mut said: Option<(String, Instant)> = None;
    loop {
        let last_round = *stop.borrow();
        let round = notary.round().await;
        let behind = match &round {
            Ok(Round::Signed(head)) => {
                gauge!("vnr_notary_position", "log" => log.as_str()).set(head.size as f64);
                false
            }
            Ok(_) => false,
            Err(_) => true,
        };
        report(log, round, &mut said);
        if last_round {
            return;
        }
        let seen = notary.last.as_ref().map_or(LogPosition::START, |head| LogPosition::new(head.size));
        let wait = async {
            tokio::time::sleep(PAUSE).await;
            if !behind {
                watch.beyond(seen, LOOK).await;
            }
        };
        tokio::select! {
            () = wait => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
}

fn report(log: LogName, round: Result<Round, NotaryError>, said: &mut Option<(String, Instant)>) {
    let refuses = gauge!("vnr_notary_refuses", "log" => log.as_str());
    let Err(problem) = round else {
        if said.take().is_some() {
            info!(%log, "the notary signs again");
        }
        return refuses.set(0.0);
    };
    if problem.is_alarm() {
        refuses.set(1.0);
        counter!("vnr_notary_alarms_total", "log" => log.as_str()).increment(1);
    }
    let text = problem.to_string();
    if said.as_ref().is_some_and(|(before, at)| *before == text && at.elapsed() < SAY_AGAIN) {
        return;
    }
    let cause = std::error::Error::source(&problem).map(ToString::to_string);
    if problem.is_alarm() {
        error!(%log, alarm = true, "the notary signs no more: {text}. Run `vnr log verify --log {log}`");
    } else {
        warn!(%log, cause, "the notary could not sign and tries again: {text}");
    }
    *said = Some((text, Instant::now()));
}

/// A key that could not be replaced.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The database failed.
    #[error("the statement by which the old key vouches for the new one could not be stored")]
    Database(#[from] sqlx::Error),
    /// A key file failed.
    #[error(transparent)]
    Key(#[from] NotaryKeyError),
    /// There is no key yet.
    #[error("there is no notary's key in {0} yet; `vnr up` makes one")]
    NoKey(PathBuf),
    /// The folder's key is not the one that signs.
    #[error("the key in the folder is not the one that {log} was last signed with ({known})")]
    OtherKey {
        /// Which log.
        log: LogName,
        /// The key that the database knows.
        known: String,
    },
}

/// Makes a new key, has the old one vouch for it in every log, and puts it to use. A notary that runs takes it up by itself.
///
/// # Errors
/// When the folder has no key or another one than the logs were signed with, or something fails; then the old key signs on.
pub async fn rotate(pool: &PgPool, folder: &KeyFolder) -> Result<NotaryKey, RotateError> {
    let old = folder.current()?.ok_or_else(|| RotateError::NoKey(folder.path().to_owned()))?;
    let next = folder.prepare(&old)?;
    let mut tx = pool.begin().await?;
    let mut introduced = None;
    for log in LogName::ALL {
        // Waits for a notary that is just signing.
        let lock = "select pg_advisory_xact_lock(hashtext('vnr notary'), hashtext($1))";
        sqlx::query(lock).bind(log.as_str()).execute(&mut *tx).await?;
        let origin: String = sqlx::query_scalar(&format!("select origin from {log}.head")).fetch_one(&mut *tx).await?;
        let (before, after) = (old.verifier(&origin), next.verifier(&origin));
        match heads::keys(pool, log).await?.pop() {
            None => insert_key(&mut tx, log, old.number(), &before, None).await?,
            Some(last) if last.vkey == before.to_string() => {}
            Some(last) => return Err(RotateError::OtherKey { log, known: last.vkey }),
        }
        let text = succession::text(&after);
        let signatures = vec![old.sign(&origin, &text), next.sign(&origin, &text)];
        insert_key(&mut tx, log, next.number(), &after, Some(&SignedNote { text, signatures })).await?;
        introduced = Some(after);
    }
    tx.commit().await?;
    // Cut off here, the next round of a notary goes on: it finds the prepared key.
    if let Some(introduced) = introduced {
        folder.adopt(&old, &introduced)?;
    }
    Ok(next)
}
