//! Going through the events in order: the tree, the tree heads over it, sequences and times.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::page::{Hashed, Page};
use super::{Finding, MOST_FINDINGS, Options, Target, Verification, VoidedHead};
use crate::log::LogName;
use crate::proof::generation::Statement;
use crate::proof::head::TreeHead;
use crate::proof::note::{VerifierKey, hex};
use crate::tree::{Frontier, TileRoot};

/// Findings that are kept; beyond them they are only counted as being there.
const MOST_KEPT: usize = 10_000;

pub(super) struct State {
    pub(super) log: LogName,
    pub(super) target: Arc<Target>,
    pub(super) since: u64,
    pub(super) frontier: Frontier,
    pub(super) tiles: Vec<TileRoot>,
    /// Last sequence of each stream that has events after `since`.
    pub(super) versions: HashMap<Uuid, u64>,
    pub(super) last_position: u64,
    /// Size of the largest signed tree head that the events, or rather their stored hashes, lead to.
    pub(super) proven: u64,
    trusted: Vec<VerifierKey>,
    keys_given: bool,
    /// Tree heads from outside, smallest first, that are still to come.
    outside: Vec<TreeHead>,
    voided: Vec<VoidedHead>,
    /// Statements on generations, each signed by a trusted key.
    statements: Vec<Statement>,
    /// A tree head did not fit: none after it can.
    diverged: bool,
    tree_heads: u64,
    last_recorded_at: DateTime<Utc>,
    findings: Vec<Finding>,
}

impl State {
    pub(super) fn new(log: LogName, target: Arc<Target>, options: &Options, trusted: Vec<VerifierKey>) -> State {
        let statements = target.lives.statements(&trusted);
        let (mut outside, mut voided): (Vec<TreeHead>, _) = (Vec::new(), Vec::new());
        for head in options.outside.iter().filter(|head| head.origin == target.origin) {
            match statements.iter().find(|statement| statement.voids(head)) {
                Some(Statement { generation, begins, .. }) => voided.push(VoidedHead {
                    head: format!("{}.{}", head.generation, head.size),
                    generation: *generation,
                    begins: *begins,
                }),
                None => outside.push(head.clone()),
            }
        }
        outside.sort_by_key(|head| std::cmp::Reverse(head.size));
        let mut state = State {
            log,
            since: options.since.min(target.position),
            target,
            frontier: Frontier::new(),
            tiles: Vec::new(),
            versions: HashMap::new(),
            last_position: 0,
            proven: 0,
            trusted,
            keys_given: !options.keys.is_empty(),
            outside,
            voided,
            statements,
            diverged: false,
            tree_heads: 0,
            last_recorded_at: DateTime::<Utc>::MIN_UTC,
            findings: Vec::new(),
        };
        state.generations();
        state
    }

    /// Each generation after the first was stated by somebody who has the notary's key, and the head is in the newest.
    fn generations(&mut self) {
        let target = Arc::clone(&self.target);
        for life in target.lives.iter().filter(|life| life.generation > 1) {
            if !self.statements.iter().any(|statement| statement.generation == life.generation) {
                let what =
                    format!("generation {} begins here; no trusted key has signed that it does", life.generation);
                self.finds(life.first_position, &what);
            }
        }
        let newest = target.lives.iter().last().map_or(1, |life| life.generation);
        if newest != target.generation {
            let what = format!("the head is in generation {}, the newest that began is {newest}", target.generation);
            self.finds(target.position, &what);
        }
    }

    /// A generation that was stated to begin after the events that have been reached.
    fn beginning(&mut self, position: u64) {
        let next = self.statements.iter().find(|statement| statement.begins == position + 1);
        if let Some(Statement { generation, begins, root, .. }) = next.cloned()
            && root != self.frontier.root()
        {
            self.finds(begins, &format!("generation {generation} was stated to begin after other events than these"));
        }
    }

    pub(super) fn finds(&mut self, position: u64, what: &str) {
        if self.findings.len() < MOST_KEPT {
            self.findings.push(Finding { position, what: what.to_owned() });
        }
    }

