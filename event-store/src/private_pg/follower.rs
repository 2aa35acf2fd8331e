//! A private server that follows another one (a hot standby): for trials and tests of what happens while the first is away. In
//! production a copy is on another machine and run like any PostgreSQL.

use std::path::Path;

use super::binaries::Binaries;
use super::cluster::Cluster;
use super::error::PrivatePgError;
use super::lock::FolderLock;
use super::server::Server;
use super::{Address, PrivatePg, Profile, made};

impl PrivatePg {
    /// Starts a server in `data_dir` that follows this one, and waits until it can be read. It goes on, read-only, when this one ends.
    ///
    /// # Errors
    /// When there is a cluster in the folder already, or one of PostgreSQL's programs fails.
    pub async fn followed_in(&self, data_dir: &Path, profile: Profile) -> Result<PrivatePg, PrivatePgError> {
        let (primary, binaries) = (self.server.cluster().clone(), self.binaries.clone());
        let data_dir = data_dir.to_owned();
        let working = tokio::task::spawn_blocking(move || follow(&primary, binaries, &data_dir, profile));
        working.await.map_err(|_| PrivatePgError::Interrupted)?
    }
}

fn follow(
    primary: &Cluster,
    binaries: Binaries,
    data_dir: &Path,
    profile: Profile,
) -> Result<PrivatePg, PrivatePgError> {
    let data_dir = made(data_dir)?;
    let lock = FolderLock::take(&data_dir)?;
    let cluster = Cluster::prepare(&data_dir)?;
    if cluster.data.exists() {
        return Err(PrivatePgError::AlreadyThere { dir: data_dir });
    }
    let program = binaries.program("pg_basebackup");
    let mut command = cluster.account.command(&program);
    command.arg("-h").arg(&primary.socket_dir).args(["-p", "5432", "-U", "postgres", "--no-password"]);
    // With the sign that it is to follow, and where.
    command.arg("-D").arg(&cluster.data).args(["-Fp", "-X", "stream", "-c", "fast", "-R"]);
    if profile == Profile::Throwaway {
        command.arg("--no-sync");
    }
    let out = command.output().map_err(|source| PrivatePgError::Program { program, source })?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        return Err(PrivatePgError::Tool { program: "pg_basebackup", said });
    }
    let address = Address::new(&cluster.socket_dir);
    let server = Server::launch(cluster, &binaries, profile, &["hot_standby=on".to_owned()])?;
    Ok(PrivatePg { server, lock, address, binaries, archive: None })
}
