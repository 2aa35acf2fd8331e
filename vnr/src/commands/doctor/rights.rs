//! What of the access rights needs somebody: which policies decide, and emergency access that nobody has reviewed.

use chrono::Utc;
use projections::access_grants::EmergencyRow;
use sqlx::PgPool;

use super::Checks;
use crate::compose::policies;
use crate::output::riga;
use crate::settings::{PolicySource, Settings};

pub(super) async fn look(settings: &Settings, pool: &PgPool, checks: &mut Checks) {
    policies_in_force(settings, pool, checks).await;
    emergencies(pool, checks).await;
}

async fn policies_in_force(settings: &Settings, pool: &PgPool, checks: &mut Checks) {
    let check = "access policies";
    match policies::in_force(settings, pool).await {
        Ok((policies, Some(adopted))) if *policies.digest() != adopted.digest => checks.warn(
            check,
            format!("{} decide, and {} were adopted on {}", policies.digest(), adopted.digest, riga(adopted.at)),
            "start vnr without `--policies embedded`, once two persons have adopted a version that it can use",
        ),
        Ok((policies, Some(adopted))) => {
            checks.ok(check, format!("{}, adopted on {}", policies.digest(), riga(adopted.at)));
        }
        Ok((policies, None)) => {
            let how = if settings.policies == PolicySource::Embedded { ", as asked for" } else { "; none were adopted" };
            checks.ok(check, format!("{}, those that the program came with{how}", policies.digest()));
        }
        Err(error) => checks.fail(
            check,
            error.to_string(),
            "run the program that they were made for, or start with `--policies embedded` and have two persons adopt others",
        ),
    }
}

async fn emergencies(pool: &PgPool, checks: &mut Checks) {
    let check = "emergency access";
    let counted = async { EmergencyRow::count_overdue(&mut *pool.acquire().await?, Utc::now()).await };
    match counted.await {
        Ok(0) => checks.ok(check, "no review is overdue"),
        Ok(overdue) => checks.fail(
            check,
            format!("{overdue} reviews are overdue"),
            "`vnr access emergencies --unreviewed` lists them, `vnr access review` reviews one",
        ),
        // The read model is not made yet.
        Err(error) => checks.skipped(check, error.to_string()),
    }
}
