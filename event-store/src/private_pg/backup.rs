//! Base backups by PostgreSQL's own programs, and going back to one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::account::Account;
use super::archive::{BackupFolder, allowed, timeline};
use super::binaries::Binaries;
use super::cluster::Cluster;
use super::error::PrivatePgError;
use super::lock::FolderLock;
use super::server::Server;
use super::{Address, PrivatePg, Profile, database, made};

/// A server that a base backup can be taken of.
#[derive(Debug, Clone)]
pub struct BackupSource {
    account: Account,
    binaries: Binaries,
    connection: Vec<String>,
}

/// What a base backup is, once it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseBackup {
    /// `postgres --version`.
    pub postgresql: String,
    /// First segment of the write-ahead log that it needs.
    pub first_segment: String,
    /// Bytes on the disk.
    pub bytes: u64,
    /// What `pg_verifybackup` said of it.
    pub verified: String,
}

impl BackupSource {
    /// The private server of a data folder; it has to run.
    ///
    /// # Errors
    /// When there is none, or PostgreSQL's programs are missing.
    pub fn private(data_dir: &Path) -> Result<BackupSource, PrivatePgError> {
        let data_dir = made(data_dir)?;
        let cluster = Cluster::existing(&data_dir)?;
        let cluster = cluster.ok_or_else(|| PrivatePgError::NothingThere { dir: data_dir.clone() })?;
        let version = cluster.data_version()?.map(|version| (version, cluster.home.as_path()));
        let binaries = Binaries::find(None, &cluster.account, version)?;
        let socket = cluster.socket_dir.to_string_lossy().into_owned();
        let connection = ["-h", &socket, "-p", "5432", "-U", "postgres"].map(str::to_owned).to_vec();
        Ok(BackupSource { account: cluster.account, binaries, connection })
    }

    /// A server of somebody's own, by a URL whose role may replicate.
    ///
    /// # Errors
    /// When PostgreSQL's programs are missing.
    pub fn foreign(url: &str, folder: &BackupFolder) -> Result<BackupSource, PrivatePgError> {
        let account = Account::choose(&folder.base())?;
        let binaries = Binaries::find(None, &account, None)?;
        Ok(BackupSource { account, binaries, connection: vec!["-d".to_owned(), url.to_owned()] })
    }

    /// Takes a base backup into `target`, which must not be there, and has it verified. `tell` gets kilobytes done and of all.
    /// Blocks until it is there.
    ///
    /// # Errors
    /// When the folder can't be used, or one of PostgreSQL's programs fails.
    pub fn take(
        &self,
        folder: &BackupFolder,
        target: &Path,
        tell: &mut dyn FnMut(u64, u64),
    ) -> Result<BaseBackup, PrivatePgError> {
        folder.prepare(&self.account)?;
        let mut command = self.account.command(&self.binaries.program("pg_basebackup"));
        command.args(&self.connection).arg("-D").arg(target);
        command.args(["-Fp", "-X", "stream", "-c", "fast", "--manifest-checksums=SHA256", "-P", "--no-password"]);
        let program = self.binaries.program("pg_basebackup");
        let failed = |source| PrivatePgError::Program { program: program.clone(), source };
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(failed)?;
        let said = child.stderr.take().map(|stderr| follow(stderr, tell)).unwrap_or_default();
        if !child.wait().map_err(failed)?.success() {
            return Err(PrivatePgError::Tool { program: "pg_basebackup", said });
        }
        let verified = verify(&self.account, &self.binaries, target)?;
        let label = fs::read_to_string(target.join("backup_label")).map_err(PrivatePgError::folder(target))?;
        let first = label.lines().next().and_then(|line| line.split("(file ").nth(1)).unwrap_or_default();
        let version = self.account.command(&self.binaries.program("postgres")).arg("--version").output();
        let version = version.map(|told| String::from_utf8_lossy(&told.stdout).trim().to_owned()).unwrap_or_default();
        Ok(BaseBackup {
            postgresql: version,
            first_segment: first.trim_end_matches(')').to_owned(),
            bytes: size(target),
            verified,
        })
    }

