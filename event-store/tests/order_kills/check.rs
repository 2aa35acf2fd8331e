//! Holding the whole log against what the writers and readers wrote down.

use std::collections::HashMap;
use std::path::Path;

use domain::RecordedEvent as _;
use domain::emergency_card::CardEvent;
use event_store::log::{Head, LogPosition, StoredEvent};
use event_store::tree::{Hash, node_hash};
use uuid::Uuid;

use crate::orders::{Act, Order};
use crate::reader::Seen;
use crate::support::Store;
use crate::support::counter::CounterEvent;
use crate::writer::{Known, known};

/// Root of a Merkle tree, computed another way than the store does: complete subtrees with their heights, the smallest last.
#[derive(Default)]
struct Tree(Vec<(u32, Hash)>);

impl Tree {
    fn push(&mut self, leaf: Hash) {
        let (mut height, mut hash) = (0, leaf);
        while let Some((_, left)) = self.0.pop_if(|(below, _)| *below == height) {
            hash = node_hash(&left, &hash);
            height += 1;
        }
        self.0.push((height, hash));
    }

    fn root(mut self) -> Hash {
        let (_, mut root) = self.0.pop().expect("a log with events");
        while let Some((_, left)) = self.0.pop() {
            root = node_hash(&left, &root);
        }
        root
    }
}

/// The log, gone through from its first event to its last.
struct Pass {
    log: Head,
    seen: Seen,
    tree: Tree,
    /// Last sequence of each stream.
    streams: HashMap<Uuid, u64>,
    /// Year and ordinal of the last card number.
    card: (i32, u64),
    /// The command whose events come now, and what of it is still to come, the next last.
    coming: (Option<Order>, Vec<Act>),
    /// For each writer and command the position of its last event; 0 where it has none.
    last_events: Vec<Vec<u32>>,
    commands: usize,
    cards: usize,
}

impl Pass {
    fn event(&mut self, event: &StoredEvent) {
        let leaf = self.seen.take(event, &self.log);
        self.tree.push(leaf);
        let sequence = self.streams.entry(event.aggregate_id).or_default();
        *sequence += 1;
        assert_eq!(event.sequence, *sequence, "{}: the stream has a hole", event.position);

        let command_id = &event.metadata_map().unwrap()["command_id"];
        let order = Order::with_id(Uuid::parse_str(command_id).unwrap());
        let (current, acts) = &mut self.coming;
        if acts.is_empty() {
            assert!(!order.is_refused(), "{order:?} was refused and has an event");
            *current = Some(order);
            *acts = order.acts();
            acts.reverse();
            self.commands += 1;
        }
        assert_eq!(*current, Some(order), "{}: a command's events are not together", event.position);
        let act = acts.pop().expect("an order has a part for each of its events");
        if acts.is_empty() {
            self.whole(order, event.position);
        }
        self.as_asked(act, event);
    }

    fn whole(&mut self, order: Order, position: LogPosition) {
        let last_events = &mut self.last_events[order.writer as usize];
        let n = order.n as usize;
        if last_events.len() <= n {
            last_events.resize(n + 1, 0);
        }
        assert_eq!(last_events[n], 0, "{order:?} took effect twice, the second time at {position}");
        last_events[n] = u32::try_from(position.get()).unwrap();
    }

    fn as_asked(&mut self, act: Act, event: &StoredEvent) {
        match act {
            Act::Add { counter, n } => {
                assert_eq!(event.aggregate_id, counter);
                assert_eq!(event.decode::<CounterEvent>().unwrap(), CounterEvent::added(n));
            }
            Act::Call { card } => {
                assert_eq!(event.aggregate_id, card);
                let number = event.decode::<CardEvent>().unwrap().taken_number().expect("a call takes a number");
                let (year, last) = self.card;
                let expected = if number.year == year { last + 1 } else { 1 };
                assert!(number.year >= year && number.ordinal == expected, "numbers have a hole before {number:?}");
                self.card = (number.year, number.ordinal);
                self.cards += 1;
            }
        }
    }
}

/// What was counted.
#[derive(Debug, Default)]
#[allow(dead_code, reason = "they are shown")]
pub(crate) struct Counts {
    pub(crate) events: u64,
    pub(crate) commands: usize,
    pub(crate) streams: usize,
    pub(crate) card_numbers: usize,
    pub(crate) answered: usize,
    pub(crate) refused: usize,
    pub(crate) never_answered_and_there: usize,
    pub(crate) never_answered_and_not_there: usize,
    /// Root of the tree.
    pub(crate) root: String,
}

/// Goes through the whole log. `progress`: what readers wrote down on their way, in order.
pub(crate) async fn check(store: &Store, folder: &Path, writers: u64, progress: &[Seen]) -> Counts {
    let reader = store.reader();
    let mut pass = Pass {
        log: reader.head().await.unwrap(),
        seen: Seen::NOTHING,
        tree: Tree::default(),
        streams: HashMap::new(),
        card: (0, 0),
        coming: (None, Vec::new()),
        last_events: vec![Vec::new(); writers as usize],
        commands: 0,
        cards: 0,
    };
    let mut progress = progress.iter().peekable();
    loop {
        let page = reader.page(pass.seen.position, 2_000).await.unwrap();
        if page.is_empty() {
            break;
        }
        for event in &page {
            pass.event(event);
            while let Some(seen) = progress.next_if(|seen| seen.position <= event.position) {
                assert_eq!(*seen, pass.seen, "a reader saw another log, or the same part twice");
            }
        }
    }
    assert_eq!(progress.next(), None, "a reader saw more than there is");
    assert_eq!(pass.seen.position, pass.log.position, "the log ends where its head says");
    assert!(pass.coming.1.is_empty(), "a part of the last command is missing");
    let mut counts = Counts {
        events: pass.seen.position.get(),
        commands: pass.commands,
        streams: pass.streams.len(),
        card_numbers: pass.cards,
        root: pass.tree.root().iter().map(|byte| format!("{byte:02x}")).collect(),
        ..Counts::default()
    };
    for (writer, last_events) in (0..).zip(&pass.last_events) {
        against_journal(&known(folder, writer), last_events, writer, &mut counts);
    }
    counts
}

/// What was answered is there where it was said to be; what was not, is there or not; and there is nothing that nobody asked for.
fn against_journal(known: &[Known], last_events: &[u32], writer: u64, counts: &mut Counts) {
    assert!(last_events.len() <= known.len(), "writer {writer}: there is a command that it never asked for");
    for (n, known) in known.iter().enumerate() {
        let there = u64::from(last_events.get(n).copied().unwrap_or(0));
        match *known {
            Known::Answered { position } => {
                assert_eq!(there, position, "command {n} of writer {writer} is not where it was told");
                counts.answered += 1;
            }
            Known::Refused => counts.refused += 1,
            Known::Unanswered if there > 0 => counts.never_answered_and_there += 1,
            Known::Unanswered => counts.never_answered_and_not_there += 1,
            Known::NeverAsked => assert_eq!(there, 0, "nobody asked for command {n} of writer {writer}"),
        }
    }
}
