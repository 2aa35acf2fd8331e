//! Each command on an incident, sent by a real client in each state that an incident can be in: what is not allowed is refused by the
//! name of its rule. The table that comes of it is `docs/INCIDENT_STATES.md`.

#![allow(clippy::needless_update, reason = "one macro makes messages of all sizes")]

use std::collections::BTreeMap;
use std::path::Path;

use access::{Principal, Purpose, Role};
use proto::command::v1 as pb;
use tonic::{Code, Response, Status};
use uuid::Uuid;

use crate::support::{Api, envelope, incident, person, refusal, with_id};

const FILE: &str = "docs/INCIDENT_STATES.md";

/// An incident, what it is about, and who works on it.
struct Case<'a> {
    api: &'a Api,
    id: String,
    /// Another incident, that it is tied to.
    other: String,
    /// A person in it.
    subject: String,
    /// A vehicle in it.
    vehicle: String,
}

fn officer() -> Principal {
    person("a.ozola", "VP", Role::Officer, Purpose::Response)
}

fn supervisor() -> Principal {
    person("p.kalnins", "VP", Role::Supervisor, Purpose::Response)
}

fn municipal() -> Principal {
    person("j.berzins", "RPP", Role::Officer, Purpose::Response)
}

fn why() -> String {
    "Precizēts pēc pārbaudes.".to_owned()
}

fn vehicle(incident: &str, id: &str) -> pb::InvolveVehicle {
    pb::InvolveVehicle {
        envelope: envelope(),
        incident: with_id(incident),
        id: id.to_owned(),
        relation: "suspect".to_owned(),
        plate: "AB-1234".to_owned(),
        ..Default::default()
    }
}

fn witness(incident: &str, subject: &str) -> pb::InvolvePerson {
    pb::InvolvePerson {
        envelope: envelope(),
        incident: with_id(incident),
        subject_id: subject.to_owned(),
        person: Some(pb::PersonDetails { name: "Anna Bērziņa".to_owned(), ..Default::default() }),
        roles: vec!["witness".to_owned()],
        ..Default::default()
    }
}

type Answer = Result<Response<pb::CommandReply>, Status>;

/// Sends a command as somebody, with an envelope and the incident.
macro_rules! send {
    ($case:ident, $who:expr, $call:ident($message:ident { $($field:ident: $value:expr),* $(,)? })) => {{
        let message = pb::$message {
            envelope: envelope(),
            incident: with_id(&$case.id),
            $($field: $value,)*
            ..Default::default()
        };
        $case.api.incidents_as(&$who).$call(message).await
    }};
}

impl<'a> Case<'a> {
    /// An incident that is registered, with a person, a vehicle, a link and a restriction.
    async fn registered(api: &'a Api) -> Self {
        let mut incidents = api.incidents_as(&officer());
        let id = incidents.register_incident(incident()).await.unwrap().into_inner().aggregate_id;
        let other = incidents.register_incident(incident()).await.unwrap().into_inner().aggregate_id;
        let [subject, vehicle_id] = [Uuid::now_v7().to_string(), Uuid::now_v7().to_string()];
        incidents.involve_person(witness(&id, &subject)).await.unwrap();
        incidents.involve_vehicle(vehicle(&id, &vehicle_id)).await.unwrap();
        let case = Self { api, id, other, subject, vehicle: vehicle_id };
        case.does("LinkIncidents").await;
        case.does("RestrictIncident").await;
        case
    }

    async fn does(&self, command: &str) {
        self.send(command).await.unwrap_or_else(|status| panic!("{command}: {status}"));
    }

