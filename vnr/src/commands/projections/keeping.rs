//! Who may act on a read model, and how the log is told of it.

use std::sync::Arc;

use access::policy::{Action, RecordKind, Resource};
use domain::values::{Actor, InstitutionCode, UserName};
use event_store::append::{Appender, AppenderConfig};
use event_store::log::LogName;
use event_store::seal::MasterKeys;
use projections::keeping::Keeper;
use projections::{Keeping, RebuildError};

use super::super::acting::Acting;
use crate::cli::KeeperArgs;
use crate::compose::{Database, personal_data, pools, registry, tell_acts};
use crate::failure::Failure;
use crate::settings::Settings;

/// A read model in somebody's hands, and the keys that it may need.
pub(super) struct Kept {
    pub(super) keeping: Keeping,
    pub(super) master: Arc<MasterKeys>,
}

/// The read model of that name in the hands of `keeper`.
pub(super) async fn looked_after(
    settings: &Settings,
    database: &Database,
    name: &str,
    keeper: Keeper,
) -> Result<Kept, Failure> {
    let master = Arc::new(personal_data::open(settings, database).await?);
    let keeping = match Keeping::of(&pools(database), &registry(database, &master), name, keeper) {
        Err(unknown @ RebuildError::Unknown { .. }) => return Err(Failure::Usage(unknown.to_string())),
        kept => kept?,
    };
    Ok(Kept { keeping, master })
}

/// Lets somebody act on a read model whom the policies let, and tells the log what they did, also where it went wrong half way.
pub(super) async fn keep(
    settings: &Settings,
    database: &Database,
    args: KeeperArgs,
    act: impl AsyncFnOnce(&Keeping) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let KeeperArgs { name, reason, acting, .. } = args;
    let acting = Acting::of_keeper(settings, database, &acting).await?;
    let (policies, standing) = acting.permits();
    if let Err(denied) = policies.permit(standing, Action::ManageReadModels, &Resource::new(RecordKind::Register)) {
        return Err(acting.refused(settings, database, (Action::ManageReadModels.name(), None), denied).await);
    }
    let who = &standing.principal;
    let institution = InstitutionCode::parse(who.institution.as_str()).map_err(anyhow::Error::new)?;
    let by = Actor { institution, user: UserName::parse(&who.subject).map_err(anyhow::Error::new)? };
    let keeper = Keeper { by: Some(by), reason };
    let Kept { keeping, master } = looked_after(settings, database, &name, keeper).await?;
    let done = act(&keeping).await;
    let told = tell(database, &master).await;
    done.and(told)
}

/// Tells the log what was done. What can't be told now is told by the register when it runs.
async fn tell(database: &Database, master: &Arc<MasterKeys>) -> Result<(), Failure> {
    let config = AppenderConfig::new(LogName::REGISTER, database.app.clone(), Arc::clone(master));
    let (appender, task) = Appender::start(config);
    let told = tell_acts(&database.app, &appender, master).await;
    drop(appender);
    task.await.map_err(anyhow::Error::new)?;
    Ok(told?)
}
