//! What subscriptions share: each read model that is followed is read once for all who follow it.
//!
//! A feed has one reader for as long as somebody follows. It reads when the read model has moved (the tide says so, within
//! moments of the commit, whichever process did it), takes what changed into its board in memory, and wakes those who
//! follow. Each of them looks at the board, which holds the latest state and no queue: who comes late finds what changed
//! meanwhile, once. So memory is bounded by what there is to know, not by who is slow or by how much happened.

mod lag;
mod profiles;
mod records;
mod roster;

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use access::Principal;
use async_graphql::Error;
use event_store::log::LogName;
use futures::Stream;
use sqlx::PgConnection;
use tokio::sync::watch;
use tokio::time::Instant;

pub(crate) use self::lag::Lag;
pub(crate) use self::profiles::{Profiles, View};
pub(crate) use self::records::{Followed, Records};
pub(crate) use self::roster::RosterBoard;
use crate::error::QueryError;
use crate::freshness::Tide;
use crate::position::LogPosition;
use crate::snapshot::SnapshotSource;

/// How long to wait before a database is asked again that failed.
const BACK_OFF: Duration = Duration::from_secs(1);
/// Shortest time between two messages of one subscription.
const PACE: Duration = Duration::from_millis(10);
/// The same grows by this with each subscription that has something to tell at the time: all together tell some 5,000 messages a
/// second at most, and the more there are the more each message holds.
const PACE_OF_EACH: Duration = Duration::from_micros(200);
/// It does not grow beyond this.
const SLOWEST_PACE: Duration = Duration::from_secs(1);
/// A subscription that has told nothing for so long does not slow others down.
const QUIET: Duration = Duration::from_secs(2);
/// A reader rests so many times as long as it has read: however many follow, it takes a fifth of a connection's time.
const REST: u32 = 4;

/// What a feed holds of a read model.
pub(crate) trait Board: Default + Send + Sync + 'static {
    /// What is to be read.
    type Asked: Send + 'static;
    /// What was read.
    type News: Send + 'static;
    /// Shortest time between two readings.
    const REST: Duration = Duration::from_millis(5);

    /// Whether the read model is elsewhere than the board.
    fn is_behind(&self, tide: &Tide) -> bool;

    /// What is to be read now.
    fn asks(&self) -> Self::Asked;

    /// Reads it, in a snapshot of its own.
    fn read(
        asked: Self::Asked,
        connection: &mut PgConnection,
    ) -> impl Future<Output = Result<Self::News, QueryError>> + Send;

    /// Takes it in; whether there is something in it for those who follow.
    fn take_in(&mut self, news: Self::News) -> bool;
}

/// The board as those who follow see it.
#[derive(Default)]
pub(crate) struct Held<B> {
    pub(crate) board: B,
    /// Whether it has been read.
    is_read: bool,
    /// Why it is read no more.
    fault: Option<Arc<QueryError>>,
}

/// All feeds of a process.
#[derive(Default)]
pub(crate) struct Feeds {
    pub(crate) roster: Arc<Feed<RosterBoard>>,
    pub(crate) records: Arc<Feed<Records>>,
    pub(crate) lag: Arc<Feed<Lag>>,
    pub(crate) profiles: Profiles,
    /// Subscriptions that have something to tell at the time.
    active: Arc<AtomicU32>,
}

/// A read model that is followed, or could be.
pub(crate) struct Feed<B> {
    /// Where its reader tells, while there is one. The reader alone keeps it: where that ends, those who follow notice.
    reader: Mutex<Weak<watch::Sender<Held<B>>>>,
}

impl<B> Default for Feed<B> {
    fn default() -> Self {
        Self { reader: Mutex::default() }
    }
}

impl<B: Board> Feed<B> {
    /// Follows it; the first who does starts the reader.
    pub(crate) fn follow(self: &Arc<Self>, source: &SnapshotSource) -> watch::Receiver<Held<B>> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = reader.upgrade() {
            let mut held = sender.subscribe();
            held.mark_changed();
            return held;
        }
        let (sender, held) = watch::channel(Held::default());
        let sender = Arc::new(sender);
        *reader = Arc::downgrade(&sender);
        tokio::spawn(read_on(Arc::clone(self), sender, source.clone()));
        held
    }

    /// Lets the reader end where nobody follows; whoever comes next starts another.
    fn ends_unfollowed(&self, sender: &watch::Sender<Held<B>>) -> bool {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let unfollowed = sender.is_closed();
        if unfollowed {
            *reader = Weak::new();
        }
        unfollowed
    }

    /// Ends it with what is wrong: that is told to all who follow, and who comes next begins anew.
    fn ends_with(&self, sender: &watch::Sender<Held<B>>, error: QueryError) {
        *self.reader.lock().unwrap_or_else(PoisonError::into_inner) = Weak::new();
        sender.send_modify(|held| held.fault = Some(Arc::new(error)));
    }
}

