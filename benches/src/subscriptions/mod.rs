//! What a change of the roster takes to those who follow it: 500 units report once in 5 s over gRPC, where they are or what they do, and
//! 50 or 500 subscribers follow over graphql-transport-ws; beside a bare broadcast of as many bytes to as many sockets, and beside what was
//! asked for. The clock runs from the answer to the report, which is given when it is durable, to its being read by the subscriber.

mod broadcast;
mod socket;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use access::{Institution, Principal, Purpose, Role};
use anyhow::Context as _;
use event_store::private_pg::{Options, PrivatePg};
use hdrhistogram::Histogram;
use proto::command::v1 as pb;
use proto::command::v1::unit_service_client::UnitServiceClient;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;
use vnr::compose::{Running, System};
use vnr::settings::Settings;

use self::broadcast::Broadcast;
use self::socket::{Place, Socket};
use crate::foreign::CpuTimes;
use crate::report::{Figure, Wanted};
use crate::rounds::{Rounds, Turn};

/// Units that report.
const UNITS: u64 = 500;
/// How often each does.
const EVERY: Duration = Duration::from_secs(5);
/// Subscribers, and what 99 of 100 changes may take to one at most, in milliseconds.
const SUBSCRIBERS: [(usize, f64); 2] = [(50, 100.0), (500, 250.0)];
/// How long stragglers are waited for.
const SETTLE: Duration = Duration::from_secs(2);
/// What a dispatcher's map follows.
const FOLLOW: &str = "subscription { rosterChanged { position tracksPosition units { \
                      callSign status statusSince position { at point { latitude longitude } } } } }";

type Units = UnitServiceClient<Channel>;

