//! The folder of one private cluster: where it is, that it is whole, and that nobody else runs in it.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::account::Account;
use super::binaries::Binaries;
use super::error::PrivatePgError;

/// The longest path that a Unix socket can have on Linux.
const SOCKET_PATH_MAX: usize = 107;
/// The name PostgreSQL gives to its socket on the port that we always name.
const SOCKET_NAME: &str = ".s.PGSQL.5432";
/// How long the server of a killed run may take to end.
const OLD_SERVER: Duration = Duration::from_secs(60);

/// Places of one cluster.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    /// 0700, the account's; holds the rest.
    pub(super) home: PathBuf,
    /// What `postgres -D` gets.
    pub(super) data: PathBuf,
    /// The server's log.
    pub(super) log: PathBuf,
    /// Folder of the Unix socket.
    pub(super) socket_dir: PathBuf,
    pub(super) account: Account,
}

impl Cluster {
    /// Makes (or finds) the folders of the cluster that belongs to `data_dir`, and chooses who runs it.
    ///
    /// An unprivileged user can't reach a folder under, say, /root; the cluster then moves to /var/tmp.
    pub(super) fn prepare(data_dir: &Path) -> Result<Self, PrivatePgError> {
        let (inside, aside) = homes(data_dir);
        let moved = !inside.join("data").exists() && aside.join("data").exists();
        let account = Account::choose(if moved { &aside } else { &inside }.join("data").as_path())?;
        let mut home = inside;
        if !moved {
            private_dir(&home, &account)?;
        }
        if moved || (account.is_other() && !account.reaches(&home)) {
            tracing::info!(
                "PostgreSQL runs as an unprivileged user, who can't reach {}; its files are kept in {}",
                data_dir.display(),
                aside.display()
            );
            // Empty unless it was used before; then it stays.
            let _ = fs::remove_dir(&home);
            home = aside;
            private_dir(&home, &account)?;
        }
        let cluster = Self::at(home, data_dir, account);
        if cluster.socket_dir != cluster.home {
            private_dir(&cluster.socket_dir, &cluster.account)?;
        }
        Ok(cluster)
    }

    /// The cluster of `data_dir` where there is one already; nothing is made.
    pub(super) fn existing(data_dir: &Path) -> Result<Option<Self>, PrivatePgError> {
        let (inside, aside) = homes(data_dir);
        let Some(home) = [inside, aside].into_iter().find(|home| home.join("data").exists()) else { return Ok(None) };
        let account = Account::choose(&home.join("data"))?;
        Ok(Some(Self::at(home, data_dir, account)))
    }

    fn at(home: PathBuf, data_dir: &Path, account: Account) -> Self {
        let fits = home.join(SOCKET_NAME).as_os_str().len() <= SOCKET_PATH_MAX;
        let short = || PathBuf::from(format!("/tmp/vnr-{}", short_hash(data_dir)));
        let socket_dir = if fits { home.clone() } else { short() };
        Self { data: home.join("data"), log: home.join("server.log"), home, socket_dir, account }
    }

    /// Major version that wrote the data; `None` when there is none yet.
    pub(super) fn data_version(&self) -> Result<Option<u32>, PrivatePgError> {
        if !self.data.exists() {
            return Ok(None);
        }
        let version = fs::read_to_string(self.data.join("PG_VERSION")).ok();
        match version.and_then(|text| text.trim().parse().ok()) {
            Some(version) => Ok(Some(version)),
            None => Err(PrivatePgError::Broken {
                dir: self.home.clone(),
                what: "it has no readable PG_VERSION".into(),
                log: String::new(),
            }),
        }
    }

    /// Makes the data folder. It appears under its name only when it is complete, so an interrupted `initdb` leaves no half of one.
    pub(super) fn init(&self, binaries: &Binaries, durable: bool) -> Result<(), PrivatePgError> {
        for entry in fs::read_dir(&self.home).map_err(PrivatePgError::folder(&self.home))?.flatten() {
            if entry.file_name().to_string_lossy().starts_with("data.new") {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let fresh = self.home.join(format!("data.new-{}", std::process::id()));
        let mut said = String::new();
        for locale in ["C.UTF-8", "C"] {
            let _ = fs::remove_dir_all(&fresh);
            let program = binaries.program("initdb");
            let mut command = self.account.command(&program);
            command.arg("-D").arg(&fresh).args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-instructions"]);
            command.arg(format!("--locale={locale}"));
            if !durable {
                command.arg("--no-sync");
            }
            let out = command.output().map_err(|source| PrivatePgError::Program { program, source })?;
            if out.status.success() {
                return fs::rename(&fresh, &self.data).map_err(PrivatePgError::folder(&self.data));
            }
            said = tail(&format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)));
            if !said.contains("locale") {
                break;
            }
        }
        let _ = fs::remove_dir_all(&fresh);
        Err(PrivatePgError::from_init(&self.home, said))
    }

