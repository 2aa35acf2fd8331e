//! Grants, emergency access and the policy: by two persons, each with a token of their own.

use access::policy::Policies;
use access::{Purpose, Role};
use chrono::{TimeDelta, Utc};
use proto::command::v1 as pb;
use proto::command::v1::access_service_client::AccessServiceClient;
use proto::command::v1::emergency_card_service_client::EmergencyCardServiceClient;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::support::{Api, Calling, call, envelope, envelope_of, incident, numbered, refusal, with_id};

const DENIED: (Code, Vec<String>) = (Code::PermissionDenied, Vec::new());

fn rule(name: &str) -> (Code, Vec<String>) {
    (Code::FailedPrecondition, vec![name.to_owned()])
}

/// That person of the State Police.
fn person(api: &Api, user: &str, role: Role, purpose: Purpose) -> AccessServiceClient<Calling> {
    AccessServiceClient::new(api.calling_as(&crate::support::person(user, "VP", role, purpose)))
}

/// That person of the Information Centre.
fn centre(api: &Api, user: &str) -> AccessServiceClient<Calling> {
    let supervisor = crate::support::person(user, "IC", Role::Supervisor, Purpose::Administration);
    AccessServiceClient::new(api.calling_as(&supervisor))
}

/// A call that the State Police took.
async fn card(api: &Api) -> pb::CommandReply {
    let system = crate::support::person("vp-enz", "VP", Role::System, Purpose::Response);
    EmergencyCardServiceClient::new(api.calling_as(&system)).receive_call(call()).await.unwrap().into_inner()
}

fn officer(api: &Api, user: &str) -> AccessServiceClient<Calling> {
    person(api, user, Role::Officer, Purpose::Response)
}

fn supervisor(api: &Api, user: &str) -> AccessServiceClient<Calling> {
    person(api, user, Role::Supervisor, Purpose::Administration)
}

fn grant_of(scope: pb::grant_scope::Of) -> pb::RequestGrant {
    let at = |hours| (Utc::now() + TimeDelta::hours(hours)).to_rfc3339();
    pb::RequestGrant {
        envelope: envelope(),
        grantee: Some(pb::Person { institution: String::new(), user: "j.berzins".to_owned() }),
        scope: Some(pb::GrantScope { of: Some(scope) }),
        purpose: pb::AccessPurpose::Investigation as i32,
        from: at(0),
        until: at(48),
        reason: "he helps Anna Bērziņa of Liepāja".to_owned(),
    }
}

fn secret() -> pb::RequestGrant {
    grant_of(pb::grant_scope::Of::Class(pb::RecordClass::Secret as i32))
}

fn approve(grant: Option<pb::RecordRef>) -> pb::ApproveGrant {
    pb::ApproveGrant { envelope: envelope(), grant }
}

fn revoke(grant: Option<pb::RecordRef>) -> pb::RevokeGrant {
    pb::RevokeGrant { envelope: envelope(), grant, reason: "he works elsewhere now".to_owned() }
}

fn reject(grant: Option<pb::RecordRef>) -> pb::RejectGrant {
    pb::RejectGrant { envelope: envelope(), grant, reason: "not his case".to_owned() }
}

async fn payload(api: &Api, event_type: &str) -> String {
    let sql = "select payload::text from register.events where event_type = $1";
    sqlx::query_scalar(sql).bind(event_type).fetch_one(&api.pool).await.unwrap()
}

