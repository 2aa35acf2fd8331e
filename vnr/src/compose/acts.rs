//! Telling the register what was done to read models. It was noted in the transaction that did it; here it becomes an event, under the id
//! of the note, so that whoever tells it twice tells it once.

use command_api::{OwnAct, own_act};
use domain::ids;
use domain::personal::Personal;
use domain::read_model::{
    Act, BeginRebuild, DropReadModel, ReadModel, ReadModelCommand, RetryParkedRecords, RollBackReadModel,
    SwitchReadModel,
};
use domain::values::ReadModelName;
use event_store::append::Appender;
use event_store::seal::MasterKeys;
use projections::keeping::{Done, UntoldAct, told, untold};
use sqlx::PgPool;

/// Who it is that tells.
const ACTOR: &str = "vnr-keeper";

/// Tells the register all that it has not been told, in order.
///
/// # Errors
/// When the database fails; what was told before stays told.
pub(crate) async fn tell_acts(pool: &PgPool, register: &Appender, master: &MasterKeys) -> anyhow::Result<()> {
    for act in untold(pool).await? {
        let (id, occurred_at) = (act.id, act.at.fixed_offset());
        let own = OwnAct { actor: ACTOR, kind: "read_model", command_id: id, occurred_at, master };
        let name = ReadModelName::parse(&act.read_model)?;
        register.submit(own_act::<ReadModel>(&own, ids::of_read_model(&name), command(name, act))).await?;
        told(pool, id).await?;
    }
    Ok(())
}

fn command(read_model: ReadModelName, act: UntoldAct) -> ReadModelCommand {
    let UntoldAct { done, keeper, .. } = act;
    let act = Act { read_model, by: keeper.by, reason: Personal::from(keeper.reason) };
    match done {
        Done::RebuildBegun { version } => ReadModelCommand::BeginRebuild(BeginRebuild { act, version }),
        Done::Switched { from, version } => ReadModelCommand::SwitchReadModel(SwitchReadModel { act, from, version }),
        Done::RolledBack { from, version } => {
            ReadModelCommand::RollBackReadModel(RollBackReadModel { act, from, version })
        }
        Done::Dropped { body, version } => ReadModelCommand::DropReadModel(DropReadModel { act, body, version }),
        Done::Paused => ReadModelCommand::PauseProjection(act),
        Done::Resumed => ReadModelCommand::ResumeProjection(act),
        Done::Retried { records } => ReadModelCommand::RetryParkedRecords(RetryParkedRecords { act, records }),
    }
}
