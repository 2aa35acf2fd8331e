//! Shifts of stations (ierindas ziņas), and whether enough units are free while they are on duty.

use std::collections::BTreeMap;

use access::policy::{Action, RecordKind};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::access_day::DataScope;
use domain::roster_shift::{LineUp, Minimum, Relief, ShiftUnit};
use projections::roster::FreeUnits;
use projections::shifts::{self, ShiftRow};

use super::card::Card;
use super::common::{Date, id, uuid};
use super::fresh::fresh;
use super::paging::{self, Counted, Page, Paging, TimeKey, page};
use super::personal::PersonalText;
use super::terms::{ShiftState, UnitKind};
use super::unit::{Unit, UnitCrew};
use crate::error::QueryError;
use crate::lang::Lang;
use crate::loaders::Loading;
use crate::permits::{Guard, Permits};
use crate::position::LogPosition;
use crate::snapshot::Given;

/// What shifts are asked for; all conditions hold together.
#[derive(InputObject, Debug, Clone, Default, PartialEq)]
pub(crate) struct ShiftFilter {
    /// Of this institution.
    pub(crate) institution: Option<String>,
    /// Of this station.
    pub(crate) station: Option<String>,
    /// That begin on this day of Riga's calendar or later.
    pub(crate) from: Option<Date>,
    /// That begin on this day or earlier.
    pub(crate) until: Option<Date>,
    /// That are one of these.
    pub(crate) state: Option<Vec<ShiftState>>,
}

impl ShiftFilter {
    /// As the read model takes it.
    fn of_rows(self) -> shifts::ShiftFilter {
        shifts::ShiftFilter {
            institution: self.institution,
            station: self.station,
            from: self.from.map(|Date(day)| day),
            until: self.until.map(|Date(day)| day),
            states: self.state.unwrap_or_default().into_iter().map(|state| state.code().to_owned()).collect(),
            reached: Vec::new(),
        }
    }
}

#[derive(Default)]
pub(crate) struct ShiftQuery;

#[Object]
impl ShiftQuery {
    /// One shift of a station; null where there is none.
    async fn shift(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id, as the command's reply gave it.")] id: ID,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Option<Shift>, QueryError> {
        let Some(id) = uuid("id", Some(id))? else { return Ok(None) };
        fresh(ctx, min_position).await?;
        ctx.reach_any(Action::View, &[RecordKind::Unit]).await?;
        let permits = ctx.permits().await?;
        let row = ShiftRow::by_id(&mut *ctx.snapshot()?.read().await?, id).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(ctx.or_keeps_back(row.id, Shift::seen(permits, row)))
    }

    /// Shifts of stations (ierindas ziņas) that the caller may see, those that begin last first, page by page.
    #[allow(clippy::too_many_arguments, reason = "the arguments of the field")]
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn shifts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that all of this holds for.")] filter: Option<ShiftFilter>,
        #[graphql(desc = "Rows of the page, at most 200; 50 where it is left out.")] first: Option<i32>,
        #[graphql(desc = "Go on after this row: the `endCursor` of the page before.")] after: Option<String>,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Page<Shift>, QueryError> {
        let paging = Paging::of(first, after.as_deref())?;
        fresh(ctx, min_position).await?;
        let mut filter = filter.unwrap_or_default().of_rows();
        filter.reached.push(ctx.reach(Action::View, RecordKind::Unit).await?);
        let permits = ctx.permits().await?;
        let mut reading = ctx.snapshot()?.read().await?;
        let rows = ShiftRow::search(&mut reading, &filter, paging.keyset(), paging.rows_to_read()).await?;
        let rows = rows.into_iter().filter_map(|row| Shift::seen(permits, row)).collect();
        Ok(page(&paging, rows, |shift: &Shift| TimeKey::of(shift.row.keyset()), Counted::Shifts(filter)))
    }

    /// What the shifts on duty say has to be free, and how many units are free now: each line where fewer are is an alarm.
    #[graphql(complexity = "200 + 10 * child_complexity")]
    #[allow(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn coverage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only of this institution.")] institution: Option<String>,
        #[graphql(desc = "Only of this station.")] station: Option<String>,
        #[graphql(desc = "Only lines where fewer are free than have to be.", default = false)] breached_only: bool,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Vec<CoverageLine>, QueryError> {
        fresh(ctx, min_position).await?;
        let reached = vec![ctx.reach(Action::View, RecordKind::Unit).await?];
        let permits = ctx.permits().await?;
        let filter = shifts::ShiftFilter { institution, station, reached, ..shifts::ShiftFilter::default() };
        let mut reading = ctx.snapshot()?.read().await?;
        let shifts = ShiftRow::on_duty(&mut reading, &filter).await?;
        let free = Free::of(FreeUnits::now(&mut reading, &filter.reached).await?);
        let mut lines = Vec::new();
        for shift in shifts.into_iter().filter_map(|row| Shift::seen(permits, row)) {
            for minimum in &shift.row.minimum.0 {
                let line = CoverageLine::of(&shift.row, minimum, &free);
                lines.extend((line.breached || !breached_only).then_some(line));
            }
        }
        Ok(lines)
    }
}

