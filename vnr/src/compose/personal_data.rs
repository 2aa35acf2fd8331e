//! The master key, checked against the logs; and what was erased stays erased, whatever was restored.

use event_store::log::LogName;
use event_store::seal::MasterKeys;
use event_store::seal::erasures::{ErasureList, reconcile};
use event_store::seal::rotation;

use super::Database;
use super::error::StartError;
use crate::settings::Settings;

/// Opens the master key and destroys again what a restore has brought back: before anything is served.
pub(crate) async fn open(settings: &Settings, database: &Database) -> Result<MasterKeys, StartError> {
    let master = MasterKeys::load(settings.master_key.clone())?;
    for log in LogName::ALL {
        rotation::check(&database.app, log, &master).await?;
        let list = ErasureList::of(&settings.erasure_dir, log);
        let done = reconcile(&database.app, log, &list).await?;
        if done.destroyed_again > 0 {
            tracing::warn!(%log, keys = done.destroyed_again, list = %list.path().display(),
                "keys that had been erased were there again, after a restore; they are destroyed again");
        }
    }
    Ok(master)
}
