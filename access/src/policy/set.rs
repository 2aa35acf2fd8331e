//! A version of the access policies.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use cedar_policy::{Policy, PolicyId as CedarId, PolicySet, Schema, ValidationMode, Validator};
use domain::access_policy::digest_of_files;
use domain::lang::Lang;
use domain::values::ContentDigest;
use miette::Diagnostic;
use schema::TextFile;
use serde_json::Value;

use super::action::Action;
use super::cache::Cache;
use super::error::{PolicyError, PolicyErrors};
use super::evaluate::{Decision, Evaluator, PolicyId, Row};
use super::institution::{InstitutionKind, Institutions};
use super::masks::Masks;
use super::profile::{AccessProfile, RecordProfile};
use super::reach::ByRelation;
use super::resource::{Asker, Relation, Resource};

const INSTITUTIONS: &str = "institutions.toml";

/// What a policy does where it fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Allows, unless another forbids.
    Permit,
    /// Forbids, whatever others permit.
    Forbid,
}

/// What a policy says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyText {
    /// Its name.
    pub id: PolicyId,
    /// Whether it permits or forbids.
    pub effect: Effect,
    /// What it says, in Latvian.
    pub lv: String,
    /// What it says, in English.
    pub en: String,
    /// Where it comes from.
    pub source: String,
}

impl PolicyText {
    /// What it says.
    pub fn sentence(&self, lang: Lang) -> &str {
        match lang {
            Lang::Lv => &self.lv,
            Lang::En => &self.en,
        }
    }
}

/// A version of the access policies (piekļuves politika), with what was decided by it.
pub struct Policies {
    digest: ContentDigest,
    texts: Vec<PolicyText>,
    institutions: Institutions,
    evaluator: Evaluator,
    rows: Cache<(AccessProfile, RecordProfile), Row>,
    reaches: Cache<(AccessProfile, Action, RecordProfile), ByRelation>,
}

impl Policies {
    /// The policies that the program came with.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn embedded() -> Result<Self, PolicyErrors> {
        Self::parse(schema::POLICIES)
    }

    /// Reads policies (`*.cedar`) and the table of institutions (`institutions.toml`), and checks them against the program's schema.
    ///
    /// # Errors
    /// All that is wrong, at once.
    pub fn parse(files: &[TextFile<'_>]) -> Result<Self, PolicyErrors> {
        let mut errors = Vec::new();
        let mut read = Read::default();
        let mut institutions = None;
        for file in files {
            if file.name == INSTITUTIONS {
                match Institutions::parse(file.name, file.text) {
                    Ok(table) => institutions = Some(table),
                    Err(wrong) => errors.extend(wrong),
                }
            } else if file.name.ends_with(".cedar") {
                read.file(file, &mut errors);
            } else {
                errors.push(PolicyError::Unknown { file: file.name.to_owned() });
            }
        }
        if !files.iter().any(|file| file.name == INSTITUTIONS) {
            errors.push(PolicyError::Missing { file: INSTITUTIONS });
        }
        if !files.iter().any(|file| file.name.ends_with(".cedar")) {
            errors.push(PolicyError::Missing { file: "*.cedar" });
        }
        let schema = policy_schema();
        if let Ok(schema) = &schema {
            read.validate(schema, &mut errors);
        }
        let evaluator = schema.and_then(|schema| Evaluator::new(&schema, &read.policies));
        match (evaluator, institutions) {
            (Ok(evaluator), Some(institutions)) if errors.is_empty() => {
                let (rows, reaches) = (Cache::default(), Cache::default());
                let digest = digest_of_files(files.iter().map(|file| (file.name, file.text)));
                Ok(Self { digest, texts: read.texts, institutions, evaluator, rows, reaches })
            }
            (evaluator, _) => {
                errors.extend(evaluator.err());
                Err(PolicyErrors(errors))
            }
        }
    }

    /// Digest of the files that they were read from: what the event of their adoption calls them ([`digest_of_files`]). What policies
    /// may speak about is told by [`super::schema_digest`].
    pub fn digest(&self) -> &ContentDigest {
        &self.digest
    }

    /// What each policy says of itself, in the order of the files.
    pub fn texts(&self) -> &[PolicyText] {
        &self.texts
    }

    /// What a policy says of itself.
    pub fn text(&self, id: &PolicyId) -> Option<&PolicyText> {
        self.texts.iter().find(|text| text.id == *id)
    }

    /// What each institution is.
    pub fn institutions(&self) -> &Institutions {
        &self.institutions
    }

    /// Whether somebody may do something with something, and by which policies: as themselves, or as whom a grant lets them look.
    pub fn decide<'a>(&self, asker: impl Into<Asker<'a>>, action: Action, resource: &Resource) -> Decision {
        let asker = asker.into();
        let decision = self.row(&asker, resource).decision(action).clone();
        if decision.allowed {
            return decision;
        }
        let stand_ins = asker.stand_ins().into_iter();
        let mut decisions = stand_ins
            .map(|principal| self.row(&Asker { principal: &principal, ..asker }, resource).decision(action).clone());
        decisions.find(|decision| decision.allowed).unwrap_or(decision)
    }

    /// What of a record is shown to somebody and what is masked.
    pub fn masks<'a>(&self, asker: impl Into<Asker<'a>>, resource: &Resource) -> Masks {
        let asker = asker.into();
        let masks = Masks::of(&self.row(&asker, resource));
        asker.stand_ins().into_iter().fold(masks, |masks, principal| {
            masks.or(Masks::of(&self.row(&Asker { principal: &principal, ..asker }, resource)))
        })
    }

    /// Every decision about a pair of profiles, without keeping them: for tables and checks.
    pub fn decisions(&self, who: &AccessProfile, what: &RecordProfile) -> Vec<(Action, Decision)> {
        let row = self.evaluator.row(who, what);
        Action::ALL.iter().map(|action| (*action, row.decision(*action).clone())).collect()
    }

    pub(super) fn decide_profile(&self, who: &AccessProfile, what: &RecordProfile, action: Action) -> Decision {
        self.evaluator.decide(who, what, action)
    }

    /// What policies can see of somebody and of what they ask for.
    pub fn profiles<'a>(&self, asker: impl Into<Asker<'a>>, resource: &Resource) -> (AccessProfile, RecordProfile) {
        let asker = asker.into();
        let who = AccessProfile::of(&self.institutions, asker.principal);
        (who, RecordProfile::of(&self.institutions, &asker, resource))
    }

    /// With whose records they may do it, of those of a profile; of `what` all but the relation and the kind of the owner stays.
    pub(super) fn by_relation(
        &self,
        who: &AccessProfile,
        action: Action,
        what: impl Fn(Relation, InstitutionKind) -> RecordProfile,
    ) -> Arc<ByRelation> {
        let any = what(Relation::None, InstitutionKind::Other);
        self.reaches.get((who.clone(), action, any), |(who, action, _)| {
            let owners = |relation| {
                self.institutions.owners(|kind| self.evaluator.decide(who, &what(relation, kind), *action).allowed)
            };
            ByRelation {
                own: owners(Relation::Own),
                participating: owners(Relation::Participating),
                territory: owners(Relation::Territory),
                none: owners(Relation::None),
            }
        })
    }

    fn row(&self, asker: &Asker<'_>, resource: &Resource) -> Arc<Row> {
        let key = self.profiles(*asker, resource);
        self.rows.get(key, |(who, what)| self.evaluator.row(who, what))
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policies").field("policies", &self.texts.len()).finish_non_exhaustive()
    }
}

