//! Commands on rights, sent to a running register: each with the token of the person who gives it.

use access::Purpose;
use proto::command::v1 as pb;
use proto::command::v1::access_service_client::AccessServiceClient;
use replay_tools::RecordName;
use tonic::Status;
use uuid::Uuid;

use crate::cli::SendingArgs;
use crate::commands::sending::{self, Speaking};
pub(super) use crate::commands::sending::{envelope, said, tell};
use crate::failure::Failure;
use crate::settings::Settings;

/// A client of the register that says with each call who sends it and what for.
pub(super) type Client = AccessServiceClient<Speaking>;

/// Connects, as [`sending::speak`].
pub(super) async fn connect(settings: &Settings, args: &SendingArgs, usual: Purpose) -> Result<Client, Failure> {
    Ok(AccessServiceClient::new(sending::speak(settings, args, usual).await?))
}

/// A grant or an emergency access.
pub(super) fn by_id(id: Uuid) -> Option<pb::RecordRef> {
    Some(pb::RecordRef { by: Some(pb::record_ref::By::Id(id.to_string())) })
}

/// What a record may be.
#[derive(Debug, Clone)]
pub(super) enum Viewed {
    /// An incident.
    Incident(pb::RecordRef),
    /// An emergency card.
    Card(pb::RecordRef),
}

/// What a name may mean: a number says which, an id or the name at a source does not, so the register is asked for both.
pub(super) fn viewed(text: &str) -> Result<Vec<Viewed>, Failure> {
    use pb::record_ref::By;
    let named = |by| pb::RecordRef { by: Some(by) };
    let both = |by: By| vec![Viewed::Incident(named(by.clone())), Viewed::Card(named(by))];
    Ok(match RecordName::parse(text)? {
        RecordName::Id(id) => both(By::Id(id.to_string())),
        RecordName::Number(number) if number.starts_with("VEK-") => vec![Viewed::Card(named(By::Number(number)))],
        RecordName::Number(number) => vec![Viewed::Incident(named(By::Number(number)))],
        RecordName::Source(system, external_id) => both(By::External(pb::ExternalRef { system, external_id })),
        RecordName::CallSign(..) => {
            return Err(Failure::Usage(format!("`{text}` is a unit; rights are to incidents and emergency cards")));
        }
    })
}

/// Sends the command for the first of these that the register knows.
pub(super) async fn first_known(
    records: Vec<Viewed>,
    send: impl AsyncFnMut(Viewed) -> Result<tonic::Response<pb::CommandReply>, Status>,
) -> Result<pb::CommandReply, Failure> {
    sending::first_known(records, send).await.map_err(|status| said(&status))
}
