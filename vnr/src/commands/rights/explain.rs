//! `vnr access explain`: why somebody may see a record or not.

use access::Principal;
use access::policy::{Action, Asker, Explanation, Field, Grant, Nearest, Policies, RecordKind, Relation, Resource};
use chrono::{TimeDelta, Utc};
use domain::access_day::DataScope;
use domain::lang::Lang;
use projections::access_grants::in_force;
use projections::event::{CARD, INCIDENT, UNIT};
use projections::resource_of;
use replay_tools::resolve;
use serde_json::{Value, json};

use super::gate::Gate;
use super::{caught_up, sentences};
use crate::cli::ExplainArgs;
use crate::commands::acting::Look;
use crate::commands::with_database;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, args: &ExplainArgs) -> Result<(), Failure> {
    with_database(settings, async |database| {
        let acting = args.acting();
        let gate = Gate::of(settings, database, &acting, &[]).await?;
        let (kind, id) = resolve(database.tools().await?, &args.record).await?;
        let mut connection = database.tools().await?.acquire().await?;
        caught_up(database.tools().await?, model_of(&kind)?).await?;
        caught_up(database.tools().await?, "access_grants").await?;
        let resource = resource_of(&mut connection, &kind, id).await?;
        let resource = resource.ok_or_else(|| Failure::Usage(format!("{} is not in the read models", args.record)))?;
        let who = asker(args);
        // Why one may not see a record oneself may be asked; of others, who may read that part of the access log.
        let is_oneself = gate.who().subject == who.subject && gate.who().institution == who.institution;
        let told_to_all = resource.owner.as_ref().is_some_and(|owner| gate.sees(owner.as_str()))
            && gate.sees(who.institution.as_str());
        if !is_oneself && !told_to_all {
            gate.refuse(settings, database, ("access_explain", Some(id))).await?;
        }
        let question = format!("access explain {}@{} {id}", who.subject, who.institution);
        let look = Look { question: &question, records: &[id], scopes: &[DataScope::Summary] };
        gate.acting().tell(settings, database, look).await?;
        let grants = in_force(&mut connection, &who, Utc::now()).await?;
        let case = Case { policies: gate.policies(), who: &who, grants: &grants, resource: &resource };
        let lang = args.lang.into();
        // Oneself learns why, and not whose the record is.
        if args.json {
            output::json(&case.told(args.action, lang, told_to_all));
        } else {
            case.print((&args.record, args.action), lang, told_to_all);
        }
        Ok(())
    })
    .await
}

/// Who asks, as their token would say it.
fn asker(args: &ExplainArgs) -> Principal {
    let actor = &args.actor.0;
    let until = Utc::now() + TimeDelta::hours(1);
    let mut who =
        Principal::new(actor.user.to_string(), actor.institution.clone(), args.role.clone(), args.purpose, until);
    who.reference.clone_from(&args.reference);
    who.territories.clone_from(&args.territory);
    who.trained = !args.untrained;
    who
}

/// The read model that knows whose a record is.
fn model_of(kind: &str) -> Result<&'static str, Failure> {
    match kind {
        INCIDENT => Ok("case_search"),
        CARD => Ok("cards"),
        UNIT => Ok("roster"),
        other => Err(Failure::Usage(format!(
            "what is of type {other} can't be explained: name an incident, an emergency card or a unit"
        ))),
    }
}

/// Somebody and a record.
struct Case<'a> {
    policies: &'a Policies,
    who: &'a Principal,
    grants: &'a [Grant],
    resource: &'a Resource,
}

impl Case<'_> {
    fn asker(&self) -> Asker<'_> {
        Asker::new(self.who, self.grants)
    }

    fn explain(&self, action: Action) -> Explanation {
        self.policies.explain(self.asker(), action, self.resource)
    }

    /// What is asked by default of a record: to see it, then each of its fields, where it has any.
    fn actions(&self, asked: Option<Action>) -> Vec<Action> {
        let has_fields = matches!(self.resource.kind, RecordKind::Incident | RecordKind::EmergencyCard);
        match asked {
            Some(action) => vec![action],
            None if has_fields => {
                std::iter::once(Action::View).chain(Field::ALL.iter().map(|field| field.action())).collect()
            }
            None => vec![Action::View],
        }
    }

    fn relation(&self) -> Relation {
        self.policies.institutions().relation(self.who, self.resource)
    }

    fn told(&self, asked: Option<Action>, lang: Lang, whose: bool) -> Value {
        let masks = self.policies.masks(self.asker(), self.resource);
        let decision = |action: &Action| {
            let explanation = self.explain(*action);
            let nearest = explanation.nearest.iter().map(
                |nearest| json!({ "changes": changes(nearest, lang), "policies": sentences(&nearest.policies, lang) }),
            );
            json!({
                "action": action.name(),
                "allowed": explanation.decision.allowed,
                "policies": sentences(&explanation.policies, lang),
                "nearest": nearest.collect::<Vec<_>>(),
            })
        };
        json!({
            "actor": format!("{}@{}", self.who.subject, self.who.institution),
            "record": self.resource.id,
            "kind": self.resource.kind.name(),
            "relation": whose.then(|| self.relation().name()),
            "grants": self.grants.len(),
            "digest": self.policies.digest().as_str(),
            "shown": masks.shown().map(Field::name).collect::<Vec<_>>(),
            "decisions": self.actions(asked).iter().map(decision).collect::<Vec<_>>(),
        })
    }

    fn print(&self, (record, asked): (&str, Option<Action>), lang: Lang, whose: bool) {
        let who = self.who;
        let reference = who.reference.as_ref().map_or_else(|| "no reference".to_owned(), ToString::to_string);
        let trained = if who.trained { "trained" } else { "untrained" };
        output::line(format!(
            "{}@{}: {} for {}, {reference}, {trained}, grants in force: {}",
            who.subject,
            who.institution,
            who.role_names(),
            who.purpose,
            self.grants.len()
        ));
        let kind = self.resource.kind;
        match &self.resource.owner {
            Some(owner) if whose => {
                output::line(format!("{record}: {kind} of {owner}, tie {}, {}", self.relation(), self.resource.class));
            }
            _ => output::line(format!("{record}: {kind}")),
        }
        let masks = self.policies.masks(self.asker(), self.resource);
        for action in self.actions(asked) {
            let explanation = self.explain(action);
            let field = Field::ALL.iter().find(|field| field.action() == action);
            let heading = match field {
                Some(field) if masks.shows(*field) => format!("{field}: shown"),
                Some(field) => format!("{field}: masked"),
                None if explanation.decision.allowed => format!("{action}: yes"),
                None => format!("{action}: no"),
            };
            output::line(format!("\n{heading}"));
            output::line(format!("  {}", explanation.text(lang).replace('\n', "\n  ")));
            if field.is_some() && explanation.decision.allowed && !masks.summary() {
                output::line(match lang {
                    Lang::Lv => "  Bet pašu ierakstu nerāda.",
                    Lang::En => "  But the record itself is not shown.",
                });
            }
        }
    }
}

fn changes(nearest: &Nearest, lang: Lang) -> Vec<String> {
    nearest.changes.iter().map(|change| change.label(lang)).collect()
}