/// How many units are free, by institution, kind and station.
struct Free(BTreeMap<(String, String), BTreeMap<Option<String>, i64>>);

impl Free {
    fn of(rows: Vec<FreeUnits>) -> Self {
        let mut free: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for FreeUnits { institution, station, kind, free: count } in rows {
            free.entry((institution, kind)).or_default().insert(station, count);
        }
        Self(free)
    }

    /// Those that count towards a line of a shift.
    fn towards(&self, shift: &ShiftRow, line: &Minimum) -> i64 {
        let Some(stations) = self.0.get(&(shift.institution.clone(), line.kind.code().to_owned())) else { return 0 };
        match line.of_institution {
            true => stations.values().sum(),
            false => stations.get(&Some(shift.station.clone())).copied().unwrap_or(0),
        }
    }
}

/// A line of what has to be free while a shift is on duty, and how many units are free now.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct CoverageLine {
    /// The shift that says so.
    shift: ID,
    /// Institution of the shift.
    institution: String,
    /// Station of the shift.
    station: String,
    /// What has to be free.
    kind: UnitKind,
    /// Whether units of all stations of the institution count together, and not those of this station alone.
    of_institution: bool,
    /// Fewest that have to be free.
    at_least: i32,
    /// How many are free now: could be sent, and are on no card.
    available: i64,
    /// Whether that is too few: an alarm.
    breached: bool,
}

impl CoverageLine {
    fn of(shift: &ShiftRow, line: &Minimum, free: &Free) -> Self {
        let available = free.towards(shift, line);
        let at_least = i32::from(line.at_least.get());
        Self {
            shift: id(shift.id),
            institution: shift.institution.clone(),
            station: shift.station.clone(),
            kind: line.kind.into(),
            of_institution: line.of_institution,
            at_least,
            available,
            breached: available < at_least.into(),
        }
    }
}

/// A shift of a station.
pub(crate) struct Shift {
    row: ShiftRow,
    guard: Guard,
}

impl Shift {
    /// The shift, where the caller may see it.
    pub(crate) fn seen(permits: &Permits, row: ShiftRow) -> Option<Self> {
        let guard = permits.of_shift(&row);
        guard.is_seen().then_some(Self { row, guard })
    }

    /// Whether its words are for the caller: what a shift leaves for the next is the institution's own.
    fn own(&self, ctx: &Context<'_>) -> Result<bool, QueryError> {
        Ok(ctx.caller()?.institution.as_str() == self.row.institution)
    }
}

/// A shift of a station (maiņa): who was to come, who came and in which units, and to whom it was handed over.
#[Object]
impl Shift {
    /// Its id.
    async fn id(&self) -> ID {
        id(self.row.id)
    }

    /// Institution whose station it is.
    async fn institution(&self) -> &str {
        &self.row.institution
    }

    /// The station.
    async fn station(&self) -> &str {
        &self.row.station
    }

    /// Day of Riga's calendar on which it begins.
    async fn date(&self) -> Date {
        Date(self.row.date)
    }

    /// Which of that day's, `day`, `night`.
    async fn name(&self) -> &str {
        &self.row.shift
    }

    /// How far it is.
    async fn state(&self) -> Result<ShiftState, QueryError> {
        ShiftState::of_code(&self.row.state)
    }

