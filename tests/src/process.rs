//! The `vnr` program as a process of its own, so that it can be killed.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The program, as built beside this test.
pub fn vnr_binary() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let folder = test.ancestors().find(|folder| folder.join("vnr").is_file());
    folder.expect("the `vnr` program is built: run `cargo build` first (`make test` does)").join("vnr")
}

/// `vnr up` or `vnr serve PART`, as a process.
pub struct VnrProcess {
    child: Child,
    /// Where gRPC listens; port 0 where that is no part of it.
    pub grpc: SocketAddr,
    /// Where GraphQL listens; port 0 where that is no part of it.
    pub http: SocketAddr,
}

impl VnrProcess {
    /// Starts the whole system on a private PostgreSQL in a folder and waits until it serves.
    pub fn up(folder: &Path) -> VnrProcess {
        VnrProcess::start(&["up"], folder)
    }

    /// Starts `vnr` with these arguments on free ports and waits until it serves.
    pub fn start(arguments: &[&str], folder: &Path) -> VnrProcess {
        let mut child = Command::new(vnr_binary())
            .args(arguments)
            .args(["--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0", "--data-dir"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("vnr starts");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let (mut grpc, mut http, mut ready) = (nowhere, nowhere, false);
        for line in output.lines() {
            let line = line.expect("its output is text");
            let address = |text: &str| {
                let text = text.trim().trim_start_matches("http://");
                text.split('/').next().and_then(|text| text.parse().ok()).expect("an address")
            };
            if let Some(rest) = line.strip_prefix("gRPC") {
                grpc = address(rest);
            } else if let Some(rest) = line.strip_prefix("GraphQL") {
                http = address(rest);
            } else if line.starts_with("ready") {
                ready = true;
                break;
            }
        }
        assert!(ready, "vnr {arguments:?} ended before it was ready");
        VnrProcess { child, grpc, http }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }
}

impl Drop for VnrProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
