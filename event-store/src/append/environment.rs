//! Where time, ids and randomness come from: the system, or a seed in generators and tests (I-14).

use chrono::{DateTime, SubsecRound as _, Utc};
use ring::rand::{SecureRandom as _, SystemRandom};
use uuid::Uuid;

/// What an appender takes from the world.
pub trait Environment: Send + 'static {
    /// The clock.
    fn now(&mut self) -> DateTime<Utc>;
    /// Id of a new event, UUIDv7.
    fn event_id(&mut self, recorded_at: DateTime<Utc>) -> Uuid;
    /// Random bytes for keys and nonces.
    ///
    /// # Errors
    /// When there are none.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness;

/// The system's clock and randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEnvironment;

impl Environment for SystemEnvironment {
    fn now(&mut self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }

    fn event_id(&mut self, _recorded_at: DateTime<Utc>) -> Uuid {
        Uuid::now_v7()
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        SystemRandom::new().fill(bytes).map_err(|_| NoRandomness)
    }
}
