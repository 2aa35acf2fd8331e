//! Roles and databases of a private server.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};

use super::error::PrivatePgError;

/// Owns databases and migrates them.
const OWNER: &str = "vnr_owner";
/// Runs the application; owns nothing.
const APP: &str = "vnr_app";
/// Looks at records with tools; has no keys.
const TOOL: &str = "vnr_tool";

/// How to reach the server on a Unix socket.
#[derive(Debug, Clone)]
pub(super) struct Address {
    socket_dir: PathBuf,
}

impl Address {
    pub(super) fn new(socket_dir: &Path) -> Self {
        Self { socket_dir: socket_dir.to_owned() }
    }

    pub(super) fn owner_url(&self, database: &str) -> String {
        self.url(OWNER, database)
    }

    pub(super) fn app_url(&self, database: &str) -> String {
        self.url(APP, database)
    }

    pub(super) fn tool_url(&self, database: &str) -> String {
        self.url(TOOL, database)
    }

    /// The folder goes into the query, percent-encoded; host and port only have to be named, lest `PGHOST` and `PGPORT` fill them.
    fn url(&self, role: &str, database: &str) -> String {
        let mut folder = String::new();
        for byte in self.socket_dir.as_os_str().as_encoded_bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => folder.push(char::from(*byte)),
                other => folder.push_str(&format!("%{other:02X}")),
            }
        }
        format!("postgres://{role}@localhost:5432/{database}?host={folder}&sslmode=disable")
    }

    /// A connection of the superuser, to make roles and databases.
    pub(super) async fn admin(&self) -> Result<PgConnection, PrivatePgError> {
        let options = PgConnectOptions::from_str(&self.url("postgres", "postgres"))?.disable_statement_logging();
        let connecting = PgConnection::connect_with(&options);
        let connected = tokio::time::timeout(Duration::from_secs(30), connecting).await;
        Ok(connected.map_err(|_| sqlx::Error::PoolTimedOut)??)
    }
}

/// Makes the three roles, unless they are there.
pub(super) async fn ensure_roles(admin: &mut PgConnection) -> Result<(), PrivatePgError> {
    for role in [OWNER, APP, TOOL] {
        let there: bool = sqlx::query_scalar("select exists (select from pg_roles where rolname = $1)")
            .bind(role)
            .fetch_one(&mut *admin)
            .await?;
        if !there {
            sqlx::query(&format!("create role {role} login")).execute(&mut *admin).await?;
        }
    }
    Ok(())
}

/// Whether a database is there.
pub(super) async fn exists(admin: &mut PgConnection, database: &str) -> Result<bool, PrivatePgError> {
    let there = sqlx::query_scalar("select exists (select from pg_database where datname = $1)");
    Ok(there.bind(database).fetch_one(admin).await?)
}

/// Makes a database that the owner role owns, empty or as a copy of `template`.
pub(super) async fn create(
    admin: &mut PgConnection,
    database: &str,
    template: Option<&str>,
) -> Result<(), PrivatePgError> {
    let template = template.unwrap_or("template0");
    let statement = format!("create database {} owner {OWNER} template {}", quoted(database), quoted(template));
    sqlx::query(&statement).execute(admin).await?;
    Ok(())
}

/// Gives a database another name.
pub(super) async fn rename(admin: &mut PgConnection, from: &str, to: &str) -> Result<(), PrivatePgError> {
    sqlx::query(&format!("alter database {} rename to {}", quoted(from), quoted(to))).execute(admin).await?;
    Ok(())
}

/// Removes a database and whoever is connected to it.
pub(super) async fn remove(admin: &mut PgConnection, database: &str) -> Result<(), PrivatePgError> {
    sqlx::query(&format!("drop database if exists {} with (force)", quoted(database))).execute(admin).await?;
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
