//! Arguments of `vnr generate`.

use chrono::NaiveDate;
use clap::Args;

/// Makes up days of a nation, the same for the same seed.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  vnr generate --years 1 --scale 0.01      what a year of a hundredth of the nation would hold; nothing is sent
  vnr generate --years 10 --from 2016-01-01 --copy --data-dir ten-years
  vnr up --origin vnr.local/simulated --data-dir ten-years
  vnr generate --days 7 --scale 0.01 --live 500
  vnr generate --days 2 --from 2025-10-25 --scale 0.1 --live max --target http://127.0.0.1:50051

With --copy it is written straight into a register that has no event yet, as it would have been recorded when it happened; the same
seed gives the same tree head everywhere. The register's name ends in /simulated, and one of real events never opens it.

With --live each institution sends over a bulk stream of its own, with a token for development of the data folder (--data-dir): only a
system on the same data folder accepts it, started with an --origin that ends in /simulated. Sending the same again changes nothing: it takes effect once. Exit code 3 where
the register answered otherwise than expected. Nobody in it exists and nothing in it happened.")]
pub struct GenerateArgs {
    /// Years of 365 days
    #[arg(long, value_name = "N", conflicts_with = "days", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub years: Option<u32>,
    /// Days
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub days: u32,
    /// The first day, local time
    #[arg(long, value_name = "DATE", default_value = "2025-01-01")]
    pub from: NaiveDate,
    /// Another seed, another nation
    #[arg(long, value_name = "SEED", default_value_t = 112)]
    pub seed: u64,
    /// Its size: 1 is as large as the real one, 0.01 has a hundredth of its people, calls and incidents
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = scale)]
    pub scale: f64,
    /// Writes it straight into an empty register
    #[arg(long, conflicts_with = "live")]
    pub copy: bool,
    /// Sends it to a system, so many commands a second; `max` for as many as it takes
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub live: Option<Rate>,
    /// Where the register's gRPC is [default: --grpc-addr]
    #[arg(long, value_name = "URL", requires = "live")]
    pub target: Option<String>,
    /// For programs
    #[arg(long)]
    pub json: bool,
}

/// How fast it is sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// Commands a second.
    ASecond(f64),
    /// As many as are answered.
    Max,
}

impl GenerateArgs {
    /// How many days.
    #[must_use]
    pub fn days(&self) -> u32 {
        self.years.map_or(self.days, |years| years * 365)
    }
}

fn scale(text: &str) -> Result<f64, String> {
    let scale: f64 = text.parse().map_err(|_| "not a number")?;
    if (0.000_1..=10.0).contains(&scale) { Ok(scale) } else { Err("0.0001 to 10".to_owned()) }
}

fn rate(text: &str) -> Result<Rate, String> {
    if text == "max" {
        return Ok(Rate::Max);
    }
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate.is_finite() => Ok(Rate::ASecond(rate)),
        _ => Err("a number of commands a second above 0, or `max`".to_owned()),
    }
}
