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

/// `vnr up` on a private PostgreSQL in a folder.
pub struct VnrProcess {
    child: Child,
    /// Where gRPC listens.
    pub grpc: SocketAddr,
    /// Where GraphQL listens.
    pub http: SocketAddr,
}

impl VnrProcess {
    /// Starts it and waits until it serves.
    pub fn up(folder: &Path) -> VnrProcess {
        let mut child = Command::new(vnr_binary())
            .args(["up", "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0", "--data-dir"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("vnr starts");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let (mut grpc, mut http) = (None, None);
        for line in output.lines() {
            let line = line.expect("its output is text");
            let address = |text: &str| {
                text.trim().trim_start_matches("http://").split('/').next().and_then(|text| text.parse().ok())
            };
            if let Some(rest) = line.strip_prefix("gRPC") {
                grpc = address(rest);
            } else if let Some(rest) = line.strip_prefix("GraphQL") {
                http = address(rest);
            } else if line.starts_with("ready") {
                break;
            }
        }
        VnrProcess {
            child,
            grpc: grpc.expect("it tells where gRPC is"),
            http: http.expect("it tells where GraphQL is"),
        }
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
