//! The server process and its keeper.

use std::fs::{self, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Profile;
use super::binaries::Binaries;
use super::cluster::{Cluster, send_signal};
use super::error::PrivatePgError;

/// Runs the server and ends it (fast shutdown) when standard input closes.
///
/// Standard input is a pipe whose other end only our process holds, so it closes when we close it and also when we are killed with -9.
/// The reader is a subshell with no child of its own, and goes when the server has gone by itself.
const KEEPER: &str = r#"
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
( while read -r _; do :; done; kill -INT "$server" ) <&3 2>/dev/null &
reader=$!
exec 3<&-
wait "$server"
status=$?
kill "$reader" 2>/dev/null
exit "$status"
"#;

/// Recovery after a power cut reads up to `max_wal_size`; minutes on a slow disk.
const READY: Duration = Duration::from_secs(600);
/// A fast shutdown writes a checkpoint; after this long the rest is left to recovery at the next start.
const SHUTDOWN: Duration = Duration::from_secs(60);
/// A log beyond this is started anew.
const LOG_MAX: u64 = 16 << 20;

/// A running server that ends with this process.
#[derive(Debug)]
pub(super) struct Server {
    keeper: Child,
    cluster: Cluster,
}

impl Server {
    /// Starts the server and waits until it accepts connections.
    pub(super) fn launch(
        cluster: Cluster,
        binaries: &Binaries,
        profile: Profile,
        more: &[String],
    ) -> Result<Self, PrivatePgError> {
        let log_start = trimmed_log(&cluster)?;
        let mut command = under_shell(&cluster, KEEPER, &[], binaries, profile)?;
        for setting in more {
            command.arg("-c").arg(setting);
        }
        let keeper = command.stdin(Stdio::piped()).spawn();
        let keeper = keeper.map_err(|source| PrivatePgError::Program { program: "/bin/sh".into(), source })?;
        let mut server = Self { keeper, cluster };
        let ended = |server: &mut Self| server.keeper.try_wait().ok().flatten().is_some();
        await_ready(&server.cluster.clone(), log_start, || ended(&mut server))?;
        Ok(server)
    }

    pub(super) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Ends the server: fast shutdown, and if that takes too long an immediate one.
    pub(super) fn end(&mut self) -> Option<ExitStatus> {
        drop(self.keeper.stdin.take());
        let asked = Instant::now();
        let mut pressed = false;
        loop {
            match self.keeper.try_wait() {
                Ok(None) => sleep(Duration::from_millis(5)),
                Ok(Some(status)) => return Some(status),
                Err(_) => return None,
            }
            if !pressed && asked.elapsed() > SHUTDOWN {
                pressed = true;
                tracing::warn!(
                    "PostgreSQL did not shut down within {} s; it recovers at the next start",
                    SHUTDOWN.as_secs()
                );
                let postmaster = self.cluster.pid_file().and_then(|lines| lines.first()?.parse().ok());
                postmaster.into_iter().for_each(|pid| send_signal("-QUIT", pid));
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// `sh -c SCRIPT sh EXTRA… postgres …`, in a process group of its own so that Ctrl-C reaches us alone.
pub(super) fn under_shell(
    cluster: &Cluster,
    script: &str,
    extra: &[&str],
    binaries: &Binaries,
    profile: Profile,
) -> Result<Command, PrivatePgError> {
    let log = OpenOptions::new().create(true).append(true).open(&cluster.log);
    let log = log.map_err(PrivatePgError::folder(&cluster.log))?;
    cluster.account.own(&cluster.log).map_err(PrivatePgError::folder(&cluster.log))?;
    let log_again = log.try_clone().map_err(PrivatePgError::folder(&cluster.log))?;
    let mut command = cluster.account.command(Path::new("/bin/sh"));
    command.args(["-c", script, "sh"]).args(extra).arg(binaries.program("postgres"));
    command.arg("-D").arg(&cluster.data).arg("-k").arg(&cluster.socket_dir).args(["-h", "", "-p", "5432"]);
    for setting in profile.settings(lz4_works(cluster, binaries, profile)) {
        command.arg("-c").arg(setting);
    }
    command.stdout(log).stderr(log_again).process_group(0);
    Ok(command)
}

/// Polls `postmaster.pid` as `pg_ctl -w` does; its last line says `ready`. The file is this start's: an older one was taken away.
pub(super) fn await_ready(
    cluster: &Cluster,
    log_start: u64,
    mut ended: impl FnMut() -> bool,
) -> Result<(), PrivatePgError> {
    let started = Instant::now();
    let mut said = false;
    loop {
        // In this order: a server that became ready and ended since is seen as ended.
        let ready = cluster.pid_file().is_some_and(|lines| lines.get(7).is_some_and(|state| state == "ready"));
        if ended() {
            return Err(PrivatePgError::from_log(&cluster.home, cluster.log_tail(log_start)));
        }
        if ready {
            return Ok(());
        }
        if !said && started.elapsed() > Duration::from_secs(10) {
            tracing::info!("PostgreSQL is still starting in {}, perhaps recovering", cluster.home.display());
            said = true;
        }
        // A recovery takes as long as there is log to go through.
        if started.elapsed() > READY && !cluster.data.join("recovery.signal").exists() {
            let (dir, seconds) = (cluster.home.clone(), READY.as_secs());
            return Err(PrivatePgError::NotReady { dir, seconds, log: cluster.log_tail(log_start) });
        }
        sleep(Duration::from_millis(5));
    }
}

/// Where this start's part of the log begins; an overlong log is emptied first.
pub(super) fn trimmed_log(cluster: &Cluster) -> Result<u64, PrivatePgError> {
    if cluster.log_end() > LOG_MAX {
        fs::write(&cluster.log, "").map_err(PrivatePgError::folder(&cluster.log))?;
    }
    Ok(cluster.log_end())
}

/// Whether this build of PostgreSQL can compress its write-ahead log with lz4; it refuses to start where it is told to and can't.
fn lz4_works(cluster: &Cluster, binaries: &Binaries, profile: Profile) -> bool {
    if profile != Profile::Durable {
        return false;
    }
    let mut ask = cluster.account.command(&binaries.program("postgres"));
    ask.arg("-D").arg(&cluster.data).args(["-C", "wal_compression", "-c", "wal_compression=lz4"]);
    ask.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
