//! Policies, grants, emergency access: asked for, agreed to, told and explained.

use std::path::PathBuf;
use std::str::FromStr;

use access::policy::Action;
use access::{Institution, Purpose, Reference, Role, Territory};
use chrono::{DateTime, FixedOffset};
use clap::{Args, Subcommand, ValueEnum};
use domain::lang::Lang;
use domain::values::{Actor, UserName};
use uuid::Uuid;

use super::{ActingArgs, LookCommand};

/// `vnr access …`.
#[derive(Debug, Subcommand)]
pub enum AccessCommand {
    /// Who looked at what.
    #[command(flatten)]
    Looks(LookCommand),
    /// The access policies: read, checked, proposed and adopted
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Grants of access for a time, by two persons
    #[command(subcommand)]
    Grant(GrantCommand),
    /// Asks for emergency access to one record; it opens when another person vouches for it
    #[command(after_help = "\
Examples:
  vnr access break-glass VNR-2026-0000001 --reason 'life in danger' --purpose response --reference VEK-2026-0000001")]
    BreakGlass(BreakGlassArgs),
    /// Vouches for somebody's emergency access, within 15 minutes: it is open from then on
    Vouch(VouchArgs),
    /// Judges emergency access, within 72 hours
    Review(ReviewArgs),
    /// Emergency access that waits for somebody
    Emergencies(EmergenciesArgs),
    /// Why somebody may see a record or not, in sentences, and what would have to be different
    #[command(after_help = "\
Examples:
  vnr access explain a.ozola@VP VNR-2026-0000001 --role officer --purpose investigation --reference KP-1
  vnr access explain m.krumins@RPP VNR-2026-0000001 --role officer --purpose response --territory 0001000 --lang lv

This look is itself told to the access log.")]
    Explain(Box<ExplainArgs>),
}

/// A person as the register's events name them, written `USER@INSTITUTION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person(pub Actor);

impl FromStr for Person {
    type Err = String;

    /// The last `@` counts: a user's name may be an e-mail address.
    fn from_str(text: &str) -> Result<Self, String> {
        let (user, institution) = text.rsplit_once('@').ok_or("write USER@INSTITUTION, such as a.ozola@VP")?;
        let user = UserName::parse(user).map_err(|error| error.to_string())?;
        let institution = Institution::parse(institution).map_err(|error| error.to_string())?;
        Ok(Self(Actor { institution, user }))
    }
}

/// What a role at an institution sees, written `ROLE@INSTITUTION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAt {
    /// The role.
    pub role: Role,
    /// The institution.
    pub institution: Institution,
}

impl FromStr for RoleAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (role, institution) = text.split_once('@').ok_or("write ROLE@INSTITUTION, such as officer@RPP")?;
        let institution = Institution::parse(institution).map_err(|error| error.to_string())?;
        Ok(Self { role: role.parse()?, institution })
    }
}

/// Language of sentences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Latvian.
    Lv,
    /// English.
    #[default]
    En,
}

impl From<Language> for Lang {
    fn from(language: Language) -> Self {
        match language {
            Language::Lv => Self::Lv,
            Language::En => Self::En,
        }
    }
}

/// As whom a command is sent to a running register.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Who sends it, and where to")]
pub struct SendingArgs {
    /// Address of the register's gRPC
    #[arg(long, value_name = "URL", env = "VNR_TARGET", default_value = "http://127.0.0.1:50051")]
    pub target_url: String,
    /// Token to speak to it with [default: one for you as a supervisor of IC, where tokens are issued for development]
    #[arg(long, env = "VNR_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// What for, where the token leaves a choice
    #[arg(long, value_name = "PURPOSE")]
    pub purpose: Option<Purpose>,
    /// Case, card or task that it is about
    #[arg(long, value_name = "NUMBER")]
    pub reference: Option<Reference>,
    /// For programs: `{"record","position","events"}`
    #[arg(long)]
    pub json: bool,
}

/// `vnr access policy …`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// The version in force, since when and by whom, and what each of its policies says; or another version
    #[command(after_help = "\
Examples:
  vnr access policy show --lang lv
  vnr access policy show 3c9d591045bc --text       a version that was proposed, to be read before it is adopted")]
    Show {
        /// Another version: its digest, or the first eight digits of it or more
        digest: Option<String>,
        /// The files as they are, instead of sentences
        #[arg(long, conflicts_with = "json")]
        text: bool,
        /// Language of the sentences
        #[arg(long, value_enum, default_value_t)]
        lang: Language,
        /// For programs: `{"digest","schema","status","since","by","policies":[{"id","effect","says","source"}]}`
        #[arg(long)]
        json: bool,
        /// Who looks.
        #[command(flatten)]
        acting: ActingArgs,
    },
    /// Checks a folder of policies, without a database; exits with 3 where something is wrong
    #[command(after_help = "\
Examples:
  vnr access policy check schema/policies

