//! `vnr access break-glass | vouch | review | emergencies`.

use access::Purpose;
use access::policy::{Action, RecordKind};
use chrono::Utc;
use projections::access_grants::EmergencyRow;
use proto::command::v1 as pb;
use serde_json::{Value, json};

use super::gate::Gate;
use super::send::{self, Viewed};
use super::{caught_up, named, person};
use crate::cli::{BreakGlassArgs, EmergenciesArgs, Outcome, ReviewArgs, VouchArgs};
use crate::commands::with_database;
use crate::failure::Failure;
use crate::output::{self, Align, Table, riga};
use crate::settings::Settings;

/// Most lines of a listing.
const LONGEST: u32 = 10_000;
/// Who vouches for people of their institution, or judges what they did, may see what waits.
const DECIDES: &[(Action, RecordKind)] =
    &[(Action::BreakGlass, RecordKind::Incident), (Action::ReviewBreakGlass, RecordKind::Incident)];

pub(super) async fn break_glass(settings: &Settings, args: &BreakGlassArgs) -> Result<(), Failure> {
    use pb::break_glass::Record;
    let mut client = send::connect(settings, &args.sending, Purpose::Operation).await?;
    let reply = send::first_known(send::viewed(&args.record)?, async |record| {
        let record = match record {
            Viewed::Incident(incident) => Record::Incident(incident),
            Viewed::Card(card) => Record::Card(card),
        };
        let message = pb::BreakGlass {
            envelope: send::envelope(),
            record: Some(record),
            until: args.until.map(|until| until.to_rfc3339()).unwrap_or_default(),
            reason: args.reason.clone(),
        };
        client.break_glass(message).await
    })
    .await?;
    let id = &reply.aggregate_id;
    let what = format!("{id} waits for another person, for 15 minutes: `vnr access vouch {id} --note …`");
    send::tell(&args.sending, &reply, &what);
    Ok(())
}

pub(super) async fn vouch(settings: &Settings, args: &VouchArgs) -> Result<(), Failure> {
    let mut client = send::connect(settings, &args.sending, Purpose::Operation).await?;
    let message = pb::VouchEmergencyAccess {
        envelope: send::envelope(),
        emergency_access: send::by_id(args.id),
        note: args.note.clone(),
    };
    let reply = client.vouch_emergency_access(message).await.map_err(|status| send::said(&status))?.into_inner();
    let what = format!("{} is open; it is to be reviewed within 72 hours: `vnr access review`", args.id);
    send::tell(&args.sending, &reply, &what);
    Ok(())
}

pub(super) async fn review(settings: &Settings, args: &ReviewArgs) -> Result<(), Failure> {
    let mut client = send::connect(settings, &args.sending, Purpose::Administration).await?;
    let outcome = match args.outcome {
        Outcome::Justified => pb::ReviewOutcome::Justified,
        Outcome::Unjustified => pb::ReviewOutcome::Unjustified,
    };
    let message = pb::ReviewEmergencyAccess {
        envelope: send::envelope(),
        emergency_access: send::by_id(args.id),
        outcome: outcome.into(),
        note: args.note.clone(),
    };
    let reply = client.review_emergency_access(message).await.map_err(|status| send::said(&status))?.into_inner();
    send::tell(&args.sending, &reply, &format!("{} is reviewed", args.id));
    Ok(())
}

pub(super) async fn list(settings: &Settings, args: &EmergenciesArgs) -> Result<(), Failure> {
    with_database(settings, async |database| {
        let gate = Gate::open(settings, database, &args.acting, "access emergencies list", DECIDES).await?;
        caught_up(database.tools().await?, "access_grants").await?;
        let mut connection = database.tools().await?.acquire().await?;
        let (now, limit) = (Utc::now(), args.limit.min(LONGEST));
        let rows = match args.waiting {
            true => EmergencyRow::waiting(&mut connection, now, limit).await?,
            false => EmergencyRow::unreviewed(&mut connection, limit).await?,
        };
        let rows: Vec<&EmergencyRow> = rows.iter().filter(|row| gate.sees(&row.institution)).collect();
        if args.json {
            output::json(&json!({ "emergencies": rows.iter().map(|row| told(row)).collect::<Vec<_>>() }));
            return Ok(());
        }
        let columns = ["id", "record", "who", "purpose", "asked", "due", "until"];
        let mut table = Table::new(columns.map(|column| (column, Align::Left)));
        for row in rows {
            let due = row.review_by.unwrap_or(row.vouch_by);
            let overdue = if row.is_overdue(now) { " overdue" } else { "" };
            table.row([
                row.id.to_string(),
                row.record.to_string(),
                named(&row.declared_by, &row.institution),
                row.purpose.clone(),
                riga(row.declared_at),
                format!("{}{overdue}", riga(due)),
                riga(row.valid_until),
            ]);
        }
        table.print();
        Ok(())
    })
    .await
}

fn told(row: &EmergencyRow) -> Value {
    json!({
        "id": row.id,
        "record": row.record,
        "by": named(&row.declared_by, &row.institution),
        "purpose": row.purpose,
        "declared_at": row.declared_at,
        "vouch_by": row.vouch_by,
        "until": row.valid_until,
        "opened_at": row.opened_at,
        "second": person(row.second.as_deref(), row.second_institution.as_deref()),
        "review_by": row.review_by,
    })
}
