//! A server's TLS as it is now.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use rustls::ServerConfig;
use tokio::runtime::Handle;
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsAcceptor;

use super::files::{TlsError, TlsFiles};
use crate::stamp::Stamp;

/// Certificates, key and client authorities. They are read again when the files change; connections that exist stay as they
/// are. Clones share it, so that several listeners have one.
#[derive(Clone)]
pub struct ServerTls {
    current: Arc<RwLock<Arc<ServerConfig>>>,
}

impl ServerTls {
    /// Reads the files, and looks after them for as long as a clone exists. To be called inside a Tokio runtime.
    ///
    /// # Errors
    /// A file can't be read, or they don't go together; names the file.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let runtime = Handle::try_current().map_err(|_| TlsError::NoRuntime)?;
        let stamps = files.stamps();
        let current = Arc::new(RwLock::new(Arc::new(files.load()?)));
        runtime.spawn(follow(files, stamps, Arc::downgrade(&current)));
        Ok(Self { current })
    }

    /// What the next connection is greeted with.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTls")
    }
}

/// Files that are replaced one after the other don't go together for a moment: what was before stays until they do. A set that
/// can't be used is told once, and tried again when a file changes.
async fn follow(files: TlsFiles, mut tried: Vec<Option<Stamp>>, current: Weak<RwLock<Arc<ServerConfig>>>) {
    let mut ticks = interval(files.look_every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(current) = current.upgrade() else {
            return;
        };
        let stamps = files.stamps();
        if stamps == tried {
            continue;
        }
        tried = stamps;
        let certificate = files.certificate.display();
        match files.load() {
            Ok(config) => {
                *current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
                tracing::info!(%certificate, "the certificate was read again");
            }
            Err(failure) => {
                let error: &(dyn Error + 'static) = &failure;
                tracing::error!(%certificate, error, "the changed certificate can't be used: the one before stays");
            }
        }
    }
}