Read are the files that end in .cedar, and institutions.toml; the program brings what they may speak about.")]
    Check {
        /// Folder of the policies
        folder: PathBuf,
        /// For programs: `{"ok","digest","schema","policies","replaceable","mistakes":[…]}`
        #[arg(long)]
        json: bool,
    },
    /// Proposes a folder of policies; another person then adopts it
    #[command(after_help = "\
Examples:
  vnr access policy propose schema/policies --reason 'illustrative: after the review of 2026' --reference PA-1")]
    Propose {
        /// Folder of the policies, with all files, also those that stay as they are
        folder: PathBuf,
        /// Why; it is sealed
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Also where nobody could ever adopt another version after it
        #[arg(long)]
        force: bool,
        /// The register.
        #[command(flatten)]
        sending: SendingArgs,
    },
    /// Puts what was proposed in force, as the second person
    #[command(after_help = "\
Examples:
  vnr access policy adopt 3c9d591045bc --reason 'read and agreed' --reference PA-1

In force within a second, in each process of the register, without a restart.")]
    Adopt(DecidePolicyArgs),
    /// Turns down what was proposed, or takes it back
    Reject(DecidePolicyArgs),
    /// All versions that were ever proposed, and what became of them, latest first
    List {
        /// For programs: `{"proposals":[{"digest","status","proposed_at","proposed_by","decided_at","decided_by", …}]}`
        #[arg(long)]
        json: bool,
        /// Who looks.
        #[command(flatten)]
        acting: ActingArgs,
    },
}

/// Arguments of `vnr access policy adopt | reject`.
#[derive(Debug, Args)]
pub struct DecidePolicyArgs {
    /// Digest of the text that was read: all 64 digits, or the first eight or more where the database is at hand
    pub digest: String,
    /// Why; it is sealed
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// The register.
    #[command(flatten)]
    pub sending: SendingArgs,
}

/// `vnr access grant …`.
#[derive(Debug, Subcommand)]
pub enum GrantCommand {
    /// Asks for a grant; it gives no access until another person approves it
    #[command(after_help = "\
Examples:
  vnr access grant request j.berzins@VP --record VNR-2026-0000001 --for investigation \\
      --until 2026-12-31T18:00:00+02:00 --reason 'joint investigation' --reference KP-1")]
    Request(RequestGrantArgs),
    /// Agrees to it, as the second person
    Approve {
        /// Id of the grant
        id: Uuid,
        /// The register.
        #[command(flatten)]
        sending: SendingArgs,
    },
    /// Turns it down, or takes the request back
    Reject(WithReasonArgs),
    /// Takes it away before its time is over
    Revoke(WithReasonArgs),
    /// Grants, latest first
    List {
        /// Only these: requested, approved, rejected, revoked, expired
        #[arg(long, value_name = "STATUS")]
        status: Option<String>,
        /// Only for people of this institution
        #[arg(long, value_name = "CODE")]
        institution: Option<Institution>,
        /// Only to this record: its number, id or SYSTEM/EXTERNAL-ID
        #[arg(long, value_name = "RECORD")]
        record: Option<String>,
        /// Most lines
        #[arg(long, value_name = "LINES", default_value_t = 100)]
        limit: u32,
        /// For programs: `{"grants":[{"id","status","grantee","opens","purpose","from","until", …}]}`
        #[arg(long)]
        json: bool,
        /// Who looks.
        #[command(flatten)]
        acting: ActingArgs,
    },
    /// One grant, and what became of it
    Show {
        /// Id of the grant
        id: Uuid,
        /// For programs
        #[arg(long)]
        json: bool,
        /// Who looks.
        #[command(flatten)]
        acting: ActingArgs,
    },
}

/// Arguments of `vnr access grant request`.
#[derive(Debug, Args)]
pub struct RequestGrantArgs {
    /// Who is to have it: USER@INSTITUTION
    #[arg(value_name = "USER@INSTITUTION")]
    pub grantee: Person,
    /// Opens this record: its number, id or SYSTEM/EXTERNAL-ID
    #[arg(long, value_name = "RECORD", required_unless_present_any = ["class", "role_at"], conflicts_with_all = ["class", "role_at"])]
    pub record: Option<String>,
    /// Opens records of a class: restricted, secret
    #[arg(long, value_enum, conflicts_with = "role_at")]
    pub class: Option<GrantClass>,
    /// Opens what a role at an institution sees: officer@RPP
    #[arg(long, value_name = "ROLE@INSTITUTION")]
    pub role_at: Option<RoleAt>,
    /// What they may use it for
    #[arg(long = "for", value_name = "PURPOSE")]
    pub used_for: Purpose,
    /// From when on [default: now]
    #[arg(long, value_name = "TIME")]
    pub from: Option<DateTime<FixedOffset>>,
    /// Until when, at most 366 days
    #[arg(long, value_name = "TIME")]
    pub until: DateTime<FixedOffset>,
    /// Why; it is sealed
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// The register.
    #[command(flatten)]
    pub sending: SendingArgs,
}

/// A class of records that a grant opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GrantClass {
    /// For those who work on it.
    Restricted,
    /// For those who are named.
    Secret,
}

