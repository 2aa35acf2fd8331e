//! The access policies: against an oracle written from the same table, sentence by sentence, and as the document that is made of them.

mod document;
mod oracle;
mod product;
mod sentences;
mod speed;
mod versions;

use access::policy::{Action, Decision};
use access::policy::{Asker, Class, Grant, InstitutionKind, Policies, RecordKind, Resource};
use access::{Institution, Principal, Purpose, Reference, Role, Territory};

/// An institution of each kind, by its code.
const INSTITUTIONS: [(&str, InstitutionKind); 15] = [
    ("VP", InstitutionKind::StatePolice),
    ("RPP", InstitutionKind::MunicipalPolice),
    ("OP-RIGA", InstitutionKind::PortPolice),
    ("VUGD", InstitutionKind::FireRescue),
    ("NMPD", InstitutionKind::Ambulance),
    ("VKCP", InstitutionKind::EmergencyCentre),
    ("VDD", InstitutionKind::Security),
    ("KNAB", InstitutionKind::LawEnforcement),
    ("LRP", InstitutionKind::Prosecution),
    ("TA", InstitutionKind::Court),
    ("VPD", InstitutionKind::Probation),
    ("SD-RIGA", InstitutionKind::SocialService),
    ("IC", InstitutionKind::Centre),
    ("BI", InstitutionKind::Analytics),
    ("CHP", InstitutionKind::Other),
];

fn code(code: &str) -> Institution {
    Institution::parse(code).expect("a code")
}

fn territory(code: &str) -> Territory {
    Territory::parse(code).expect("a code")
}

/// Somebody trained, with a reference where their purpose needs one.
fn somebody(institution: &str, role: Role, purpose: Purpose) -> Principal {
    let mut principal = Principal::new("somebody", code(institution), vec![role], purpose, chrono::Utc::now());
    if matches!(purpose, Purpose::Investigation | Purpose::Administration | Purpose::Audit) {
        principal.reference = Some(Reference::parse("11816000126").expect("a reference"));
    }
    principal
}

fn incident_of(owner: &str) -> Resource {
    Resource::of(RecordKind::Incident, code(owner))
}

fn card_of(owner: &str) -> Resource {
    Resource::of(RecordKind::EmergencyCard, code(owner))
}

fn secret(resource: Resource) -> Resource {
    Resource { class: Class::Secret, ..resource }
}

fn policies() -> Policies {
    Policies::embedded().unwrap_or_else(|errors| panic!("{errors}"))
}

fn decide(principal: &Principal, action: Action, resource: &Resource) -> Decision {
    policies().decide(principal, action, resource)
}

fn may(principal: &Principal, action: Action, resource: &Resource) -> bool {
    decide(principal, action, resource).allowed
}

fn may_with(principal: &Principal, grants: &[Grant], action: Action, resource: &Resource) -> bool {
    policies().decide(Asker::new(principal, grants), action, resource).allowed
}
