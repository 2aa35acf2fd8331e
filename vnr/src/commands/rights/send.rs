//! Commands on rights, sent to a running register: each with the token of the person who gives it.

use access::{DevelopmentKey, Institution, Principal, Purpose, Role, TokenIssuer};
use chrono::{TimeDelta, Utc};
use proto::command::v1 as pb;
use proto::command::v1::access_service_client::AccessServiceClient;
use replay_tools::RecordName;
use serde_json::json;
use tonic::Status;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::cli::SendingArgs;
use crate::commands::acting::local_user;
pub(super) use crate::commands::sending::envelope;
use crate::commands::sending::{self, Speaking, position};
use crate::failure::Failure;
use crate::import::Target;
use crate::output;
use crate::settings::Settings;

/// A client of the register that says with each call who sends it and what for.
pub(super) type Client = AccessServiceClient<Speaking>;

/// Connects. Without a token, where they are issued for development, one is issued to the user of this machine, as a supervisor of
/// the Information Centre: who has the key could issue any.
pub(super) async fn connect(settings: &Settings, args: &SendingArgs, usual: Purpose) -> Result<Client, Failure> {
    let (token, purpose) = match &args.token {
        Some(token) => (token.clone(), args.purpose),
        None => {
            let purpose = args.purpose.unwrap_or(usual);
            (development_token(settings, purpose)?, Some(purpose))
        }
    };
    let target = Target::parse(&args.target_url, Some(&token))?.used_for(purpose).about(args.reference.as_ref())?;
    Ok(AccessServiceClient::new(sending::connect(target).await.map_err(|status| said(&status))?))
}

fn development_token(settings: &Settings, purpose: Purpose) -> Result<String, Failure> {
    if settings.issuer.is_some() || !settings.token_key_file().exists() {
        return Err(Failure::Usage(
            "say who sends it: --token TOKEN or VNR_TOKEN, of the register's issuer".to_owned(),
        ));
    }
    let key = DevelopmentKey::load_or_create(&settings.token_key_file())?;
    let centre = Institution::parse("IC").map_err(|error| anyhow::anyhow!(error))?;
    let until = Utc::now() + TimeDelta::minutes(5);
    let who = Principal::new(local_user(), centre, vec![Role::Supervisor], purpose, until);
    Ok(TokenIssuer::new(&key).issue(&who)?)
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

/// What came of it.
pub(super) fn tell(sending: &SendingArgs, reply: &pb::CommandReply, what: &str) {
    let position = position(reply);
    if sending.json {
        output::json(&json!({ "record": reply.aggregate_id, "position": position, "events": reply.events }));
    } else {
        output::line(format!("{what} (position {position})"));
    }
}

/// What the register answered, as a sentence, with all that was wrong.
pub(super) fn said(status: &Status) -> Failure {
    let details = status.get_error_details();
    let mut text = status.message().to_owned();
    for wrong in details.bad_request().into_iter().flat_map(|request| &request.field_violations) {
        text.push_str(&format!("\n  {}: {}", wrong.field, wrong.description));
    }
    for broken in details.precondition_failure().into_iter().flat_map(|failure| &failure.violations) {
        // Where one rule was broken the message says so already.
        if !text.contains(&broken.description) {
            text.push_str(&format!("\n  {}", broken.description));
        }
    }
    anyhow::anyhow!(text).into()
}
