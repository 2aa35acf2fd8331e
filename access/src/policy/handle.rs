//! The version of the policies that is in force.

use std::sync::{Arc, PoisonError, RwLock};

use super::set::Policies;

/// Lets a new version of the policies be adopted while others ask. What was decided by a version is kept with it, and goes with it.
#[derive(Debug)]
pub struct PolicyHandle(RwLock<Arc<Policies>>);

impl PolicyHandle {
    /// Begins with a version.
    pub fn new(policies: Policies) -> Self {
        Self(RwLock::new(Arc::new(policies)))
    }

    /// The version in force; whoever holds it decides by it to the end.
    pub fn current(&self) -> Arc<Policies> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another version in force, and gives the one that was.
    pub fn adopt(&self, policies: Policies) -> Arc<Policies> {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, Arc::new(policies))
    }
}