    /// Removes the segments from before `first_segment`; gives what was removed.
    ///
    /// # Errors
    /// When `pg_archivecleanup` fails.
    pub fn prune(&self, folder: &BackupFolder, first_segment: &str) -> Result<u64, PrivatePgError> {
        let count = || fs::read_dir(folder.wal()).map_or(0, |entries| entries.count() as u64);
        let before = count();
        let mut command = self.account.command(&self.binaries.program("pg_archivecleanup"));
        let out = command.args(["-x", ".gz"]).arg(folder.wal()).arg(first_segment).output();
        let out = out.map_err(|source| PrivatePgError::Program {
            program: self.binaries.program("pg_archivecleanup"),
            source,
        })?;
        if !out.status.success() {
            let said = String::from_utf8_lossy(&out.stderr).into_owned();
            return Err(PrivatePgError::Tool { program: "pg_archivecleanup", said });
        }
        Ok(before.saturating_sub(count()))
    }
}

/// What to go back to.
#[derive(Debug, Clone)]
pub struct Restore {
    /// Folder of the system's data.
    pub data_dir: PathBuf,
    /// The base backup's `data`.
    pub base: PathBuf,
    /// Where the write-ahead log after it is, if anywhere.
    pub archive: Option<BackupFolder>,
    /// Not beyond this moment (a time as PostgreSQL reads it).
    pub to: Option<String>,
    /// Whether a cluster that is there is moved aside; what it had not handed over yet is used.
    pub replace: bool,
}

/// A server that was restored, and where the one that it replaces was moved to.
#[derive(Debug)]
pub struct Restored {
    /// Runs on the restored data.
    pub server: PrivatePg,
    /// The folder of what was there before.
    pub moved_aside: Option<PathBuf>,
}

impl PrivatePg {
    /// Restores a cluster: base backup, then the write-ahead log as far as there is any; starts it, and waits until it serves.
    ///
    /// # Errors
    /// When there is a cluster already, the backup is damaged, or PostgreSQL does not recover. What was there is there again.
    pub async fn restore(restore: Restore) -> Result<Restored, PrivatePgError> {
        let working = tokio::task::spawn_blocking(move || restore.run());
        let restored = working.await.map_err(|_| PrivatePgError::Interrupted)??;
        // The backup may be from before there were all of them.
        database::ensure_roles(&mut restored.server.address.admin().await?).await?;
        Ok(restored)
    }
}

impl Restore {
    fn run(&self) -> Result<Restored, PrivatePgError> {
        let data_dir = made(&self.data_dir)?;
        let lock = FolderLock::take(&data_dir)?;
        let cluster = Cluster::prepare(&data_dir)?;
        if cluster.data.exists() && !self.replace {
            return Err(PrivatePgError::AlreadyThere { dir: data_dir });
        }
        cluster.await_killed_run()?;
        let version = fs::read_to_string(self.base.join("PG_VERSION")).ok().and_then(|text| text.trim().parse().ok());
        let version = version.ok_or_else(|| PrivatePgError::NoBackup { dir: self.base.clone() })?;
        let binaries = Binaries::find(None, &cluster.account, Some((version, &self.base)))?;
        verify(&cluster.account, &binaries, &self.base)?;

        let aside =
            cluster.home.join(format!("data.before-restore-{}", chrono::Utc::now().format("%Y-%m-%dT%H-%M-%SZ")));
        let moved_aside = cluster.data.exists().then(|| aside.clone());
        if moved_aside.is_some() {
            fs::rename(&cluster.data, &aside).map_err(PrivatePgError::folder(&cluster.data))?;
        }
        let started = self.fill(&cluster).and_then(|()| {
            let mut settings = self.settings(moved_aside.as_deref());
            // The replaced server's own timeline, not one that some other restore may have begun since.
            let timeline = moved_aside.as_deref().and_then(|aside| timeline(&cluster.account, &binaries, aside));
            settings.extend(timeline.map(|timeline| format!("recovery_target_timeline={timeline}")));
            Server::launch(cluster.clone(), &binaries, Profile::Durable, &settings)
        });
        match started {
            Ok(server) => {
                let address = Address::new(&cluster.socket_dir);
                Ok(Restored { server: PrivatePg { server, lock, address, binaries, archive: None }, moved_aside })
            }
            Err(error) => {
                let _ = fs::remove_dir_all(&cluster.data);
                if moved_aside.is_some() {
                    let _ = fs::rename(&aside, &cluster.data);
                }
                Err(error)
            }
        }
    }

