//! Whether the read models can be asked.

use event_store::consumer::{ConsumerStatus, statuses};
use sqlx::PgPool;

/// How far a read model may lag without a worker before it counts as dead, in seconds.
const DEAD_AFTER: f64 = 30.0;

/// What keeps the read models from being asked: a database that does not answer, or a read model that nobody works for and
/// that has fallen behind, or one that is ahead of a restored log. Short sentences, fit to be shown to anyone.
pub async fn read_model_faults(pool: &PgPool) -> Vec<String> {
    let Ok(statuses) = statuses(pool).await else {
        return vec!["the database does not answer, or has no read models yet".to_owned()];
    };
    if statuses.is_empty() {
        return vec!["there are no read models yet".to_owned()];
    }
    // Who was paused is late, as somebody wanted it, and not dead: `vnr projections list` says so.
    let live = || statuses.iter().filter(|status| status.build == "live");
    let dead = live().filter(|s| !s.paused && s.holder.is_none() && s.lag_seconds > DEAD_AFTER);
    let dead =
        dead.map(|s| format!("nobody works for read model {}, {:.0} s behind in {}", s.name, s.lag_seconds, s.log));
    let ahead = live().filter_map(ConsumerStatus::mended_by);
    dead.chain(ahead).collect()
}