    async fn send(&self, command: &str) -> Answer {
        let case = self;
        match command {
            "RegisterIncident" => {
                let again =
                    pb::RegisterIncident { envelope: crate::support::envelope_of("vp-sample", &case.id), ..incident() };
                case.api.incidents_as(&officer()).register_incident(again).await
            }
            "SupplementIncident" => {
                send!(case, officer(), supplement_incident(SupplementIncident { narrative: Some("Vēl.".to_owned()) }))
            }
            "CorrectIncident" => send!(
                case,
                officer(),
                correct_incident(CorrectIncident { reason: why(), channel: pb::Channel::InPerson as i32 })
            ),
            "CorrectIncident (supervisor)" => {
                send!(
                    case,
                    supervisor(),
                    correct_incident(CorrectIncident { reason: why(), channel: pb::Channel::Written as i32 })
                )
            }
            "ReclassifyIncident" => send!(
                case,
                officer(),
                reclassify_incident(ReclassifyIncident { reason: why(), type_code: "robbery".to_owned() })
            ),
            "AssignIncident" => {
                let assignee = Some(pb::assign_incident::Assignee::Officer("4711".to_owned()));
                send!(case, officer(), assign_incident(AssignIncident { assignee: assignee }))
            }
            "RecordAction" => {
                send!(case, officer(), record_action(RecordAction { action: "scene-examined".to_owned() }))
            }
            "RecordResult" => {
                send!(case, officer(), record_result(RecordResult { result_code: "preventive-talk".to_owned() }))
            }
            "CloseIncident" => {
                send!(case, officer(), close_incident(CloseIncident { disposition: "report-taken".to_owned() }))
            }
            "ReopenIncident" => send!(case, officer(), reopen_incident(ReopenIncident { reason: why() })),
            "RestrictIncident" => {
                let class = pb::RaisedClass::Protected as i32;
                send!(case, officer(), restrict_incident(RestrictIncident { reason: why(), class: class }))
            }
            "LiftRestriction" => send!(case, supervisor(), lift_restriction(LiftRestriction { reason: why() })),
            "RequestAnnulment" => send!(case, officer(), request_annulment(RequestAnnulment { reason: why() })),
            "ApproveAnnulment" => send!(case, supervisor(), approve_annulment(ApproveAnnulment {})),
            "RejectAnnulment" => send!(case, supervisor(), reject_annulment(RejectAnnulment { reason: why() })),
            "InvolvePerson" => {
                case.api.incidents_as(&officer()).involve_person(witness(&case.id, &Uuid::now_v7().to_string())).await
            }
            "IdentifyPerson" => {
                let person = Some(pb::PersonDetails { phone: "+37120000000".to_owned(), ..Default::default() });
                send!(
                    case,
                    officer(),
                    identify_person(IdentifyPerson { subject_id: case.subject.clone(), person: person })
                )
            }
            "ChangePersonRoles" => {
                let roles = vec!["suspect".to_owned()];
                send!(
                    case,
                    officer(),
                    change_person_roles(ChangePersonRoles {
                        subject_id: case.subject.clone(),
                        roles: roles,
                        reason: why()
                    })
                )
            }
            "InvolveOrganisation" => {
                let roles = vec!["owner".to_owned()];
                send!(
                    case,
                    officer(),
                    involve_organisation(InvolveOrganisation { name: "SIA Paraugs".to_owned(), roles: roles })
                )
            }
            "InvolveVehicle" => {
                case.api.incidents_as(&officer()).involve_vehicle(vehicle(&case.id, &case.vehicle)).await
            }
            "InvolveItem" => {
                send!(
                    case,
                    officer(),
                    involve_item(InvolveItem { kind: "bicycle".to_owned(), relation: "stolen".to_owned() })
                )
            }
            "InvolveDocument" => {
                send!(
                    case,
                    officer(),
                    involve_document(InvolveDocument { kind: "passport".to_owned(), relation: "lost".to_owned() })
                )
            }
            "WithdrawInvolvement" => {
                send!(
                    case,
                    officer(),
                    withdraw_involvement(WithdrawInvolvement { id: case.vehicle.clone(), reason: why() })
                )
            }
            "LinkIncidents" => {
                let kind = pb::LinkKind::Related as i32;
                send!(case, officer(), link_incidents(LinkIncidents { other: with_id(&case.other), kind: kind }))
            }
            "UnlinkIncidents" => {
                send!(case, officer(), unlink_incidents(UnlinkIncidents { other: with_id(&case.other), reason: why() }))
            }
            "MergeIncident" => {
                send!(case, officer(), merge_incident(MergeIncident { into: with_id(&case.other), reason: why() }))
            }
            "UnmergeIncident" => send!(case, officer(), unmerge_incident(UnmergeIncident { reason: why() })),
            "SplitIncident" => {
                let registration = Some(pb::RegisterIncident { envelope: None, ..incident() });
                send!(case, officer(), split_incident(SplitIncident { reason: why(), registration: registration }))
            }
            "OfferTransfer" => {
                let transfer_id = Uuid::now_v7().to_string();
                send!(
                    case,
                    officer(),
                    offer_transfer(OfferTransfer { transfer_id: transfer_id, to: "RPP".to_owned(), reason: why() })
                )
            }
            "AcceptTransfer" => send!(case, municipal(), accept_transfer(AcceptTransfer {})),
            "RejectTransfer" => {
                send!(case, municipal(), reject_transfer(RejectTransfer { cause: "not-competent".to_owned() }))
            }
            "WithdrawTransfer" => send!(case, officer(), withdraw_transfer(WithdrawTransfer { reason: why() })),
            "CompleteTransfer" => {
                let outcome = pb::TransferOutcome::Completed as i32;
                send!(case, municipal(), complete_transfer(CompleteTransfer { outcome: outcome }))
            }
            "ReturnIncident" => send!(case, officer(), return_incident(ReturnIncident { cause: why() })),
            "SeizeItem" => {
                let custodian = Some(pb::Custodian { institution: String::new(), keeper: "4711".to_owned() });
                let seize = pb::SeizeItem {
                    envelope: envelope(),
                    incident: with_id(&case.id),
                    kind: "knife".to_owned(),
                    basis: "criminal-procedure".to_owned(),
                    custodian,
                    ..Default::default()
                };
                case.api.items_as(&officer()).seize_item(seize).await
            }
            other => panic!("no command {other}"),
        }
    }
}

