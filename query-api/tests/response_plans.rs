//! Response plans in the graph: for those who send help, with all versions and what was turned down.

mod support;

use access::{Institution, Principal, Purpose, Role};
use chrono::{TimeDelta, Utc};
use domain::ids;
use domain::personal::Personal;
use domain::response_plan::{ApprovePlan, IllustrativePlan, PlanCommand, ProposePlan, RejectPlan};
use domain::values::{Actor, InstitutionCode, PlanRank, Reason, UserName};
use serde_json::{Value, json};
use support::register::Register;
use support::{ask, serve};

fn who(institution: &str, role: Role, purpose: Purpose) -> Principal {
    let institution = Institution::parse(institution).expect("a code");
    Principal::new("a.ozola", institution, vec![role], purpose, Utc::now() + TimeDelta::hours(1))
}

fn by(user: &str) -> Actor {
    let institution = InstitutionCode::parse("VUGD").expect("an institution");
    Actor { institution, user: UserName::parse(user).expect("a name") }
}

fn reason() -> Personal<Reason> {
    Reason::parse("Reaģēšanas kārtība").expect("a reason").into()
}

const PLANS: &str = "query ($p: LogPosition) {
    responsePlans(minPosition: $p) { code version status name levels { level needs { service kind count } } }
    responsePlan(code: \"structure-fire\") { version status rank digest proposedInstitution decidedInstitution } }";

#[tokio::test(flavor = "multi_thread")]
async fn plans_in_force_are_told_with_what_was_turned_down_to_those_who_send_help() {
    let register = Register::fresh().await;
    let api = serve(register.app.clone(), register.keys(), Vec::new()).await;
    let plan = IllustrativePlan::all().into_iter().find(|plan| plan.code.as_str() == "structure-fire").expect("a plan");
    let id = ids::of_response_plan(&plan.code);
    let propose = |content| {
        let propose = ProposePlan { code: plan.code.clone(), content, reason: reason(), by: by("a.ozola") };
        PlanCommand::ProposePlan(Box::new(propose))
    };
    let mut other = plan.content.clone();
    other.rank = PlanRank::try_new(7).expect("a rank");
    let (one, another) = (plan.content.digest(), other.digest());
    register.plan(id, propose(plan.content.clone())).await;
    let approve = ApprovePlan { digest: one, reason: reason(), by: by("p.kalnins") };
    register.plan(id, PlanCommand::ApprovePlan(approve)).await;
    register.plan(id, propose(other)).await;
    let reject = RejectPlan { digest: another, reason: reason(), by: by("p.kalnins") };
    let last = register.plan(id, PlanCommand::RejectPlan(reject)).await;

    let dispatcher = who("VKCP", Role::Dispatcher, Purpose::Response);
    let answer = ask(&api, Some(&api.tokens.for_(&dispatcher)), PLANS, json!({"p": last.position})).await.json();
    assert!(answer.get("errors").is_none(), "{answer}");
    let plans = &answer["data"]["responsePlans"];
    assert_eq!(
        (plans.as_array().map(Vec::len), &plans[0]["version"], &plans[0]["status"]),
        (Some(1), &json!(1), &json!("IN_FORCE"))
    );
    assert_eq!(plans[0]["levels"][0]["needs"][0], json!({"service": "FIRE_RESCUE", "kind": "FIRE_ENGINE", "count": 2}));
    let all = answer["data"]["responsePlan"].as_array().expect("versions").clone();
    let told: Vec<(&Value, &Value)> = all.iter().map(|one| (&one["version"], &one["rank"])).collect();
    assert_eq!(told, [(&Value::Null, &json!(7)), (&json!(1), &json!(100))]);
    assert_eq!(all[1]["digest"], plan.content.digest().to_string());

    let teacher = who("SD-RIGA", Role::Officer, Purpose::Prevention);
    let refused = ask(&api, Some(&api.tokens.for_(&teacher)), PLANS, json!({"p": last.position})).await;
    assert_eq!(refused.code(), "FORBIDDEN", "{}", refused.json());
}
