//! The state machine of an incident, found by asking everything of it wherever it stands.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::{Aggregate, DomainEvent};
use domain::classifier::{
    ActionCode, Disposition, DocumentKind, IncidentType, ItemKind, ItemRelation, PersonRole, ResultCode, TransferCause,
    VehicleRelation,
};
use domain::incident::*;
use domain::kernel::{Decide, Moment};
use domain::personal::Personal;
use domain::terms::{Category, Channel, Confidence, Identification, LinkKind, RaisedClass, TransferOutcome};
use domain::values::{
    Actor, CardNumber, InstitutionCode, Narrative, NationalNumber, Officer, OrganisationName, Reason, UserName,
};
use serde_json::Value;
use uuid::Uuid;

/// Where an event may happen, and where the incident stands after it; before it is registered it stands nowhere.
pub(crate) type Steps = BTreeMap<(String, Option<IncidentStatus>), BTreeSet<IncidentStatus>>;

/// Every step that there is: what may be asked is asked of every incident that is met, until no other is met.
pub(crate) fn steps() -> Steps {
    let asked = everything();
    let mut steps = Steps::new();
    let (mut met, mut waiting) = (BTreeSet::new(), vec![Incident::default()]);
    while let Some(incident) = waiting.pop() {
        for (command, moment) in &asked {
            let Ok(events) = incident.decide(command.clone(), moment) else { continue };
            let mut after = incident.clone();
            for event in events {
                let step = (event.event_type(), after.status());
                after.apply(event);
                steps.entry(step).or_default().extend(after.status());
            }
            if met.insert(outline(&after)) {
                waiting.push(after);
            }
        }
    }
    steps
}

/// What of an incident the order of its events depends on: two that have it in common are not both gone on from.
fn outline(incident: &Incident) -> String {
    let state = serde_json::to_value(incident).expect("a state holds nothing personal in clear");
    let state = &state["registered"];
    let whether = |name: &str| match &state[name] {
        Value::Null => false,
        Value::Object(ties) => !ties.is_empty(),
        Value::Array(ties) => !ties.is_empty(),
        _ => true,
    };
    let known = ["result", "annulment", "absorbed", "links", "restriction", "merged", "forwarded_by"].map(whether);
    let person = !state["involved"][id(PERSON).to_string()].is_null();
    let told = ["status", "responsible", "before_merger"].map(|name| state[name].to_string());
    let transfer = [&state["offer"]["to"], &state["accepted"]["to"]].map(Value::to_string);
    format!("{told:?} {transfer:?} {known:?} {person}")
}

const PERSON: u128 = 7;
const OTHER: u128 = 100;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn why() -> Personal<Reason> {
    Personal::Open(Reason::parse("x").expect("a reason"))
}

fn actor(user: &str) -> Actor {
    Actor { institution: institution("VP"), user: UserName::parse(user).expect("a name") }
}

fn institution(code: &str) -> InstitutionCode {
    InstitutionCode::parse(code).expect("a code")
}

fn moment(at: DateTime<Utc>) -> Moment {
    Moment {
        recorded_at: at,
        occurred_at: at.fixed_offset(),
        next_incident: NationalNumber::try_new(2026, 1).expect("a number"),
        next_card: CardNumber::try_new(2026, 1).expect("a number"),
    }
}

/// Everything that may be asked of an incident, some of it in more than one way, with when it is asked.
fn everything() -> Vec<(IncidentCommand, Moment)> {
    let now = DateTime::from_timestamp(1_774_800_000, 0).expect("a time");
    let of_old = moment(now + TimeDelta::days(MAX_TRANSFER_DAYS + 1));
    let mut asked = vec![(IncidentCommand::ExpireTransfer, of_old)];
    let commands = [of_registration(), of_work(), of_involvement(), of_relations(), of_transfer()].concat();
    asked.extend(commands.into_iter().map(|command| (command, moment(now))));
    asked
}

