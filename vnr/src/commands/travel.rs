//! `vnr travel test | show`: how long ways take, as the register's own drives tell.

use chrono::{DateTime, Utc};
use domain::response::{BackTest, Drive, LearnedTravel, Tried, Wrong, back_test};
use domain::terms::UnitKind;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::with_database;
use crate::cli::{DrivesArgs, TravelCommand};
use crate::failure::Failure;
use crate::output::{self, Align, Table, grouped};
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, command: TravelCommand) -> Result<(), Failure> {
    match command {
        TravelCommand::Test(args) => {
            let tried = back_test(drives(settings, &args).await?);
            if args.json { output::json(&test_json(&tried)) } else { show_test(&tried) }
        }
        TravelCommand::Show(args) => {
            let learned = LearnedTravel::learn(&drives(settings, &args).await?);
            if args.json { output::json(&learned_json(&learned)) } else { show_learned(&learned) }
        }
    }
    Ok(())
}

async fn drives(settings: &Settings, args: &DrivesArgs) -> Result<Vec<Drive>, Failure> {
    let from = args.since.map_or(DateTime::<Utc>::UNIX_EPOCH, |since| since.with_timezone(&Utc));
    let until = args.until.map_or_else(Utc::now, |until| until.with_timezone(&Utc));
    let read = async |pool: &PgPool| {
        let mut connection = pool.acquire().await?;
        projections::drives::drives(&mut connection, (from, until), args.most).await
    };
    with_database(settings, async |database| Ok(read(&database.app).await?)).await
}

fn show_test(test: &BackTest) {
    let Some(all) = &test.all else {
        output::line(format!(
            "{} drives teach {} homes; no later drive sets out from one of them, so nothing can be tried",
            grouped(test.teaching as u64),
            test.homes
        ));
        return;
    };
    output::line(format!(
        "{} earlier drives taught where {} homes are and how long ways take; {} later ones were estimated, {} were not, for their home is not known",
        grouped(test.teaching as u64),
        test.homes,
        grouped(all.drives as u64),
        grouped(test.left as u64)
    ));
    let mut table = Table::new([
        ("kind", Align::Left),
        ("drives", Align::Right),
        ("metres", Align::Right),
        ("seconds", Align::Right),
        ("straight line: off by", Align::Right),
        ("median", Align::Right),
        ("p90", Align::Right),
        ("learned: off by", Align::Right),
        ("median", Align::Right),
        ("p90", Align::Right),
    ]);
    let kinds = test.kinds.iter().map(|(kind, tried)| (kind.code(), tried));
    for (name, tried) in kinds.chain([("all", all)]) {
        table.row([
            name.to_owned(),
            grouped(tried.drives as u64),
            grouped(tried.metres),
            grouped(tried.seconds),
            format!("{} s", tried.straight.mean),
            format!("{} s", tried.straight.median),
            format!("{} s", tried.straight.p90),
            format!("{} s", tried.learned.mean),
            format!("{} s", tried.learned.median),
            format!("{} s", tried.learned.p90),
        ]);
    }
    table.print();
}

fn wrong_json(Wrong { mean, median, p90 }: Wrong) -> Value {
    json!({ "mean_s": mean, "median_s": median, "p90_s": p90 })
}

fn tried_json(tried: &Tried) -> Value {
    json!({
        "drives": tried.drives,
        "median_metres": tried.metres,
        "median_seconds": tried.seconds,
        "straight_line": wrong_json(tried.straight),
        "learned": wrong_json(tried.learned),
    })
}

fn test_json(test: &BackTest) -> Value {
    let kind = |(kind, tried): (&UnitKind, &Tried)| (kind.code().to_owned(), tried_json(tried));
    json!({
        "teaching": test.teaching,
        "homes": test.homes,
        "home_unknown": test.left,
        "all": test.all.as_ref().map(tried_json),
        "kinds": test.kinds.iter().map(kind).collect::<serde_json::Map<_, _>>(),
    })
}

fn show_learned(learned: &LearnedTravel) {
    let (drives, homes) = (grouped(learned.drives()), learned.homes());
    output::line(format!("{drives} drives from {homes} homes; where few tell, a time stays near the straight line's"));
    let mut table = Table::new([
        ("kind", Align::Left),
        ("priority", Align::Left),
        ("up to metres", Align::Right),
        ("seconds", Align::Right),
        ("drives", Align::Right),
    ]);
    for (kind, priority, end, seconds, drives) in learned.bands() {
        let priority = priority.map_or("all", |priority| priority.code()).to_owned();
        table.row([kind.code().to_owned(), priority, grouped(end), grouped(seconds), grouped(drives)]);
    }
    table.print();
}

fn learned_json(learned: &LearnedTravel) -> Value {
    let bands = learned.bands().map(|(kind, priority, end, seconds, drives)| {
        let priority = priority.map(|priority| priority.code());
        json!({ "kind": kind.code(), "priority": priority, "up_to_metres": end, "seconds": seconds, "drives": drives })
    });
    json!({ "drives": learned.drives(), "homes": learned.homes(), "bands": bands.collect::<Vec<_>>() })
}
