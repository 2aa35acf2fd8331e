//! Which status of a unit follows which.

use crate::terms::UnitStatus::{self, *};

/// Whether `next` follows `now`: the way from off duty through a call and back. An acknowledgement may be left out, a call
/// may be cut short; help and breakdown are possible at any time, and off duty only without a card.
pub(super) fn follows(now: UnitStatus, next: UnitStatus, on_card: bool) -> bool {
    if next == OffDuty && on_card {
        return false;
    }
    match next {
        _ if now == next => true,
        OutOfService | Emergency => true,
        OffDuty => matches!(now, Available | ConditionallyAvailable | Clearing | OutOfService | Emergency),
        Available => now != Transporting,
        ConditionallyAvailable => now != Transporting,
        Assigned => can_be_sent(now),
        Acknowledged => now == Assigned,
        EnRoute => matches!(now, Assigned | Acknowledged | Emergency),
        OnScene => matches!(now, EnRoute | Emergency),
        Transporting => matches!(now, OnScene | Emergency),
        AtDestination => now == Transporting,
        Clearing => !matches!(now, OffDuty | Available | ConditionallyAvailable | Transporting | OutOfService),
    }
}

/// Whether a unit of this status is one to send.
#[must_use]
pub fn can_be_sent(now: UnitStatus) -> bool {
    matches!(now, Available | ConditionallyAvailable | Clearing)
}

/// Status of a unit that was released: free, unless it said that it isn't.
pub(super) fn after_release(now: UnitStatus) -> UnitStatus {
    match now {
        OffDuty | ConditionallyAvailable | OutOfService | Emergency => now,
        _ => Available,
    }
}