async fn read_on<B: Board>(feed: Arc<Feed<B>>, sender: Arc<watch::Sender<Held<B>>>, source: SnapshotSource) {
    let mut tide = source.freshness.watch();
    tide.mark_changed();
    loop {
        tokio::select! {
            changed = tide.changed() => if changed.is_err() { return },
            () = sender.closed() => {
                if feed.ends_unfollowed(&sender) {
                    return;
                }
                continue;
            }
        }
        let now = Arc::clone(&tide.borrow_and_update());
        let asked = {
            let held = sender.borrow();
            let wanted = now.generation(LogName::REGISTER) != 0 && (!held.is_read || held.board.is_behind(&now));
            wanted.then(|| held.board.asks())
        };
        let Some(asked) = asked else { continue };
        let begun = Instant::now();
        match read::<B>(&source, asked).await {
            Ok(news) => {
                sender.send_if_modified(|held| {
                    let first = !std::mem::replace(&mut held.is_read, true);
                    held.board.take_in(news) || first
                });
                tokio::time::sleep((begun.elapsed() * REST).max(B::REST)).await;
            }
            Err(error) if is_passing(&error) => {
                tracing::debug!(%error, "what subscriptions follow could not be read; trying again");
                tokio::time::sleep(BACK_OFF).await;
                tide.mark_changed();
            }
            Err(error) => return feed.ends_with(&sender, error),
        }
    }
}

async fn read<B: Board>(source: &SnapshotSource, asked: B::Asked) -> Result<B::News, QueryError> {
    let snapshot = source.snapshot(None)?;
    let news = async { B::read(asked, &mut *snapshot.read().await?).await };
    let news = news.await;
    snapshot.end().await;
    news
}

fn is_passing(error: &QueryError) -> bool {
    matches!(error, QueryError::Unavailable(_) | QueryError::Away | QueryError::Timeout { .. })
}

/// One subscription: what it has told, and what it tells next.
pub(crate) trait Follower: Send + 'static {
    /// What it follows.
    type Board: Board;
    /// What it tells.
    type Message: Send + 'static;

    /// Looks at what there is; nothing where none of it is news.
    fn look(
        &mut self,
        held: &mut watch::Receiver<Held<Self::Board>>,
    ) -> impl Future<Output = Result<Option<Self::Message>, QueryError>> + Send;

    /// Up to where in the register a message tells; none where it shows nothing but what is followed.
    fn told(message: &Self::Message) -> Option<LogPosition>;
}

/// What a follower tells: it looks at once and then whenever the board has changed and its pace lets it. Passing failures of the
/// database are waited out; another error is told and ends the stream. `shown` are the read models that messages show something of.
pub(crate) fn messages<F: Follower>(
    source: SnapshotSource,
    caller: Principal,
    shown: Vec<&'static str>,
    held: watch::Receiver<Held<F::Board>>,
    follower: F,
) -> impl Stream<Item = Result<F::Message, Error>> + Send + 'static {
    let activity = Activity { all: Arc::clone(&source.feeds.active), last: None };
    let begun = Following { source, caller, shown, held, follower, activity, next: Instant::now(), ended: false };
    futures::stream::unfold(begun, |mut following| async move {
        if following.ended {
            return None;
        }
        let message = following.next_message().await?;
        following.ended = message.is_err();
        Some((message.map_err(Error::from), following))
    })
}

struct Following<F: Follower> {
    source: SnapshotSource,
    caller: Principal,
    shown: Vec<&'static str>,
    held: watch::Receiver<Held<F::Board>>,
    follower: F,
    activity: Activity,
    /// It does not look again before.
    next: Instant,
    ended: bool,
}

impl<F: Follower> Following<F> {
    /// None where the feed is gone.
    async fn next_message(&mut self) -> Option<Result<F::Message, QueryError>> {
        loop {
            tokio::time::sleep_until(self.next).await;
            self.held.changed().await.ok()?;
            match self.look().await {
                Ok(message) => {
                    self.activity.note(message.is_some());
                    self.next = Instant::now() + self.activity.pace();
                    if let Some(message) = message {
                        if let Some(told) = F::told(&message) {
                            self.source.freshness.keep_up(&self.shown, told).await;
                        }
                        return Some(Ok(message));
                    }
                }
                Err(error) if is_passing(&error) => {
                    self.next = Instant::now() + BACK_OFF;
                    self.held.mark_changed();
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }

    async fn look(&mut self) -> Result<Option<F::Message>, QueryError> {
        let (is_read, fault) = {
            let held = self.held.borrow();
            (held.is_read, held.fault.clone())
        };
        if let Some(fault) = fault {
            return Err(QueryError::Shared(fault));
        }
        if !is_read {
            return Ok(None);
        }
        // Whoever does not go on while the database is away is told nothing of what is in memory either.
        self.source.databases.choose(Some(&self.caller))?;
        self.follower.look(&mut self.held).await
    }
}

/// Whether a subscription has something to tell at the time, counted among all that have.
struct Activity {
    all: Arc<AtomicU32>,
    /// When it told something last, where that is not long ago.
    last: Option<Instant>,
}

impl Activity {
    fn note(&mut self, tells: bool) {
        if tells {
            if self.last.replace(Instant::now()).is_none() {
                self.all.fetch_add(1, Ordering::Relaxed);
            }
        } else if self.last.is_some_and(|last| last.elapsed() > QUIET) {
            self.rests();
        }
    }

    fn rests(&mut self) {
        if self.last.take().is_some() {
            self.all.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn pace(&self) -> Duration {
        (PACE + PACE_OF_EACH * self.all.load(Ordering::Relaxed)).min(SLOWEST_PACE)
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        self.rests();
    }
}