fn policy_schema() -> Result<Schema, PolicyError> {
    Schema::from_str(schema::POLICY_SCHEMA).map_err(|error| PolicyError::Schema { reason: error.to_string() })
}

/// Policies read so far.
#[derive(Default)]
struct Read {
    policies: PolicySet,
    texts: Vec<PolicyText>,
    known: HashSet<String>,
}

impl Read {
    fn file(&mut self, file: &TextFile<'_>, errors: &mut Vec<PolicyError>) {
        let set = match PolicySet::from_str(file.text) {
            Ok(set) => set,
            Err(wrong) => {
                errors.extend(wrong.iter().map(|error| PolicyError::Syntax {
                    file: file.name.to_owned(),
                    line: error.labels().and_then(|mut labels| labels.next()).map(|at| line(file.text, at.offset())),
                    reason: error.to_string(),
                }));
                return;
            }
        };
        if set.num_of_templates() > 0 {
            errors.push(PolicyError::Template { file: file.name.to_owned() });
        }
        // Cedar numbers the policies of a text: policy0, policy1 …
        let place =
            |policy: &Policy| policy.id().to_string().trim_start_matches("policy").parse().unwrap_or(usize::MAX);
        let mut policies: Vec<&Policy> = set.policies().collect();
        policies.sort_by_key(|policy| place(policy));
        for policy in policies {
            self.policy(file, policy, place(policy) + 1, errors);
        }
    }

    fn policy(&mut self, file: &TextFile<'_>, policy: &Policy, place: usize, errors: &mut Vec<PolicyError>) {
        let named = policy.annotation("id").map(str::trim).filter(|id| !id.is_empty());
        let name = named.map_or_else(|| place.to_string(), |id| format!("`{id}`"));
        let mut said = |annotation: &'static str| {
            let text = policy.annotation(annotation).map(str::trim).unwrap_or_default().to_owned();
            if text.is_empty() {
                errors.push(PolicyError::Annotation { file: file.name.to_owned(), policy: name.clone(), annotation });
            }
            text
        };
        let (id, lv, en, source) = (said("id"), said("lv"), said("en"), said("source"));
        if id.is_empty() {
            return;
        }
        if !self.known.insert(id.clone()) || self.policies.add(policy.new_id(CedarId::new(&id))).is_err() {
            errors.push(PolicyError::Twice { file: file.name.to_owned(), policy: name });
            return;
        }
        if speaks_of_action(policy) {
            errors.push(PolicyError::ActionInCondition { file: file.name.to_owned(), policy: name });
        }
        let effect = match policy.effect() {
            cedar_policy::Effect::Permit => Effect::Permit,
            cedar_policy::Effect::Forbid => Effect::Forbid,
        };
        self.texts.push(PolicyText { id: PolicyId::new(&id), effect, lv, en, source });
    }

    /// Strictly; a policy that can never fit is as wrong as one that speaks of what there isn't.
    fn validate(&self, schema: &Schema, errors: &mut Vec<PolicyError>) {
        let result = Validator::new(schema.clone()).validate(&self.policies, ValidationMode::Strict);
        let told = result.validation_errors().map(ToString::to_string);
        let told = told.chain(result.validation_warnings().map(ToString::to_string));
        let mut told: Vec<String> = told.collect();
        told.sort();
        told.dedup();
        errors.extend(told.into_iter().map(|reason| PolicyError::Invalid { reason }));
    }
}

/// Whether a policy's conditions depend on the action, which those of no policy may ([`Evaluator`] says why). One that can't be looked
/// into does.
fn speaks_of_action(policy: &Policy) -> bool {
    fn within(value: &Value) -> bool {
        match value {
            Value::Object(map) => map.get("Var").is_some_and(|var| var == "action") || map.values().any(within),
            Value::Array(values) => values.iter().any(within),
            _ => false,
        }
    }
    policy.to_json().map_or(true, |json| json.get("conditions").is_none_or(within))
}

/// Number of the line that an offset lies in.
fn line(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
