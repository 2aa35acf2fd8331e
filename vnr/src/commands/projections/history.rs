//! `vnr projections history`.

use domain::personal::Personal;
use domain::values::Reason;
use projections::read_model_acts::ActRow;
use serde_json::json;

use crate::compose::Database;
use crate::failure::Failure;
use crate::output::{self, Align, Table, riga};

/// Shows what was done to read models. Reasons stay sealed: `vnr record history` opens those of one record, and tells the access log.
pub(super) async fn show(database: &Database, name: Option<&str>, limit: u32, json: bool) -> Result<(), Failure> {
    let rows = ActRow::list(&mut *database.app.acquire().await.map_err(anyhow::Error::new)?, name, limit).await?;
    if json {
        let acts: Vec<_> = rows.iter().map(value).collect();
        output::json(&acts);
        return Ok(());
    }
    let mut table = Table::new([
        ("when", Align::Left),
        ("projection", Align::Left),
        ("act", Align::Left),
        ("version", Align::Left),
        ("by", Align::Left),
        ("position", Align::Right),
    ]);
    for row in rows {
        let version = match (row.from_version, row.version) {
            (Some(from), Some(version)) => format!("{from} → {version}"),
            (_, version) => version.map_or_else(String::new, |version| version.to_string()),
        };
        let by = row.by_user.zip(row.by_institution).map(|(user, institution)| format!("{user}@{institution}"));
        let act = row.body.map_or(row.act.clone(), |body| format!("{} ({body})", row.act));
        let by = by.unwrap_or_else(|| "the program".to_owned());
        table.row([riga(row.at), row.read_model, act, version, by, row.position.to_string()]);
    }
    table.print();
    Ok(())
}

fn value(row: &ActRow) -> serde_json::Value {
    let sealed: Option<Personal<Reason>> = serde_json::from_str(&row.reason).ok();
    json!({
        "position": row.position,
        "read_model": row.read_model,
        "act": row.act,
        "body": row.body,
        "from_version": row.from_version,
        "version": row.version,
        "records": row.records,
        "by": row.by_user.as_ref().zip(row.by_institution.as_ref()).map(|(user, at)| format!("{user}@{at}")),
        "reason_is_erased": matches!(sealed, Some(Personal::Erased)),
        "at": row.at,
    })
}