    /// How far it is, in words.
    async fn state_label(&self, ctx: &Context<'_>, lang: Option<Lang>) -> Result<&'static str, QueryError> {
        ShiftState::label_of(&self.row.state, ctx.lang(lang))
    }

    /// When it is to begin.
    async fn starts_at(&self) -> DateTime<Utc> {
        self.row.starts_at
    }

    /// When it is to end.
    async fn ends_at(&self) -> DateTime<Utc> {
        self.row.ends_at
    }

    /// How many people are to come.
    async fn strength_planned(&self) -> i32 {
        self.row.planned
    }

    /// How many people are there; null before it opens.
    async fn strength_present(&self) -> Option<i32> {
        self.row.present
    }

    /// How many people of the reserve were called.
    async fn reserve_called(&self) -> i32 {
        self.row.reserve
    }

    /// Service number of who commands it; null before it opens.
    async fn officer(&self) -> Option<&str> {
        self.row.officer.as_deref()
    }

    /// Units that are planned for it, as far as the caller may see them.
    #[graphql(complexity = "10 * child_complexity")]
    async fn planned_units(&self, ctx: &Context<'_>) -> Result<Vec<Unit>, QueryError> {
        let units = self.row.planned_units.iter().map(|unit| ctx.unit(Some(*unit)));
        Ok(futures::future::try_join_all(units).await?.into_iter().flatten().collect())
    }

    /// The units of the shift with their crews, as they were stated last.
    #[graphql(complexity = "10 * child_complexity")]
    async fn line_up(&self) -> Vec<ManningOfUnit> {
        ManningOfUnit::all(&self.row.line_up.0)
    }

    /// What has to be free while it is on duty, as it was planned; `coverage` says whether it is.
    async fn minimum(&self) -> Vec<MinimumOfShift> {
        self.row.minimum.iter().map(MinimumOfShift::of).collect()
    }

    /// Each call of the reserve, in order.
    async fn reserves(&self) -> Vec<ReserveCall> {
        let call = |call: &shifts::Reserve| ReserveCall {
            at: call.at,
            people: call.people,
            units: call.units.iter().map(|unit| id(*unit)).collect(),
        };
        self.row.reserves.iter().map(call).collect()
    }

    /// Who takes over from whom in long incidents, by card.
    #[graphql(complexity = "10 * child_complexity")]
    async fn rotations(&self) -> Vec<Rotation> {
        let rotations = self.row.rotations.iter();
        rotations.map(|(card, reliefs)| Rotation { card: *card, reliefs: reliefs.clone() }).collect()
    }

    /// The shift of the station before it, where the register knows one.
    async fn after(&self) -> Option<ID> {
        self.row.after.map(id)
    }

    /// The shift of the station after it.
    async fn next(&self) -> Option<ID> {
        self.row.next.map(id)
    }

    /// When it was opened.
    async fn opened_at(&self) -> Option<DateTime<Utc>> {
        self.row.opened_at
    }

    /// When it was handed over.
    async fn handed_over_at(&self) -> Option<DateTime<Utc>> {
        self.row.handed_over_at
    }

    /// Service number of who handed it over.
    async fn handed_over_by(&self) -> Option<&str> {
        self.row.handed_over_by.as_deref()
    }

    /// Service number of who took over.
    async fn taken_over_by(&self) -> Option<&str> {
        self.row.taken_over_by.as_deref()
    }

    /// What the next shift must know: personal data. Null where nothing was noted, and where it is kept from the caller (`notesKept`).
    async fn notes(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        match self.own(ctx)? {
            true => self.guard.seen_text(ctx, DataScope::Narrative, self.row.notes.as_deref()).await,
            false => Ok(None),
        }
    }

    /// Whether notes and reasons are kept from the caller: they are for the institution whose shift it is.
    async fn notes_kept(&self, ctx: &Context<'_>) -> Result<bool, QueryError> {
        Ok(!self.own(ctx)?)
    }

    /// When it was closed.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.row.closed_at
    }

