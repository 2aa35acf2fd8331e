//! `vnr access grant …`: access for a time, by two persons.

use access::policy::{Action, RecordKind};
use access::{Purpose, Role};
use chrono::Utc;
use projections::Order;
use projections::access_grants::{GrantFilter, GrantRow};
use proto::command::v1 as pb;
use replay_tools::resolve;
use serde_json::{Value, json};
use uuid::Uuid;

use super::gate::Gate;
use super::send::{self, Viewed};
use super::{caught_up, named, person};
use crate::cli::{ActingArgs, GrantClass, GrantCommand, RequestGrantArgs};
use crate::commands::with_database;
use crate::failure::Failure;
use crate::output::{self, Align, Table, riga};
use crate::settings::Settings;

/// Most lines of a listing.
const LONGEST: u32 = 10_000;
/// Who approves grants of their institution may see which there are.
const DECIDES: &[(Action, RecordKind)] =
    &[(Action::ApproveGrant, RecordKind::Incident), (Action::ApproveGrant, RecordKind::EmergencyCard)];

pub(super) async fn run(settings: &Settings, command: GrantCommand) -> Result<(), Failure> {
    match command {
        GrantCommand::Request(args) => request(settings, args).await,
        GrantCommand::Approve { id, sending } => {
            let mut client = send::connect(settings, &sending, Purpose::Administration).await?;
            let message = pb::ApproveGrant { envelope: send::envelope(), grant: send::by_id(id) };
            let reply = client.approve_grant(message).await.map_err(|status| send::said(&status))?.into_inner();
            send::tell(&sending, &reply, &format!("{id} is approved: it gives access in its time"));
            Ok(())
        }
        GrantCommand::Reject(args) => {
            let mut client = send::connect(settings, &args.sending, Purpose::Administration).await?;
            let (envelope, grant) = (send::envelope(), send::by_id(args.id));
            let answer = client.reject_grant(pb::RejectGrant { envelope, grant, reason: args.reason }).await;
            let reply = answer.map_err(|status| send::said(&status))?.into_inner();
            send::tell(&args.sending, &reply, &format!("{} is turned down", args.id));
            Ok(())
        }
        GrantCommand::Revoke(args) => {
            let mut client = send::connect(settings, &args.sending, Purpose::Administration).await?;
            let (envelope, grant) = (send::envelope(), send::by_id(args.id));
            let answer = client.revoke_grant(pb::RevokeGrant { envelope, grant, reason: args.reason }).await;
            let reply = answer.map_err(|status| send::said(&status))?.into_inner();
            send::tell(&args.sending, &reply, &format!("{} is taken away", args.id));
            Ok(())
        }
        GrantCommand::List { status, institution, record, limit, json, acting } => {
            let institution = institution.map(|institution| institution.to_string());
            list(settings, (status, institution, record), (limit.min(LONGEST), json), &acting).await
        }
        GrantCommand::Show { id, json, acting } => show(settings, id, json, &acting).await,
    }
}

async fn request(settings: &Settings, args: RequestGrantArgs) -> Result<(), Failure> {
    use pb::grant_scope::Of;
    let RequestGrantArgs { grantee, record, class, role_at, used_for, from, until, reason, sending } = args;
    let person = pb::Person { institution: grantee.0.institution.to_string(), user: grantee.0.user.to_string() };
    let from = from.unwrap_or_else(|| Utc::now().fixed_offset());
    let message = |of: Of| pb::RequestGrant {
        envelope: send::envelope(),
        grantee: Some(person.clone()),
        scope: Some(pb::GrantScope { of: Some(of) }),
        purpose: access_purpose(used_for).into(),
        from: from.to_rfc3339(),
        until: until.to_rfc3339(),
        reason: reason.clone(),
    };
    let other = match (class, role_at) {
        (Some(class), _) => Some(Of::Class(record_class(class).into())),
        (None, Some(at)) => {
            let role = access_role(at.role)?.into();
            Some(Of::RoleAt(pb::RoleAt { institution: at.institution.to_string(), role }))
        }
        (None, None) => None,
    };
    let mut client = send::connect(settings, &sending, Purpose::Administration).await?;
    let reply = match other {
        Some(of) => client.request_grant(message(of)).await.map_err(|status| send::said(&status))?.into_inner(),
        None => {
            let records = send::viewed(record.as_deref().unwrap_or_default())?;
            send::first_known(records, async |record| {
                let of = match record {
                    Viewed::Incident(incident) => Of::Incident(incident),
                    Viewed::Card(card) => Of::Card(card),
                };
                client.request_grant(message(of)).await
            })
            .await?
        }
    };
    let id = &reply.aggregate_id;
    send::tell(&sending, &reply, &format!("{id} waits for another person: `vnr access grant approve {id}`"));
    Ok(())
}

fn access_purpose(purpose: Purpose) -> pb::AccessPurpose {
    match purpose {
        Purpose::Response => pb::AccessPurpose::Response,
        Purpose::Investigation => pb::AccessPurpose::Investigation,
        Purpose::Prevention => pb::AccessPurpose::Prevention,
        Purpose::Statistics => pb::AccessPurpose::Statistics,
        Purpose::Audit => pb::AccessPurpose::Audit,
        Purpose::Administration => pb::AccessPurpose::Administration,
        Purpose::Operation => pb::AccessPurpose::Operation,
    }
}

