//! `vnr projections list`.

use projections::{ListedBody, ListedLog, list};
use sqlx::PgPool;

use crate::failure::Failure;
use crate::output::{self, Align, Table, grouped};

/// Shows each read model, and what is beside it.
pub(super) async fn show(pool: &PgPool, json: bool) -> Result<(), Failure> {
    let models = list(pool).await?;
    if json {
        output::json(&models);
        return Ok(());
    }
    let mut table = Table::new([
        ("projection", Align::Left),
        ("version", Align::Right),
        ("log", Align::Left),
        ("progress", Align::Right),
        ("head", Align::Right),
        ("lag s", Align::Right),
        ("parked", Align::Right),
        ("holder", Align::Left),
    ]);
    let holder = |holder: Option<String>| holder.unwrap_or_else(|| "-".to_owned());
    for model in models {
        let mut rows = |name: String, version: i32, parked: i64, holder: String, logs: &[ListedLog]| {
            for (place, log) in logs.iter().enumerate() {
                let once = |text: String| if place == 0 { text } else { String::new() };
                table.row([
                    once(name.clone()),
                    once(version.to_string()),
                    log.log.clone(),
                    format!("{}.{}", log.generation, grouped(log.progress.unsigned_abs())),
                    format!("{}.{}", log.head_generation, grouped(log.head.unsigned_abs())),
                    format!("{:.1}", log.lag_seconds),
                    once(grouped(parked.unsigned_abs())),
                    once(holder.clone()),
                ]);
            }
        };
        let who = if model.paused { "paused".to_owned() } else { holder(model.holder) };
        rows(model.name.clone(), model.version, model.parked, who, &model.logs);
        for body in model.beside {
            let name = format!("  {}", what(&body));
            rows(name, body.version, body.parked, holder(body.holder), &body.logs);
        }
        if let Some(error) = model.last_error {
            output::aside(format!("{} stands still: {error}", model.name));
        }
    }
    table.print();
    Ok(())
}

/// What a body is called by people.
fn what(body: &ListedBody) -> String {
    match body.build.as_str() {
        "rebuild" if body.held => "candidate, rolled back from".to_owned(),
        "rebuild" if body.filled => "candidate".to_owned(),
        "rebuild" => "candidate, being filled".to_owned(),
        slice => slice.replace('-', " ").replace("rebuild", "candidate, slice"),
    }
}
