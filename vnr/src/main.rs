//! `vnr`: parses the command line, starts the log and the runtime, and turns the outcome into an exit code.

use std::process::ExitCode;

use clap::Parser;
use vnr::cli::Cli;
use vnr::failure::Failure;
use vnr::output;

/// Commands are made on one thread and freed on another, all day long: this allocator is quick at that, and does not grow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Two crates in one process could otherwise each bring a provider, and rustls would then choose none. A second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match started(Cli::parse()) {
        Ok(code) => code,
        Err(failure) => {
            if let Some(message) = failure.message() {
                output::aside(message);
            }
            failure.exit_code()
        }
    }
}

fn started(cli: Cli) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(vnr::run(cli));
    // Whatever still blocks (a reader of standard input, say) does not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    ended
}
