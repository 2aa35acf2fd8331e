//! `vnr projections list | rebuild`.

use crate::cli::ProjectionsCommand;
use crate::failure::Failure;
use crate::settings::Settings;

pub(super) async fn run(_settings: &Settings, command: ProjectionsCommand) -> Result<(), Failure> {
    match command {
        ProjectionsCommand::List { .. } | ProjectionsCommand::Rebuild { .. } => Ok(()),
    }
}