const COMMANDS: &[&str] = &[
    "SupplementIncident",
    "CorrectIncident",
    "CorrectIncident (supervisor)",
    "ReclassifyIncident",
    "AssignIncident",
    "RecordAction",
    "RecordResult",
    "CloseIncident",
    "ReopenIncident",
    "RestrictIncident",
    "LiftRestriction",
    "RequestAnnulment",
    "ApproveAnnulment",
    "RejectAnnulment",
    "InvolvePerson",
    "IdentifyPerson",
    "ChangePersonRoles",
    "InvolveOrganisation",
    "InvolveVehicle",
    "InvolveItem",
    "InvolveDocument",
    "WithdrawInvolvement",
    "SeizeItem",
    "LinkIncidents",
    "UnlinkIncidents",
    "MergeIncident",
    "UnmergeIncident",
    "SplitIncident",
    "OfferTransfer",
    "AcceptTransfer",
    "RejectTransfer",
    "WithdrawTransfer",
    "CompleteTransfer",
    "ReturnIncident",
];

/// The states, each with what leads there from a registration.
const STATES: &[(&str, &[&str])] = &[
    ("registered", &[]),
    ("assigned", &["AssignIncident"]),
    ("result recorded", &["AssignIncident", "RecordResult"]),
    ("closed", &["RecordResult", "CloseIncident"]),
    ("in progress", &["RecordResult", "CloseIncident", "ReopenIncident"]),
    ("offered", &["OfferTransfer"]),
    ("accepted", &["OfferTransfer", "AcceptTransfer"]),
    ("annulment requested", &["RequestAnnulment"]),
    ("merged", &["MergeIncident"]),
    ("annulled", &["RequestAnnulment", "ApproveAnnulment"]),
];

#[tokio::test]
async fn the_artefact_of_each_command_in_each_state_is_what_the_server_answers() {
    let api = Api::start().await;
    let mut cells: BTreeMap<(usize, usize), String> = BTreeMap::new();
    for (column, (state, way)) in STATES.iter().enumerate() {
        for (row, command) in COMMANDS.iter().enumerate() {
            let case = Case::registered(&api).await;
            for step in *way {
                case.does(step).await;
            }
            let cell = match case.send(command).await {
                Ok(reply) if reply.get_ref().events == 0 => "changes nothing".to_owned(),
                Ok(_) => "yes".to_owned(),
                Err(status) if status.code() == Code::PermissionDenied => "not permitted".to_owned(),
                Err(status) => {
                    let (code, rules) = refusal(Err::<(), _>(status.clone()));
                    assert!(!rules.is_empty(), "{command} when {state}: {code:?} {}", status.message());
                    rules.iter().map(|rule| format!("`{rule}`")).collect::<Vec<_>>().join(" ")
                }
            };
            cells.insert((row, column), cell);
        }
    }
    let states: Vec<&str> = STATES.iter().map(|(state, _)| *state).collect();
    let mut table = format!("| command | {} |\n| --- |{}\n", states.join(" | "), " --- |".repeat(states.len()));
    for (row, command) in COMMANDS.iter().enumerate() {
        let of_row: Vec<&str> = (0..STATES.len()).map(|column| cells[&(row, column)].as_str()).collect();
        table += &format!("| {command} | {} |\n", of_row.join(" | "));
    }
    let produced = format!(
        "# What may be done with an incident, and when\n\n\
         Each cell is the answer of the server to a real client: `make artefacts` sends every command in every state. `yes` means that it is \
         recorded, a name in code is the rule that refuses it (`PreconditionFailure`, docs/COMMANDS.md). The incident has a person, a \
         vehicle, a link to another incident and a restriction. Annulment and lifting a restriction are asked for by a supervisor, \
         transfers are answered by another institution, which may do so once it is offered one (`not permitted`).\n\n{table}"
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(FILE);
    if std::env::var_os("VNR_UPDATE_ARTEFACTS").is_some() {
        std::fs::write(&path, produced).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == produced, "{FILE} is not what the server answers: run `make artefacts`\n{produced}");
}

#[tokio::test]
async fn nothing_is_done_with_an_incident_that_is_not_registered() {
    let api = Api::start().await;
    let mut case = Case::registered(&api).await;
    case.id = Uuid::now_v7().to_string();
    for command in COMMANDS {
        let (_, rules) = refusal(case.send(command).await);
        assert!(rules.is_empty() || rules == ["incident_not_registered"], "{command}: {rules:?}");
    }
}
