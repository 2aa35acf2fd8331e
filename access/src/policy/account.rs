//! Under which source systems' names an institution may send: its journals' accounts.

use std::fmt;

use domain::values::SourceSystem;

use super::institution::Institutions;
use super::set::Policies;
use crate::principal::Institution;

/// What stands for the rest of the code, in an entry for all institutions whose code begins so.
const REST: &str = "{rest}";

/// Names of source systems: `vkcp`, all that begin so (`vugd-*`), or each institution's own (`enz-{rest}`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SourceNames {
    text: String,
    before: String,
    /// What comes after the rest of the institution's code; none where the code is no part of the name.
    after: Option<String>,
    /// Whether more may follow.
    open: bool,
}

impl SourceNames {
    /// Reads it; `of_several` where it stands with institutions whose code only begins so.
    pub(super) fn parse(text: &str, of_several: bool) -> Result<Self, String> {
        let (name, open) = text.strip_suffix('*').map_or((text, false), |beginning| (beginning, true));
        if name.is_empty() && open {
            return Err("`*` would be every source system: say how their names begin, as in `enz-*`".to_owned());
        }
        if !of_several && name.contains(REST) {
            return Err(format!("`{text}`: {REST} is the rest of a code, so it stands with `prefix` only"));
        }
        if name.ends_with(REST) && open {
            return Err(format!(
                "`{text}` would be other institutions' too, whose code begins with that one's: put `-` before `*`"
            ));
        }
        // With something in its place, what is left is a name or the beginning of one.
        let example = name.replacen(REST, "x", 1);
        match SourceSystem::parse(&example) {
            Ok(system) if system.as_str() == example => {}
            Ok(_) => return Err(format!("`{text}`: no white space is part of a name")),
            Err(wrong) => return Err(format!("`{text}`: {wrong}")),
        }
        let (before, after) = match name.split_once(REST) {
            Some((before, after)) => (before.to_owned(), Some(after.to_owned())),
            None => (name.to_owned(), None),
        };
        Ok(Self { text: text.to_owned(), before, after, open })
    }

    /// Whether a system's name is one of them; `rest` is what follows the prefix in the institution's code.
    fn cover(&self, rest: &str, system: &str) -> bool {
        let left = system.strip_prefix(self.before.as_str()).and_then(|left| match &self.after {
            Some(_) if rest.is_empty() => None,
            Some(after) => {
                let (own, left) = left.split_at_checked(rest.len())?;
                // Codes are written in capitals, names of systems are not.
                if own.eq_ignore_ascii_case(rest) { left.strip_prefix(after.as_str()) } else { None }
            }
            None => Some(left),
        });
        left.is_some_and(|left| self.open || left.is_empty())
    }
}

/// As it stands in the table.
impl fmt::Display for SourceNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An institution has no account for the source system that it names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{institution} may not send under the name of source system `{system}`: the access policies give it {accounts}"
)]
pub struct NoAccount {
    /// Who sends.
    pub institution: Institution,
    /// Under whose name.
    pub system: SourceSystem,
    accounts: String,
}

impl Institutions {
    /// Whether accounts decide at all. A table in which nobody has one was adopted before there were accounts: by it any institution sends
    /// under any name, as it did then, until a version with accounts is adopted. A register that was brought up to date goes on.
    pub fn has_accounts(&self) -> bool {
        self.entries().iter().any(|entry| !entry.names.is_empty())
    }

    /// Lets an institution send under a source system's name. One that isn't in the table, or has no `sources` there, sends under none;
    /// its people record by hand all the same, since what they enter comes from no source.
    ///
    /// # Errors
    /// [`NoAccount`], with the accounts that it has.
    pub fn permit_source(&self, institution: &Institution, system: &SourceSystem) -> Result<(), NoAccount> {
        if !self.has_accounts() {
            return Ok(());
        }
        let entry = self.find(institution);
        let names = entry.map_or(&[][..], |entry| &entry.names);
        let rest = entry.and_then(|entry| institution.as_str().strip_prefix(entry.prefix.as_deref()?));
        if names.iter().any(|names| names.cover(rest.unwrap_or_default(), system.as_str())) {
            return Ok(());
        }
        let accounts: Vec<String> = names.iter().map(|names| format!("`{names}`")).collect();
        let accounts = if accounts.is_empty() { "no such account".to_owned() } else { accounts.join(", ") };
        Err(NoAccount { institution: institution.clone(), system: system.clone(), accounts })
    }
}

impl Policies {
    /// Lets an institution send under a source system's name.
    ///
    /// # Errors
    /// As [`Institutions::permit_source`].
    pub fn permit_source(&self, institution: &Institution, system: &SourceSystem) -> Result<(), NoAccount> {
        self.institutions().permit_source(institution, system)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cover(names: &str, rest: &str, system: &str) -> bool {
        SourceNames::parse(names, true).expect("names").cover(rest, system)
    }

    #[test]
    fn a_name_is_itself_and_a_beginning_is_all_that_begin_so() {
        assert!(cover("vkcp", "", "vkcp"));
        assert!(!cover("vkcp", "", "vkcp-2") && !cover("vkcp", "", "vkc") && !cover("vkcp", "", "x-vkcp"));
        assert!(cover("vugd-*", "", "vugd-cad") && cover("vugd-*", "", "vugd-"));
        assert!(!cover("vugd-*", "", "vugd"));
    }

    #[test]
    fn of_several_institutions_each_has_its_own() {
        assert!(cover("enz-{rest}", "LIEPAJA", "enz-liepaja"));
        for foreign in ["enz-ogre", "enz-liepaja-2", "enz-", "enz-liepaj", "liepaja"] {
            assert!(!cover("enz-{rest}", "LIEPAJA", foreign), "{foreign}");
        }
        assert!(!cover("enz-{rest}", "", "enz-"), "who has no code of its own has no journal of its own");
        assert!(cover("enz-{rest}-*", "OGRE", "enz-ogre-mobile") && !cover("enz-{rest}-*", "OGRE", "enz-ogre"));
    }

    #[test]
    fn what_is_no_name_is_told() {
        for (names, of_several, told) in [
            ("*", true, "every source system"),
            ("", true, "source system"),
            ("ENZ", true, "lower-case"),
            ("enz-*-2", true, "lower-case"),
            ("enz-{rest}-{rest}", true, "lower-case"),
            ("enz-{rest}", false, "`prefix` only"),
            ("enz-{rest}*", true, "put `-`"),
            (" enz", true, "white space"),
        ] {
            let wrong = SourceNames::parse(names, of_several).expect_err(names);
            assert!(wrong.contains(told), "{names}: {wrong}");
        }
    }
}
