//! What the writers ask for. All of it follows from who asks and for the how-manieth time, so that nobody needs a list of what
//! a million events should be.

use chrono::Utc;
use domain::emergency_card::{CardCommand, EmergencyCard};
use event_store::append::{Lane, Metadata, Submission, Target, Touch};
use uuid::Uuid;

use crate::support::counter::{Add, Counter, LIMIT};
use crate::support::received_call;

/// One part of a command; each gives one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Add {
        counter: Uuid,
        n: i64,
    },
    /// Takes the next card number.
    Call {
        card: Uuid,
    },
}

/// The `n`-th command of a writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) writer: u64,
    pub(crate) n: u64,
}

/// After so many commands come other records: a process that starts reads the whole of those that it meets, as it would of a real
/// record, which ends at some time.
const BLOCK: u64 = 400;

const COMMAND: u128 = 0;
const OWN: u128 = 1;
const SHARED: u128 = 2;
const CARD: u128 = 3;

fn id(kind: u128, writer: u64, n: u64) -> Uuid {
    let fixed = 0x0190_0000_0000_7000_8000_0000_0000_0000;
    Uuid::from_u128(fixed | kind << 48 | u128::from(writer) << 40 | u128::from(n))
}

impl Order {
    /// Its command id.
    pub(crate) fn id(self) -> Uuid {
        id(COMMAND, self.writer, self.n)
    }

    /// The order with this command id.
    pub(crate) fn with_id(command_id: Uuid) -> Order {
        let low = command_id.as_u128();
        let order = Order { writer: (low >> 40) as u64 & 0xff, n: low as u64 & 0xff_ffff_ffff };
        assert_eq!(order.id(), command_id, "a command that nobody asked for");
        order
    }

    /// Whether its last part breaks a rule, and so nothing of it may take effect.
    pub(crate) fn is_refused(self) -> bool {
        self.n % 101 == 100
    }

    /// On records that all writers share and on some that are this writer's alone, up to five at once.
    pub(crate) fn acts(self) -> Vec<Act> {
        let Order { writer, n } = self;
        let call = Act::Call { card: id(CARD, writer, n) };
        if self.is_refused() {
            // A number that the refused command would have taken must go to another.
            return vec![call, Act::Add { counter: id(OWN, writer, n / BLOCK * 100 + n % 13), n: LIMIT + 1 }];
        }
        let block = n / BLOCK;
        let counters = [
            id(SHARED, 0, block * 100 + n % 11),
            id(OWN, writer, block * 100 + n % 13),
            id(SHARED, 0, block * 100 + n / 11 % 11),
            id(OWN, writer, block * 100 + n / 13 % 13),
        ];
        let adding = counters.into_iter().take(1 + n as usize % 4);
        let mut acts: Vec<Act> = adding.map(|counter| Act::Add { counter, n: 1 + n as i64 % 5 }).collect();
        if n % 8 == 7 {
            acts.push(call);
        }
        acts
    }

    pub(crate) fn submission(self) -> Submission {
        let acts = self.acts();
        let touch = |act: &Act| match act {
            Act::Add { counter, .. } => Touch::of::<Counter>(*counter),
            Act::Call { card } => Touch::of::<EmergencyCard>(*card),
        };
        let mut digest = [0; 32];
        digest[..16].copy_from_slice(self.id().as_bytes());
        Submission {
            command_id: self.id(),
            lane: Lane::Interactive,
            deadline: None,
            digest,
            metadata: Metadata::new().with("command_id", &self.id().to_string()),
            occurred_at: Utc::now().fixed_offset(),
            touches: acts.iter().map(touch).collect(),
            decide: Box::new(move |work| {
                let mut target = None;
                for act in &acts {
                    target = Some(match *act {
                        Act::Add { counter, n } => {
                            work.execute::<Counter>(counter, Add(n))?;
                            Target::of::<Counter>(counter)
                        }
                        Act::Call { card } => {
                            work.execute::<EmergencyCard>(card, CardCommand::ReceiveCall(Box::new(received_call())))?;
                            Target::of::<EmergencyCard>(card)
                        }
                    });
                }
                Ok(target.expect("every order has a part"))
            }),
        }
    }
}
