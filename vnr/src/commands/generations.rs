//! `vnr log generations`: the lives of the logs, and what each beginning made void.

use event_store::log::LogName;
use event_store::proof::generation::{Lives, Statement};
use event_store::proof::keys::KeyFolder;
use event_store::proof::standing::trusted;
use event_store::read::LogReader;
use serde::Serialize;
use sqlx::PgPool;

use crate::failure::Failure;
use crate::output::{self, Align, Table, grouped};
use crate::settings::Settings;

#[derive(Serialize)]
struct Generation {
    log: String,
    generation: u32,
    /// Its first position.
    begins: u64,
    /// The last place of older generations that is void, `1.39`.
    voids: Option<String>,
    /// Last numbers that may have been given out and never are again.
    numbers: Vec<String>,
    /// Whether a trusted key has signed that it began so; the first has nothing to sign.
    signed: Option<bool>,
    /// The statement as it stands in the database.
    statement: Option<String>,
}

pub(super) async fn show(settings: &Settings, pool: &PgPool, json: bool) -> Result<(), Failure> {
    let mut generations = Vec::new();
    for log in LogName::ALL {
        generations.extend(of(settings, pool, log).await?);
    }
    let unsigned = generations.iter().any(|generation| generation.signed == Some(false));
    if json {
        output::json(&serde_json::json!({ "generations": generations }));
    } else {
        print(generations);
    }
    if unsigned { Err(Failure::CheckFailed) } else { Ok(()) }
}

async fn of(settings: &Settings, pool: &PgPool, log: LogName) -> Result<Vec<Generation>, Failure> {
    let origin = LogReader::new(pool.clone(), log).head().await?.origin;
    let known = KeyFolder::new(&settings.notary_dir).verifiers(&origin)?;
    let trusted = trusted(pool, log, &known).await?;
    let lives = Lives::read(pool, log).await?;
    let statements = lives.statements(&trusted);
    let generations = lives.iter().map(|life| {
        let signed: Option<&Statement> = statements.iter().find(|signed| signed.generation == life.generation);
        Generation {
            log: log.to_string(),
            generation: life.generation,
            begins: life.first_position,
            voids: signed.map(|signed| signed.voids.to_string()),
            numbers: signed.map_or(Vec::new(), |signed| signed.numbers.iter().map(ToString::to_string).collect()),
            signed: (life.generation > 1).then_some(signed.is_some()),
            statement: life.statement.clone(),
        }
    });
    Ok(generations.collect())
}

fn print(generations: Vec<Generation>) {
    let mut table = Table::new([
        ("log", Align::Left),
        ("generation", Align::Right),
        ("first position", Align::Right),
        ("void up to", Align::Left),
        ("numbers void up to", Align::Left),
        ("signed", Align::Left),
    ]);
    for generation in generations {
        let signed = match generation.signed {
            None => "-",
            Some(true) => "yes",
            Some(false) => "NO: it counts for nothing",
        };
        table.row([
            generation.log,
            generation.generation.to_string(),
            grouped(generation.begins),
            generation.voids.unwrap_or_else(|| "-".to_owned()),
            if generation.numbers.is_empty() { "-".to_owned() } else { generation.numbers.join(", ") },
            signed.to_owned(),
        ]);
    }
    table.print();
}
