//! Response plans (reaģēšanas plāni): which are in force, what waits for a second person, and what each says.

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::response_plan as plan;
use projections::response_plans::PlanRow;

use super::fresh::fresh;
use super::terms::{PlanStatus, Priority, Service, UnitKind, Weekday};
use crate::error::QueryError;
use crate::position::LogPosition;
use crate::snapshot::Given;

/// Most versions that one answer has.
const MOST: u32 = 1_000;

#[derive(Default)]
pub(crate) struct PlanQuery;

#[Object]
impl PlanQuery {
    /// The response plans that are in force or wait for a second person, by code: for those who see the units of all services, and those who manage the plans. They tell
    /// of no person and no record, so nothing of them is kept back beyond that.
    async fn response_plans(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Vec<ResponsePlan>, QueryError> {
        fresh(ctx, min_position).await?;
        ctx.see_plans().await?;
        let rows = PlanRow::list(&mut *ctx.snapshot()?.read().await?, None, MOST).await?;
        rows.into_iter().map(ResponsePlan::read).collect()
    }

    /// All that was ever proposed for a response plan, the latest first: its versions, and what was turned down.
    async fn response_plan(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Code of the plan, `structure-fire`.")] code: String,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Vec<ResponsePlan>, QueryError> {
        fresh(ctx, min_position).await?;
        ctx.see_plans().await?;
        let rows = PlanRow::of_code(&mut *ctx.snapshot()?.read().await?, &code, MOST).await?;
        rows.into_iter().map(ResponsePlan::read).collect()
    }
}

/// A content that was proposed for a response plan.
pub(crate) struct ResponsePlan {
    row: PlanRow,
    content: plan::PlanContent,
}

impl ResponsePlan {
    fn read(row: PlanRow) -> Result<Self, QueryError> {
        let content = serde_json::from_str(&row.content);
        let content = content.map_err(|_| QueryError::internal("a read model holds a plan that is none"))?;
        Ok(Self { row, content })
    }
}

/// A content that was proposed for a response plan (reaģēšanas plāns), and what became of it.
#[Object]
impl ResponsePlan {
    /// Code of the plan.
    async fn code(&self) -> &str {
        &self.row.code
    }

    /// Which version of the plan it is, from 1; null where it was never approved.
    async fn version(&self) -> Option<i32> {
        self.row.number
    }

    /// What became of it.
    async fn status(&self) -> Result<PlanStatus, QueryError> {
        PlanStatus::of_row(&self.row.status)
    }

    /// What names the content: who approves or rejects it states it.
    async fn digest(&self) -> &str {
        &self.row.digest
    }

    /// What people call it.
    async fn name(&self) -> &str {
        self.content.name.as_str()
    }

    /// Of two plans that ask for equally much the one of higher rank is followed.
    async fn rank(&self) -> i32 {
        self.content.rank.get().into()
    }

    /// How much it asks for of a card: of the plans that apply the one that asks for most is followed.
    async fn specificity(&self) -> i32 {
        self.content.applies.specificity().into()
    }

    /// When it applies.
    async fn applies(&self) -> PlanApplies {
        let applies = &self.content.applies;
        PlanApplies {
            card_types: applies.card_types.iter().map(ToString::to_string).collect(),
            priorities: applies.priorities.iter().copied().map(Into::into).collect(),
            hazards: applies.hazards.iter().map(ToString::to_string).collect(),
            territories: applies.territories.iter().map(ToString::to_string).collect(),
            weekdays: applies.weekdays.iter().copied().map(Into::into).collect(),
            hours: applies.hours.map(|hours| PlanHours {
                from_minute: hours.from.get().into(),
                until_minute: hours.until.get().into(),
            }),
        }
    }

    /// What goes at each alarm level.
    async fn levels(&self) -> Vec<PlanLevel> {
        let need = |need: &plan::Need| PlanNeed {
            service: need.service.into(),
            kind: need.kind.into(),
            count: need.count.get().into(),
            min_crew: need.min_crew.map(|crew| crew.get().into()),
            equipment: need.equipment.iter().map(ToString::to_string).collect(),
        };
        let level = |level: &plan::PlanLevel| PlanLevel {
            level: level.level.get().into(),
            needs: level.needs.iter().map(need).collect(),
        };
        self.content.levels.iter().map(level).collect()
    }

    /// What must stay free wherever units are sent from.
    async fn coverage(&self) -> Vec<PlanCoverage> {
        let line = |line: &plan::Coverage| PlanCoverage {
            institution: line.institution.to_string(),
            station: line.station.as_ref().map(ToString::to_string),
            territory: line.territory.as_ref().map(ToString::to_string),
            kind: line.kind.into(),
            at_least: line.at_least.get().into(),
        };
        self.content.coverage.iter().map(line).collect()
    }

    /// When it was proposed.
    async fn proposed_at(&self) -> DateTime<Utc> {
        self.row.proposed_at
    }

    /// Institution of who proposed it.
    async fn proposed_institution(&self) -> &str {
        &self.row.proposed_institution
    }

    /// When it was approved or rejected; approved, it is in force from then on.
    async fn decided_at(&self) -> Option<DateTime<Utc>> {
        self.row.decided_at
    }

    /// Institution of who decided.
    async fn decided_institution(&self) -> Option<&str> {
        self.row.decided_institution.as_deref()
    }

    /// When another version took its place, or the plan was retired.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.row.ended_at
    }
}

/// What a card has to be for a plan to apply: what is empty asks for nothing.
#[derive(SimpleObject)]
pub(crate) struct PlanApplies {
    /// One of these codes of the card-type classifier.
    card_types: Vec<String>,
    /// One of these priorities.
    priorities: Vec<Priority>,
    /// Any of these codes of the hazard classifier.
    hazards: Vec<String>,
    /// In one of these territories (ATVK).
    territories: Vec<String>,
    /// On one of these days of Riga's calendar.
    weekdays: Vec<Weekday>,
    /// Within these hours of Riga's clock.
    hours: Option<PlanHours>,
}

/// Hours of the day, in minutes since midnight; across midnight where they end at an earlier minute than they begin.
#[derive(SimpleObject)]
pub(crate) struct PlanHours {
    /// The first minute.
    from_minute: i32,
    /// The first minute that is no longer meant.
    until_minute: i32,
}

/// What goes at one alarm level.
#[derive(SimpleObject)]
pub(crate) struct PlanLevel {
    /// The level.
    level: i32,
    /// All that is needed at it.
    needs: Vec<PlanNeed>,
}

/// So many units of one kind.
#[derive(SimpleObject)]
pub(crate) struct PlanNeed {
    /// Whose units.
    service: Service,
    /// What they are.
    kind: UnitKind,
    /// How many.
    count: i32,
    /// Fewest people in each.
    min_crew: Option<i32>,
    /// Codes of what each must carry.
    equipment: Vec<String>,
}

/// So many units of one kind that stay free.
#[derive(SimpleObject)]
pub(crate) struct PlanCoverage {
    /// Whose units they are.
    institution: String,
    /// Home station; null for all of the institution together.
    station: Option<String>,
    /// Only those that are there for this territory (ATVK code), or for one that lies in it; null for all.
    territory: Option<String>,
    /// What they are.
    kind: UnitKind,
    /// Fewest that stay.
    at_least: i32,
}