    pub(super) fn finds_any_in(&self, first: u64, last: u64) -> bool {
        self.findings.iter().any(|finding| (first..=last).contains(&finding.position))
    }

    /// Takes the next page; false when the log can't be followed beyond it.
    pub(super) fn page(&mut self, page: &Page) -> bool {
        let mut heads = page.heads.iter().peekable();
        for event in &page.events {
            self.event(event);
            if !self.statements.is_empty() {
                self.beginning(event.position);
            }
            let stored = heads.next_if(|head| head.size == event.position);
            let verified = stored.map(|head| head.verified(&self.trusted));
            match verified {
                Some(Ok(head)) => self.head(&head, "the stored tree head"),
                Some(Err(error)) => {
                    self.finds(event.position, &format!("the tree head stored for this size is not right: {error}"));
                }
                None => {}
            }
            while let Some(head) = self.outside.pop_if(|head| head.size <= event.position) {
                if head.size == event.position {
                    self.head(&head, "the tree head kept outside");
                    if stored.is_none() {
                        self.finds(head.size, "a tree head of this size was signed; it is missing in the database");
                    }
                }
            }
        }
        if let Some(what) = &page.ends {
            self.finds(self.last_position + 1, what);
        }
        page.ends.is_none()
    }

    fn event(&mut self, event: &Hashed) {
        let position = event.position;
        if !event.fits {
            self.finds(position, "the event does not have the hash that was stored with it");
        }
        self.frontier.push(event.leaf, &mut self.tiles);
        let expected = match self.versions.insert(event.aggregate_id, event.sequence) {
            Some(version) => version + 1,
            // What a stream had before the part that is verified is not known here.
            None if self.since > 0 => event.sequence,
            None => 1,
        };
        if event.sequence != expected {
            self.finds(position, &format!("the stream's next sequence is {expected}, not {}", event.sequence));
        }
        if event.recorded_at < self.last_recorded_at {
            self.finds(position, "it was recorded before the event before it");
        }
        self.last_recorded_at = event.recorded_at;
        self.last_position = position;
    }

    /// A signed head of the size that has been reached.
    pub(super) fn head(&mut self, head: &TreeHead, what: &str) {
        self.tree_heads += 1;
        if head.root == self.frontier.root() {
            self.proven = self.proven.max(head.size);
        } else if !self.diverged {
            self.diverged = true;
            let first = self.proven + 1;
            if !self.finds_any_in(first, head.size) {
                let size = head.size;
                self.finds(first, &format!("the events {first} to {size} are not those that {what} was signed over"));
            }
        }
    }

    /// The largest tree head from outside that is not larger than `size`; those up to it are done with.
    pub(super) fn outside_upto(&mut self, size: u64) -> Option<TreeHead> {
        let mut newest = None;
        while let Some(head) = self.outside.pop_if(|head| head.size <= size) {
            newest = Some(head);
        }
        newest
    }

    pub(super) fn trusted(&self) -> &[VerifierKey] {
        &self.trusted
    }

    /// The log ends where a tree head from outside says that it went on.
    pub(super) fn outside_beyond(&mut self) {
        let end = self.target.position;
        if let Some(head) = self.outside.iter().find(|head| head.size > end) {
            let size = head.size;
            self.finds(end + 1, &format!("the log ends here; a tree head kept outside was signed over {size} events"));
        }
    }

    pub(super) fn report(mut self) -> Verification {
        self.findings.sort_by_key(|finding| finding.position);
        let first_bad_position = self.findings.first().map(|finding| finding.position);
        self.findings.truncate(MOST_FINDINGS);
        Verification {
            log: self.log.to_string(),
            origin: self.target.origin.clone(),
            generation: self.target.generation,
            head: self.target.position,
            since: self.since,
            events: self.last_position.saturating_sub(self.since),
            root: hex(&self.frontier.root()),
            tree_heads: self.tree_heads,
            proven: self.proven,
            voided: self.voided,
            keys: if self.keys_given { "given" } else { "database" }.to_owned(),
            sound: first_bad_position.is_none(),
            first_bad_position,
            findings: self.findings,
        }
    }
}
