//! A register with events in it, on a real PostgreSQL, and its read models at work.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use domain::Decide;
use domain::access_grant::{AccessGrant, ApproveGrant, GrantCommand, GrantScope, RequestGrant};
use domain::caution::{Caution, CautionCommand};
use domain::classifier::{CardType, IncidentType};
use domain::emergency_card::{AttachUnit, CardCommand, EmergencyCard, QualifyCard, ReceiveCall};
use domain::incident::{
    AddSeizedItem, AssignIncident, Assignee, Incident, IncidentCommand, RegisterIncident, TypeRules,
};
use domain::personal::Personal;
use domain::response_plan::{PlanCommand, ResponsePlan};
use domain::roster_shift::{RosterShift, ShiftCommand};
use domain::seized_item::{SeizeItem, SeizedItem, SeizedItemCommand, TransferCustody};
use domain::terms::{AccessPurpose, Category, Channel, Priority, UnitKind, UnitStatus};
use domain::unit::{Assign, RegisterUnit, ReportStatus, Unit, UnitCommand};
use domain::values::{
    Actor, CallSign, InstitutionCode, Narrative, PersonName, Phone, Place, PlaceParts, Reason, Reporter, TerritoryCode,
    UserName,
};
use event_store::append::{Appender, AppenderConfig, Lane, Submission, Target, Touch, Work};
use event_store::consumer;
use event_store::log::LogName;
use event_store::migrate::{log_sets, migrate};
use event_store::private_pg::{PrivatePgError, TestDatabase, shared_for_tests};
use event_store::seal::{KeyRing, MasterKeys};
use projections::keeping::Keeper;
use projections::lookups::LookupKeys;
use projections::{Keeping, Pools, Registry, Running, start_all};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::watch;
use uuid::Uuid;

const TEMPLATE: &str = "query_api_template";
const COUNTED: &str = "counted";

async fn prepare(owner_url: String) -> Result<(), PrivatePgError> {
    let owner = pool(&owner_url, 1).await;
    let mut sets = log_sets("test");
    sets.push(consumer::migration_set());
    migrate(&owner, "test", &sets).await.expect("migrations");
    owner.close().await;
    Ok(())
}

async fn pool(url: &str, size: u32) -> PgPool {
    PgPoolOptions::new().max_connections(size).connect(url).await.expect("a pool")
}

/// The time that all of the tests' calls come in at; it lies in the past.
pub fn noon() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2026-03-02T12:00:00+02:00").expect("a time")
}

/// A register of its own for one test.
pub struct Register {
    pub app: PgPool,
    pub appender: Appender,
    pub master: Arc<MasterKeys>,
    pools: Pools,
    models: Option<(watch::Sender<bool>, Running)>,
    _database: TestDatabase,
}

/// What a command did.
pub struct Done {
    pub id: Uuid,
    pub number: String,
    pub position: String,
}

impl Register {
    /// An empty one; its read models work.
    pub async fn fresh() -> Register {
        let server = shared_for_tests().await.expect("a PostgreSQL for tests");
        server.ensure_template(TEMPLATE, prepare).await.expect("a template");
        let name = format!("query_{}", Uuid::now_v7().simple());
        let database = server.create_database(&name, Some(TEMPLATE)).await.expect("a database");
        let pools = Pools { owner: pool(database.owner_url(), 3).await, app: pool(database.app_url(), 20).await };
        let (app, master) = (pools.app.clone(), Arc::new(MasterKeys::from_bytes(1, &[42; 32])));
        let config = AppenderConfig::new(LogName::REGISTER, app.clone(), master.clone());
        let appender = Appender::start(config).0;
        let mut register = Register { app, appender, master, pools, models: None, _database: database };
        register.resume().await;
        register.has_its_read_models().await;
        register
    }

    fn registry(&self) -> Registry {
        Registry::with_keys(LookupKeys::new(self.app.clone(), self.master.clone()))
    }