#[tokio::test]
async fn a_grant_goes_its_way_by_two_persons() {
    let api = Api::start().await;
    let police = api.calling_as(&crate::support::person("vp-enz", "VP", Role::System, Purpose::Response));
    let registered = IncidentServiceClient::new(police).register_incident(incident()).await.unwrap().into_inner();
    let scope = pb::grant_scope::Of::Incident(numbered(&registered.number).unwrap());
    let requested = supervisor(&api, "a.ozola").request_grant(grant_of(scope)).await.unwrap().into_inner();
    let grant = || with_id(&requested.aggregate_id);

    let own = supervisor(&api, "a.ozola").approve_grant(approve(grant())).await;
    assert_eq!(refusal(own), DENIED);
    let theirs = supervisor(&api, "j.berzins").approve_grant(approve(grant())).await;
    assert_eq!(refusal(theirs), rule("grant_to_oneself"));
    assert_eq!(refusal(officer(&api, "p.kalnins").approve_grant(approve(grant())).await), DENIED);
    supervisor(&api, "p.kalnins").approve_grant(approve(grant())).await.unwrap();

    let expire = pb::ExpireGrant { envelope: envelope(), grant: grant() };
    assert_eq!(refusal(supervisor(&api, "p.kalnins").expire_grant(expire).await), rule("grant_not_over"));
    supervisor(&api, "p.kalnins").revoke_grant(revoke(grant())).await.unwrap();
    let late = supervisor(&api, "p.kalnins").reject_grant(reject(grant())).await;
    assert_eq!(refusal(late), rule("grant_settled"));
    let expected = ["IncidentRegistered", "GrantRequested", "GrantApproved", "GrantRevoked"];
    assert_eq!(api.events("register").await, expected);

    let payload = payload(&api, "GrantRequested").await;
    assert!(payload.contains(&registered.aggregate_id) && payload.contains("$sealed"), "{payload}");
    assert!(!payload.contains("Anna"), "{payload}");
}

#[tokio::test]
async fn access_is_asked_for_and_turned_down_by_who_decides() {
    let api = Api::start().await;
    let analyst = person(&api, "i.liepa", Role::Analyst, Purpose::Statistics).request_grant(secret()).await;
    assert_eq!(refusal(analyst), DENIED);
    assert_eq!(refusal(officer(&api, "a.ozola").request_grant(secret()).await), DENIED);
    let abroad = pb::Person { institution: "KNAB".to_owned(), user: "j.berzins".to_owned() };
    let to_others = pb::RequestGrant { grantee: Some(abroad), ..secret() };
    assert_eq!(refusal(supervisor(&api, "a.ozola").request_grant(to_others).await), DENIED);
    for who in ["a.ozola", "p.kalnins"] {
        let requested = supervisor(&api, "a.ozola").request_grant(secret()).await.unwrap().into_inner();
        let named = || with_id(&requested.aggregate_id);
        assert_eq!(refusal(officer(&api, "p.kalnins").reject_grant(reject(named())).await), DENIED);
        // Who asked may take it back.
        supervisor(&api, who).reject_grant(reject(named())).await.unwrap();
    }
    let expected = ["GrantRequested", "GrantRejected", "GrantRequested", "GrantRejected"];
    assert_eq!(api.events("register").await, expected);
}

#[tokio::test]
async fn a_grant_names_what_there_is() {
    let api = Api::start().await;
    let card = card(&api).await;
    let request = |scope| {
        let mut client = supervisor(&api, "a.ozola");
        async move { client.request_grant(grant_of(scope)).await }
    };
    use pb::grant_scope::Of;
    assert!(request(Of::Card(with_id(&card.aggregate_id).unwrap())).await.is_ok());
    for nothing in [
        Of::Incident(with_id(&card.aggregate_id).unwrap()),
        Of::Incident(with_id(&uuid::Uuid::now_v7().to_string()).unwrap()),
        Of::Card(numbered("VEK-2026-9999999").unwrap()),
    ] {
        assert_eq!(refusal(request(nothing).await).0, Code::NotFound);
    }
    let unknown =
        supervisor(&api, "p.kalnins").approve_grant(approve(with_id(&uuid::Uuid::now_v7().to_string()))).await;
    assert_eq!(refusal(unknown), (Code::NotFound, vec!["grant_not_requested".to_owned()]));
    let no_grant = supervisor(&api, "p.kalnins").approve_grant(approve(with_id(&card.aggregate_id))).await;
    assert_eq!(refusal(no_grant).0, Code::NotFound);
}

