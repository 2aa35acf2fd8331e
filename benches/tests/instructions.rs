//! No hot path has become more than a tenth longer than was recorded, counted in instructions: a busy machine does not change that.

use std::process::Command;

#[test]
#[ignore = "valgrind takes its time: a step of CI by itself, and a part of make test-long"]
fn no_hot_path_has_become_a_tenth_longer() {
    let output = Command::new(env!("CARGO_BIN_EXE_instructions")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    // Without valgrind nothing is counted, and it says so; else every path is in the table.
    assert!(said.contains("valgrind is not installed") || said.contains("hash an event"), "{said}");
}