    /// What was put right after that, in order: what it said before and since.
    #[graphql(complexity = "10 * child_complexity")]
    async fn corrections(&self, ctx: &Context<'_>) -> Result<Vec<ShiftCorrection>, QueryError> {
        let own = self.own(ctx)?;
        let mut corrections = Vec::new();
        for correction in &self.row.corrections.0 {
            let reason = Some(correction.reason.as_str()).filter(|_| own);
            corrections.push(ShiftCorrection {
                at: correction.at,
                present_before: correction.was.present.get().into(),
                present: correction.is.present.get().into(),
                line_up_before: ManningOfUnit::all(&correction.was),
                line_up: ManningOfUnit::all(&correction.is),
                reason: self.guard.seen_text(ctx, DataScope::Narrative, reason).await?,
            });
        }
        Ok(corrections)
    }

    /// Number of its events.
    async fn version(&self) -> i64 {
        self.row.version
    }

    /// Place of its last event in the log.
    async fn position(&self, ctx: &Context<'_>) -> Result<LogPosition, QueryError> {
        ctx.position(self.row.last_position).await
    }
}

/// A unit of a shift.
pub(crate) struct ManningOfUnit(ShiftUnit);

impl ManningOfUnit {
    fn all(line_up: &LineUp) -> Vec<Self> {
        line_up.units.iter().cloned().map(Self).collect()
    }
}

/// A unit of a shift, and who is in it.
#[Object]
impl ManningOfUnit {
    /// Id of the unit.
    async fn unit_id(&self) -> ID {
        id(self.0.unit)
    }

    /// The unit as it is now; null where it is kept from the caller.
    async fn assigned_unit(&self, ctx: &Context<'_>) -> Result<Option<Unit>, QueryError> {
        ctx.unit(Some(self.0.unit)).await
    }

    /// Who is in it; null where that was not stated.
    async fn crew(&self) -> Option<UnitCrew> {
        self.0.crew.as_ref().map(UnitCrew::of)
    }
}

/// What has to be free while a shift is on duty.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct MinimumOfShift {
    /// What.
    kind: UnitKind,
    /// Fewest that have to be free.
    at_least: i32,
    /// Whether units of all stations of the institution count together, and not those of this station alone.
    of_institution: bool,
}

impl MinimumOfShift {
    fn of(line: &Minimum) -> Self {
        let Minimum { kind, at_least, of_institution } = *line;
        Self { kind: kind.into(), at_least: at_least.get().into(), of_institution }
    }
}

/// People of the reserve who were called.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct ReserveCall {
    /// When.
    at: DateTime<Utc>,
    /// How many.
    people: i32,
    /// Ids of the units that they come with, or are put into.
    units: Vec<ID>,
}

/// Who takes over from whom in a long incident.
pub(crate) struct Rotation {
    card: uuid::Uuid,
    reliefs: Vec<Relief>,
}

/// Who takes over from whom in a long incident (rotācija).
#[Object]
impl Rotation {
    /// The card; null where it is kept from the caller.
    async fn card(&self, ctx: &Context<'_>) -> Result<Option<Card>, QueryError> {
        ctx.card(Some(self.card)).await
    }

    /// Who takes over from whom, in order of time.
    async fn reliefs(&self) -> Vec<ReliefOfUnit> {
        let relief = |relief: &Relief| ReliefOfUnit {
            at: relief.at.with_timezone(&Utc),
            unit: id(relief.unit),
            relieved_by: id(relief.relieved_by),
        };
        self.reliefs.iter().map(relief).collect()
    }
}

/// One unit takes over from another.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct ReliefOfUnit {
    /// When.
    at: DateTime<Utc>,
    /// Id of the unit that goes.
    unit: ID,
    /// Id of the unit that comes.
    relieved_by: ID,
}

/// A line-up that was put right after its shift was closed.
#[derive(SimpleObject)]
pub(crate) struct ShiftCorrection {
    /// When.
    at: DateTime<Utc>,
    /// How many people were there, as it said before.
    present_before: i32,
    /// How many were there.
    present: i32,
    /// The units, as it said before.
    line_up_before: Vec<ManningOfUnit>,
    /// The units.
    line_up: Vec<ManningOfUnit>,
    /// Why: personal data; null where it is kept from the caller.
    reason: Option<PersonalText>,
}
