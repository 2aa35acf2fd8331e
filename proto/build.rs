//! Compiles the contract without protoc.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use prost::Message as _;

const FILES: &[&str] = &[
    "vnr/command/v1/common.proto",
    "vnr/command/v1/incident.proto",
    "vnr/command/v1/seized_item.proto",
    "vnr/command/v1/caution.proto",
    "vnr/command/v1/source_journal.proto",
    "vnr/command/v1/classifier.proto",
    "vnr/command/v1/emergency_card.proto",
    "vnr/command/v1/unit.proto",
    "vnr/command/v1/known.proto",
    "vnr/command/v1/notice.proto",
    "vnr/command/v1/response_plan.proto",
    "vnr/command/v1/roster_shift.proto",
    "vnr/command/v1/retention.proto",
    "vnr/command/v1/access.proto",
    "vnr/command/v1/intake.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=vnr");
    println!("cargo:rerun-if-changed=google");
    let descriptors = protox::compile(FILES, ["."])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    // In the order of their keys, so that the same command always has the same bytes: its digest tells it from another.
    tonic_prost_build::configure().btree_map(".").compile_fds(descriptors)?;
    Ok(())
}
