//! How the logs stand to what was signed, and how the projections stand to the logs.

use chrono::{DateTime, Utc};
use event_store::consumer::statuses;
use event_store::log::LogName;
use event_store::proof::heads;
use event_store::proof::standing::Standing;
use event_store::proof::witness::WitnessFolder;
use sqlx::PgPool;

use super::Checks;
use crate::compose::honesty::compare;
use crate::output::grouped;
use crate::settings::Settings;

/// A notary signs within a second; so long after an event somebody should look.
const UNSIGNED_SECONDS: i64 = 15;
/// A projection that is so far behind is not at work.
const LAG_SECONDS: f64 = 60.0;

pub(super) async fn look(settings: &Settings, pool: &PgPool, checks: &mut Checks) {
    for log in LogName::ALL {
        signed(pool, log, checks).await;
        outside(settings, pool, log, checks).await;
    }
    projections(pool, checks).await;
}

async fn signed(pool: &PgPool, log: LogName, checks: &mut Checks) {
    let what = format!("tree heads of {log}");
    let looked = async {
        let sql = format!("select generation, position, recorded_at from {log}.head");
        let head: (i32, i64, DateTime<Utc>) = sqlx::query_as(&sql).fetch_one(pool).await?;
        Ok::<_, sqlx::Error>((head, heads::newest(pool, log).await?.map_or(0, |head| head.size)))
    };
    let ((generation, position, recorded_at), signed) = match looked.await {
        Ok(looked) => looked,
        Err(error) => return checks.fail(&what, error.to_string(), "see that the tables are there: `vnr up`"),
    };
    let unsigned = position.unsigned_abs().saturating_sub(signed);
    let found = format!("signed up to {generation}.{} of {}", grouped(signed), grouped(position.unsigned_abs()));
    if unsigned > 0 && (Utc::now() - recorded_at).num_seconds() > UNSIGNED_SECONDS {
        checks.fail(
            &what,
            found,
            format!(
                "let a notary run (`vnr up`, `vnr serve notary`). Where one runs, its log says why it signs no more; \
                 `vnr log verify --log {log}` says where the log is wrong"
            ),
        );
    } else {
        checks.ok(&what, found);
    }
}

async fn outside(settings: &Settings, pool: &PgPool, log: LogName, checks: &mut Checks) {
    let what = format!("{log} against outside");
    let file = WitnessFolder::newest_file(&settings.witness_dir, log);
    match compare(settings, pool, log).await {
        Ok(None) => checks.skipped(&what, format!("there is no {}", file.display())),
        Ok(Some(Standing::Whole)) => checks.ok(&what, "nothing that was signed is lost"),
        Ok(Some(Standing::Lost { end, signed })) => checks.fail(
            &what,
            format!("it ends at {end}, and {}.{} was signed", signed.generation, signed.size),
            format!(
                "restore a later backup, or stop the system and run `vnr log recover --witness {}`",
                file.display()
            ),
        ),
        Ok(Some(Standing::Forked { signed })) => checks.fail(
            &what,
            format!("it has other events than the {} that were signed", signed.size),
            format!(
                "run `vnr log verify --log {log}`; somebody changed it, or it went on after a restore that lost events"
            ),
        ),
        Ok(Some(Standing::Unknown { why })) => {
            checks.warn(&what, why, "see that --witness-dir and --notary-dir are this register's own");
        }
        Err(error) => checks.fail(&what, error.to_string(), "see that the folder can be read"),
    }
}

async fn projections(pool: &PgPool, checks: &mut Checks) {
    let what = "projections";
    let statuses = match statuses(pool).await {
        Ok(statuses) => statuses,
        Err(error) => return checks.fail(what, error.to_string(), "`vnr up` makes them"),
    };
    let live: Vec<_> = statuses.iter().filter(|status| status.build == "live").collect();
    let mut fine = true;
    for status in &live {
        let name = format!("projection {}", status.name);
        if let Some(mended_by) = status.mended_by() {
            checks.fail(
                &name,
                mended_by,
                format!("vnr projections rebuild {} --switch --reason 'restored from a backup'", status.name),
            );
        } else if let Some(error) = &status.last_error {
            checks.warn(&name, error.clone(), "its log line says more; `vnr projections list` shows when it goes on");
        } else if status.lag_seconds > LAG_SECONDS {
            let to_do = "let a worker run (`vnr up`, `vnr serve projections`)";
            checks.warn(&name, format!("{:.0} s behind in {}", status.lag_seconds, status.log), to_do);
        } else {
            continue;
        }
        fine = false;
    }
    let parked: i64 = live.iter().map(|status| status.parked).sum();
    if parked > 0 {
        let to_do =
            "the log on standard error names them and why; a program that can read them, and a rebuild, takes them in";
        checks.warn("parked records", format!("{parked} are left out by a projection"), to_do);
    }
    if fine {
        let names: std::collections::BTreeSet<&str> = live.iter().map(|status| status.name.as_str()).collect();
        checks.ok(what, format!("{} follow the logs", names.len()));
    }
}
