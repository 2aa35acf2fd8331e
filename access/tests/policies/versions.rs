//! Versions of the policies: read, refused, swapped.

use access::policy::{Action, Policies, PolicyHandle, check, schema_digest};
use access::{Purpose, Role};
use domain::access_policy::PolicyText;
use domain::values::PolicyFileName;
use schema::TextFile;

use crate::{incident_of, policies, somebody};

fn with(text: &'static str) -> Vec<TextFile<'static>> {
    schema::POLICIES.iter().copied().chain([TextFile { name: "90-more.cedar", text }]).collect()
}

fn refused(text: &'static str) -> Vec<String> {
    let errors = Policies::parse(&with(text)).expect_err("refused");
    errors.0.iter().map(ToString::to_string).collect()
}

/// No institution sees anything of what it did not register.
const NO_VP: &str = r#"
@id("no-look") @lv("Nē.") @en("No.") @source("test")
forbid (principal is Actor, action == Action::"view", resource)
unless { resource.relation == Relation::"own" };
"#;

#[test]
fn what_is_wrong_is_told_all_at_once() {
    let errors = refused(
        r#"
@id("one") @lv("a") @source("test")
permit (principal is Actor, action == Action::"vieww", resource);

@lv("b") @en("b") @source("test")
permit (principal is Actor, action == Action::"view", resource) when { principal.age == 3 };

@id("look-own") @lv("c") @en("c") @source("test")
permit (principal is Actor, action == Action::"view", resource);

@id("three") @lv("d") @en("d") @source("test")
permit (principal is Actor, action == Action::"view", resource) when { principal.purpose == Purpose::"curiosity" };
"#,
    );
    let told = |part: &str| assert!(errors.iter().any(|error| error.contains(part)), "{part}: {errors:#?}");
    told("90-more.cedar: policy `one` has no @en");
    told("90-more.cedar: policy 2 has no @id");
    told("policy `look-own` is there already");
    told("vieww");
    told("curiosity");
}

#[test]
fn a_slip_of_the_pen_is_told_with_its_line() {
    let errors = refused("\n\npermit (principal, action resource);\n");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].starts_with("90-more.cedar:3: "), "{errors:?}");
    let errors = refused(
        "@id(\"t\") @lv(\"a\") @en(\"a\") @source(\"test\")\npermit (principal == ?principal, action, resource);",
    );
    assert!(errors[0].contains("templates"), "{errors:?}");
}

#[test]
fn a_policy_names_its_actions_in_its_head_alone() {
    let errors = refused(
        "@id(\"t\") @lv(\"a\") @en(\"a\") @source(\"test\")\n\
         forbid (principal is Actor, action, resource) unless { context.granted || action in Action::\"look\" };",
    );
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("policy `t` speaks of the action"), "{errors:?}");
}

#[test]
fn policies_without_institutions_or_with_strange_files_are_refused() {
    let files: Vec<TextFile<'_>> =
        schema::POLICIES.iter().copied().filter(|file| file.name.ends_with(".cedar")).collect();
    let errors = Policies::parse(&files).expect_err("no table");
    assert_eq!(errors.0.len(), 1, "{errors}");
    let strange = [TextFile { name: "notes.txt", text: "" }];
    let errors = Policies::parse(&strange).expect_err("nothing to use");
    assert_eq!(errors.0.len(), 3, "{errors}");
    assert!(errors.to_string().contains("\n  notes.txt is neither"), "{errors}");
}

#[test]
fn the_digest_tells_versions_apart_and_does_not_mind_the_order_of_files() {
    let mut reversed = schema::POLICIES.to_vec();
    reversed.reverse();
    let other = Policies::parse(&with(NO_VP)).expect("good policies");
    assert_eq!(Policies::parse(&reversed).expect("good policies").digest(), policies().digest());
    assert_ne!(other.digest(), policies().digest());
}

/// As a proposal holds them.
fn proposal(files: &[TextFile<'_>]) -> PolicyText {
    let file = |file: &TextFile<'_>| (PolicyFileName::parse(file.name).expect("a name"), file.text.to_owned());
    PolicyText::try_new(files.iter().map(file)).expect("a text")
}

#[test]
fn a_version_has_one_digest_where_it_is_proposed_and_where_it_decides() {
    let text = proposal(schema::POLICIES);
    assert_eq!(check(&text).as_ref(), Ok(&text.digest()));
    assert_eq!(text.digest(), *policies().digest());
    assert_eq!(Policies::of(&text).expect("good policies").digest(), policies().digest());
    assert_ne!(schema_digest(), text.digest(), "what policies may speak about is told apart");
}

#[test]
fn what_nobody_could_decide_by_is_refused_before_it_is_proposed() {
    let wrong = proposal(&with("permit (principal, action, resource) when { principal.age > 3 };"));
    let told = check(&wrong).expect_err("refused").to_string();
    for mistake in ["no @id", "no @lv", "no @en", "no @source"] {
        assert!(told.contains(mistake), "{told}");
    }
}

#[test]
fn policies_that_nobody_could_ever_replace_are_known() {
    assert!(policies().can_be_replaced());
    let never = r#"
@id("never") @lv("Nē.") @en("No.") @source("test")
forbid (principal is Actor, action == Action::"adopt_policy", resource);
"#;
    assert!(!Policies::parse(&with(never)).expect("good policies").can_be_replaced());
    let table = schema::POLICIES.iter().find(|file| file.name == "institutions.toml").expect("the table").text;
    let table = table.replace("\"centre\"", "\"other\"");
    let replaced = schema::POLICIES.iter().map(|file| match file.name {
        "institutions.toml" => TextFile { text: &table, ..*file },
        _ => *file,
    });
    let replaced: Vec<TextFile<'_>> = replaced.collect();
    assert!(!Policies::parse(&replaced).expect("good policies").can_be_replaced(), "no institution is of that kind");
}

#[test]
fn an_adopted_version_decides_from_then_on_and_the_old_one_to_its_end() {
    let handle = PolicyHandle::new(policies());
    let officer = somebody("VP", Role::Officer, Purpose::Response);
    let incident = incident_of("RPP");
    let before = handle.current();
    assert!(before.decide(&officer, Action::View, &incident).allowed);
    let _ = handle.adopt(Policies::parse(&with(NO_VP)).expect("good policies"));
    assert!(
        !handle.current().decide(&officer, Action::View, &incident).allowed,
        "nothing is remembered of the old one"
    );
    assert!(before.decide(&officer, Action::View, &incident).allowed);
}

#[test]
fn every_policy_says_where_it_comes_from() {
    for text in policies().texts() {
        let known = text.source.contains("DOMAIN") || text.source.contains("illustrative");
        assert!(known, "{} says {}", text.id, text.source);
        assert!(text.lv.ends_with('.') && text.en.ends_with('.'), "{} says sentences", text.id);
    }
}
