//! The store is of use without the register: the example does what it says.

#![allow(missing_docs, unreachable_pub)]

#[path = "../examples/lending.rs"]
mod lending;

#[tokio::test]
async fn the_example_lends_refuses_repeats_and_verifies() {
    let folder = std::env::temp_dir().join(format!("lending-test-{}", std::process::id()));
    let mut said = Vec::new();
    lending::run(&folder, &mut said).await.unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let said = String::from_utf8(said).unwrap();
    let lines: Vec<&str> = said.lines().map(str::trim_end).collect();
    assert_eq!(
        lines,
        [
            "lent: position 1, version 1",
            "the same command again: position 1, repeated: true",
            "refused: somebody else has it",
            "1 Lent (name sealed)",
            "2 Returned",
            "2 events, sound: true",
        ]
    );
}
