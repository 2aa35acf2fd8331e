//! The gRPC contract of the register, generated from the `.proto` files beside this crate.
//!
//! The comments of the contract are the documentation of the generated types.

use std::sync::LazyLock;

use prost_reflect::DescriptorPool;

/// `google.rpc`: the error model.
pub mod google {
    /// `google.rpc.Status`.
    #[allow(missing_docs, unreachable_pub, clippy::all)]
    pub mod rpc {
        tonic::include_proto!("google.rpc");
    }
}

/// The generated modules are nested as the packages are.
mod vnr {
    /// `vnr.command`.
    pub mod command {
        /// Version 1 of the commands.
        #[allow(missing_docs, unreachable_pub, clippy::all)]
        pub mod v1 {
            tonic::include_proto!("vnr.command.v1");
        }
    }
}

pub use vnr::command;

/// The compiled contract, as server reflection hands it out.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The contract as data: messages by name, fields by name. It is read once; what is returned shares it.
///
/// # Panics
/// Never: the bytes come from the compiler of the contract.
pub fn descriptor_pool() -> DescriptorPool {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        #[expect(clippy::expect_used, reason = "the bytes come from the compiler of the contract")]
        DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the compiled contract is valid")
    });
    POOL.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What of an incident two persons decide, or a supervisor.
    const TWO_PERSONS: [&str; 4] = ["RequestAnnulment", "ApproveAnnulment", "RejectAnnulment", "LiftRestriction"];

    /// What is decided about a journal.
    const JOURNALS: [&str; 3] = ["RegisterJournal", "AdoptMapping", "ChangeJournalPhase"];

    /// What asks and writes nothing.
    const QUESTIONS: [&str; 2] = ["ValidateIncident", "RecommendResponse"];

    #[test]
    fn every_command_of_a_service_can_be_sent_in_bulk() {
        let pool = descriptor_pool();
        let envelope = pool.get_message_by_name("vnr.command.v1.CommandEnvelope").unwrap();
        let bulk: Vec<String> =
            envelope.fields().filter_map(|field| Some(field.kind().as_message()?.name().to_owned())).collect();
        for service in pool.services().filter(|service| service.name() != "Intake") {
            // These are two persons' decisions on one matter, or one person's; the answer to an erasure also waits for every process.
            let one_by_one =
                ["RetentionService", "AccessService", "ClassifierService", "NoticeService", "ResponsePlanService"]
                    .contains(&service.name());
            for method in service.methods() {
                let alone = one_by_one || [&TWO_PERSONS[..], &JOURNALS, &QUESTIONS].concat().contains(&method.name());
                assert_eq!(bulk.contains(&method.input().name().to_owned()), !alone, "{}", method.name());
                assert_eq!(method.input().name(), method.name(), "a call takes the message of its name");
            }
        }
    }
}
