//! Why something was decided, in words.

use std::fmt::Write as _;

use domain::lang::Lang;

use super::action::Action;
use super::evaluate::Decision;
use super::profile::{AccessProfile, RecordProfile};
use super::resource::{Asker, Resource};
use super::set::{Policies, PolicyText};
use crate::principal::{Purpose, Role};

/// Why something is allowed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What was decided.
    pub decision: Decision,
    /// The policies that permitted or forbade it; none where none permitted.
    pub policies: Vec<PolicyText>,
    /// Where it is not allowed: the least that would have to be different. None where nothing of this kind would do.
    pub nearest: Vec<Nearest>,
}

/// With what differences it would be allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// What would have to be different, all of it.
    pub changes: Vec<Change>,
    /// The policies that would permit it then.
    pub policies: Vec<PolicyText>,
}

/// Something about whom asks that could be different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A reference is named.
    Reference,
    /// They are trained.
    Training,
    /// They ask for another purpose.
    Purpose(Purpose),
    /// They have another role too.
    Role(Role),
    /// A named grant covers the record.
    Grant,
    /// Somebody else has agreed to it.
    SecondPerson,
    /// They have opened the record in an emergency.
    Emergency,
}

impl Change {
    fn all() -> Vec<Self> {
        let mut all = vec![Self::Reference, Self::Training, Self::SecondPerson];
        all.extend(Purpose::ALL.iter().copied().map(Self::Purpose));
        all.extend(Role::ALL.iter().copied().map(Self::Role));
        all.extend([Self::Grant, Self::Emergency]);
        all
    }

    /// Makes the difference; false where there is none.
    fn make(self, who: &mut AccessProfile, what: &mut RecordProfile) -> bool {
        let (who_was, what_was) = (who.clone(), *what);
        match self {
            Self::Reference => who.has_reference = true,
            Self::Training => who.trained = true,
            Self::Purpose(purpose) => who.purpose = purpose,
            Self::Role(role) => who.roles = who.roles.with(role),
            Self::Grant => what.granted = true,
            Self::SecondPerson => what.second_person = true,
            Self::Emergency => what.broken_glass = true,
        }
        *who != who_was || *what != what_was
    }

    /// What it is, after "it would be allowed".
    pub fn label(self, lang: Lang) -> String {
        let said = |lv: &str, en: &str| match lang {
            Lang::Lv => lv.to_owned(),
            Lang::En => en.to_owned(),
        };
        match self {
            Self::Reference => said("norādot pamatojuma numuru", "with a reference"),
            Self::Training => said("pēc apmācības", "after training"),
            Self::Purpose(purpose) => said(&format!("mērķim {purpose}"), &format!("for purpose {purpose}")),
            Self::Role(role) => said(&format!("lomā {role}"), &format!("in role {role}")),
            Self::Grant => said("ar piešķirtu atļauju", "with a named grant"),
            Self::SecondPerson => said("ar otras personas piekrišanu", "with the agreement of a second person"),
            Self::Emergency => said("ārkārtas piekļuvē", "by emergency access"),
        }
    }
}

impl Explanation {
    /// The explanation as text: what was decided, the sentence of each policy, and what would have to be different.
    pub fn text(&self, lang: Lang) -> String {
        let said = |lv: &'static str, en: &'static str| if lang == Lang::Lv { lv } else { en };
        let mut text = match (self.decision.allowed, self.policies.is_empty()) {
            (true, _) => said("Atļauts.", "Allowed.").to_owned(),
            (false, true) => {
                said("Nav atļauts: neviens noteikums to neatļauj.", "Not allowed: no policy permits it.").to_owned()
            }
            (false, false) => said("Aizliegts.", "Forbidden.").to_owned(),
        };
        let list = |policies: &[PolicyText], indent: &str| {
            let mut lines = String::new();
            for policy in policies {
                let _ = write!(lines, "\n{indent}{}: {}", policy.id, policy.sentence(lang));
            }
            lines
        };
        text += &list(&self.policies, "  ");
        for nearest in &self.nearest {
            let changes: Vec<String> = nearest.changes.iter().map(|change| change.label(lang)).collect();
            let allowed = said("Būtu atļauts", "It would be allowed");
            let and = said(" un ", " and ");
            let _ = write!(text, "\n{allowed} {}:{}", changes.join(and), list(&nearest.policies, "  "));
        }
        text
    }
}

impl Policies {
    /// Why somebody may or may not do something with something.
    pub fn explain<'a>(&self, asker: impl Into<Asker<'a>>, action: Action, resource: &Resource) -> Explanation {
        let asker = asker.into();
        let decision = self.decide(asker, action, resource);
        let (who, what) = self.profiles(asker, resource);
        let nearest = if decision.allowed { Vec::new() } else { self.nearest(&who, &what, action) };
        Explanation { policies: self.texts_of(&decision), decision, nearest }
    }

    fn texts_of(&self, decision: &Decision) -> Vec<PolicyText> {
        decision.reasons.iter().filter_map(|id| self.text(id)).cloned().collect()
    }

    /// With one difference; where none does, with two; where none do, with three.
    fn nearest(&self, who: &AccessProfile, what: &RecordProfile, action: Action) -> Vec<Nearest> {
        let mut tried: Vec<Vec<Change>> = vec![Vec::new()];
        for _ in 0..3 {
            tried = tried.iter().flat_map(|changes| further(changes)).collect();
            let found: Vec<Nearest> =
                tried.iter().filter_map(|changes| self.allowed_with(changes, who, what, action)).collect();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    fn allowed_with(
        &self,
        changes: &[Change],
        who: &AccessProfile,
        what: &RecordProfile,
        action: Action,
    ) -> Option<Nearest> {
        let (mut who, mut what) = (who.clone(), *what);
        let different = changes.iter().all(|change| change.make(&mut who, &mut what));
        let decision = different.then(|| self.decide_profile(&who, &what, action)).filter(|found| found.allowed)?;
        Some(Nearest { changes: changes.to_vec(), policies: self.texts_of(&decision) })
    }
}

/// The same with one more difference that comes later in the list, so that none is tried twice.
fn further(changes: &[Change]) -> Vec<Vec<Change>> {
    let all = Change::all();
    let from = changes.last().and_then(|last| all.iter().position(|change| change == last)).map_or(0, |last| last + 1);
    let same_kind = |one: &Change, other: &Change| std::mem::discriminant(one) == std::mem::discriminant(other);
    let new = all[from..].iter().filter(|change| !changes.iter().any(|made| same_kind(made, change)));
    new.map(|change| [changes, &[*change]].concat()).collect()
}
