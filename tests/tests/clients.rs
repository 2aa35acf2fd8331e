//! The worked clients of `docs/clients/`, in Python and TypeScript, generated from the published contract, against the real server.
//!
//! They need their language and, the first time, its registry; where these are missing the tests say so and pass.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;

use tests::{Folder, VnrProcess, project_file};

/// Both install what they need once; side by side they would wait for one network anyway.
static INSTALLING: Mutex<()> = Mutex::new(());

/// A folder of this client's that stays between runs.
fn kept(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("clients").join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[allow(clippy::print_stderr, reason = "a skipped test says why")]
fn tell(text: &str) {
    eprintln!("{text}");
}

fn run(folder: &Path, program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> std::io::Result<Output> {
    Command::new(program).args(arguments).envs(environment.iter().copied()).current_dir(folder).output()
}

/// The output of what must succeed.
#[track_caller]
fn told(output: std::io::Result<Output>) -> String {
    let output = output.expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

fn proto() -> String {
    project_file("proto").to_string_lossy().into_owned()
}

/// A register, and a token of a municipal journal.
fn register(name: &str) -> (Folder, VnrProcess, String) {
    let folder = Folder::new(name);
    let server = VnrProcess::up(&folder.home());
    let token = folder.token("enz-riga", "RPP", "system", "response", &[]);
    (folder, server, token)
}

/// What the guide says that the clients say.
#[track_caller]
fn assert_said(first: &str, again: &str) {
    assert!(first.contains("2026-0117-01 RegisterIncident: VNR-"), "{first}");
    assert!(first.contains("2026-0117-02 InvolveItem: VNR-"), "{first}");
    // Both mistakes of the third entry, by path, with what would be right.
    assert!(first.contains("    type_code: ") && first.contains("did you mean theft?"), "{first}");
    assert!(first.contains("    place.territory: ") && first.contains("then it was `0038001`"), "{first}");
    assert!(first.ends_with("6 done (0 of them before), 1 refused, 0 unanswered\n"), "{first}");
    assert!(again.ends_with("6 done (6 of them before), 1 refused, 0 unanswered\n"), "{again}");
}

#[test]
fn a_journal_in_python_sends_its_entries_and_sends_them_again() {
    let folder = kept("python");
    let source = project_file("docs/clients/python");
    let python = folder.join("venv/bin/python");
    let installed = || -> std::io::Result<bool> {
        let _one_at_a_time = INSTALLING.lock();
        if !folder.join("installed").exists() {
            let requirements = source.join("requirements.txt");
            let made = run(&folder, "python3", &["-m", "venv", "venv"], &[])?.status.success();
            let arguments = ["-m", "pip", "install", "--quiet", "-r", requirements.to_str().unwrap_or_default()];
            if !made || !run(&folder, &python.to_string_lossy(), &arguments, &[])?.status.success() {
                return Ok(false);
            }
            std::fs::write(folder.join("installed"), "")?;
        }
        Ok(true)
    };
    if !installed().unwrap_or(false) {
        return tell("skipped: python3, its venv or its registry is not there, so the Python client was not tried");
    }
    let python = python.to_string_lossy().into_owned();
    let files: Vec<PathBuf> = std::fs::read_dir(project_file("proto/vnr/command/v1"))
        .expect("the contract")
        .map(|entry| entry.expect("a file").path())
        .collect();
    let include = format!("-I{}", proto());
    let mut arguments = vec!["-m", "grpc_tools.protoc", &include, "--python_out=.", "--grpc_python_out=."];
    let files: Vec<String> = files.iter().map(|file| file.to_string_lossy().into_owned()).collect();
    arguments.extend(files.iter().map(String::as_str));
    told(run(&folder, &python, &arguments, &[]));
    std::fs::copy(source.join("journal.py"), folder.join("journal.py")).expect("copied");
    let entries = project_file("docs/clients/entries.json").to_string_lossy().into_owned();

    let (_folder, server, token) = register("client-python");
    let target = server.grpc.to_string();
    let send = || {
        let arguments = ["journal.py", "--target", &target, "--system", "enz-riga", &entries];
        told(run(&folder, &python, &arguments, &[("VNR_TOKEN", &token)]))
    };
    assert_said(&send(), &send());
}

/// The TypeScript clients, built in a folder of their own, for tests run side by side; none where npm or its registry is not there.
fn typescript(name: &str) -> Option<PathBuf> {
    let folder = kept(name);
    let source = project_file("docs/clients/typescript");
    let _one_at_a_time = INSTALLING.lock();
    for file in ["package.json", "journal.ts", "entry.ts"] {
        std::fs::copy(source.join(file), folder.join(file)).expect("copied");
    }
    if !folder.join("node_modules/.package-lock.json").exists() {
        let arguments = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"];
        if !run(&folder, "npm", &arguments, &[]).is_ok_and(|installed| installed.status.success()) {
            return None;
        }
    }
    let proto = proto();
    let environment = [("PROTO", proto.as_str())];
    told(run(&folder, "npm", &["run", "--silent", "generate"], &environment));
    told(run(&folder, "npm", &["run", "--silent", "build"], &environment));
    Some(folder)
}

#[test]
fn a_journal_in_typescript_sends_its_entries_and_sends_them_again() {
    let Some(folder) = typescript("typescript") else {
        return tell("skipped: npm or its registry is not there, so the TypeScript client was not tried");
    };
    let proto = proto();
    let entries = project_file("docs/clients/entries.json").to_string_lossy().into_owned();

    let (_folder, server, token) = register("client-typescript");
    let target = server.grpc.to_string();
    let send = || {
        let environment = [("PROTO", proto.as_str()), ("VNR_TOKEN", token.as_str())];
        told(run(&folder, "node", &["built/journal.js", &entries, &target, "enz-riga"], &environment))
    };
    assert_said(&send(), &send());
}

/// What docs/DIRECT_ENTRY.md shows: what the page says, but for the numbers and times.
#[test]
fn a_page_enters_an_incident_over_grpc_web_as_the_guide_says() {
    let Some(built) = typescript("page") else {
        return tell("skipped: npm or its registry is not there, so the page was not tried");
    };
    let folder = Folder::new("client-page");
    let server = VnrProcess::up(&folder.home());
    let token = folder.token("l.kalnina", "RPP", "officer", "response", &[]);
    let (proto, address) = (proto(), format!("http://{}", server.grpc));
    let environment = [("PROTO", proto.as_str()), ("VNR_TOKEN", token.as_str())];
    let said = told(run(&built, "node", &["built/entry.js", &address], &environment));
    let guide = std::fs::read_to_string(project_file("docs/DIRECT_ENTRY.md")).expect("the guide");
    let shown = guide.split("```text\nAn empty form").nth(1).and_then(|rest| rest.split("\n```").next());
    let shown = format!("An empty form{}", shown.expect("the guide shows what the page says"));
    // The year is that of the day on which it runs.
    let without_year = |text: &str| -> String {
        let numbers = text.split("VNR-").enumerate();
        numbers.map(|(place, part)| if place == 0 { part } else { part.get(4..).unwrap_or(part) }).collect()
    };
    assert_eq!(without_year(said.trim_end()), without_year(&shown));
}
