//! A file of calls as another dispatch system would write it, to try an import with: invented, the same for the same seed, with
//! Latvian places and times.
//!
//! It is as rich as a real dispatch file: several units and services on a call, priorities that change, units that never
//! arrive, calls that are cancelled, and the night on which clocks are put back, in local time without an offset.

mod args;
mod call;
mod fleet;
mod place;
mod write;

pub use args::{SampleArgs, sample};
pub use write::write_to;

/// Name of the file.
pub const FILE: &str = "vnr-sample-calls.csv";
/// Its mapping.
#[cfg(test)]
const MAPPING: &str = include_str!("../../../schema/mappings/vnr-sample.toml");
/// Seed of the sample, where no other is given.
pub const SEED: u64 = 112;
/// Calls of the sample, where nothing else is said.
pub const CALLS: u32 = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seed: u64, calls: u32) -> String {
        let mut bytes = Vec::new();
        write_to(&mut bytes, seed, calls).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_file() {
        assert_eq!(text(7, 50), text(7, 50));
        assert_ne!(text(7, 50), text(8, 50));
    }

    #[test]
    fn it_has_what_real_files_have() {
        let text = text(SEED, CALLS);
        let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(text.as_bytes());
        let header = reader.headers().unwrap().clone();
        let place = |name: &str| header.iter().position(|column| column == name).unwrap();
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let count = |holds: &dyn Fn(&csv::StringRecord) -> bool| rows.iter().filter(|row| holds(row)).count();
        let calls: std::collections::BTreeSet<&str> = rows.iter().map(|row| &row[place("izsaukums")]).collect();
        assert_eq!(calls.len(), CALLS as usize);
        assert!(rows.len() > 2_600, "{}", rows.len());
        for empty in ["izbraucis", "ieradies", "transporte", "galamerki"] {
            assert!(count(&|row| row[place(empty)].is_empty()) > 20, "{empty}");
        }
        assert!(count(&|row| row[place("prioritate")] != row[place("prioritate_sakotneja")]) > 100);
        assert!(count(&|row| row[place("sanemts")].starts_with("27.10.2024 03:")) > 0, "the hour that came twice");
        assert!(count(&|row| &row[place("iestade")] == "VP") > 300);
    }

    #[test]
    fn its_mapping_reads_it() {
        let mapping = crate::import::check_mapping(MAPPING).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(mapping.is_grouped());
    }
}
