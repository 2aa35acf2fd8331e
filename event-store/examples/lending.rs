//! The event store without the register: a library (the kind with books) that lends, asks who has what, and forgets readers.
//!
//! ```text
//! cargo run -p event-store --example lending
//! ```
//!
//! It starts a PostgreSQL of its own in a folder that it removes again.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use chrono::Utc;
use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use domain::Personal;
use domain::kernel::{BrokenRule, Decide, Moment, RecordedEvent, Refusal, Upcaster, Versioned, handle_by_decision};
use event_store::append::{AppendError, Appender, AppenderConfig, Lane, Metadata, Submission, Target, Touch};
use event_store::log::LogName;
use event_store::migrate::{MigrationSet, migrate};
use event_store::private_pg::{Options, PrivatePg};
use event_store::read::LogReader;
use event_store::scan::Selection;
use event_store::seal::{KeySource, MasterKeys};
use event_store::verify::verify;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

/// A log of one's own: the name of a schema.
const LENDING: LogName = LogName::new("lending");

/// What happened to a book.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum BookEvent {
    /// Somebody took it. The name is sealed before it is stored, and can be erased.
    Lent { to: Personal<String> },
    /// It came back.
    Returned {},
}

impl DomainEvent for BookEvent {
    fn event_type(&self) -> String {
        match self {
            BookEvent::Lent { .. } => "Lent".to_owned(),
            BookEvent::Returned {} => "Returned".to_owned(),
        }
    }
    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl Versioned for BookEvent {
    const TYPES: &'static [&'static str] = &["Lent", "Returned"];
    const UPCASTERS: &'static [Upcaster] = &[];
}

impl RecordedEvent for BookEvent {}

/// What a reader wants.
#[derive(Debug, Clone)]
enum BookCommand {
    Lend { to: String },
    Return,
}

#[derive(Debug, thiserror::Error)]
#[error("somebody else has it")]
struct NotThere;

impl Refusal for NotThere {
    fn broken_rules(&self) -> Vec<BrokenRule> {
        vec![BrokenRule { rule: "not_there", message: self.to_string() }]
    }
}

/// All that decisions need to know of a book: no names.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Book {
    lent: bool,
}

impl Aggregate for Book {
    const TYPE: &'static str = "book";
    type Command = BookCommand;
    type Event = BookEvent;
    type Error = NotThere;
    type Services = Moment;

    async fn handle(&mut self, command: BookCommand, moment: &Moment, sink: &EventSink<Self>) -> Result<(), NotThere> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: BookEvent) {
        self.lent = matches!(event, BookEvent::Lent { .. });
    }
}

impl Decide for Book {
    fn decide(&self, command: BookCommand, _: &Moment) -> Result<Vec<BookEvent>, NotThere> {
        match command {
            BookCommand::Lend { .. } if self.lent => Err(NotThere),
            BookCommand::Lend { to } => Ok(vec![BookEvent::Lent { to: Personal::Open(to) }]),
            BookCommand::Return if self.lent => Ok(vec![BookEvent::Returned {}]),
            BookCommand::Return => Ok(Vec::new()),
        }
    }
}

/// The same `command_id` takes effect once, however often it is sent.
fn submission(command_id: Uuid, book: Uuid, command: BookCommand) -> Submission {
    Submission {
        command_id,
        lane: Lane::Interactive,
        deadline: None,
        // Tells a repetition from another command under the same id; a keyed digest of the request in a real system.
        digest: [u8::from(matches!(command, BookCommand::Return)); 32],
        metadata: Metadata::new().with("desk", "1"),
        occurred_at: Utc::now().fixed_offset(),
        touches: vec![Touch::of::<Book>(book)],
        decide: Box::new(move |work| {
            work.execute::<Book>(book, command.clone())?;
            Ok(Target::of::<Book>(book))
        }),
    }
}

/// Lends, refuses, repeats, reads and verifies; says what it sees to `out`.
pub async fn run(folder: &Path, out: &mut (dyn Write + Send)) -> Result<(), Box<dyn Error + Send + Sync>> {
    let pg = PrivatePg::start(Options::new(folder)).await?;
    let owner = PgPool::connect(&pg.owner_url()).await?;
    migrate(&owner, "library.example", &[MigrationSet::log(1, LENDING, "library.example")]).await?;

    let app = PgPool::connect(&pg.app_url()).await?;
    let master = Arc::new(MasterKeys::load(KeySource::File(folder.join("master.key")))?);
    let (appender, task) = Appender::start(AppenderConfig::new(LENDING, app.clone(), master));

    let (book, lending) = (Uuid::now_v7(), Uuid::now_v7());
    let anna = || BookCommand::Lend { to: "Anna".to_owned() };
    let reply = appender.submit(submission(lending, book, anna())).await?;
    writeln!(out, "lent: position {}, version {}", reply.position, reply.version)?;
    let again = appender.submit(submission(lending, book, anna())).await?;
    writeln!(out, "the same command again: position {}, repeated: {}", again.position, again.repeated)?;
    match appender.submit(submission(Uuid::now_v7(), book, BookCommand::Lend { to: "Jānis".to_owned() })).await {
        Err(AppendError::Refused(why)) => writeln!(out, "refused: {why}")?,
        other => return Err(format!("it should have been refused: {other:?}").into()),
    }
    appender.submit(submission(Uuid::now_v7(), book, BookCommand::Return)).await?;

    let reader = LogReader::new(app.clone(), LENDING);
    let mut scan = reader.scan(Selection::all().of_records(&[Book::TYPE])).await?;
    while let Some(page) = scan.next().await? {
        for event in page {
            let sealed = event.payload.contains("$sealed");
            writeln!(out, "{} {} {}", event.position, event.event_type, if sealed { "(name sealed)" } else { "" })?;
        }
    }
    let verification = verify(&app, LENDING, &mut |_, _| {}).await?;
    writeln!(out, "{} events, sound: {}", verification.events, verification.sound)?;

    drop(appender);
    task.await?;
    owner.close().await;
    app.close().await;
    pg.stop().await;
    Ok(())
}

#[tokio::main]
#[allow(dead_code, reason = "a test runs this file as a module")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let folder = std::env::temp_dir().join(format!("lending-{}", std::process::id()));
    let done = run(&folder, &mut io::stdout()).await;
    std::fs::remove_dir_all(&folder)?;
    done
}
