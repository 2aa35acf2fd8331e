//! Access policies: institution × role × purpose × territory × class × relation to the case, decided by Cedar.
//!
//! The policies themselves are in `schema/policies/`, each with a sentence in Latvian and English and its source; docs/ACCESS.md is
//! made from them. [`Policies`] decides commands and queries alike; [`PolicyHandle`] lets a new version be adopted while others ask.
//! What a policy can see is an [`AccessProfile`] and a [`RecordProfile`], nothing else, so decisions are kept by these two and not by
//! request: an institution's officers share theirs, and so do all records that are tied to it in the same way.

mod account;
mod action;
mod adoption;
mod cache;
mod error;
mod evaluate;
mod explain;
mod handle;
mod institution;
mod masks;
mod permit;
mod personal_code;
mod profile;
mod reach;
mod resource;
mod set;

pub use self::account::NoAccount;
pub use self::action::{Action, Field};
pub use self::adoption::{check, schema_digest};
pub use self::error::{PolicyError, PolicyErrors};
pub use self::evaluate::{Decision, PolicyId};
pub use self::explain::{Change, Explanation, Nearest};
pub use self::handle::PolicyHandle;
pub use self::institution::{Competence, InstitutionEntry, InstitutionKind, Institutions, whole};
pub use self::masks::{CodeShown, Masks};
pub use self::permit::{Denied, GrantBook, GrantsUnknown, Standing};
pub use self::personal_code::mask_personal_code;
pub use self::profile::{AccessProfile, RecordProfile, Roles};
pub use self::reach::{ByRelation, Hat, OwnerRule, Owners, Reach};
pub use self::resource::{Asker, Class, Grant, GrantScope, RecordKind, Relation, Resource};
pub use self::set::{Effect, Policies, PolicyText};
