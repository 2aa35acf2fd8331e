//! What belongs to an incident, event by event, and that the read models say of an incident what it says of itself.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use access::policy::Class;
use chrono::Utc;
use cqrs_es::Aggregate as _;
use domain::classifier::{IncidentType, ItemKind, ItemRelation, PersonRole, TransferCause, VehicleRelation};
use domain::incident::{
    AbsorbIncident, AcceptTransfer, AddSeizedItem, AssignIncident, Assignee, ChangePersonRoles, CompleteTransfer,
    IdentifyPerson, Identity, Incident, IncidentCommand, InvolveItem, InvolvePerson, InvolveVehicle, Item,
    LinkIncidents, MergeIncident, OfferTransfer, RecordAction, RegisterIncident, RejectTransfer, RestrictIncident,
    TypeRules, UnlinkIncidents, UnmergeIncident, Vehicle, WithdrawInvolvement, WithdrawTransfer,
};
use domain::seized_item::{Custodian, DisposeItem, SeizedItem, SeizedItemCommand, TransferCustody};
use domain::terms::{
    AgeBand, Category, Channel, Confidence, DisposalOutcome, Identification, LinkKind, Protection, RaisedClass,
    TransferOutcome,
};
use domain::values::{
    CountryCode, Description, Officer, PersonName, Phone, PlateNumber, Quantity, StorageName, VehicleMark,
};
use event_store::append::{Target, Work};
use event_store::log::{LogName, LogPosition};
use projections::case_file::{
    ActionRow, ItemRow, LinkRow, NumberedItem, PersonRow, SeizedItemRow, TransferRow, TransferState, VehicleRow,
};
use projections::case_search::{IncidentFilter, IncidentRow};
use projections::event::{RegisterEvent, decode};
use projections::{Order, resource_of};
use sqlx::PgConnection;
use sqlx::pool::PoolConnection;
use support::case_file::{change, institution, seizure, why};
use support::work::RandomWork;
use support::{AtWork, System, page};
use uuid::Uuid;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 + n)
}

/// A register with the read models at work, and who gives commands.
struct Office {
    system: System,
    at_work: AtWork,
    work: RandomWork,
}

impl Office {
    async fn open() -> Office {
        let system = System::fresh().await;
        Office { at_work: system.start(), system, work: RandomWork::new(1, 1) }
    }

    /// What is done with an incident.
    async fn does(&mut self, incident: Uuid, command: IncidentCommand) {
        self.do_both(vec![(incident, command)]).await;
    }

    async fn do_both(&mut self, commands: Vec<(Uuid, IncidentCommand)>) {
        change(&mut self.work, &self.system, commands).await.unwrap();
    }

    /// VP-RIGA registers a theft.
    async fn theft(&mut self, n: u128) -> Uuid {
        let register = RegisterIncident {
            channel: Channel::Phone110,
            type_code: IncidentType::parse("theft").unwrap(),
            category: Category::B,
            rules: TypeRules::default(),
            place: None,
            received_at: None,
            occurred_from: None,
            occurred_to: None,
            narrative: None,
            reporter: None,
            institution: institution("VP-RIGA"),
            card: None,
            legacy_number: None,
            split_from: None,
            forwarded_by: None,
            recording_ref: None,
        };
        self.does(id(n), IncidentCommand::RegisterIncident(Box::new(register))).await;
        id(n)
    }

    /// Where the read models can be asked, once they know all.
    async fn books(&self) -> PoolConnection<sqlx::Postgres> {
        self.system.caught_up(&self.at_work).await;
        self.system.pools.app.acquire().await.unwrap()
    }

    async fn incident(&self, incident: Uuid) -> IncidentRow {
        IncidentRow::by_id(&mut *self.books().await, incident).await.unwrap().unwrap()
    }
}

fn roles(codes: &[&str]) -> BTreeSet<PersonRole> {
    codes.iter().map(|code| PersonRole::parse(code).unwrap()).collect()
}

fn involve(person: Identity, are: &[&str], minor: bool) -> IncidentCommand {
    let (identification, protections) = (Identification::Stated, BTreeSet::new());
    IncidentCommand::InvolvePerson(Box::new(InvolvePerson {
        person,
        roles: roles(are),
        identification,
        minor,
        protections,
    }))
}

