//! Finds PostgreSQL's programs on this machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::account::Account;
use super::error::PrivatePgError;

/// The oldest major version that the migrations run on.
const OLDEST: u32 = 15;

/// A folder with `initdb` and `postgres` of one version.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    pub(super) dir: PathBuf,
    pub(super) major: u32,
}

impl Binaries {
    /// The first suitable folder that the account can run; of exactly the major version `wanted` where data exists already.
    pub(super) fn find(
        explicit: Option<&Path>,
        account: &Account,
        wanted: Option<(u32, &Path)>,
    ) -> Result<Self, PrivatePgError> {
        let mut rejected = Vec::new();
        let mut other_version = None;
        for dir in candidates(explicit) {
            match major_version(&dir, account) {
                Ok(major) if major < OLDEST => rejected.push(format!("{} is version {major}", dir.display())),
                Ok(major) if wanted.is_some_and(|(data, _)| data != major) => {
                    other_version = other_version.max(Some(major));
                }
                Ok(major) => return Ok(Self { dir, major }),
                Err(why) => rejected.push(format!("{}: {why}", dir.display())),
            }
        }
        if let (Some(found), Some((data, dir))) = (other_version, wanted) {
            return Err(PrivatePgError::WrongVersion { dir: dir.to_owned(), data, found });
        }
        let found = if rejected.is_empty() { String::new() } else { format!(" ({})", rejected.join("; ")) };
        Err(PrivatePgError::NoBinaries { found })
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// Folders to try, best first. A folder that was named is the only one.
fn candidates(explicit: Option<&Path>) -> Vec<PathBuf> {
    let named = explicit.map(Path::to_owned).or_else(|| env::var_os("VNR_PG_BIN").map(PathBuf::from));
    if let Some(dir) = named {
        return vec![dir];
    }
    let mut dirs = Vec::new();
    if let Ok(out) = Command::new("pg_config").arg("--bindir").output() {
        dirs.push(PathBuf::from(String::from_utf8_lossy(&out.stdout).trim()));
    }
    dirs.extend(env::var_os("PATH").iter().flat_map(env::split_paths));
    dirs.extend(versioned(Path::new("/usr/lib/postgresql")));
    dirs.extend(versioned(Path::new("/usr")).into_iter().filter(|dir| dir.to_string_lossy().contains("pgsql-")));
    dirs.extend(caches().iter().flat_map(|cache| [cache.join("bin")]));
    dirs.retain(|dir| dir.is_absolute() && dir.join("postgres").is_file() && dir.join("initdb").is_file());
    let mut seen = Vec::new();
    dirs.retain(|dir| {
        let real = dir.canonicalize().unwrap_or_else(|_| dir.clone());
        let new = !seen.contains(&real);
        seen.push(real);
        new
    });
    dirs
}

/// Where `make pg` puts a packaged build when the machine has none: the user's cache, or the machine's for root.
fn caches() -> Vec<PathBuf> {
    let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let user = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or(home);
    user.into_iter().chain([PathBuf::from("/var/cache")]).map(|cache| cache.join("vnr/postgresql")).collect()
}

/// `<parent>/<something ending in a number>/bin`, the highest number first.
fn versioned(parent: &Path) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?;
            let number = name.rsplit('-').next()?.parse().ok()?;
            Some((number, path.join("bin")))
        })
        .collect();
    found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    found.into_iter().map(|(_, bin)| bin).collect()
}

/// Asks `postgres --version`, as the account that will run it.
fn major_version(dir: &Path, account: &Account) -> Result<u32, String> {
    if !dir.join("initdb").is_file() {
        return Err("has no initdb".into());
    }
    let out = account.command(&dir.join("postgres")).arg("--version").output().map_err(|e| e.to_string())?;
    let told = String::from_utf8_lossy(&out.stdout);
    // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", also "… 19beta1"
    let number = told.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let digits: String = number.unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().map_err(|_| format!("does not tell its version: {}", String::from_utf8_lossy(&out.stderr).trim()))
}