#[tokio::test]
async fn a_request_for_a_grant_takes_effect_once() {
    let api = Api::start().await;
    let message = pb::RequestGrant { envelope: envelope_of("vp-enz", "grant-1"), ..secret() };
    let first = supervisor(&api, "a.ozola").request_grant(message.clone()).await.unwrap().into_inner();
    let again = supervisor(&api, "a.ozola").request_grant(message.clone()).await.unwrap().into_inner();
    assert_eq!(again, pb::CommandReply { repeated: true, ..first.clone() });
    let other = pb::RequestGrant { envelope: envelope_of("vp-enz", "grant-1"), ..message };
    let refused = refusal(supervisor(&api, "a.ozola").request_grant(other).await);
    assert_eq!(refused, (Code::AlreadyExists, vec!["grant_already_requested".to_owned()]));
    let named = crate::support::external_of("vp-enz", "grant-1");
    let approved = supervisor(&api, "p.kalnins").approve_grant(approve(named)).await.unwrap().into_inner();
    assert_eq!(approved.aggregate_id, first.aggregate_id);
}

#[tokio::test]
async fn all_that_is_wrong_with_the_time_of_a_grant_arrives() {
    let api = Api::start().await;
    let at = |days| (Utc::now() + TimeDelta::days(days)).to_rfc3339();
    let wrong = pb::RequestGrant { from: at(91), until: at(500), ..secret() };
    let refused = supervisor(&api, "a.ozola").request_grant(wrong).await;
    let expected = ["grant_too_long", "grant_too_far_ahead"].map(str::to_owned).to_vec();
    assert_eq!(refusal(refused), (Code::FailedPrecondition, expected));
}

fn break_glass(card: &pb::CommandReply) -> pb::BreakGlass {
    pb::BreakGlass {
        envelope: envelope(),
        record: Some(pb::break_glass::Record::Card(with_id(&card.aggregate_id).unwrap())),
        until: String::new(),
        reason: "Anna's life is at risk".to_owned(),
    }
}

fn vouch(access: &pb::CommandReply) -> pb::VouchEmergencyAccess {
    let note = "I know of it".to_owned();
    pb::VouchEmergencyAccess { envelope: envelope(), emergency_access: with_id(&access.aggregate_id), note }
}

async fn review(
    mut client: AccessServiceClient<Calling>,
    access: &pb::CommandReply,
) -> Result<tonic::Response<pb::CommandReply>, Status> {
    let message = pb::ReviewEmergencyAccess {
        envelope: envelope(),
        emergency_access: with_id(&access.aggregate_id),
        outcome: pb::ReviewOutcome::Justified as i32,
        note: "it was right".to_owned(),
    };
    client.review_emergency_access(message).await
}

