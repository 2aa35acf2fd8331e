//! `vnr sample`.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use clap::Args;

use super::{CALLS, FILE, SEED, write_to};

/// Writes a file of invented calls, to try the importer with.
#[derive(Debug, Clone, Args)]
pub struct SampleArgs {
    /// The same seed gives the same file.
    #[arg(long, default_value_t = SEED)]
    pub seed: u64,
    /// How many calls; each has one to several rows.
    #[arg(long, default_value_t = CALLS)]
    pub calls: u32,
    /// Where it goes; `-` is standard output.
    #[arg(short, long, value_name = "FILE", default_value = FILE)]
    pub output: PathBuf,
}

/// Carries `vnr sample` out.
///
/// # Errors
/// Where the file can't be written.
pub fn sample(args: &SampleArgs) -> io::Result<()> {
    if args.output == Path::new("-") {
        return write_to(BufWriter::new(io::stdout().lock()), args.seed, args.calls);
    }
    write_to(BufWriter::new(File::create(&args.output)?), args.seed, args.calls)
}
