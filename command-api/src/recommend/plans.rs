//! The plans in force, decoded once for as long as they stay in force: hundreds of them change now and then, and are asked for with every
//! call.

use std::sync::{Arc, Mutex, PoisonError};

use domain::response::PlanVersion;
use projections::response_plans::PlanRow;
use sqlx::PgConnection;

/// The plans in force when somebody last asked.
#[derive(Debug, Default)]
pub(crate) struct KnownPlans(Mutex<InForce>);

/// A content is named by the position of the event that proposed it, and never changes: the same names are the same plans.
#[derive(Debug, Clone, Default)]
struct InForce {
    positions: Vec<i64>,
    plans: Arc<[PlanVersion]>,
}

impl KnownPlans {
    /// Those in force now.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn in_force(&self, connection: &mut PgConnection) -> Result<Arc<[PlanVersion]>, sqlx::Error> {
        let positions = PlanRow::positions_in_force(connection).await?;
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if known.positions == positions {
            return Ok(known.plans);
        }
        let rows = PlanRow::in_force(connection).await?;
        let plans: Arc<[PlanVersion]> = rows.iter().filter_map(PlanRow::plan_version).collect();
        let positions = rows.iter().map(|row| row.position).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = InForce { positions, plans: Arc::clone(&plans) };
        Ok(plans)
    }
}
