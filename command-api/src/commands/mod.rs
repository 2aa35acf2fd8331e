//! From a message to a decision: what each command does to which records.

mod access_rights;
mod emergency_card;
mod incident;
mod retention;
mod unit;

use std::fmt;

use access::{AccessError, Principal};
use domain::emergency_card::EmergencyCard;
use domain::kernel::{Decide, Violations};
use domain::values::{Actor, UserName};
use event_store::append::{Lane, Stop, Target, Touch, Work};
use event_store::log::LogName;
use prost::Message;
use proto::command::v1 as pb;
use uuid::Uuid;

use crate::status::{AlreadyKnown, OccurredInFuture, UnknownRecord};
use crate::wire::{Envelope, Reader, RecordRef};

/// A command that was read: what it will do, once its turn comes.
pub(crate) struct Prepared {
    pub(crate) envelope: Envelope,
    pub(crate) log: LogName,
    /// Records that it will touch, as far as they are known before it is decided.
    pub(crate) touches: Vec<Touch>,
    pub(crate) decide: DecideFn,
    /// A unit that must be known in the register, for commands that go into another log.
    pub(crate) needs_unit: Option<Uuid>,
}

/// A decision, before the checks that all commands share are put around it.
pub(crate) type DecideFn = Box<dyn Fn(&mut Work<'_>) -> Result<Target, Stop> + Send + Sync>;

/// A message that is a command.
pub(crate) trait WireCommand: Message + Clone + Default + Send + Sync + 'static {
    /// Its name, as in the contract.
    const NAME: &'static str;
    /// Lane of a single call; in bulk it is the bulk lane.
    const LANE: Lane;

    /// Whether they may ask for it.
    ///
    /// # Errors
    /// [`AccessError`] where their role or their purpose is another.
    fn permitted(principal: &Principal) -> Result<(), AccessError>;

    /// Its command id as sent, to answer even what can't be read.
    fn command_id(&self) -> &str;

    /// Reads it.
    ///
    /// # Errors
    /// All that is wrong with it.
    fn prepare(self, principal: &Principal) -> Result<Prepared, Violations>;
}

impl Prepared {
    fn register(envelope: Envelope, touches: Vec<Touch>, decide: DecideFn) -> Prepared {
        Prepared { envelope, log: LogName::REGISTER, touches, decide, needs_unit: None }
    }

    /// The decision with what all commands share around it: it did not happen in the future, the record is at the
    /// version that the sender has seen.
    pub(crate) fn checked(self) -> (Envelope, Vec<Touch>, DecideFn) {
        let Prepared { envelope, touches, decide, .. } = self;
        let checked: DecideFn = Box::new(move |work| {
            let moment = work.moment()?;
            if moment.is_future(moment.occurred_at) {
                return Err(Stop::refused(OccurredInFuture { recorded_at: moment.recorded_at }));
            }
            decide(work)
        });
        (envelope, touches, checked)
    }
}

/// What a command on an existing record of type `A` touches.
fn touches<A: Decide>(record: &RecordRef) -> Vec<Touch> {
    record.id().map(Touch::of::<A>).into_iter().collect()
}

/// Refuses a reference to a record that does not exist.
fn must_exist<A: Decide>(work: &mut Work<'_>, id: Uuid) -> Result<(), Stop> {
    match work.state::<A>(id)? {
        (_, 0) => Err(Stop::refused(UnknownRecord { name: format!("{} {id}", A::TYPE) })),
        _ => Ok(()),
    }
}

/// Refuses to begin a record that its source has made known before, and says which it is.
fn must_be_new<A: Decide>(id: Uuid, number: Option<impl fmt::Display>, rule: &'static str) -> Result<(), Stop> {
    match number {
        Some(number) => {
            Err(Stop::refused(AlreadyKnown { aggregate_type: A::TYPE, id, number: number.to_string(), rule }))
        }
        None => Ok(()),
    }
}

/// Who acts, by their token.
fn actor(reader: &mut Reader, principal: &Principal) -> Option<Actor> {
    let institution = reader.institution("institution", "", principal);
    let user = reader.required("token.sub", &principal.subject, UserName::parse);
    Some(Actor { institution: institution?, user: user? })
}

/// The reply names the card with its number.
fn card_target(work: &mut Work<'_>, id: Uuid) -> Result<Target, Stop> {
    let (card, _) = work.state::<EmergencyCard>(id)?;
    let target = Target::of::<EmergencyCard>(id);
    Ok(match card.number() {
        Some(number) => target.numbered(number),
        None => target,
    })
}

