//! `vnr import`.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use access::Reference;
use clap::Args;

use super::{ImportError, ImportOptions, Shown, Speed, Target, default_paths, mapping_text, run};

/// Feeds a CSV or JSON-lines file into a register, by a mapping.
///
/// A row that can't be taken goes into the reject file with its reasons beside it; mend it there and feed that file again.
/// Broken off anywhere, the same command goes on where it was; nothing is doubled.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  vnr import calls.csv --mapping schema/mappings/sffd-units.toml
  vnr import notices.jsonl --mapping schema/mappings/polisen-se.toml --target http://register:50051 --json
  vnr import calls.rejects.csv --mapping schema/mappings/sffd-units.toml      # mended rows, fed again")]
pub struct ImportArgs {
    /// File to import.
    pub file: PathBuf,
    /// Which columns give which command: docs/IMPORT.md.
    #[arg(long, value_name = "TOML")]
    pub mapping: PathBuf,
    /// Address of the register's gRPC.
    #[arg(long, value_name = "URL", env = "VNR_TARGET", default_value = "http://127.0.0.1:50051")]
    pub target: String,
    /// Token to speak to it with: `vnr token` prints one.
    #[arg(long, env = "VNR_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Case or task that it is about, where the purpose needs one.
    #[arg(long, value_name = "NUMBER")]
    pub reference: Option<Reference>,
    /// Where refused rows go [default: NAME.rejects.EXT in this folder].
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Where the progress is kept until the import is done [default: NAME.progress.json in this folder].
    #[arg(long, value_name = "FILE")]
    pub progress_file: Option<PathBuf>,
    /// Folder for sorting what doesn't fit into memory [default: the machine's].
    #[arg(long, value_name = "FOLDER")]
    pub sort_folder: Option<PathBuf>,
    /// Most commands in flight.
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub window: u32,
    /// Plays the file in time, so many times faster than it happened: 1000 plays an hour in 3.6 s [default: as fast as it goes].
    #[arg(long, value_name = "TIMES")]
    pub speed: Option<Speed>,
    /// How long a register that is away is waited for.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub patience: u64,
    /// Begins anew, whatever was done before.
    #[arg(long)]
    pub restart: bool,
    /// Says that --target is the register that the import was begun with, at another address.
    #[arg(long)]
    pub same_register: bool,
    /// Prints the counts for programs, and no progress.
    #[arg(long)]
    pub json: bool,
}

impl ImportArgs {
    /// What is to be done.
    ///
    /// # Errors
    /// Where the mapping can't be read or the target is none.
    pub fn options(&self) -> Result<ImportOptions, Box<dyn Error + Send + Sync>> {
        let target = Target::parse(&self.target, self.token.as_deref())?.about(self.reference.as_ref())?;
        let mut options =
            ImportOptions::new(&self.file, mapping_text(&self.mapping)?, target, std::path::Path::new(""));
        let (rejects, progress) = default_paths(&self.file, std::path::Path::new(""));
        options.rejects = self.rejects.clone().unwrap_or(rejects);
        options.progress_file = self.progress_file.clone().unwrap_or(progress);
        if let Some(folder) = &self.sort_folder {
            options.sort_folder.clone_from(folder);
        }
        options.window = usize::try_from(self.window)?;
        options.speed = self.speed;
        options.patience = Duration::from_secs(self.patience);
        options.restart = self.restart;
        options.same_register = self.same_register;
        Ok(options)
    }
}

/// Carries `vnr import` out: 0 done (also with refused rows), 1 failed, 2 wrong use.
pub async fn import(args: &ImportArgs) -> ExitCode {
    let options = match args.options() {
        Ok(options) => options,
        Err(error) => return fail(error.as_ref(), 2),
    };
    let shown = Shown::default();
    let result = if args.json { run(&options, &super::Silent).await } else { run(&options, &shown).await };
    match result {
        Ok(summary) => {
            let text = match serde_json::to_string(&summary) {
                Ok(json) if args.json => format!("{json}\n"),
                _ => summary.to_string(),
            };
            // A reader that has gone needs no answer.
            let _gone = io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            let wrong_use = matches!(
                &error,
                ImportError::Mapping(_)
                    | ImportError::Open { .. }
                    | ImportError::Progress(super::ProgressError::Other { .. })
            );
            fail(&error, if wrong_use { 2 } else { 1 })
        }
    }
}

fn fail(error: &(dyn Error + 'static), code: u8) -> ExitCode {
    let mut text = format!("vnr import: {error}");
    let mut source = error.source();
    while let Some(deeper) = source {
        text = format!("{text}: {deeper}");
        source = deeper.source();
    }
    let _gone = writeln!(io::stderr(), "{text}");
    ExitCode::from(code)
}
