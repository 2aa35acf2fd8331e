//! Travel times that are learned from the drives of a file, against a script of its own.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tests::vnr_binary;

/// `vnr travel test` learns from as many drives and homes as the script, and is as far off: but for whole seconds and metres.
pub(super) fn is_off_as_the_file_says(folder: &Path, expected: &Value) {
    let output =
        Command::new(vnr_binary()).args(["travel", "test", "--json", "--data-dir"]).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tried: Value = serde_json::from_slice(&output.stdout).unwrap();
    for count in ["teaching", "homes", "home_unknown"] {
        assert_eq!(tried[count], expected[count], "{count}: {tried}");
    }
    agree("all", &tried["all"], &expected["all"]);
    let kinds = expected["kinds"].as_object().unwrap();
    assert_eq!(tried["kinds"].as_object().unwrap().len(), kinds.len());
    for (kind, expected) in kinds {
        agree(kind, &tried["kinds"][kind], expected);
    }
    let learned = told(folder, "show");
    assert!(learned["homes"].as_u64() >= tried["homes"].as_u64(), "all drives teach: {learned}");
    let all = &tried["all"];
    assert!(all["learned"]["mean_s"].as_u64() < all["straight_line"]["mean_s"].as_u64(), "learning pays: {all}");
}

/// What `vnr travel` says, as JSON; for people it says it, too.
fn told(folder: &Path, what: &str) -> Value {
    let said = |more: &[&str]| {
        let command = ["travel", what, "--data-dir"];
        let output = Command::new(vnr_binary()).args(command).arg(folder).args(more).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    assert!(String::from_utf8_lossy(&said(&[])).contains("fire_engine"));
    serde_json::from_slice(&said(&["--json"])).unwrap()
}

fn agree(kind: &str, tried: &Value, expected: &Value) {
    assert_eq!(tried["drives"], expected["drives"], "{kind}");
    for estimate in ["straight_line", "learned"] {
        let (ours, theirs) = (tried[estimate]["mean_s"].as_f64().unwrap(), expected[estimate].as_f64().unwrap());
        assert!(
            (ours - theirs).abs() <= 2.0 + theirs / 100.0,
            "{kind}, {estimate}: {ours} s, the script says {theirs}"
        );
    }
}