    /// Waits until no server of an earlier run is left in this folder, and takes its pid files away.
    ///
    /// We hold the folder's lock, so no live vnr owns that server: its keeper is ending it, or was killed too. PostgreSQL's own check
    /// of a left-over `postmaster.pid` asks only whether some process has that number, which after a reboot or in a container may be anybody;
    /// we look for processes that work in the folder instead, back ends of a killed postmaster included.
    pub(super) fn await_old_server(&self, patience: Duration) -> Result<(), PrivatePgError> {
        let started = Instant::now();
        let mut said = false;
        while let Some(&pid) = self.processes().first() {
            let postmaster = self.pid_file().and_then(|lines| lines.first()?.parse().ok());
            if !said {
                tracing::info!(pid, "an earlier PostgreSQL is still ending in {}; waiting for it", self.home.display());
                send_signal("-INT", postmaster.unwrap_or(pid));
                said = true;
            }
            if started.elapsed() > patience {
                let pid = postmaster.unwrap_or(pid);
                return Err(PrivatePgError::OldServerStays { pid, dir: self.home.clone() });
            }
            sleep(Duration::from_millis(20));
        }
        let socket = self.socket_dir.join(SOCKET_NAME);
        for stale in [self.data.join("postmaster.pid"), socket.with_extension("5432.lock"), socket] {
            match fs::remove_file(&stale) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(PrivatePgError::folder(stale)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// As long as a killed run's server may take.
    pub(super) fn await_killed_run(&self) -> Result<(), PrivatePgError> {
        self.await_old_server(OLD_SERVER)
    }

    /// Lines of `postmaster.pid`: pid, folder, start time, port, socket folder, address, shared memory, state.
    pub(super) fn pid_file(&self) -> Option<Vec<String>> {
        let text = fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        Some(text.lines().map(|line| line.trim().to_owned()).collect())
    }

    /// Whether a server is up and ready in this folder.
    pub(super) fn is_serving(&self) -> bool {
        let Some(lines) = self.pid_file() else { return false };
        let pid = lines.first().and_then(|pid| pid.parse().ok());
        lines.get(7).is_some_and(|state| state == "ready") && pid.is_some_and(|pid| self.processes().contains(&pid))
    }

    /// Processes whose working folder is the data folder: the postmaster and its children.
    fn processes(&self) -> Vec<u32> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let here = |pid: &u32| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == self.data);
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(here).collect()
    }

    /// Size of the log now: what the next start writes begins there.
    pub(super) fn log_end(&self) -> u64 {
        fs::metadata(&self.log).map_or(0, |m| m.len())
    }

    /// The end of the log, of what was written from `start` on.
    pub(super) fn log_tail(&self, start: u64) -> String {
        let mut text = Vec::new();
        if let Ok(mut file) = fs::File::open(&self.log) {
            let _ = file.seek(SeekFrom::Start(start)).and_then(|_| file.read_to_end(&mut text));
        }
        tail(&String::from_utf8_lossy(&text))
    }
}

/// Sends a signal by the system's `kill`; a process that is gone already is no failure.
pub(super) fn send_signal(signal: &str, pid: u32) {
    let mut kill = Command::new("kill");
    let _ = kill.args([signal, &pid.to_string()]).stdout(Stdio::null()).stderr(Stdio::null()).status();
}

/// Makes a folder that only the account can open; one that is there already must be its own.
pub(super) fn private_dir(dir: &Path, account: &Account) -> Result<(), PrivatePgError> {
    match fs::DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => account.own(dir).map_err(PrivatePgError::folder(dir)),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let there = fs::symlink_metadata(dir).map_err(PrivatePgError::folder(dir))?;
            if !there.is_dir() || !account.may_take(there.uid()) {
                return Err(PrivatePgError::NotOurs { dir: dir.to_owned(), owner: there.uid() });
            }
            account.own(dir).map_err(PrivatePgError::folder(dir))?;
            fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(PrivatePgError::folder(dir))
        }
        Err(error) => Err(PrivatePgError::folder(dir)(error)),
    }
}

/// Where a data folder's cluster can be: inside, or aside where an unprivileged user can't get inside.
fn homes(data_dir: &Path) -> (PathBuf, PathBuf) {
    (data_dir.join("postgresql"), PathBuf::from(format!("/var/tmp/vnr-{}", short_hash(data_dir))))
}

/// Sixteen hex digits that stand for a folder in short paths.
fn short_hash(dir: &Path) -> String {
    let digest = Sha256::digest(dir.as_os_str().as_encoded_bytes());
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The last twelve lines.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}