fn names(of: &IncidentRow) -> Vec<&str> {
    of.participants.0.iter().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_what_was_said_of_them_in_all_and_gone_once_withdrawn() {
    let mut office = Office::open().await;
    let (incident, anna, peter) = (office.theft(1).await, id(7), id(8));
    let name = |name: &str| Some(PersonName::parse(name).unwrap().into());
    let said = Identity { name: name("Anna"), citizenship: CountryCode::parse("LV").ok(), ..Identity::unknown(anna) };
    office.does(incident, involve(said, &["witness"], false)).await;
    office.does(incident, involve(Identity::unknown(peter), &["suspect"], true)).await;
    let phone = Some(Phone::parse("+37120000001").unwrap().into());
    office
        .does(
            incident,
            IncidentCommand::IdentifyPerson(Box::new(IdentifyPerson {
                person: Identity { phone, age_band: Some(AgeBand::From25), ..Identity::unknown(anna) },
                identification: Some(Identification::Document),
                minor: None,
                protections: Some([Protection::ProtectionOrder].into()),
                reason: None,
            })),
        )
        .await;
    let victim = ChangePersonRoles { subject: anna, roles: roles(&["victim", "witness"]), reason: why() };
    office.does(incident, IncidentCommand::ChangePersonRoles(victim)).await;

    let persons = PersonRow::of_incidents(&mut *office.books().await, &[incident]).await.unwrap();
    let [known, suspect] = &persons[..] else { panic!("{persons:?}") };
    assert_eq!((known.subject, &*known.identification, known.minor), (anna, "document", false));
    assert_eq!(known.roles.0, BTreeSet::from(["victim".to_owned(), "witness".to_owned()]));
    assert_eq!(known.protections.0, BTreeSet::from(["protection_order".to_owned()]));
    assert_eq!((known.citizenship.as_deref(), known.age_band.as_deref()), (Some("LV"), Some("25_64")));
    let identity: BTreeMap<String, serde_json::Value> = serde_json::from_str(&known.identity).unwrap();
    assert_eq!(identity.keys().collect::<Vec<_>>(), ["name", "phone"], "what was said first and what was said later");
    assert!(identity.values().all(|field| field.get("$sealed").is_some()), "{identity:?}");
    assert_eq!((suspect.subject, suspect.minor, &*suspect.identity), (peter, true, "{}"));
    assert_eq!(office.incident(incident).await.class.as_deref(), Some("protected"));

    let withdraw =
        |involvement| IncidentCommand::WithdrawInvolvement(WithdrawInvolvement { involvement, reason: why() });
    office.does(incident, withdraw(peter)).await;
    assert_eq!(office.incident(incident).await.class.as_deref(), Some("protected"), "one of them is protected still");
    office.does(incident, withdraw(anna)).await;
    assert!(PersonRow::of_incidents(&mut *office.books().await, &[incident]).await.unwrap().is_empty());
    assert_eq!(office.incident(incident).await.class, None);
    let story = page(&mut *office.books().await, incident, 0, 100).await;
    assert_eq!(story.len(), 7, "the timeline keeps it all");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thing_that_is_said_anew_stays_where_it_stood() {
    let mut office = Office::open().await;
    let incident = office.theft(1).await;
    let vehicle = |relation: &str, make: Option<&str>| {
        let vehicle = Vehicle {
            id: id(21),
            relation: VehicleRelation::parse(relation).unwrap(),
            plate: Some(PlateNumber::parse("AB-1234", "LV").unwrap().into()),
            plate_country: CountryCode::parse("LV").ok(),
            vin: None,
            make: make.map(|make| VehicleMark::parse(make).unwrap()),
            colour: None,
            person: None,
        };
        IncidentCommand::InvolveVehicle(Box::new(InvolveVehicle { vehicle }))
    };
    office.does(incident, vehicle("involved", Some("Volvo"))).await;
    let item = Item {
        id: id(22),
        kind: ItemKind::parse("bicycle").unwrap(),
        relation: ItemRelation::parse("stolen").unwrap(),
        description: Some(Description::parse("red").unwrap().into()),
        serial: None,
        quantity: Quantity::try_new(2).ok(),
        value_cents: None,
        person: None,
    };
    office.does(incident, IncidentCommand::InvolveItem(Box::new(InvolveItem { item }))).await;
    let first = VehicleRow::of_incidents(&mut *office.books().await, &[incident]).await.unwrap().remove(0);
    office.does(incident, vehicle("stolen", None)).await;
    let again = VehicleRow::of_incidents(&mut *office.books().await, &[incident]).await.unwrap().remove(0);
    assert_eq!((&*again.relation, again.make, again.first_position), ("stolen", None, first.first_position));
    assert!(again.plate.is_some_and(|plate| plate.contains("$sealed") && !plate.contains("AB")));
    let items = ItemRow::of_incidents(&mut *office.books().await, &[incident]).await.unwrap();
    assert_eq!((items.len(), &*items[0].kind, items[0].quantity), (1, "bicycle", Some(2)));

    let action = RecordAction {
        action: domain::classifier::ActionCode::parse("scene-examined").unwrap(),
        at: None,
        by: Some(Assignee::Officer(Officer::parse("4711").unwrap())),
        note: None,
    };
    for _ in 0..2 {
        office.does(incident, IncidentCommand::RecordAction(Box::new(action.clone()))).await;
    }
    let actions = ActionRow::of_incidents(&mut *office.books().await, &[incident]).await.unwrap();
    let done: Vec<_> = actions.iter().map(|row| (&*row.action, row.officer.as_deref(), row.unit)).collect();
    assert_eq!(done, [("scene-examined", Some("4711"), None); 2], "the same may be done twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incident_that_is_offered_is_seen_by_whom_it_is_offered_to_and_answered_for_by_who_accepts() {
    let mut office = Office::open().await;
    let incident = office.theft(1).await;
    let offer = |transfer| {
        let (to, deadline) = (institution("RPP"), None);
        IncidentCommand::OfferTransfer(OfferTransfer { transfer: id(transfer), to, deadline, reason: why() })
    };
    let by = institution("RPP");
    office.does(incident, offer(41)).await;
    let row = office.incident(incident).await;
    assert_eq!((&*row.responsible, row.offered_to.as_deref(), row.transfer), ("VP-RIGA", Some("RPP"), Some(id(41))));
    assert_eq!(names(&row), ["RPP", "VP-RIGA"]);
    let filter = IncidentFilter { offered_to: Some("RPP".to_owned()), ..IncidentFilter::default() };
    let waiting = IncidentRow::search(&mut *office.books().await, &filter, None, Order::NewestFirst, 9).await.unwrap();
    assert_eq!(waiting.iter().map(|row| row.id).collect::<Vec<_>>(), [incident]);

    let cause = TransferCause::parse("other-territory").unwrap();
    let reject = RejectTransfer { by: by.clone(), cause, note: None };
    office.does(incident, IncidentCommand::RejectTransfer(reject)).await;
    let row = office.incident(incident).await;
    assert_eq!((row.offered_to.as_deref(), names(&row)), (None, vec!["VP-RIGA"]), "who said no sees it no longer");

    office.does(incident, offer(42)).await;
    office.does(incident, IncidentCommand::WithdrawTransfer(WithdrawTransfer { reason: why() })).await;
    let assign = AssignIncident { assignee: Assignee::Officer(Officer::parse("4711").unwrap()) };
    office.does(incident, IncidentCommand::AssignIncident(assign)).await;
    office.does(incident, offer(43)).await;
    office.does(incident, IncidentCommand::AcceptTransfer(AcceptTransfer { by: by.clone(), assignee: None })).await;
    let row = office.incident(incident).await;
    assert_eq!((&*row.institution, &*row.responsible, row.offered_to.as_deref()), ("VP-RIGA", "RPP", None));
    assert_eq!(
        (&*row.status, row.assigned_officer.as_deref()),
        ("registered", None),
        "it is given to nobody there yet"
    );
    assert_eq!(row.resource().owner.map(|owner| owner.to_string()).as_deref(), Some("RPP"));

    let returned = CompleteTransfer { by, outcome: TransferOutcome::Returned, note: Some(why()) };
    office.does(incident, IncidentCommand::CompleteTransfer(returned)).await;
    let row = office.incident(incident).await;
    assert_eq!(
        (&*row.responsible, names(&row)),
        ("VP-RIGA", vec!["RPP", "VP-RIGA"]),
        "who answered for it keeps seeing it"
    );
    let transfers = TransferRow::of_incidents(&mut *office.books().await, &[incident]).await.unwrap();
    let states: Vec<_> =
        transfers.iter().map(|row| (row.transfer, TransferState::of_code(&row.state).unwrap())).collect();
    let expected = [(41, TransferState::Rejected), (42, TransferState::Withdrawn), (43, TransferState::Returned)];
    assert_eq!(states, expected.map(|(transfer, state)| (id(transfer), state)));
    assert_eq!(transfers[0].cause.as_deref(), Some("other-territory"));
    assert!(transfers.iter().all(|row| row.ended_at.is_some() && row.reason.contains("$sealed")));
    assert_eq!(transfers.iter().map(|row| row.answered_at.is_some()).collect::<Vec<_>>(), [true, false, true]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn incidents_say_of_each_other_what_ties_them_and_only_for_as_long_as_it_does() {
    let mut office = Office::open().await;
    let (one, other) = (office.theft(1).await, office.theft(2).await);
    let link = |other, kind| {
        let confidence = Confidence::Certain;
        IncidentCommand::LinkIncidents(LinkIncidents { other, kind, confidence, reason: None })
    };
    office.do_both(vec![(one, link(other, LinkKind::Parent)), (other, link(one, LinkKind::Child))]).await;
    let links = LinkRow::of_incidents(&mut *office.books().await, &[one, other]).await.unwrap();
    let tied: Vec<_> = links.iter().map(|row| (row.incident, row.other, &*row.kind)).collect();
    assert_eq!(tied, [(one, other, "parent"), (other, one, "child")]);
    let unlink = |other| IncidentCommand::UnlinkIncidents(UnlinkIncidents { other, reason: why() });
    office.do_both(vec![(one, unlink(other)), (other, unlink(one))]).await;
    assert!(LinkRow::of_incidents(&mut *office.books().await, &[one, other]).await.unwrap().is_empty());

    let merge = MergeIncident { into: other, reason: why() };
    let absorb = AbsorbIncident { other: one, reason: why() };
    let merger = vec![(one, IncidentCommand::MergeIncident(merge)), (other, IncidentCommand::AbsorbIncident(absorb))];
    office.do_both(merger).await;
    let row = office.incident(one).await;
    assert_eq!((&*row.status, row.merged_into), ("merged", Some(other)));
    let absorbed = IncidentRow::absorbed_by(&mut *office.books().await, &[other]).await.unwrap();
    assert_eq!(absorbed, [row]);
    let unmerge = UnmergeIncident { reason: why() };
    office.does(one, IncidentCommand::UnmergeIncident(unmerge)).await;
    let row = office.incident(one).await;
    assert_eq!((&*row.status, row.merged_into), ("registered", None));
    let told: Vec<_> =
        page(&mut *office.books().await, one, 0, 100).await.into_iter().map(|entry| entry.event_type).collect();
    let own = ["IncidentRegistered", "IncidentLinked", "IncidentUnlinked", "IncidentMerged", "IncidentUnmerged"];
    assert_eq!(told, own, "what the other says of it is not told twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seized_item_has_a_chain_of_custody_without_a_gap_and_is_governed_as_its_incident() {
    let mut office = Office::open().await;
    let (incident, item) = (office.theft(1).await, id(50));
    let keeper = |institution_code: &str, keeper: &str| Custodian {
        institution: institution(institution_code),
        keeper: StorageName::parse(keeper).unwrap(),
    };
    let (officer, storage) = (keeper("VP-RIGA", "4711"), keeper("VP-RIGA", "Glabātava"));
    let mut seize = seizure(&mut office.work.dice, incident);
    seize.custodian = officer.clone();
    let hand_over = TransferCustody { from: officer, to: storage, at: None, seal: None, reason: Some(why()) };
    let outcome = DisposalOutcome::Confiscated;
    let dispose = DisposeItem { outcome, to: Some(institution("VP")), at: None, decision: None, reason: None };
    let custody = [
        SeizedItemCommand::SeizeItem(Box::new(seize)),
        SeizedItemCommand::TransferCustody(hand_over),
        SeizedItemCommand::DisposeItem(dispose),
    ];
    for command in custody {
        let decide = Box::new(move |work: &mut Work<'_>| {
            work.execute::<SeizedItem>(item, command.clone())?;
            Ok(Target::of::<SeizedItem>(item))
        });
        let at = Utc::now().fixed_offset();
        office.system.submit(LogName::REGISTER, BTreeMap::new(), at, decide).await.unwrap();
    }
    office.does(incident, IncidentCommand::AddSeizedItem(AddSeizedItem { item })).await;

    let mut books = office.books().await;
    let items = NumberedItem::of_incidents(&mut books, &[incident]).await.unwrap();
    let [NumberedItem { item: row, ordinal: Some(1) }] = &items[..] else { panic!("{items:?}") };
    let had: Vec<_> = row.custody.iter().map(|step| (&*step.keeper, step.reason.is_some())).collect();
    assert_eq!(had, [("4711", false), ("Glabātava", true)]);
    assert_eq!((&*row.keeper, row.seal.as_deref()), ("Glabātava", Some("A 000001")), "the seal that is on it stays");
    assert_eq!((row.outcome.as_deref(), row.disposed_to.as_deref()), (Some("confiscated"), Some("VP")));
    let told: Vec<_> = page(&mut books, incident, 0, 100).await.into_iter().map(|entry| entry.event_type).collect();
    let expected = ["IncidentRegistered", "ItemSeized", "CustodyTransferred", "ItemDisposed", "SeizedItemAdded"];
    assert_eq!(told, expected);

    let secret = RestrictIncident { class: RaisedClass::Secret, reason: why() };
    office.does(incident, IncidentCommand::RestrictIncident(secret)).await;
    let mut books = office.books().await;
    let resource = resource_of(&mut books, "seized_item", item).await.unwrap().unwrap();
    assert_eq!((resource.id, resource.class), (Some(incident), Class::Secret));
    assert_eq!(SeizedItemRow::by_id(&mut books, id(51)).await.unwrap(), None);
}

/// The incidents as their own events leave them.
async fn by_themselves(system: &System) -> BTreeMap<Uuid, Incident> {
    let mut incidents: BTreeMap<Uuid, Incident> = BTreeMap::new();
    for stored in system.reader(LogName::REGISTER).page(LogPosition::START, 1_000_000).await.unwrap() {
        if let Ok(RegisterEvent::Incident(event)) = decode(&stored) {
            incidents.entry(stored.aggregate_id).or_default().apply(*event);
        }
    }
    incidents
}

async fn all_rows(connection: &mut PgConnection) -> Vec<IncidentRow> {
    IncidentRow::search(connection, &IncidentFilter::default(), None, Order::OldestFirst, 100_000).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_read_model_says_of_an_incident_what_it_says_of_itself() {
    let mut office = Office::open().await;
    office.work = RandomWork::new(17, 25);
    let kinds = ["usual", "protected", "secret", "merged", "annulled", "offered", "transferred"];
    let mut seen = BTreeSet::new();
    for _ in 0..12 {
        office.work.go_on(&office.system, 500).await;
        seen = compared(&office).await;
        if kinds.iter().all(|kind| seen.contains(*kind)) {
            return;
        }
    }
    panic!("not all of {kinds:?} were met: {seen:?}");
}

/// Compares each incident with its row, and says what kinds were met.
async fn compared(office: &Office) -> BTreeSet<String> {
    let rows = all_rows(&mut *office.books().await).await;
    let incidents = by_themselves(&office.system).await;
    assert_eq!(rows.len(), incidents.len());
    let mut seen = BTreeSet::new();
    for row in &rows {
        let incident = &incidents[&row.id];
        let text = |institution: Option<&domain::values::InstitutionCode>| institution.map(ToString::to_string);
        assert_eq!(Some(row.number.clone()), incident.number().map(|number| number.to_string()));
        assert_eq!(Some(&*row.status), incident.status().map(|status| status.code()), "{}", row.number);
        assert_eq!(row.class.as_deref(), incident.class().map(RaisedClass::code), "{}", row.number);
        assert_eq!(Some(row.responsible.clone()), text(incident.responsible()), "{}", row.number);
        assert_eq!(row.offered_to, text(incident.offered_to()), "{}", row.number);
        assert_eq!(row.merged_into, incident.merged_into(), "{}", row.number);
        let taking_part = incident.formerly().chain(incident.institution()).chain(incident.offered_to());
        for institution in taking_part {
            assert!(row.participants.contains(&institution.to_string()), "{} {institution}", row.number);
        }
        seen.extend([row.class.as_deref().unwrap_or("usual").to_owned(), row.status.clone()]);
        seen.extend(row.offered_to.iter().map(|_| "offered".to_owned()));
        seen.extend((row.responsible != row.institution).then(|| "transferred".to_owned()));
    }
    seen
}
