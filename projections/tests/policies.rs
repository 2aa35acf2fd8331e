//! Which version of the access policy is in force, and what became of those that were proposed.

mod support;

use domain::access_policy::{AdoptPolicy, PolicyCommand, PolicyText, ProposePolicy, RejectPolicy};
use domain::values::PolicyFileName;
use projections::access_policies::{AccessPolicies, FileRow, ProposalRow};
use projections::rebuild;
use sqlx::PgConnection;
use support::System;
use support::access::{person, policy, reason};
use support::work::RandomWork;

fn text(content: &str) -> PolicyText {
    let file = |name: &str, content: &str| (PolicyFileName::parse(name).unwrap(), content.to_owned());
    PolicyText::try_new([file("look.cedar", content), file("institutions.toml", "# none")]).unwrap()
}

fn propose(text: &PolicyText, by: &str) -> PolicyCommand {
    PolicyCommand::ProposePolicy(ProposePolicy { text: text.clone(), reason: reason(), by: person(by) })
}

fn adopt(text: &PolicyText, by: &str) -> PolicyCommand {
    PolicyCommand::AdoptPolicy(AdoptPolicy { digest: text.digest(), reason: reason(), by: person(by) })
}

fn reject(text: &PolicyText, by: &str) -> PolicyCommand {
    PolicyCommand::RejectPolicy(RejectPolicy { digest: text.digest(), reason: reason(), by: person(by) })
}

/// Status of each proposal with who decided on it, in the order of the log.
async fn told(connection: &mut PgConnection) -> Vec<(String, Option<String>)> {
    let mut rows = ProposalRow::list(connection, 9).await.unwrap();
    rows.reverse();
    rows.into_iter().map(|row| (row.status, row.decided_by)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_version_is_in_force_and_its_files_are_there_to_be_read() {
    let system = System::fresh().await;
    let at_work = system.start();
    let mut work = RandomWork::new(1, 1);
    let mut connection = system.pools.app.acquire().await.unwrap();
    let (first, second) = (text("permit (principal, action, resource);"), text("// nothing"));
    policy(&mut work, &system, propose(&first, "a.ozola")).await.unwrap();
    // Its tables are there with the first event that it has taken in.
    system.caught_up(&at_work).await;
    assert_eq!(ProposalRow::in_force(&mut connection).await.unwrap(), None);
    policy(&mut work, &system, adopt(&first, "a.ozola")).await.expect_err("one person alone adopts nothing");
    policy(&mut work, &system, adopt(&first, "p.kalnins")).await.unwrap();
    policy(&mut work, &system, propose(&second, "a.ozola")).await.unwrap();
    policy(&mut work, &system, reject(&second, "p.kalnins")).await.unwrap();
    system.caught_up(&at_work).await;

    let row = ProposalRow::in_force(&mut connection).await.unwrap().expect("one is in force");
    assert_eq!((row.digest.as_str(), row.decided_by.as_deref()), (first.digest().as_str(), Some("p.kalnins")));
    assert!(row.reason.contains("$sealed") && row.decision_reason.unwrap().contains("$sealed"));
    let files = FileRow::of(&mut connection, &row.digest).await.unwrap();
    let files: Vec<_> = files.iter().map(|file| (file.name.as_str(), file.content.as_str())).collect();
    assert_eq!(files, [("institutions.toml", "# none"), ("look.cedar", "permit (principal, action, resource);")]);

    // What was rejected may be proposed again, and then another takes its place.
    for text in [&second, &first] {
        policy(&mut work, &system, propose(text, "p.kalnins")).await.unwrap();
        policy(&mut work, &system, adopt(text, "i.liepa")).await.unwrap();
    }
    policy(&mut work, &system, propose(&second, "i.liepa")).await.unwrap();
    system.caught_up(&at_work).await;
    let by = |status: &str, by: &str| (status.to_owned(), Some(by.to_owned()));
    let expected = [
        by("replaced", "p.kalnins"),
        by("rejected", "p.kalnins"),
        by("replaced", "i.liepa"),
        by("in_force", "i.liepa"),
        ("proposed".to_owned(), None),
    ];
    assert_eq!(told(&mut connection).await, expected);
    let row = ProposalRow::in_force(&mut connection).await.unwrap().expect("one is in force");
    assert_eq!(row.digest, first.digest().to_string());

    let live = system.rows::<AccessPolicies>("access_policies").await;
    assert_eq!(rebuild(&system.pools, &system.registry, "access_policies", &mut |_| {}).await.unwrap().parked, 0);
    assert_eq!(system.rows::<AccessPolicies>("access_policies").await, live, "built anew it is the same");
}
