//! How far the read models have come, for all who follow that.

use std::time::Duration;

use sqlx::PgConnection;

use super::Board;
use crate::error::QueryError;
use crate::freshness::Tide;
use crate::graph::{Projection, projections};

/// The read models as they were read last.
#[derive(Default)]
pub(crate) struct Lag {
    pub(crate) now: Vec<Projection>,
}

impl Board for Lag {
    type Asked = ();
    type News = Vec<Projection>;
    /// It is about the service, not about the register: nobody needs it sooner.
    const REST: Duration = Duration::from_secs(1);

    fn is_behind(&self, _: &Tide) -> bool {
        true
    }

    fn asks(&self) {}

    async fn read((): (), connection: &mut PgConnection) -> Result<Vec<Projection>, QueryError> {
        projections(connection).await
    }

    fn take_in(&mut self, news: Vec<Projection>) -> bool {
        let changed = self.now != news;
        self.now = news;
        changed
    }
}