/// Measures how long changes take to subscribers.
///
/// # Errors
/// When a server or the database can't be started, or a subscriber was not told of a change.
pub async fn measure(length: Duration, say: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Figure>> {
    let folder = std::env::temp_dir().join(format!("vnr-bench-{}", std::process::id()));
    let pg = PrivatePg::start(Options::new(folder.join("pg"))).await?;
    let measured = measure_on(&pg, &folder, length.max(EVERY), say).await;
    pg.stop().await;
    std::fs::remove_dir_all(&folder)?;
    measured
}

async fn measure_on(
    pg: &PrivatePg,
    folder: &std::path::Path,
    length: Duration,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<Vec<Figure>> {
    let mut settings = Settings::in_folder(folder);
    settings.database_url = Some(pg.app_url());
    settings.database_owner_url = Some(pg.owner_url());
    let system = System::start(settings).await?;
    let cad = token(&system, "cad", Role::System, Purpose::Operation)?;
    let reporting = Reporting { units: units(&system).await?, token: cad };
    say(&format!("registering {UNITS} units"));
    reporting.register().await?;
    let graphql = system.http_addr().context("GraphQL is part of it")?;
    let dispatcher = token(&system, "bench", Role::Dispatcher, Purpose::Response)?;

    let mut figures = Vec::new();
    for (subscribers, asked) in SUBSCRIBERS {
        let mut rounds = Rounds::of(format!("subscriptions, {subscribers} at once"));
        while rounds.more(say) {
            let following = Following::open(graphql, Some(&dispatcher), subscribers).await?;
            let ours = following.told_of(length, reporting.report_for(length)).await?;
            let peer = Broadcast::start(ours.bytes_of_change).await?;
            let following = Following::open(peer.address(), None, subscribers).await?;
            let bare = following.told_of(length, peer.send_for(length)).await?;
            rounds.push([ours, bare]);
        }
        let [ours, bare] = rounds.medians()?;
        anyhow::ensure!(ours.missed == 0, "{} changes did not get to a subscriber", ours.missed);
        let foreign = ours.foreign_cpu.max(bare.foreign_cpu);
        let name = |what: &str| format!("subscribe_{subscribers}{what}");
        let beside = |what, unit, ours, bare| Figure::against(name(what), unit, ours, "broadcast", bare, foreign);
        figures.push(beside("_messages", "messages/s", ours.messages, bare.messages));
        figures.push(beside("_p50", "ms", ours.p50, bare.p50));
        figures.push(beside("_p99", "ms", ours.p99, bare.p99));
        let wanted = Figure::against(name("_p99_wanted"), "ms", ours.p99, "asked-for", asked, foreign);
        figures.push(wanted.wanted(Wanted::AtMost(1.0)));
    }
    system.stop().await;
    Ok(figures)
}

/// What was told, and when it was durable.
#[derive(Debug, Clone, Copy)]
struct Change {
    place: Place,
    at: Instant,
}

/// How long changes took to subscribers in one turn.
#[derive(Debug, Clone)]
struct Told {
    p50: f64,
    p99: f64,
    /// Messages to all subscribers in a second.
    messages: f64,
    /// Changes that did not get to a subscriber, of all to each.
    missed: u64,
    /// Bytes that a subscriber read for each change.
    bytes_of_change: usize,
    foreign_cpu: f64,
}

impl Turn for Told {
    /// What the turns are ranked by is the slowest of hundred: how many such, one after the other, a second has.
    fn rate(&self) -> f64 {
        1_000.0 / self.p99.max(0.001)
    }

    fn foreign_cpu(&self) -> f64 {
        self.foreign_cpu
    }
}

/// What one subscriber heard: up to where each message told, when it was read.
#[derive(Default)]
struct Heard {
    messages: Vec<(Place, Instant)>,
    bytes: usize,
}

/// Subscribers that have the first message.
struct Following {
    listening: JoinSet<anyhow::Result<Heard>>,
    stop: watch::Sender<bool>,
}

impl Following {
    async fn open(address: SocketAddr, token: Option<&str>, subscribers: usize) -> anyhow::Result<Following> {
        let (stop, stopped) = watch::channel(false);
        let (ready, mut readied) = mpsc::channel(1);
        let mut listening = JoinSet::new();
        for _ in 0..subscribers {
            let mut socket = Socket::open(address).await?;
            if let Some(token) = token {
                socket.follow(token, FOLLOW).await?;
            }
            listening.spawn(listen(socket, ready.clone(), stopped.clone()));
        }
        for _ in 0..subscribers {
            let first = tokio::time::timeout(Duration::from_secs(60), readied.recv()).await;
            first.ok().flatten().context("a subscriber was told nothing")?;
        }
        Ok(Following { listening, stop })
    }

    /// Lets changes be made, and says how long they took.
    async fn told_of(
        mut self,
        length: Duration,
        changes: impl Future<Output = anyhow::Result<Vec<Change>>>,
    ) -> anyhow::Result<Told> {
        let before = CpuTimes::now();
        let begun = Instant::now();
        let changes = changes.await?;
        let foreign_cpu = before.foreign_cores(CpuTimes::now(), begun.elapsed().as_secs_f64());
        tokio::time::sleep(SETTLE).await;
        self.stop.send_replace(true);
        let mut heard = Vec::new();
        while let Some(listened) = self.listening.join_next().await {
            heard.push(listened??);
        }
        told(&heard, changes, length, foreign_cpu)
    }
}

/// Reads messages until it is stopped; says when the first is there, which is the present state and no change.
async fn listen(
    mut socket: Socket,
    ready: mpsc::Sender<()>,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<Heard> {
    let mut heard = Heard::default();
    let mut is_first = true;
    loop {
        let message = tokio::select! {
            message = socket.next() => message?,
            _ = stopped.wait_for(|stop| *stop) => return Ok(heard),
        };
        let Some(place) = Place::of(message) else { continue };
        if std::mem::take(&mut is_first) {
            ready.send(()).await?;
            continue;
        }
        heard.bytes += message.len();
        heard.messages.push((place, Instant::now()));
    }
}

fn told(heard: &[Heard], mut changes: Vec<Change>, length: Duration, foreign_cpu: f64) -> anyhow::Result<Told> {
    // Microseconds, to three digits, up to a minute.
    let mut times = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
    let mut missed = 0;
    // Places of two logs, each in its own order.
    changes.sort_by_key(|change| (change.place.register, change.place.tracks));
    for subscriber in heard {
        for log in [Place::in_register, Place::in_tracks] {
            let mut messages = subscriber.messages.iter().peekable();
            for change in changes.iter().filter(|change| log(&change.place) > 0) {
                while messages.next_if(|(upto, _)| log(upto) < log(&change.place)).is_some() {}
                match messages.peek() {
                    // It may be read before the answer to the report is.
                    Some((_, read)) => {
                        times.saturating_record(read.saturating_duration_since(change.at).as_micros() as u64);
                    }
                    None => missed += 1,
                }
            }
        }
    }
    let messages: usize = heard.iter().map(|heard| heard.messages.len()).sum();
    let bytes: usize = heard.iter().map(|heard| heard.bytes).sum();
    let milliseconds = |quantile| times.value_at_quantile(quantile) as f64 / 1_000.0;
    Ok(Told {
        p50: milliseconds(0.5),
        p99: milliseconds(0.99),
        messages: messages as f64 / length.as_secs_f64(),
        missed,
        bytes_of_change: bytes / (heard.len() * changes.len()).max(1),
        foreign_cpu,
    })
}

/// Lets so many things be done in a time, evenly, however long each takes: an open loop.
async fn evenly<F>(length: Duration, mut spawn: F)
where
    F: FnMut(u64),
{
    let each = EVERY / UNITS as u32;
    let mut ticks = tokio::time::interval(each);
    for n in 0..(length.as_nanos() / each.as_nanos()) as u64 {
        ticks.tick().await;
        spawn(n);
    }
}

/// Who reports for the units.
#[derive(Clone)]
struct Reporting {
    units: Units,
    token: String,
}

impl Reporting {
    async fn register(&self) -> anyhow::Result<()> {
        let mut units = self.units.clone();
        for n in 0..UNITS {
            let register = pb::RegisterUnit {
                envelope: envelope(),
                institution: "VUGD".to_owned(),
                call_sign: call_sign(n),
                kind: pb::UnitKind::FireEngine as i32,
                ..Default::default()
            };
            units.register_unit(self.request(register)?).await?;
            units.start_duty(self.request(pb::StartDuty { envelope: envelope(), unit: unit(n) })?).await?;
            self.clone().position(n).await?;
        }
        Ok(())
    }

    /// All units report in turn.
    async fn report_for(&self, length: Duration) -> anyhow::Result<Vec<Change>> {
        let mut reports = JoinSet::new();
        evenly(length, |n| {
            let reporting = self.clone();
            reports.spawn(async move {
                // Every other time where it is, so that over two turns each says both.
                if (n + n / UNITS).is_multiple_of(2) { reporting.status(n).await } else { reporting.position(n).await }
            });
        })
        .await;
        let mut changes = Vec::new();
        while let Some(report) = reports.join_next().await {
            changes.push(report??);
        }
        Ok(changes)
    }

    async fn status(mut self, n: u64) -> anyhow::Result<Change> {
        let status =
            if chrono::Utc::now().timestamp() % 2 == 0 { pb::UnitStatus::EnRoute } else { pb::UnitStatus::OnScene };
        let report =
            pb::ReportUnitStatus { envelope: envelope(), unit: unit(n), status: status as i32, ..Default::default() };
        let reply = self.units.report_unit_status(self.request(report)?).await?;
        let (at, position) = (Instant::now(), place(reply)?);
        Ok(Change { place: Place { register: position, tracks: 0 }, at })
    }

    async fn position(mut self, n: u64) -> anyhow::Result<Change> {
        let latitude_e6 = 56_900_000 + i32::try_from(n % 100_000)?;
        let point = Some(pb::GeoPoint { latitude_e6, longitude_e6: 24_100_000 });
        let point = pb::TrackPoint { at: chrono::Utc::now().to_rfc3339(), point, ..Default::default() };
        let report = pb::ReportPosition { envelope: envelope(), unit: unit(n), points: vec![point] };
        let reply = self.units.report_position(self.request(report)?).await?;
        let (at, position) = (Instant::now(), place(reply)?);
        Ok(Change { place: Place { register: 0, tracks: position }, at })
    }

    fn request<T>(&self, message: T) -> anyhow::Result<tonic::Request<T>> {
        let mut request = tonic::Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {}", self.token).parse()?);
        request.metadata_mut().insert("vnr-reference", "BENCH-1".parse()?);
        Ok(request)
    }
}

/// Where what was reported stands in its log.
fn place(reply: tonic::Response<pb::CommandReply>) -> anyhow::Result<u64> {
    Ok(reply.into_inner().position.context("a reply has a position")?.position)
}

async fn units(system: &Running) -> anyhow::Result<Units> {
    let address = system.grpc_addr().context("gRPC is part of it")?;
    let channel = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true).connect().await?;
    Ok(UnitServiceClient::new(channel))
}

fn call_sign(n: u64) -> String {
    format!("B{}", n % UNITS)
}

fn unit(n: u64) -> Option<pb::UnitRef> {
    let call_sign = pb::CallSign { call_sign: call_sign(n), institution: "VUGD".to_owned() };
    Some(pb::UnitRef { by: Some(pb::unit_ref::By::CallSign(call_sign)) })
}

fn envelope() -> Option<pb::Envelope> {
    Some(pb::Envelope {
        command_id: Uuid::now_v7().to_string(),
        occurred_at: chrono::Utc::now().to_rfc3339(),
        ..Default::default()
    })
}

fn token(system: &Running, user: &str, role: Role, purpose: Purpose) -> anyhow::Result<String> {
    let institution = Institution::parse("VUGD").map_err(anyhow::Error::msg)?;
    let until = chrono::Utc::now() + chrono::TimeDelta::hours(2);
    let mut who = Principal::new(user, institution, vec![role], purpose, until);
    who.reference = Some(access::Reference::parse("BENCH-1").map_err(anyhow::Error::msg)?);
    Ok(system.issuer().context("it is for development")?.issue(&who)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(register: u64, tracks: u64) -> Place {
        Place { register, tracks }
    }

    #[test]
    fn a_change_took_until_the_first_message_that_tells_up_to_it() {
        let begun = Instant::now();
        let after = |ms| begun + Duration::from_millis(ms);
        let changes = vec![
            Change { place: at(11, 0), at: after(0) },
            Change { place: at(0, 5), at: after(10) },
            Change { place: at(12, 0), at: after(20) },
        ];
        let heard = Heard { messages: vec![(at(10, 5), after(30)), (at(12, 5), after(40))], bytes: 300 };
        let told = told(&[heard], changes, Duration::from_secs(1), 0.0).unwrap();
        // 40, 20 and 20 ms.
        assert!((told.p50 - 20.0).abs() < 0.1 && (told.p99 - 40.0).abs() < 0.1, "{told:?}");
        assert_eq!((told.missed, told.bytes_of_change), (0, 100));
    }

    #[test]
    fn what_nobody_heard_of_is_missed() {
        let changes = vec![Change { place: at(3, 0), at: Instant::now() }];
        assert_eq!(told(&[Heard::default()], changes, Duration::from_secs(1), 0.0).unwrap().missed, 1);
    }
}
