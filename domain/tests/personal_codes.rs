//! A million personal codes, each with what another program says of it.
//!
//! The short form, with 2,000 codes that are kept beside the source, is a unit test of `values::person`.

#![allow(missing_docs)]

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

use domain::values::PersonalCode;

const CODES: usize = 1_000_000;

/// What is here of the project.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts").join(name)
}

/// Runs a program; whether it succeeded, and false where there is none of that name.
fn succeeds(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

/// A Python that has python-stdnum, of the version and with the contents that are pinned; it stays between runs.
fn python(folder: &Path) -> Option<PathBuf> {
    let python = folder.join("venv/bin/python");
    let has_it = || succeeds(Command::new(&python).args(["-c", "import stdnum; assert stdnum.__version__ == '2.2'"]));
    if has_it() {
        return Some(python);
    }
    let made = succeeds(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder.join("venv")));
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"]);
    let installed = made && succeeds(install.arg(script("personal-codes-requirements.txt")));
    (installed && has_it()).then_some(python)
}

/// The codes: made here, or those of a file that `VNR_PERSONAL_CODES` names. None where they can't be made.
fn codes() -> Option<PathBuf> {
    if let Some(file) = std::env::var_os("VNR_PERSONAL_CODES") {
        return Some(file.into());
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("personal-codes");
    std::fs::create_dir_all(&folder).expect("a folder");
    let (python, file) = (python(&folder)?, folder.join("codes.csv"));
    let mut draw = Command::new(python);
    draw.arg(script("personal-codes.py")).arg(CODES.to_string()).stdout(File::create(&file).expect("a file"));
    assert!(succeeds(&mut draw), "the script that draws codes failed");
    Some(file)
}

#[test]
#[ignore = "long: another program draws and judges a million codes"]
#[allow(clippy::print_stderr, reason = "a skipped test says why")]
fn another_program_says_the_same_of_a_million_codes() {
    let Some(file) = codes() else {
        eprintln!(
            "skipped: python3, its venv or its registry is not there; VNR_PERSONAL_CODES may name a file instead"
        );
        return;
    };
    let (mut known, mut verified) = (0, 0);
    for line in BufReader::new(File::open(file).expect("the codes")).lines().skip(1) {
        let line = line.expect("a line");
        let (code, said) = line.split_once(',').expect("a code and what is said of it");
        let here = PersonalCode::parse(code).expect("eleven digits").verified();
        assert_eq!(here.to_string(), said, "{code}");
        known += 1;
        verified += usize::from(here);
    }
    assert!(known >= CODES, "{known} codes");
    assert!(verified * 5 > known && verified * 5 < known * 4, "{verified} of {known} hold");
}
