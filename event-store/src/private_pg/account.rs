//! The user that the server runs as: ourselves, or an unprivileged one when we are root.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::PrivatePgError;

/// Whom PostgreSQL's programs are run as.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// User and group to change to; `None` when we are not root and stay who we are.
    ids: Option<(u32, u32)>,
}

impl Account {
    /// Chooses the account: the owner of `data` where it exists already, else `postgres`, else `nobody`.
    pub(super) fn choose(data: &Path) -> Result<Self, PrivatePgError> {
        let us = effective_uid();
        let owner = fs::metadata(data).ok().map(|m| (m.uid(), m.gid()));
        match (us, owner) {
            (0, Some((uid, gid))) if uid != 0 => Ok(Self { ids: Some((uid, gid)) }),
            (0, _) => {
                let ids = passwd_entry("postgres").or_else(|| passwd_entry("nobody"));
                Ok(Self { ids: Some(ids.ok_or(PrivatePgError::NoUnprivilegedUser)?) })
            }
            (us, Some((owner, _))) if us != owner => Err(PrivatePgError::NotOurs { dir: data.to_owned(), owner }),
            _ => Ok(Self { ids: None }),
        }
    }

    /// Whether we gave up root for this account.
    pub(super) fn is_other(&self) -> bool {
        self.ids.is_some()
    }

    /// A command that runs as this account, from `/`, with no locale or PostgreSQL settings of the caller's.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").stdin(Stdio::null()).env("LC_ALL", "C");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        if let Some((uid, gid)) = self.ids {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Gives a file or folder to this account.
    pub(super) fn own(&self, path: &Path) -> io::Result<()> {
        match self.ids {
            Some((uid, gid)) => chown(path, Some(uid), Some(gid)),
            None => Ok(()),
        }
    }

    /// Whether a folder of this owner is the account's, or root's while we are root.
    pub(super) fn may_take(&self, owner: u32) -> bool {
        match self.ids {
            Some((uid, _)) => owner == uid || owner == 0,
            None => owner == effective_uid(),
        }
    }

    /// Whether this account can reach the folder and write in it; asked of the system, which alone knows modes, ACLs and mounts.
    pub(super) fn reaches(&self, dir: &Path) -> bool {
        let mut command = self.command(Path::new("/bin/sh"));
        command.args(["-c", r#"cd "$1" && test -w ."#, "sh"]).arg(dir).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

/// Our effective user id, which std does not tell: the owner of our own entry in `/proc`, else what `id` says.
fn effective_uid() -> u32 {
    if let Ok(entry) = fs::metadata("/proc/self") {
        return entry.uid();
    }
    let told = Command::new("id").arg("-u").output().ok();
    told.and_then(|out| String::from_utf8(out.stdout).ok()?.trim().parse().ok()).unwrap_or(u32::MAX)
}

fn passwd_entry(user: &str) -> Option<(u32, u32)> {
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    let line = passwd.lines().find(|line| line.split(':').next() == Some(user))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
