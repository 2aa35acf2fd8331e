//! A nation's log, written at once: how fast, in how much memory and on how much disk, and what ten years of it would take.

use std::path::Path;
use std::time::Instant;

use event_store::log::LogName;
use event_store::private_pg::{Options, PrivatePg};
use event_store::verify::{Options as Verifying, verify_with};
use nation::Nation;
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Row as _};
use vnr::generate::{Copied, write_at_once};
use vnr::settings::Settings;

use crate::foreign::CpuTimes;
use crate::memory::Memory;
use crate::report::{Figure, Wanted};

/// Events of the register that a day of the whole nation comes to, nearly.
const A_DAY: u64 = 25_500;
/// So many of its events are written once more as a plain table: all of them would need the disk twice.
const PLAIN: u64 = 1_000_000;
/// What is asked for, events a second.
const ASKED: f64 = 60_000.0;

/// Measures on one PostgreSQL with fsync on, with so many events or somewhat more.
///
/// # Errors
/// When a server can't be started, or the log that was written is not sound.
pub async fn measure(events: u64, say: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Figure>> {
    let days = u32::try_from(events.div_ceil(A_DAY))?;
    // A shorter one first, for its memory.
    let few = in_folder((days / 10).max(1), say).await?;
    let all = in_folder(days, say).await?;
    let share = 3_653.0 / f64::from(days);
    say(&format!(
        "ten years of the register: {:.0} million events, {:.0} GiB, {:.1} hours to write, {:.1} to verify",
        all.events as f64 * share / 1e6,
        all.bytes * share / f64::from(1 << 30),
        all.seconds * share / 3_600.0,
        all.verifying * share / 3_600.0
    ));
    let name = |what: &str| format!("nation_{:.1}M_{what}", all.events as f64 / 1e6);
    let rate = all.events as f64 / all.seconds;
    let figures = [
        Figure::against(name("written"), "events/s", rate, "asked-for", ASKED, all.foreign)
            .wanted(Wanted::AtLeast(1.0)),
        Figure::against(name("written"), "events/s", rate, "create-table-as", all.plain, all.foreign),
        Figure::against(name("verified"), "events/s", all.events as f64 / all.verifying, "written", rate, all.foreign),
        Figure::against(name("memory"), "MiB", all.memory, "a-tenth-of-the-days", few.memory, 0.0)
            .wanted(Wanted::AtMost(1.5)),
        Figure::against(name("disk"), "B/event", all.bytes / all.events as f64, "its-events-alone", all.row, 0.0),
    ];
    Ok(figures.into())
}

/// What was measured with so many days.
struct Measured {
    events: u64,
    seconds: f64,
    foreign: f64,
    /// The most that this process took, MiB.
    memory: f64,
    /// On disk, journal not included.
    bytes: f64,
    /// Bytes of an event's texts and hashes, on average.
    row: f64,
    verifying: f64,
    /// Rows of events a second that PostgreSQL writes to itself, without an index.
    plain: f64,
}

async fn in_folder(days: u32, say: &mut dyn FnMut(&str)) -> anyhow::Result<Measured> {
    let folder = std::env::temp_dir().join(format!("vnr-bench-nation-{}", std::process::id()));
    say(&format!("writing {days} days of a nation"));
    let memory = Memory::reset();
    let before = CpuTimes::now();
    let nation = Nation::new(112, 1.0);
    let copied = write_at_once(&Settings::in_folder(&folder).simulated(), &nation, days).await?;
    let foreign = before.foreign_cores(CpuTimes::now(), copied.seconds);
    let memory = memory.map_or(f64::NAN, |memory| memory.since().peak);
    let measured = measure_on(&folder, &copied, say).await;
    std::fs::remove_dir_all(&folder)?;
    measured.map(|measured| Measured { foreign, memory, ..measured })
}

async fn measure_on(folder: &Path, copied: &Copied, say: &mut dyn FnMut(&str)) -> anyhow::Result<Measured> {
    let pg = PrivatePg::start(Options::new(folder)).await?;
    let app = PgPoolOptions::new().max_connections(8).connect(&pg.app_url()).await?;
    let owner = PgPoolOptions::new().max_connections(2).connect(&pg.owner_url()).await?;
    let measured = measure_log(&app, &owner, copied, say).await;
    app.close().await;
    owner.close().await;
    pg.stop().await;
    measured
}

async fn measure_log(
    app: &PgPool,
    owner: &PgPool,
    copied: &Copied,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<Measured> {
    let sizes = sqlx::query(
        "select (select sum(pg_total_relation_size(c.oid))::float8 from pg_class c
                 where c.relnamespace = 'register'::regnamespace and c.relkind = 'r') as bytes,
                (select avg(length(payload::text) + length(metadata::text) + 100)::float8
                 from register.events tablesample system (1)) as row",
    )
    .fetch_one(owner)
    .await?;
    say(&format!("verifying {} events", copied.events));
    let began = Instant::now();
    let verified = verify_with(app, LogName::REGISTER, &Verifying::default(), &mut |_, _| {}).await?;
    let verifying = began.elapsed().as_secs_f64();
    anyhow::ensure!(verified.sound && verified.root == copied.root, "what was written is not sound: {verified:?}");
    let plain_events = copied.events.min(PLAIN);
    say(&format!("writing {plain_events} of its events once more, as a plain table"));
    let began = Instant::now();
    let sql = format!("create table plain as select * from register.events where position <= {plain_events}");
    sqlx::query(&sql).execute(owner).await?;
    let plain = plain_events as f64 / began.elapsed().as_secs_f64();
    Ok(Measured {
        events: copied.events,
        seconds: copied.seconds,
        foreign: 0.0,
        memory: 0.0,
        bytes: sizes.try_get("bytes")?,
        row: sizes.try_get("row")?,
        verifying,
        plain,
    })
}
