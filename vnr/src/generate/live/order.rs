//! What must wait for what: commands about one matter, or with one unit, are sent in their order, all others side by side.

use std::collections::HashMap;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use nation::Deed;
use tokio::sync::oneshot;

/// Ends once a command is answered.
pub(super) type Answered = Shared<BoxFuture<'static, ()>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Thread {
    Matter(u64),
    Unit(u32),
}

/// The last command of each matter and of each unit.
#[derive(Default)]
pub(super) struct Order(HashMap<Thread, Answered>);

impl Order {
    /// What a deed waits for, and what is dropped once it is answered itself.
    pub(super) fn follow(&mut self, deed: &Deed) -> (Vec<Answered>, oneshot::Sender<()>) {
        let (done, answered) = oneshot::channel::<()>();
        let answered: Answered = answered.map(|_| ()).boxed().shared();
        let matter = deed.matter.map(|matter| Thread::Matter(matter.number));
        let threads = [matter, deed.unit.map(Thread::Unit)];
        let before = threads.iter().flatten().filter_map(|thread| self.0.insert(*thread, answered.clone())).collect();
        if let Some(matter) = deed.matter.filter(|matter| matter.ends) {
            self.0.remove(&Thread::Matter(matter.number));
        }
        (before, done)
    }
}
