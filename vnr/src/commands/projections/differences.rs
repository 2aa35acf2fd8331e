//! `vnr projections diff | verify`.

use projections::{Diff, Explanation, Keeping, RowDiff};
use serde_json::{Value, json};

use super::{looked_at, with_bar};
use crate::cli::{DiffArgs, VerifyArgs};
use crate::compose::Database;
use crate::failure::Failure;
use crate::output::{self, grouped};
use crate::settings::Settings;

/// What two bodies are called when their difference is shown.
#[derive(Debug, Clone, Copy)]
struct Names {
    other: &'static str,
}

pub(super) async fn diff(settings: &Settings, database: &Database, args: &DiffArgs) -> Result<(), Failure> {
    let kept = looked_at(settings, database, &args.name).await?;
    let diff = kept.keeping.diff().await?;
    show(&kept.keeping, &diff, Names { other: "candidate" }, (args.explain, args.json)).await?;
    if !args.json && diff.is_empty() {
        output::line("nothing is different");
    }
    Ok(())
}

/// # Errors
/// Where something is different: whoever calls it in a script must not overlook that.
pub(super) async fn verify(settings: &Settings, database: &Database, args: &VerifyArgs) -> Result<(), Failure> {
    let kept = looked_at(settings, database, &args.name).await?;
    let keeping = &kept.keeping;
    let diff = with_bar(args.json, async |tell| {
        Ok(match args.sample {
            Some(one_of) => keeping.verify_sample(one_of, tell).await?,
            None => keeping.verify(args.slices, tell).await?,
        })
    })
    .await?;
    show(keeping, &diff, Names { other: "log" }, (args.explain, args.json)).await?;
    if !diff.is_empty() {
        if !args.json {
            let name = &args.name;
            output::line(format!(
                "{name} does not hold what its logs give: `vnr projections rebuild {name}` makes it anew"
            ));
        }
        return Err(Failure::CheckFailed);
    }
    if !args.json {
        let said = match args.sample {
            Some(one_of) => format!("every row of one record of {one_of} is what a rebuild gives"),
            None => "every row is what a rebuild gives".to_owned(),
        };
        for (log, position) in &diff.at {
            let holds = if args.sample.is_some() { "holds what 1..{} of {} give" } else { "holds exactly 1..{} of {}" };
            let holds = holds.replacen("{}", &grouped(*position), 1).replacen("{}", log, 1);
            output::line(format!("{} {holds}: {said}", args.name));
        }
    }
    Ok(())
}

async fn show(keeping: &Keeping, diff: &Diff, names: Names, (explain, json): (usize, bool)) -> Result<(), Failure> {
    let mut left = explain;
    let mut told: Vec<Value> = Vec::new();
    for table in &diff.tables {
        if !json {
            output::line(format!("{}: {} rows compared", table.table, grouped(table.rows)));
            if !table.columns_of_one.is_empty() {
                output::line(format!("  not compared, in one of the two only: {}", table.columns_of_one.join(", ")));
            }
        }
        for row in &table.different {
            let explanation = if left > 0 { keeping.explain(table.table, row).await? } else { None };
            left = left.saturating_sub(1);
            if json {
                told.push(json!({ "table": table.table, "row": row, "explained": explanation }));
            } else {
                show_row(row, names, explanation.as_ref());
            }
        }
        if table.more > 0 && !json {
            output::line(format!("  and {} rows more that seem to differ", grouped(table.more)));
        }
    }
    if json {
        output::json(&json!({ "equal": diff.is_empty(), "compared": diff, "different": told }));
    }
    Ok(())
}

fn show_row(row: &RowDiff, names: Names, explanation: Option<&Explanation>) {
    let key: Vec<String> =
        row.key.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
    let key = key.join(" ");
    match (&row.live, &row.other) {
        (Some(_), None) => output::line(format!("  {key}: only in what serves")),
        (None, Some(_)) => output::line(format!("  {key}: only in the {}", names.other)),
        (Some(live), Some(other)) => {
            output::line(format!("  {key}:"));
            for (column, value) in live {
                let other = other.get(column).unwrap_or(&Value::Null);
                output::line(format!("    {column}: {value} in what serves, {other} in the {}", names.other));
                if let Some(set) = explanation.and_then(|explanation| explanation.columns.get(column)) {
                    let by = set.position.zip(set.event_type.as_ref());
                    let by = by.map_or("no event of the record says so".to_owned(), |(position, event_type)| {
                        format!("event {position} ({event_type}) gives {}", set.value)
                    });
                    output::line(format!("      {by}"));
                }
            }
        }
        (None, None) => {}
    }
    if let Some(position) = explanation.and_then(|explanation| explanation.broken_at) {
        output::line(format!("    event {position} can't be taken in: it and all after it are left out"));
    }
}