    /// The base backup's files, with the sign that they are to be recovered; under their name only when they are whole.
    fn fill(&self, cluster: &Cluster) -> Result<(), PrivatePgError> {
        let fresh = cluster.home.join(format!("data.new-{}", std::process::id()));
        let _ = fs::remove_dir_all(&fresh);
        let mut copy = cluster.account.command(Path::new("/bin/cp"));
        let out = copy.arg("-a").arg(&self.base).arg(&fresh).output();
        let out = out.map_err(|source| PrivatePgError::Program { program: "/bin/cp".into(), source })?;
        if !out.status.success() {
            let _ = fs::remove_dir_all(&fresh);
            return Err(PrivatePgError::Tool {
                program: "cp",
                said: String::from_utf8_lossy(&out.stderr).into_owned(),
            });
        }
        match fs::remove_file(allowed(cluster)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(PrivatePgError::folder(allowed(cluster))(error));
            }
            _ => {}
        }
        let signal = fresh.join("recovery.signal");
        fs::write(&signal, "").and_then(|()| cluster.account.own(&signal)).map_err(PrivatePgError::folder(signal))?;
        fs::rename(&fresh, &cluster.data).map_err(PrivatePgError::folder(&cluster.data))
    }

    /// While it recovers nothing is handed over: a restore for trial must not write into the archive of the one that serves.
    fn settings(&self, aside: Option<&Path>) -> Vec<String> {
        let mut settings = vec![
            "archive_mode=off".to_owned(),
            "hot_standby=off".to_owned(),
            "recovery_target_action=promote".to_owned(),
            format!("restore_command={}", BackupFolder::restore_command(self.archive.as_ref(), aside)),
        ];
        settings.extend(self.to.as_ref().map(|to| format!("recovery_target_time={to}")));
        settings
    }
}

/// Has PostgreSQL check every file of a base backup against its manifest.
fn verify(account: &Account, binaries: &Binaries, base: &Path) -> Result<String, PrivatePgError> {
    let program = binaries.program("pg_verifybackup");
    let out = account.command(&program).arg(base).output();
    let out = out.map_err(|source| PrivatePgError::Program { program, source })?;
    if out.status.success() {
        return Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned());
    }
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    Err(PrivatePgError::DamagedBackup { dir: base.to_owned(), said })
}

/// Reads what pg_basebackup says: its progress lines are told on, the rest is kept.
fn follow(mut stderr: impl std::io::Read, tell: &mut dyn FnMut(u64, u64)) -> String {
    let (mut said, mut line, mut byte) = (String::new(), Vec::new(), [0]);
    while stderr.read_exact(&mut byte).is_ok() {
        if byte[0] != b'\r' && byte[0] != b'\n' {
            line.push(byte[0]);
            continue;
        }
        let text = String::from_utf8_lossy(&std::mem::take(&mut line)).into_owned();
        let progress = text.split(" kB").next().and_then(|numbers| numbers.trim().split_once('/'));
        match progress.and_then(|(done, all)| Some((done.parse().ok()?, all.parse().ok()?))) {
            Some((done, all)) => tell(done, all),
            None if text.trim().is_empty() => {}
            None => said.push_str(&format!("{}\n", text.trim())),
        }
    }
    said
}

fn size(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.map(of).sum()
}
