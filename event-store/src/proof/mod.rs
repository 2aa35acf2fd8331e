//! Proof that an event lies in a log and that a log was only ever added to (I-9), for people who trust nobody here.
//!
//! Trees, inclusion and consistency proofs are those of RFC 9162 §2.1; tree heads are signed notes of C2SP
//! (`tlog-checkpoint`, `signed-note`). `docs/PROOFS.md` specifies every byte.
//!
//! | file | |
//! | --- | --- |
//! | `subtree.rs` | which subtrees a proof is made of; pure |
//! | `check.rs` | checking a proof; pure, needs nothing of this store |
//! | `nodes.rs` | the subtrees' roots, from the stored hashes |
//! | `note.rs`, `head.rs` | signed notes, and the tree heads that they carry |
//! | `keys.rs`, `succession.rs` | the notary's keys, and one vouching for the next |
//! | `heads.rs`, `witness.rs` | where tree heads are kept: in the database, and outside |
//! | `generation.rs`, `standing.rs` | what a lossy restore makes void, and how a log stands to what was signed outside |
//! | `number.rs` | the last number of a series, as heads and statements tell it |
//! | `notary.rs` | what signs |
//! | `tiles.rs` | the log as static files for monitors |
//! | `bundle.rs` | what leaves the house as evidence, and checking it |

pub mod bundle;
pub mod check;
pub mod generation;
pub mod head;
pub mod heads;
pub mod keys;
pub mod nodes;
pub mod notary;
pub mod note;
pub mod number;
pub mod standing;
pub mod subtree;
pub mod succession;
pub mod tiles;
pub mod witness;
