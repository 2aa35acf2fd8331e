//! Clients that others wrote, from npm: the `graphql-http` audit and the `graphql-ws` client.
//!
//! They need node, npm and, the first time, npm's registry; where these are missing the tests say so and pass.

mod support;

use std::path::{Path, PathBuf};
use std::process::Output;

use support::without_database;
use tokio::process::Command;

/// The folder with the clients, installed; none with a message where that can't be done.
async fn clients() -> Option<PathBuf> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/js");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("js");
    let stamp = folder.join("node_modules/.package-lock.json");
    let lock = folder.with_extension("lock");
    std::fs::create_dir_all(&folder).ok()?;
    let lock = std::fs::File::create(lock).ok()?;
    lock.lock().ok()?;
    for entry in std::fs::read_dir(&scripts).ok()?.flatten() {
        std::fs::copy(entry.path(), folder.join(entry.file_name())).ok()?;
    }
    if stamp.exists() {
        return Some(folder);
    }
    let installed = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"])
        .current_dir(&folder)
        .output();
    match tokio::time::timeout(std::time::Duration::from_secs(90), installed).await {
        Ok(Ok(output)) if output.status.success() => Some(folder),
        _ => {
            tell("skipped: npm or its registry is not there, so the npm clients were not tried");
            None
        }
    }
}

#[allow(clippy::print_stderr, reason = "a skipped test says why")]
fn tell(text: &str) {
    eprintln!("{text}");
}

async fn node(folder: &Path, arguments: &[&str]) -> Output {
    Command::new("node").args(arguments).current_dir(folder).output().await.expect("node runs")
}

#[track_caller]
fn assert_passed(output: &Output) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graphql_http_audit_passes_in_full() {
    let Some(folder) = clients().await else { return };
    let api = without_database().await;
    let url = format!("http://{}/graphql", api.address());
    assert_passed(&node(&folder, &["audit.mjs", &url, &api.officer]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graphql_ws_client_is_served() {
    let Some(folder) = clients().await else { return };
    let api = without_database().await;
    let brief = api.tokens.lasting(access::Role::Officer, chrono::Duration::seconds(2));
    let url = format!("ws://{}/graphql", api.address());
    assert_passed(&node(&folder, &["socket.mjs", &url, &api.officer, &brief]).await);
}
