use super::{LogPlace, VoidedNumbers};

/// What can be asked of a log's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogLifeCommand {
    /// Begins a generation after a restore that lost events.
    BeginGeneration(Box<BeginGeneration>),
}

/// The log was restored without its last events: what was given out with them is void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeginGeneration {
    /// The new generation.
    pub generation: u32,
    /// Its first position, right after the last event that was restored.
    pub begins: u64,
    /// Root of the tree over the events before it, lower-case hexadecimal.
    pub root: String,
    /// The last place that is known to have been given out.
    pub voids: LogPlace,
    /// Numbers that may have been given out, and are not given out again.
    pub numbers: Vec<VoidedNumbers>,
    /// The signed tree head that shows what was lost, where there is one.
    pub witness: Option<String>,
    /// The statement on the new generation, signed by the notary's key.
    pub statement: String,
    /// Why, in the words of who decided it.
    pub reason: String,
}