fn of_registration() -> Vec<IncidentCommand> {
    let kind = |code| IncidentType::parse(code).expect("a code");
    let narrative = Some(Personal::Open(Narrative::parse("x").expect("a narrative")));
    let reclassify = |code| {
        let (type_code, rules) = (Some(kind(code)), TypeRules::default());
        IncidentCommand::ReclassifyIncident(ReclassifyIncident { type_code, category: None, rules, reason: why() })
    };
    let register = |forwarded_by: Option<InstitutionCode>| {
        IncidentCommand::RegisterIncident(Box::new(RegisterIncident {
            channel: Channel::Phone110,
            type_code: kind("theft"),
            category: Category::B,
            rules: TypeRules::default(),
            place: None,
            received_at: None,
            occurred_from: None,
            occurred_to: None,
            narrative: None,
            reporter: None,
            institution: institution("VP-RIGA"),
            card: forwarded_by.as_ref().map(|_| id(60)),
            legacy_number: None,
            split_from: None,
            forwarded_by,
            recording_ref: None,
        }))
    };
    vec![
        register(None),
        register(Some(institution("VP"))),
        IncidentCommand::SupplementIncident(Box::new(SupplementIncident {
            narrative: narrative.clone(),
            ..SupplementIncident::default()
        })),
        IncidentCommand::CorrectIncident(Box::new(CorrectIncident {
            reason: why(),
            by_supervisor: true,
            channel: None,
            narrative,
            place: None,
            received_at: None,
            occurred_from: None,
            occurred_to: None,
            reporter: None,
        })),
        reclassify("theft"),
        reclassify("robbery"),
        IncidentCommand::NoteEarlierVersion(Box::new(NoteEarlierVersion {
            sequence: 1,
            recorded_there: None,
            superseded_at: None,
            channel: Channel::Phone110,
            type_code: kind("theft"),
            category: Category::B,
            place: None,
            received_at: None,
            occurred_from: None,
            occurred_to: None,
            narrative: None,
            reporter: None,
            result: None,
        })),
    ]
}

fn of_work() -> Vec<IncidentCommand> {
    let assign = |assignee| IncidentCommand::AssignIncident(AssignIncident { assignee });
    let result = |code| {
        let result_code = ResultCode::parse(code).expect("a code");
        IncidentCommand::RecordResult(RecordResult { result_code, case_refs: BTreeSet::new() })
    };
    let restrict = |class| IncidentCommand::RestrictIncident(RestrictIncident { class, reason: why() });
    vec![
        assign(Assignee::Unit(id(2))),
        assign(Assignee::Officer(Officer::parse("4711").expect("a number"))),
        IncidentCommand::RecordAction(Box::new(RecordAction {
            action: ActionCode::parse("scene-examined").expect("a code"),
            at: None,
            by: None,
            note: None,
        })),
        result("warning"),
        result("not-confirmed"),
        IncidentCommand::CloseIncident(CloseIncident {
            disposition: Disposition::parse("settled").expect("a code"),
            closing_type: None,
            class: None,
        }),
        IncidentCommand::ReopenIncident(ReopenIncident { reason: why() }),
        restrict(RaisedClass::Protected),
        restrict(RaisedClass::Secret),
        IncidentCommand::LiftRestriction(LiftRestriction { reason: why() }),
        IncidentCommand::RequestAnnulment(RequestAnnulment { reason: why(), by: actor("a.ozola") }),
        IncidentCommand::ApproveAnnulment(ApproveAnnulment { by: actor("p.kalnins") }),
        IncidentCommand::RejectAnnulment(RejectAnnulment { reason: why(), by: actor("p.kalnins") }),
    ]
}

