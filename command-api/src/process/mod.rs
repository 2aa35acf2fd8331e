//! Process managers: what follows of itself from what was recorded. Each goes by the read models and issues commands whose ids follow from
//! what they are about, so that whatever is killed when, and however many processes do it, each takes effect once.

mod forwards;
mod own;

pub(crate) use self::forwards::run;
pub use self::own::{KEEPER, OwnAct, own_act};