    /// Waits until the read models' tables are made: before that nothing can be asked, as in the first moments of a new register.
    async fn has_its_read_models(&self) {
        let wanted: BTreeSet<&str> = self.registry().names().into_iter().collect();
        for _ in 0..500 {
            let made = consumer::statuses(&self.app).await.unwrap_or_default();
            let made: BTreeSet<&str> = made.iter().map(|status| status.name.as_str()).collect();
            if wanted.is_subset(&made) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the read models are not made within 10 s");
    }

    /// Lets the read models go on.
    pub async fn resume(&mut self) {
        let (stop, shutdown) = watch::channel(false);
        self.models = Some((stop, start_all(&self.pools, &self.registry(), &shutdown)));
    }

    /// Stops the read models where they are.
    pub async fn pause(&mut self) {
        if let Some((stop, running)) = self.models.take() {
            stop.send_replace(true);
            running.ended().await;
        }
    }

    /// Waits until all read models have taken in what was recorded up to a position.
    pub async fn shows(&self, position: &str) {
        let position: i64 = position.split_once('.').expect("a position").1.parse().expect("a number");
        for _ in 0..1_500 {
            let statuses = consumer::statuses(&self.app).await.expect("statuses");
            let mut of_register = statuses.iter().filter(|status| status.log == LogName::REGISTER.as_str());
            if of_register.all(|status| status.progress >= position) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the read models do not come to {position} within 30 s");
    }

    /// Does something to its tables that only their owner may.
    pub async fn alter(&self, sql: &str) {
        sqlx::raw_sql(sql).execute(&self.pools.owner).await.expect("altered");
    }

    /// Takes in what a read model has parked: how many records.
    pub async fn retry_parked(&self, model: &str) -> usize {
        let kept = Keeping::of(&self.pools, &self.registry(), model, Keeper::program()).expect("a read model");
        let outcomes = kept.retry(None).await.expect("tried");
        outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).count()
    }

    /// Opens what it seals.
    pub fn keys(&self) -> Arc<KeyRing> {
        Arc::new(KeyRing::new(self.app.clone(), LogName::REGISTER, self.master.clone()))
    }

    /// Destroys the keys of a data subject in a record, as erasure does.
    pub async fn destroy_keys_of(&self, record: Uuid, subject: Uuid) {
        let deleted = sqlx::query("delete from register.keys where aggregate_id = $1 and subject = $2");
        let deleted = deleted.bind(record).bind(subject).execute(&self.pools.owner).await.expect("deleted");
        assert!(deleted.rows_affected() > 0, "the subject has a key");
    }

    /// A pool of connections that read every table through, so that its statements can be counted by that.
    pub async fn reading_through(&self) -> PgPool {
        let off = ["enable_indexscan", "enable_bitmapscan", "enable_indexonlyscan"].map(|method| (method, "off"));
        let options = self.app.connect_options().as_ref().clone().application_name(COUNTED).options(off);
        PgPoolOptions::new().max_connections(4).connect_with(options).await.expect("a pool")
    }

    /// Stops the read models and ends every connection but one of each role: one tells what it has read when it ends,
    /// and otherwise up to ten seconds later.
    pub async fn count_reading(&mut self) {
        self.pause().await;
        let sql = "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity
                   where datname = current_database() and usename = current_user and pid <> pg_backend_pid()";
        for pool in [&self.app, &self.pools.owner] {
            let _ended: i64 = sqlx::query_scalar(sql).fetch_one(pool).await.expect("ended");
        }
    }

    /// How often a table was read through.
    pub async fn times_read(&self, schema: &str, table: &str) -> i64 {
        let sql = "select seq_scan from pg_stat_user_tables where schemaname = $1 and relname = $2";
        let times = sqlx::query_scalar(sql).bind(schema).bind(table).fetch_one(&self.pools.owner);
        times.await.expect("statistics")
    }

    /// Destroys the keys of a record, as erasure does.
    pub async fn destroy_keys(&self, record: Uuid) {
        let deleted = sqlx::query("delete from register.keys where aggregate_id = $1").bind(record);
        assert!(deleted.execute(&self.pools.owner).await.expect("deleted").rows_affected() > 0, "the record has a key");
    }

    async fn submit<A: Decide>(
        &self,
        id: Uuid,
        at: DateTime<FixedOffset>,
        decide: impl Fn(&mut Work<'_>) -> Result<Target, event_store::append::Stop> + Send + Sync + 'static,
    ) -> Done {
        let command_id = Uuid::now_v7();
        let metadata = [
            ("command_id", command_id.to_string()),
            ("institution", "VUGD".to_owned()),
            ("actor", "tests".to_owned()),
            ("source_system", "test-cad".to_owned()),
            ("source_external_id", id.to_string()),
        ];
        let submission = Submission {
            command_id,
            lane: Lane::Interactive,
            deadline: None,
            digest: [0; 32],
            metadata: metadata.into_iter().collect(),
            occurred_at: at,
            touches: vec![Touch::of::<A>(id)],
            decide: Box::new(decide),
        };
        let reply = self.appender.enqueue(submission).expect("room").await.expect("a reply");
        let position = format!("{}.{}", reply.generation, reply.position);
        Done { id, number: reply.number.unwrap_or_default(), position }
    }

    /// A call comes in, minutes after noon.
    pub async fn call(&self, minutes: i64, narrative: &str) -> Done {
        self.call_from(minutes, narrative, None).await
    }

    /// The same, from somewhere.
    pub async fn call_from(&self, minutes: i64, narrative: &str, place: Option<Place>) -> Done {
        let (id, at) = (Uuid::now_v7(), noon() + TimeDelta::minutes(minutes));
        let narrative = Narrative::parse(narrative).expect("a narrative");
        self.submit::<EmergencyCard>(id, at, move |work| {
            let caller = Reporter::try_new(
                Some(PersonName::parse("Anna Bērziņa").expect("a name")),
                Some(Phone::parse("+37120000001").expect("a phone")),
                None,
            );
            let receive = ReceiveCall {
                channel: Channel::Phone112,
                caller: Some(caller.expect("a caller")),
                place: place.clone(),
                answered_at: None,
                narrative: Some(Personal::Open(narrative.clone())),
                recording_ref: None,
                institution: InstitutionCode::parse("VUGD").expect("an institution"),
            };
            let number = work.moment()?.next_card;
            work.execute::<EmergencyCard>(id, CardCommand::ReceiveCall(Box::new(receive)))?;
            Ok(Target::of::<EmergencyCard>(id).numbered(number))
        })
        .await
    }

    /// It is stated what it is.
    pub async fn qualify(&self, card: Uuid, type_code: &'static str) -> Done {
        self.submit::<EmergencyCard>(card, noon() + TimeDelta::hours(1), move |work| {
            let qualify = QualifyCard {
                type_code: Some(CardType::parse(type_code).expect("a type")),
                priority: Some(Priority::P1),
                place: None,
                hazards: BTreeSet::new(),
                casualties: None,
                alarm_level: None,
                source_priority: None,
            };
            work.execute::<EmergencyCard>(card, CardCommand::QualifyCard(Box::new(qualify)))?;
            Ok(Target::of::<EmergencyCard>(card))
        })
        .await
    }

    /// A unit comes on duty.
    pub async fn unit(&self, call_sign: &str) -> Done {
        self.unit_of("VUGD", call_sign).await
    }

    /// A unit of an institution comes on duty.
    pub async fn unit_of(&self, institution: &str, call_sign: &str) -> Done {
        self.unit_in(None, institution, call_sign).await
    }

    /// The same, of one that is there for a territory.
    pub async fn unit_in(&self, territory: Option<&str>, institution: &str, call_sign: &str) -> Done {
        let territory = territory.map(|code| TerritoryCode::parse(code).expect("a territory"));
        let institution = InstitutionCode::parse(institution).expect("an institution");
        let call_sign = CallSign::parse(call_sign).expect("a call sign");
        let id = domain::ids::of_unit(&institution, &call_sign);
        self.submit::<Unit>(id, noon(), move |work| {
            let register = RegisterUnit {
                institution: institution.clone(),
                call_sign: call_sign.clone(),
                kind: UnitKind::FireEngine,
                station: None,
                territory: territory.clone(),
                source_kind: None,
            };
            work.execute::<Unit>(id, UnitCommand::RegisterUnit(register))?;
            work.execute::<Unit>(id, UnitCommand::StartDuty)?;
            Ok(Target::of::<Unit>(id))
        })
        .await
    }

    /// A unit is sent to a card, minutes after noon.
    pub async fn attach(&self, card: Uuid, unit: Uuid, minutes: i64) -> Done {
        self.submit::<EmergencyCard>(card, noon() + TimeDelta::minutes(minutes), move |work| {
            work.execute::<EmergencyCard>(card, CardCommand::AttachUnit(AttachUnit::unasked(unit)))?;
            work.execute::<Unit>(unit, UnitCommand::Assign(Assign { card }))?;
            Ok(Target::of::<EmergencyCard>(card))
        })
        .await
    }

    /// A unit says what it does, minutes after noon.
    pub async fn status(&self, unit: Uuid, status: UnitStatus, minutes: i64) -> Done {
        self.submit::<Unit>(unit, noon() + TimeDelta::minutes(minutes), move |work| {
            let report = ReportStatus { status, vendor_code: None, vendor_scheme: None };
            work.execute::<Unit>(unit, UnitCommand::ReportStatus(report))?;
            Ok(Target::of::<Unit>(unit))
        })
        .await
    }

    /// State Police register an incident.
    pub async fn incident(&self, narrative: &str) -> Done {
        self.incident_at("VP", None, None, narrative).await
    }

    /// An incident is given to a unit.
    pub async fn assign(&self, incident: Uuid, unit: Uuid) -> Done {
        let assign = AssignIncident { assignee: Assignee::Unit(unit) };
        self.does(incident, IncidentCommand::AssignIncident(assign)).await
    }

    /// Something is done with an incident.
    pub async fn does(&self, incident: Uuid, command: IncidentCommand) -> Done {
        self.do_all(vec![(incident, command)]).await
    }

    /// Something is done with several, all or nothing.
    pub async fn do_all(&self, commands: Vec<(Uuid, IncidentCommand)>) -> Done {
        let first = commands[0].0;
        self.submit::<Incident>(first, Utc::now().fixed_offset(), move |work| {
            for (incident, command) in &commands {
                work.execute::<Incident>(*incident, command.clone())?;
            }
            Ok(Target::of::<Incident>(first))
        })
        .await
    }

    /// An item is seized in an incident.
    pub async fn seize(&self, seizure: SeizeItem) -> Done {
        let (item, incident) = (Uuid::now_v7(), seizure.incident);
        self.submit::<SeizedItem>(item, Utc::now().fixed_offset(), move |work| {
            work.execute::<SeizedItem>(item, SeizedItemCommand::SeizeItem(Box::new(seizure.clone())))?;
            work.execute::<Incident>(incident, IncidentCommand::AddSeizedItem(AddSeizedItem { item }))?;
            Ok(Target::of::<SeizedItem>(item))
        })
        .await
    }

    /// Something is done with a response plan.
    pub async fn plan(&self, id: Uuid, command: PlanCommand) -> Done {
        self.submit::<ResponsePlan>(id, Utc::now().fixed_offset(), move |work| {
            work.execute::<ResponsePlan>(id, command.clone())?;
            Ok(Target::of::<ResponsePlan>(id))
        })
        .await
    }

    /// Something is done with a shift.
    pub async fn shift(&self, id: Uuid, command: ShiftCommand) -> Done {
        self.submit::<RosterShift>(id, Utc::now().fixed_offset(), move |work| {
            work.execute::<RosterShift>(id, command.clone())?;
            Ok(Target::of::<RosterShift>(id))
        })
        .await
    }

    /// Something is done with a unit.
    pub async fn unit_does(&self, id: Uuid, command: UnitCommand) -> Done {
        self.submit::<Unit>(id, Utc::now().fixed_offset(), move |work| {
            work.execute::<Unit>(id, command.clone())?;
            Ok(Target::of::<Unit>(id))
        })
        .await
    }

    /// Something is done with a caution.
    pub async fn caution(&self, id: Uuid, command: CautionCommand) -> Done {
        self.submit::<Caution>(id, Utc::now().fixed_offset(), move |work| {
            work.execute::<Caution>(id, command.clone())?;
            Ok(Target::of::<Caution>(id))
        })
        .await
    }

    /// It is handed on.
    pub async fn hand_over(&self, item: Uuid, handover: TransferCustody) -> Done {
        self.submit::<SeizedItem>(item, Utc::now().fixed_offset(), move |work| {
            work.execute::<SeizedItem>(item, SeizedItemCommand::TransferCustody(handover.clone()))?;
            Ok(Target::of::<SeizedItem>(item))
        })
        .await
    }

    /// Somebody is given a record for an hour.
    pub async fn grant(&self, to: Actor, record: Uuid, purpose: AccessPurpose) -> Done {
        self.grant_of(to, GrantScope::Record(record), purpose).await
    }

    /// Somebody is given something for an hour.
    pub async fn grant_of(&self, to: Actor, scope: GrantScope, purpose: AccessPurpose) -> Done {
        let (id, now) = (Uuid::now_v7(), Utc::now().fixed_offset());
        let by = |user: &str| Actor {
            institution: InstitutionCode::parse("VP").expect("an institution"),
            user: UserName::parse(user).expect("a name"),
        };
        self.submit::<AccessGrant>(id, now, move |work| {
            let request = RequestGrant {
                grantee: to.clone(),
                scope: scope.clone(),
                purpose,
                from: now - TimeDelta::minutes(1),
                until: now + TimeDelta::hours(1),
                reason: Personal::Open(Reason::parse("Kopīga lieta").expect("a reason")),
                by: by("vadītājs"),
            };
            work.execute::<AccessGrant>(id, GrantCommand::RequestGrant(Box::new(request)))?;
            work.execute::<AccessGrant>(id, GrantCommand::ApproveGrant(ApproveGrant { by: by("otrais") }))?;
            Ok(Target::of::<AccessGrant>(id))
        })
        .await
    }

    /// An institution registers an incident, in a territory and of a card where they are given.
    pub async fn incident_at(
        &self,
        institution: &'static str,
        territory: Option<&str>,
        card: Option<Uuid>,
        narrative: &str,
    ) -> Done {
        let id = Uuid::now_v7();
        let place = territory.map(|code| {
            let territory = Some(TerritoryCode::parse(code).expect("a territory"));
            Place::try_from(PlaceParts { territory, ..PlaceParts::default() }).expect("a place")
        });
        let narrative = Narrative::parse(narrative).expect("a narrative");
        self.submit::<Incident>(id, Utc::now().fixed_offset(), move |work| {
            let register = RegisterIncident {
                channel: Channel::Phone110,
                type_code: IncidentType::parse("theft").expect("a type"),
                category: Category::B,
                rules: TypeRules::default(),
                place: place.clone(),
                received_at: None,
                occurred_from: None,
                occurred_to: None,
                narrative: Some(Personal::Open(narrative.clone())),
                reporter: None,
                institution: InstitutionCode::parse(institution).expect("an institution"),
                card,
                legacy_number: None,
                split_from: None,
                forwarded_by: None,
                recording_ref: None,
            };
            let number = work.moment()?.next_incident;
            work.execute::<Incident>(id, IncidentCommand::RegisterIncident(Box::new(register)))?;
            Ok(Target::of::<Incident>(id).numbered(number))
        })
        .await
    }
}