fn of_involvement() -> Vec<IncidentCommand> {
    let roles = |code| BTreeSet::from([PersonRole::parse(code).expect("a code")]);
    let relation = || ItemRelation::parse("stolen").expect("a code");
    let person = Identity::unknown(id(PERSON));
    vec![
        IncidentCommand::InvolvePerson(Box::new(InvolvePerson {
            person: person.clone(),
            roles: roles("witness"),
            identification: Identification::Unknown,
            minor: false,
            protections: BTreeSet::new(),
        })),
        IncidentCommand::IdentifyPerson(Box::new(IdentifyPerson {
            person: person.clone(),
            identification: Some(Identification::Document),
            minor: None,
            protections: None,
            reason: Some(why()),
        })),
        IncidentCommand::ChangePersonRoles(ChangePersonRoles {
            subject: id(PERSON),
            roles: roles("victim"),
            reason: why(),
        }),
        IncidentCommand::InvolveOrganisation(Box::new(InvolveOrganisation {
            organisation: Organisation {
                id: id(21),
                name: OrganisationName::parse("x").expect("a name"),
                number: None,
                roles: roles("owner"),
            },
        })),
        IncidentCommand::InvolveVehicle(Box::new(InvolveVehicle {
            vehicle: Vehicle {
                id: id(22),
                relation: VehicleRelation::parse("suspect").expect("a code"),
                plate: None,
                plate_country: None,
                vin: None,
                make: None,
                colour: None,
                person: None,
            },
        })),
        IncidentCommand::InvolveItem(Box::new(InvolveItem {
            item: Item {
                id: id(23),
                kind: ItemKind::parse("bicycle").expect("a code"),
                relation: relation(),
                description: None,
                serial: None,
                quantity: None,
                value_cents: None,
                person: None,
            },
        })),
        IncidentCommand::InvolveDocument(Box::new(InvolveDocument {
            document: Document {
                id: id(24),
                kind: DocumentKind::parse("passport").expect("a code"),
                relation: relation(),
                number: None,
                country: None,
                person: None,
            },
        })),
        IncidentCommand::WithdrawInvolvement(WithdrawInvolvement { involvement: id(PERSON), reason: why() }),
    ]
}

fn of_relations() -> Vec<IncidentCommand> {
    let (other, reason) = (id(OTHER), why());
    let link = |kind| {
        let confidence = Confidence::Certain;
        IncidentCommand::LinkIncidents(LinkIncidents { other, kind, confidence, reason: None })
    };
    vec![
        link(LinkKind::Related),
        link(LinkKind::Series),
        IncidentCommand::UnlinkIncidents(UnlinkIncidents { other, reason: reason.clone() }),
        IncidentCommand::MergeIncident(MergeIncident { into: other, reason: reason.clone() }),
        IncidentCommand::UnmergeIncident(UnmergeIncident { reason: reason.clone() }),
        IncidentCommand::AbsorbIncident(AbsorbIncident { other, reason: reason.clone() }),
        IncidentCommand::ReleaseIncident(ReleaseIncident { other, reason: reason.clone() }),
        IncidentCommand::SplitIncident(SplitIncident { into: other, reason }),
        IncidentCommand::AddSeizedItem(AddSeizedItem { item: id(35) }),
    ]
}

fn of_transfer() -> Vec<IncidentCommand> {
    let mut asked = vec![
        IncidentCommand::WithdrawTransfer(WithdrawTransfer { reason: why() }),
        IncidentCommand::ReturnIncident(ReturnIncident { cause: why() }),
    ];
    for (n, code) in [(41, "VP-RIGA"), (42, "PP-RIGA")] {
        let by = || institution(code);
        asked.push(IncidentCommand::OfferTransfer(OfferTransfer {
            transfer: id(n),
            to: by(),
            deadline: None,
            reason: why(),
        }));
        asked.push(IncidentCommand::AcceptTransfer(AcceptTransfer { by: by(), assignee: None }));
        asked.push(IncidentCommand::RejectTransfer(RejectTransfer {
            by: by(),
            cause: TransferCause::parse("other").expect("a code"),
            note: None,
        }));
        for outcome in TransferOutcome::ALL {
            let completed = CompleteTransfer { by: by(), outcome: *outcome, note: None };
            asked.push(IncidentCommand::CompleteTransfer(completed));
        }
    }
    asked
}
