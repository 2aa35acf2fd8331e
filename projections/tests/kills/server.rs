//! A PostgreSQL of the test's own, that it may kill.

use std::path::{Path, PathBuf};
use std::process::Command;

use event_store::private_pg::{Options, PrivatePg};

use crate::support::{Database, System, prepare};

/// How a server is ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// Every process of it, without a chance to put anything in order.
    Killed,
    /// As whoever is in a hurry stops it: it writes no checkpoint, and recovers at the next start.
    Immediate,
}

/// The server and its folder, which goes with it.
pub(crate) struct Server {
    folder: PathBuf,
    running: Option<PrivatePg>,
    pub(crate) ended: usize,
}

impl Server {
    pub(crate) async fn start() -> Server {
        let folder = std::env::temp_dir().join(format!("vnr-read-models-killed-{}", std::process::id()));
        let mut server = Server { folder, running: None, ended: 0 };
        server.start_again().await;
        server
    }

    /// A register on it.
    pub(crate) async fn system(&self) -> System {
        let running = self.running.as_ref().unwrap();
        prepare(running.owner_url()).await.unwrap();
        System::on(Database::Own { owner_url: running.owner_url(), app_url: running.app_url() }).await
    }

    /// Ends it while it is at work. What was confirmed has to be there afterwards, so it keeps what it confirms.
    pub(crate) fn end(&mut self, how: End) {
        let postmaster = postmaster(&self.folder);
        match how {
            End::Killed => {
                // Its back ends first, by the id of their parent; some may be gone by themselves.
                let _ = Command::new("pkill").args(["-KILL", "-P", &postmaster]).status();
                signal("-KILL", &postmaster);
            }
            End::Immediate => signal("-QUIT", &postmaster),
        }
        self.running = None;
        self.ended += 1;
    }

    pub(crate) async fn start_again(&mut self) {
        self.running = Some(PrivatePg::start(Options::new(&self.folder)).await.unwrap());
    }

    pub(crate) async fn stop(mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.running = None;
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn postmaster(folder: &Path) -> String {
    let pid_file = std::fs::read_to_string(folder.join("postgresql/data/postmaster.pid")).unwrap();
    pid_file.lines().next().unwrap().to_owned()
}

fn signal(signal: &str, pid: &str) {
    assert!(Command::new("kill").args([signal, pid]).status().unwrap().success(), "{signal} {pid}");
}