macro_rules! wire_command {
    ($message:ident, $lane:ident, $check:path, $read:path) => {
        impl WireCommand for pb::$message {
            const NAME: &'static str = stringify!($message);
            const LANE: Lane = Lane::$lane;

            fn permitted(principal: &Principal) -> Result<(), AccessError> {
                $check(principal)
            }

            fn command_id(&self) -> &str {
                self.envelope.as_ref().map_or("", |envelope| &envelope.command_id)
            }

            fn prepare(mut self, principal: &Principal) -> Result<Prepared, Violations> {
                let mut reader = Reader::default();
                let envelope = Envelope::read(&mut reader, self.envelope.take());
                let command = $read(&mut reader, self, envelope, principal);
                reader.finish(command)
            }
        }
    };
}

/// Commands of single calls and of the bulk stream, and those of single calls only.
macro_rules! wire_commands {
    (
        { $($message:ident / $variant:ident / $lane:ident => $read:path;)+ }
        single { $($single:ident / $single_lane:ident / $check:path => $single_read:path;)+ }
    ) => {
        $(wire_command!($message, $lane, Principal::check_command, $read);)+
        $(wire_command!($single, $single_lane, $check, $single_read);)+

        /// Hands a command of the bulk stream to `visitor`, as what it is.
        pub(crate) fn visit<V: Visitor>(envelope: pb::CommandEnvelope, visitor: V) -> Option<V::Output> {
            use pb::command_envelope::Command;
            Some(match envelope.command? {
                $(Command::$variant(message) => visitor.visit(message),)+
            })
        }
    };
}

/// Does the same with each kind of command.
pub(crate) trait Visitor {
    /// What comes of it.
    type Output;

    /// Does it.
    fn visit<C: WireCommand>(self, command: C) -> Self::Output;
}

wire_commands! {
{
    RegisterIncident / RegisterIncident / Interactive => incident::register;
    SupplementIncident / SupplementIncident / Interactive => incident::supplement;
    ReclassifyIncident / ReclassifyIncident / Interactive => incident::reclassify;
    AssignIncident / AssignIncident / Interactive => incident::assign;
    RecordResult / RecordResult / Interactive => incident::record_result;
    CloseIncident / CloseIncident / Interactive => incident::close;
    ReopenIncident / ReopenIncident / Interactive => incident::reopen;
    ReceiveCall / ReceiveCall / Urgent => emergency_card::receive;
    QualifyCard / QualifyCard / Urgent => emergency_card::qualify;
    DecideServices / DecideServices / Urgent => emergency_card::decide_services;
    NotifyService / NotifyService / Urgent => emergency_card::notify;
    AcceptService / AcceptService / Urgent => emergency_card::accept;
    AttachUnit / AttachUnit / Urgent => emergency_card::attach;
    CompleteCard / CompleteCard / Urgent => emergency_card::complete;
    LinkIncident / LinkIncident / Urgent => emergency_card::link;
    RegisterUnit / RegisterUnit / Urgent => unit::register;
    StartDuty / StartDuty / Urgent => unit::start_duty;
    EndDuty / EndDuty / Urgent => unit::end_duty;
    ReportUnitStatus / ReportUnitStatus / Urgent => unit::report_status;
    ReportPosition / ReportPosition / Urgent => unit::report_position;
    ReleaseUnit / ReleaseUnit / Urgent => unit::release;
}
single {
    RequestErasure / Interactive / Principal::check_retention => retention::request;
    ApproveErasure / Interactive / Principal::check_retention => retention::approve;
    RejectErasure / Interactive / Principal::check_retention => retention::reject;
    PlaceHold / Interactive / Principal::check_retention => retention::place_hold;
    LiftHold / Interactive / Principal::check_retention => retention::lift_hold;
    RequestGrant / Interactive / Principal::check_command => access_rights::grant::request;
    ApproveGrant / Interactive / access_rights::check_decision => access_rights::grant::approve;
    RejectGrant / Interactive / access_rights::check_decision => access_rights::grant::reject;
    RevokeGrant / Interactive / access_rights::check_decision => access_rights::grant::revoke;
    ExpireGrant / Interactive / Principal::check_command => access_rights::grant::expire;
    BreakGlass / Urgent / access_rights::check_person => access_rights::emergency::break_glass;
    VouchEmergencyAccess / Urgent / access_rights::check_person => access_rights::emergency::vouch;
    ReviewEmergencyAccess / Interactive / access_rights::check_review => access_rights::emergency::review;
    ProposePolicy / Interactive / access_rights::check_decision => access_rights::policy::propose;
    AdoptPolicy / Interactive / access_rights::check_decision => access_rights::policy::adopt;
    RejectPolicy / Interactive / access_rights::check_decision => access_rights::policy::reject;
}
}
