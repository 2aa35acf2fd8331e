use super::{PolicyEvent, PolicyText};
use crate::examples::{actor, sealed, sure};
use crate::values::PolicyFileName;

/// A policy that lets auditors of one institution look at the access log.
pub(super) fn text(institution: &str) -> PolicyText {
    let policy = format!(
        "permit (principal, action == Action::\"ReadAccessLog\", resource)\nwhen {{ principal.institution == \"{institution}\" }};\n"
    );
    let name = |name| sure(PolicyFileName::parse(name));
    sure(PolicyText::try_new([(name("audit.cedar"), policy), (name("README"), "Illustrative.\n".to_owned())]))
}

impl PolicyEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let (first, other) = (text("VP"), text("VUGD"));
        let proposed = |text: &PolicyText, reason| Self::PolicyProposed {
            digest: text.digest(),
            text: text.clone(),
            reason: sealed(reason),
            by: actor("a.ozola"),
        };
        vec![
            proposed(&other, 4),
            Self::PolicyRejected { digest: other.digest(), reason: sealed(5), by: actor("p.kalnins") },
            proposed(&first, 6),
            Self::PolicyAdopted {
                digest: first.digest(),
                text: first,
                reason: sealed(7),
                by: actor("a.ozola"),
                second: actor("p.kalnins"),
            },
        ]
    }
}