/// A decision that says why.
#[derive(Debug, Args)]
pub struct WithReasonArgs {
    /// Id of the grant
    pub id: Uuid,
    /// Why; it is sealed
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// The register.
    #[command(flatten)]
    pub sending: SendingArgs,
}

/// Arguments of `vnr access break-glass`.
#[derive(Debug, Args)]
pub struct BreakGlassArgs {
    /// The record: its number, id or SYSTEM/EXTERNAL-ID
    pub record: String,
    /// Why it can't wait; it is sealed
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Until when, at most 4 hours from now [default: that]
    #[arg(long, value_name = "TIME")]
    pub until: Option<DateTime<FixedOffset>>,
    /// The register.
    #[command(flatten)]
    pub sending: SendingArgs,
}

/// Arguments of `vnr access vouch`.
#[derive(Debug, Args)]
pub struct VouchArgs {
    /// Id of the emergency access
    pub id: Uuid,
    /// Why it is right; it is sealed
    #[arg(long, value_name = "TEXT")]
    pub note: String,
    /// The register.
    #[command(flatten)]
    pub sending: SendingArgs,
}

/// Arguments of `vnr access review`.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// Id of the emergency access
    pub id: Uuid,
    /// What was found
    #[arg(long, value_enum)]
    pub outcome: Outcome,
    /// Why; it is sealed
    #[arg(long, value_name = "TEXT")]
    pub note: String,
    /// The register.
    #[command(flatten)]
    pub sending: SendingArgs,
}

/// What a review found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Outcome {
    /// It was right.
    Justified,
    /// It was not; it ends at once, where it has not ended.
    Unjustified,
}

/// Arguments of `vnr access emergencies`.
#[derive(Debug, Args)]
pub struct EmergenciesArgs {
    /// Those that wait for somebody to vouch
    #[arg(long, conflicts_with = "unreviewed", required_unless_present = "unreviewed")]
    pub waiting: bool,
    /// Those that were opened and nobody has reviewed, what is due first coming first
    #[arg(long)]
    pub unreviewed: bool,
    /// Most lines
    #[arg(long, value_name = "LINES", default_value_t = 100)]
    pub limit: u32,
    /// For programs: `{"emergencies":[{"id","record","by","purpose","declared_at","until", …}]}`
    #[arg(long)]
    pub json: bool,
    /// Who looks.
    #[command(flatten)]
    pub acting: ActingArgs,
}

/// Arguments of `vnr access explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Who asks: USER@INSTITUTION; their grants in force count
    #[arg(value_name = "USER@INSTITUTION")]
    pub actor: Person,
    /// What about: an incident, card or unit, by number, id, SYSTEM/EXTERNAL-ID or INSTITUTION:CALL-SIGN
    pub record: String,
    /// What they want to do: view, export, grant, SupplementIncident … [default: view, and each field]
    #[arg(long, value_name = "ACTION")]
    pub action: Option<Action>,
    /// What they are there; may be given more than once
    #[arg(long, required = true)]
    pub role: Vec<Role>,
    /// What they ask for
    #[arg(long)]
    pub purpose: Purpose,
    /// Case, card or task that they name
    #[arg(long, value_name = "NUMBER")]
    pub reference: Option<Reference>,
    /// Where they are competent; may be given more than once [default: as the policies' table of institutions says]
    #[arg(long, value_name = "ATVK")]
    pub territory: Vec<Territory>,
    /// They were not trained
    #[arg(long)]
    pub untrained: bool,
    /// Language of the sentences
    #[arg(long, value_enum, default_value_t)]
    pub lang: Language,
    /// For programs: `{"decisions":[{"action","allowed","policies":[…],"nearest":[…]}], …}`
    #[arg(long)]
    pub json: bool,
    /// Token of the one who looks [default: you, as this machine knows you, where tokens are issued for development]
    #[arg(long, env = "VNR_TOKEN", value_name = "TOKEN", hide_env_values = true, help_heading = "Who looks")]
    pub token: Option<String>,
    /// What you look for, where the token leaves a choice
    #[arg(long, value_name = "PURPOSE", help_heading = "Who looks")]
    pub my_purpose: Option<Purpose>,
    /// Case, card or task that you look for
    #[arg(long, value_name = "NUMBER", help_heading = "Who looks")]
    pub my_reference: Option<Reference>,
}

impl ExplainArgs {
    /// Who looks at the explanation.
    pub fn acting(&self) -> ActingArgs {
        ActingArgs { token: self.token.clone(), purpose: self.my_purpose, reference: self.my_reference.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_a_user_at_an_institution_whatever_the_user_is_called() {
        let person: Person = "anna@vp.gov.lv@vp".parse().expect("a person");
        assert_eq!((person.0.user.to_string(), person.0.institution.as_str()), ("anna@vp.gov.lv".to_owned(), "VP"));
        assert!("anna".parse::<Person>().is_err());
        assert!("king@VP".parse::<RoleAt>().is_err());
    }
}