fn access_role(role: Role) -> Result<pb::AccessRole, Failure> {
    Ok(match role {
        Role::Dispatcher => pb::AccessRole::Dispatcher,
        Role::Officer => pb::AccessRole::Officer,
        Role::Supervisor => pb::AccessRole::Supervisor,
        Role::Auditor => pb::AccessRole::Auditor,
        Role::Analyst => pb::AccessRole::Analyst,
        Role::System => return Err(Failure::Usage("nobody is given what a connected system sees".to_owned())),
    })
}

fn record_class(class: GrantClass) -> pb::RecordClass {
    match class {
        GrantClass::Restricted => pb::RecordClass::Restricted,
        GrantClass::Secret => pb::RecordClass::Secret,
    }
}

async fn list(
    settings: &Settings,
    (status, institution, record): (Option<String>, Option<String>, Option<String>),
    (limit, as_json): (u32, bool),
    acting: &ActingArgs,
) -> Result<(), Failure> {
    with_database(settings, async |database| {
        let gate = Gate::open(settings, database, acting, "access grant list", DECIDES).await?;
        let record = match &record {
            Some(name) => Some(resolve(database.tools().await?, name).await?.1),
            None => None,
        };
        caught_up(database.tools().await?, "access_grants").await?;
        let mut connection = database.tools().await?.acquire().await?;
        let filter = GrantFilter { status, institution, record };
        let rows = GrantRow::list(&mut connection, &filter, None, Order::NewestFirst, limit).await?;
        let rows: Vec<&GrantRow> = rows.iter().filter(|row| gate.sees(&row.grantee_institution)).collect();
        if as_json {
            output::json(&json!({ "grants": rows.iter().map(|row| told(row)).collect::<Vec<_>>() }));
            return Ok(());
        }
        let columns = ["id", "status", "for whom", "opens", "purpose", "from", "until", "asked by", "decided by"];
        let mut table = Table::new(columns.map(|column| (column, Align::Left)));
        for row in rows {
            table.row([
                row.id.to_string(),
                row.status.clone(),
                named(&row.grantee, &row.grantee_institution),
                opens(row),
                row.purpose.clone(),
                riga(row.valid_from),
                riga(row.valid_until),
                named(&row.requested_by, &row.requested_institution),
                person(row.decided_by.as_deref(), row.decided_institution.as_deref()).unwrap_or_default(),
            ]);
        }
        table.print();
        Ok(())
    })
    .await
}

async fn show(settings: &Settings, id: Uuid, as_json: bool, acting: &ActingArgs) -> Result<(), Failure> {
    with_database(settings, async |database| {
        let gate = Gate::open(settings, database, acting, "access grant show", DECIDES).await?;
        caught_up(database.tools().await?, "access_grants").await?;
        let mut connection = database.tools().await?.acquire().await?;
        let row = GrantRow::by_id(&mut connection, id).await?;
        // One that they may not see is as one that there isn't.
        let row = row.filter(|row| gate.sees(&row.grantee_institution));
        let row = row.ok_or_else(|| Failure::Usage(format!("there is no grant {id}")))?;
        if as_json {
            output::json(&told(&row));
            return Ok(());
        }
        let who = |user: &Option<String>, institution: &Option<String>| {
            person(user.as_deref(), institution.as_deref()).map_or_else(String::new, |who| format!(" by {who}"))
        };
        output::line(format!("{id}: {}", row.status));
        output::line(format!("  for      {}", named(&row.grantee, &row.grantee_institution)));
        output::line(format!("  opens    {}", opens(&row)));
        output::line(format!("  purpose  {}", row.purpose));
        output::line(format!("  time     {} to {}", riga(row.valid_from), riga(row.valid_until)));
        let asked = named(&row.requested_by, &row.requested_institution);
        output::line(format!("  asked    {} by {asked}", riga(row.requested_at)));
        if let Some(at) = row.decided_at {
            output::line(format!("  decided  {}{}", riga(at), who(&row.decided_by, &row.decided_institution)));
        }
        if let Some(at) = row.ended_at {
            output::line(format!("  ended    {}{}", riga(at), who(&row.ended_by, &row.ended_institution)));
        }
        Ok(())
    })
    .await
}

fn opens(row: &GrantRow) -> String {
    match (&row.record, &row.class, &row.role, &row.role_institution) {
        (Some(record), ..) => format!("record {record}"),
        (None, Some(class), ..) => format!("class {class}"),
        (None, None, Some(role), Some(institution)) => format!("{role}@{institution}"),
        _ => String::new(),
    }
}

fn told(row: &GrantRow) -> Value {
    json!({
        "id": row.id,
        "status": row.status,
        "grantee": named(&row.grantee, &row.grantee_institution),
        "opens": { "record": row.record, "class": row.class, "role": row.role, "institution": row.role_institution },
        "purpose": row.purpose,
        "from": row.valid_from,
        "until": row.valid_until,
        "requested_at": row.requested_at,
        "requested_by": named(&row.requested_by, &row.requested_institution),
        "decided_at": row.decided_at,
        "decided_by": person(row.decided_by.as_deref(), row.decided_institution.as_deref()),
        "ended_at": row.ended_at,
        "ended_by": person(row.ended_by.as_deref(), row.ended_institution.as_deref()),
    })
}
