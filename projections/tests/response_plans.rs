//! Which versions of the response plans are in force, and were at a moment.

mod support;

use chrono::Utc;
use domain::response_plan::{
    Applies, ApprovePlan, Need, PlanCommand, PlanContent, PlanLevel, ProposePlan, RejectPlan, RetirePlan,
};
use domain::terms::{Service, UnitKind};
use domain::values::{AlarmLevel, Code, Label, PlanRank, UnitCount};
use projections::rebuild;
use projections::response_plans::{PlanRow, ResponsePlans};
use support::System;
use support::access::{person, plan, reason};
use support::work::RandomWork;

fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

fn engines(count: u32) -> PlanContent {
    let (service, kind) = (Service::FireRescue, UnitKind::FireEngine);
    let count = UnitCount::try_new(count).unwrap();
    let need = Need { service, kind, count, min_crew: None, equipment: Default::default() };
    PlanContent {
        name: Label::parse("Ugunsgrēks").unwrap(),
        applies: Applies::default(),
        rank: PlanRank::try_new(0).unwrap(),
        levels: vec![PlanLevel { level: AlarmLevel::LOWEST, needs: vec![need] }],
        coverage: Vec::new(),
    }
}

fn propose(plan: &str, content: PlanContent) -> PlanCommand {
    let propose = ProposePlan { code: code(plan), content, reason: reason(), by: person("a.ozola") };
    PlanCommand::ProposePlan(Box::new(propose))
}

fn approve(content: &PlanContent) -> PlanCommand {
    let digest = content.digest();
    PlanCommand::ApprovePlan(ApprovePlan { digest, reason: reason(), by: person("p.kalnins") })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_each_plan_one_version_is_in_force_and_it_is_known_which_one_was() {
    let system = System::fresh().await;
    let at_work = system.start();
    let mut work = RandomWork::new(1, 1);
    let (fire, flood) = (code("fire"), code("flood"));
    for code in [&fire, &flood] {
        plan(&mut work, &system, code, propose(code.as_str(), engines(1))).await.unwrap();
        plan(&mut work, &system, code, approve(&engines(1))).await.unwrap();
    }
    // A plan waits that never comes into force.
    let storm = code("storm");
    plan(&mut work, &system, &storm, propose("storm", engines(9))).await.unwrap();
    system.caught_up(&at_work).await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let then = Utc::now();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    plan(&mut work, &system, &fire, propose("fire", engines(2))).await.unwrap();
    plan(&mut work, &system, &fire, approve(&engines(2))).await.unwrap();
    let retire = RetirePlan { version: 1, reason: reason(), by: person("a.ozola") };
    plan(&mut work, &system, &flood, PlanCommand::RetirePlan(retire)).await.unwrap();
    let reject = RejectPlan { digest: engines(9).digest(), reason: reason(), by: person("p.kalnins") };
    plan(&mut work, &system, &storm, PlanCommand::RejectPlan(reject)).await.unwrap();
    system.caught_up(&at_work).await;

    let mut connection = system.pools.app.acquire().await.unwrap();
    let told = |rows: Vec<PlanRow>| -> Vec<_> {
        let versions = rows.iter().map(|row| row.plan_version().expect("it was approved"));
        versions.map(|plan| (plan.code.to_string(), plan.version, plan.content)).collect()
    };
    let now = told(PlanRow::in_force(&mut connection).await.unwrap());
    assert_eq!(now, [("fire".to_owned(), 2, engines(2))]);
    let before = told(PlanRow::in_force_at(&mut connection, then).await.unwrap());
    assert_eq!(before, [("fire".to_owned(), 1, engines(1)), ("flood".to_owned(), 1, engines(1))]);
    assert_eq!(told(PlanRow::in_force_at(&mut connection, Utc::now()).await.unwrap()), now);

    let statuses = |rows: Vec<PlanRow>| rows.into_iter().map(|row| row.status).collect::<Vec<_>>();
    let of_fire = PlanRow::of_code(&mut connection, "fire", 9).await.unwrap();
    assert!(of_fire[0].reason.contains("$sealed"));
    assert_eq!(statuses(of_fire), ["in_force", "replaced"]);
    assert_eq!(statuses(PlanRow::of_code(&mut connection, "flood", 9).await.unwrap()), ["retired"]);
    let of_storm = PlanRow::of_code(&mut connection, "storm", 9).await.unwrap();
    assert_eq!((of_storm[0].plan_version(), of_storm[0].status.as_str()), (None, "rejected"));
    assert_eq!(statuses(PlanRow::list(&mut connection, None, 9).await.unwrap()), ["in_force"]);

    let live = system.rows::<ResponsePlans>("response_plans").await;
    assert_eq!(rebuild(&system.pools, &system.registry, "response_plans", &mut |_| {}).await.unwrap().parked, 0);
    assert_eq!(system.rows::<ResponsePlans>("response_plans").await, live, "built anew it is the same");
}
