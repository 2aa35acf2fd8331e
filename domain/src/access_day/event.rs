use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::kernel::{RecordedEvent, domain_event};
use crate::lang::terms;
use crate::values::{AccessReference, ActionName, Actor, ContentDigest, PurposeCode, Recipient};

terms! {
    /// What of a record is shown (datu apjoms).
    DataScope("data scope") {
        /// Number, type, place, times, state.
        Summary = "summary", "Kopsavilkums", "Summary";
        /// What happened, in words.
        Narrative = "narrative", "Apraksts", "Narrative";
        /// Who reported it or called, and how to reach them.
        Reporter = "reporter", "Ziņotājs", "Reporter";
        /// Who takes part, with what they are suspected of or protected from.
        Persons = "persons", "Iesaistītās personas", "Persons involved";
        /// Vehicles, items, documents and seized items.
        Property = "property", "Mantas", "Property";
        /// A personal code in full.
        PersonalCode = "personal_code", "Personas kods", "Personal code";
        /// All events of the record.
        History = "history", "Vēsture", "History";
        /// The access log itself.
        AccessLog = "access_log", "Piekļuves žurnāls", "Access log";
    }
}

terms! {
    /// In what way somebody looks (piekļuves veids).
    AccessWay("way of access") {
        /// A question and an answer.
        Query = "query", "Vaicājums", "Query";
        /// A subscription: what it delivers from now on.
        Subscription = "subscription", "Abonements", "Subscription";
        /// A tool on the command line.
        Tool = "tool", "Rīks", "Tool";
        /// An emergency screen, from a copy, while the register could not be written: told afterwards.
        Journal = "journal", "Avārijas žurnāls", "Emergency journal";
    }
}

terms! {
    /// Why something was not shown or done (atteikuma iemesls).
    RefusalCause("cause of a refusal") {
        /// No token, or one that does not hold.
        Token = "token", "Nederīga pilnvara", "Token that does not hold";
        /// The policies don't let them.
        Policy = "policy", "Nav tiesību", "Not allowed";
    }
}

/// What happened on a day, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AccessDayEvent {
    /// Records were shown; this was recorded before.
    RecordConsulted {
        /// Who looked.
        by: Actor,
        /// In what way.
        way: AccessWay,
        /// Records that were shown, in order; the rest of a long answer is in the events that follow.
        records: Vec<Uuid>,
        /// What of them.
        scopes: Vec<DataScope>,
        /// What for.
        purpose: PurposeCode,
        /// Case, card or task that it was about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<AccessReference>,
        /// Keyed digest of the question: the same question has the same one.
        query: ContentDigest,
        /// How many records the answer was about.
        count: u32,
    },
    /// Data was handed over to somebody outside; this was recorded before.
    DataDisclosed {
        /// Who handed it over.
        by: Actor,
        /// To whom.
        recipient: Recipient,
        /// Records, in order; the rest is in the events that follow.
        records: Vec<Uuid>,
        /// What of them.
        scopes: Vec<DataScope>,
        /// What for.
        purpose: PurposeCode,
        /// Case, card or task that it was about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<AccessReference>,
        /// SHA-256 of what was handed over.
        content: ContentDigest,
        /// How many records it had.
        count: u32,
    },
    /// Somebody asked for what they may not have.
    AccessRefused {
        /// Who asked; none where nobody knows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Actor>,
        /// What they asked for.
        attempt: ActionName,
        /// Record that it was about, where it was about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<Uuid>,
        /// Why it was refused.
        cause: RefusalCause,
        /// What for, where they said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        purpose: Option<PurposeCode>,
        /// How many more like it there were since the last time: told as a sum, where there are too many.
        #[serde(default, skip_serializing_if = "is_zero")]
        more: u32,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(more: &u32) -> bool {
    *more == 0
}

domain_event! {
    AccessDayEvent { RecordConsulted, DataDisclosed, AccessRefused }
}

impl RecordedEvent for AccessDayEvent {}