#[tokio::test]
async fn emergency_access_takes_a_second_person_and_is_reviewed_by_a_third() {
    let api = Api::start().await;
    let card = card(&api).await;
    let system = person(&api, "journal", Role::System, Purpose::Response).break_glass(break_glass(&card)).await;
    assert_eq!(refusal(system), DENIED);
    let declared = officer(&api, "a.ozola").break_glass(break_glass(&card)).await.unwrap().into_inner();
    let alone = officer(&api, "a.ozola").vouch_emergency_access(vouch(&declared)).await;
    assert_eq!(refusal(alone), rule("emergency_access_needs_two_persons"));
    let auditor = || person(&api, "i.liepa", Role::Auditor, Purpose::Audit);
    assert_eq!(refusal(review(auditor(), &declared).await), rule("emergency_access_not_opened"));
    officer(&api, "p.kalnins").vouch_emergency_access(vouch(&declared)).await.unwrap();

    assert_eq!(refusal(review(officer(&api, "i.liepa"), &declared).await), DENIED);
    let own = review(supervisor(&api, "p.kalnins"), &declared).await;
    assert_eq!(refusal(own), rule("emergency_review_needs_another_person"));
    assert_eq!(refusal(review(supervisor(&api, "a.ozola"), &declared).await), DENIED);
    review(auditor(), &declared).await.unwrap();
    let expected = ["CallReceived", "BreakGlassDeclared", "BreakGlassVouched", "BreakGlassReviewed"];
    assert_eq!(api.events("register").await, expected);
    let payload = payload(&api, "BreakGlassDeclared").await;
    assert!(payload.contains(r#""purpose":"response""#) && !payload.contains("Anna"), "{payload}");
}

#[tokio::test]
async fn a_policy_of_access_is_put_into_force_by_a_second_person_who_read_it() {
    let api = Api::start().await;
    let files = policy_files();
    let digest = Policies::embedded().unwrap().digest().to_string();
    let propose = || pb::ProposePolicy { envelope: envelope(), files: files.clone(), reason: "the first".to_owned() };
    let adopt = |digest: &str| pb::AdoptPolicy {
        envelope: envelope(),
        digest: digest.to_owned(),
        reason: "as agreed".to_owned(),
    };
    assert_eq!(refusal(supervisor(&api, "a.ozola").propose_policy(propose()).await), DENIED);
    let message = propose();
    let proposed = centre(&api, "a.ozola").propose_policy(message.clone()).await.unwrap().into_inner();
    let again = centre(&api, "a.ozola").propose_policy(message).await.unwrap().into_inner();
    assert!(again.repeated, "the same message is the same command");
    let other = centre(&api, "p.kalnins").adopt_policy(adopt(&"0".repeat(64))).await;
    assert_eq!(refusal(other), rule("policy_has_other_text"));
    let own = centre(&api, "a.ozola").adopt_policy(adopt(&digest)).await;
    assert_eq!(refusal(own), DENIED);
    let adopted = centre(&api, "p.kalnins").adopt_policy(adopt(&digest)).await.unwrap().into_inner();
    assert_eq!(adopted.aggregate_id, proposed.aggregate_id);

    let reject = pb::RejectPolicy { envelope: envelope(), digest: digest.clone(), reason: "no".to_owned() };
    assert_eq!(refusal(centre(&api, "p.kalnins").reject_policy(reject).await), rule("policy_not_proposed"));
    assert_eq!(api.events("register").await, ["PolicyProposed", "PolicyAdopted"]);
    let payload = payload(&api, "PolicyAdopted").await;
    assert!(payload.contains(r#""institutions.toml":"#) && payload.contains(&digest), "{payload}");
}

#[tokio::test]
async fn a_policy_that_can_not_be_used_is_not_even_proposed() {
    let api = Api::start().await;
    let mut files = policy_files();
    files.retain(|file| file.name != "institutions.toml");
    files[0].text.push_str("permit (principal, action, resource) when { principal.shoeSize > 44 };");
    let propose = pb::ProposePolicy { envelope: envelope(), files, reason: "the second".to_owned() };
    let refused = centre(&api, "a.ozola").propose_policy(propose).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let told = format!("{:?}", refused.get_error_details());
    assert!(told.contains("institutions.toml is missing") && told.contains("has no @id"), "all that is wrong: {told}");
    assert!(api.events("register").await.is_empty());
}

/// The policies that the program comes with, as they are proposed.
fn policy_files() -> Vec<pb::PolicyFile> {
    let file = |file: &schema::TextFile<'_>| pb::PolicyFile { name: file.name.to_owned(), text: file.text.to_owned() };
    schema::POLICIES.iter().map(file).collect()
}

#[tokio::test]
async fn the_largest_policy_of_access_is_taken() {
    let api = Api::start().await;
    let mut files = policy_files();
    let room = 256 * 1024 - files.iter().map(|file| file.text.len()).sum::<usize>();
    let more = 64 - files.len();
    let empty = |n: usize| pb::PolicyFile { name: format!("{n}.cedar"), text: "\n".repeat(room / more) };
    files.extend((0..more).map(empty));
    let propose = pb::ProposePolicy { envelope: envelope(), files, reason: "the largest".to_owned() };
    assert_eq!(centre(&api, "a.ozola").propose_policy(propose).await.unwrap().into_inner().events, 1);
}
