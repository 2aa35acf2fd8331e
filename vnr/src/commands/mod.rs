//! One file for each command.

mod acting;
pub(crate) mod backup;
mod classifier;
mod doctor;
mod escrow;
mod generations;
mod journal;
mod keys;
pub(crate) mod log;
mod looks;
mod master_key;
mod notary;
mod projections;
mod proof;
pub(crate) mod record;
mod recover;
mod restore;
mod rights;
mod sending;
pub(crate) mod serve;
mod subject;
mod telling;
mod token;
mod travel;

use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::compose::{Database, Sharing, System};
use crate::failure::Failure;
use crate::logging;
use crate::settings::Settings;

/// Does what the command line says.
///
/// # Errors
/// Says why not, with the exit code to end with.
pub async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let settings = Settings::load(&cli.settings)?;
    logging::start(&settings);
    match cli.command {
        Command::Up => serve::run(System::whole(settings)).await?,
        Command::Serve { part } => serve::run(System::part(settings, part)).await?,
        Command::Demo(args) => crate::demo::run(settings, args).await?,
        Command::Import(args) => return Ok(crate::import::import(&args).await),
        Command::Generate(args) => return crate::generate::run(&settings, &args).await,
        Command::Sample(args) => crate::sample::sample(&args)?,
        Command::Token(args) => token::run(&settings, &args)?,
        Command::Log(command) => log::run(&settings, command).await?,
        Command::Projections(command) => projections::run(&settings, command).await?,
        Command::Record(command) => record::run(&settings, command).await?,
        Command::Proof(command) => proof::run(&settings, command).await?,
        Command::Notary(command) => notary::run(&settings, command).await?,
        Command::Subject(command) => subject::run(&settings, command).await?,
        Command::Access(command) => rights::run(&settings, command).await?,
        Command::Classifier(command) => classifier::run(&settings, command).await?,
        Command::Journal(command) => journal::run(&settings, command).await?,
        Command::Travel(command) => travel::run(&settings, command).await?,
        Command::Keys(command) => master_key::run(&settings, command).await?,
        Command::Backup(args) => backup::run(&settings, &args).await?,
        Command::Restore(args) => restore::run(&settings, &args).await?,
        Command::Doctor { json } => doctor::run(&settings, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs a tool on the database of a running system, or of one that stands still, and leaves it as it was.
async fn with_database<T>(
    settings: &Settings,
    tool: impl AsyncFnOnce(&Database) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let database = Database::open(settings, Sharing::Look).await?;
    let result = tool(&database).await;
    database.close().await;
    result
}
