//! From a message to a decision: what each command does to which records.

mod access_rights;
mod caution;
mod classifier;
mod emergency_card;
mod incident;
mod notice;
mod resource;
mod response_plan;
mod retention;
mod roster_shift;
mod seized_item;
mod source_journal;
mod source_record;
mod unit;

pub(crate) use incident::forwarded::Forwarded;
pub(crate) use incident::involvement::country_of;
pub(crate) use incident::{LEGACY_NUMBER, legacy_key};

use std::fmt;

use access::Principal;
use access::policy::{Action, RecordKind};
use domain::emergency_card::EmergencyCard;
use domain::kernel::{Decide, Violations};
use domain::values::{Actor, UserName};
use event_store::append::{Lane, Stop, Target, Touch, Work};
use event_store::log::LogName;
use prost::Message;
use proto::command::v1 as pb;
use uuid::Uuid;

use self::resource::{Governed, permit};
use crate::caller::Caller;
use crate::status::{AlreadyKnown, OccurredInFuture, UnknownRecord};
use crate::wire::{Envelope, Reader, RecordRef};

pub(crate) use self::source_record::Told;

/// A command that was read: what it will do, once its turn comes.
pub(crate) struct Prepared {
    pub(crate) envelope: Envelope,
    pub(crate) log: LogName,
    /// Records that it will touch, as far as they are known before it is decided.
    pub(crate) touches: Vec<Touch>,
    pub(crate) decide: DecideFn,
    /// A unit that must be known in the register, for commands that go into another log.
    pub(crate) needs_unit: Option<Uuid>,
    /// Where it says what became of a journal's record, once it is decided.
    pub(crate) told: Option<Told>,
}

/// A decision, before the checks that all commands share are put around it.
pub(crate) type DecideFn = Box<dyn Fn(&mut Work<'_>) -> Result<Target, Stop> + Send + Sync>;

/// A message that is a command.
pub(crate) trait WireCommand: Message + Clone + Default + Send + Sync + 'static {
    /// Its name, as in the contract.
    const NAME: &'static str;
    /// Lane of a single call; in bulk it is the bulk lane.
    const LANE: Lane;

    /// What it is to the policies.
    const ACTION: Action;
    /// What it can be about: a kind of record, and others.
    const KINDS: (RecordKind, &'static [RecordKind]);

    /// Its command id as sent, to answer even what can't be read.
    fn command_id(&self) -> &str;

    /// Reads it.
    ///
    /// # Errors
    /// All that is wrong with it.
    fn prepare(self, caller: &Caller) -> Result<Prepared, Violations>;
}

impl Prepared {
    fn register(envelope: Envelope, touches: Vec<Touch>, decide: DecideFn) -> Prepared {
        Prepared { envelope, log: LogName::REGISTER, touches, decide, needs_unit: None, told: None }
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

/// A command on a record of type `A` that is there, by its id, where nothing else changes with it.
fn on_known<A: Governed<Command: Clone + Sync>>(
    envelope: Option<Envelope>,
    id: Option<Uuid>,
    caller: &Caller,
    command: Option<A::Command>,
) -> Option<Prepared> {
    let (envelope, id, command) = (envelope?, id?, command?);
    let (expected, caller) = (envelope.expected_version, caller.clone());
    let decide = Box::new(move |work: &mut Work<'_>| {
        permit::<A>(work, id, &caller)?;
        work.expect_version::<A>(id, expected)?;
        work.execute::<A>(id, command.clone())?;
        Ok(Target::of::<A>(id))
    });
    Some(Prepared::register(envelope, vec![Touch::of::<A>(id)], decide))
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
    ($message:ident, $lane:ident, $action:ident, [$kind:ident $(, $other:ident)*], $read:path) => {
        impl WireCommand for pb::$message {
            const NAME: &'static str = stringify!($message);
            const LANE: Lane = Lane::$lane;
            const ACTION: Action = Action::$action;
            const KINDS: (RecordKind, &'static [RecordKind]) = (RecordKind::$kind, &[$(RecordKind::$other),*]);

            fn command_id(&self) -> &str {
                self.envelope.as_ref().map_or("", |envelope| &envelope.command_id)
            }

            fn prepare(mut self, caller: &Caller) -> Result<Prepared, Violations> {
                let mut reader = Reader::new(caller.classifiers());
                let envelope = Envelope::read(&mut reader, self.envelope.take());
                if let Some(envelope) = &envelope {
                    reader.occurred_at(envelope.occurred_at);
                }
                let command = $read(&mut reader, self, envelope, caller);
                reader.finish(command)
            }
        }
    };
}

/// Commands of single calls and of the bulk stream, each an action of its own about one kind of record, and those of single calls only.
macro_rules! wire_commands {
    (
        { $($message:ident / $variant:ident / $lane:ident / $kind:ident => $read:path;)+ }
        single { $($single:ident / $single_lane:ident / $action:ident [$($about:ident),+] => $single_read:path;)+ }
    ) => {
        $(wire_command!($message, $lane, $message, [$kind], $read);)+
        $(wire_command!($single, $single_lane, $action, [$($about),+], $single_read);)+

        /// All of them: name, what it is to the policies, what it can be about.
        #[cfg(test)]
        const ALL: &[(&str, Action, (RecordKind, &[RecordKind]))] = &[
            $((pb::$message::NAME, pb::$message::ACTION, pb::$message::KINDS),)+
            $((pb::$single::NAME, pb::$single::ACTION, pb::$single::KINDS),)+
        ];

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
    RegisterIncident / RegisterIncident / Interactive / Incident => incident::register;
    SupplementIncident / SupplementIncident / Interactive / Incident => incident::supplement;
    ReclassifyIncident / ReclassifyIncident / Interactive / Incident => incident::reclassify;
    AssignIncident / AssignIncident / Interactive / Incident => incident::assign;
    RecordResult / RecordResult / Interactive / Incident => incident::record_result;
    CloseIncident / CloseIncident / Interactive / Incident => incident::close;
    ReopenIncident / ReopenIncident / Interactive / Incident => incident::reopen;
    CorrectIncident / CorrectIncident / Interactive / Incident => incident::correct;
    RecordAction / RecordAction / Interactive / Incident => incident::work::record_action;
    RestrictIncident / RestrictIncident / Interactive / Incident => incident::work::restrict;
    InvolvePerson / InvolvePerson / Interactive / Incident => incident::involvement::person;
    IdentifyPerson / IdentifyPerson / Interactive / Incident => incident::involvement::identify;
    ChangePersonRoles / ChangePersonRoles / Interactive / Incident => incident::involvement::change_roles;
    InvolveOrganisation / InvolveOrganisation / Interactive / Incident => incident::involvement::organisation;
    InvolveVehicle / InvolveVehicle / Interactive / Incident => incident::involvement::vehicle;
    InvolveItem / InvolveItem / Interactive / Incident => incident::involvement::item;
    InvolveDocument / InvolveDocument / Interactive / Incident => incident::involvement::document;
    WithdrawInvolvement / WithdrawInvolvement / Interactive / Incident => incident::involvement::withdraw;
    LinkIncidents / LinkIncidents / Interactive / Incident => incident::relation::link;
    UnlinkIncidents / UnlinkIncidents / Interactive / Incident => incident::relation::unlink;
    MergeIncident / MergeIncident / Interactive / Incident => incident::relation::merge;
    UnmergeIncident / UnmergeIncident / Interactive / Incident => incident::relation::unmerge;
    SplitIncident / SplitIncident / Interactive / Incident => incident::relation::split;
    OfferTransfer / OfferTransfer / Interactive / Incident => incident::transfer::offer;
    AcceptTransfer / AcceptTransfer / Interactive / Incident => incident::transfer::accept;
    RejectTransfer / RejectTransfer / Interactive / Incident => incident::transfer::reject;
    WithdrawTransfer / WithdrawTransfer / Interactive / Incident => incident::transfer::withdraw;
    CompleteTransfer / CompleteTransfer / Interactive / Incident => incident::transfer::complete;
    ReturnIncident / ReturnIncident / Interactive / Incident => incident::transfer::give_back;
    SeizeItem / SeizeItem / Interactive / Incident => seized_item::seize;
    TransferCustody / TransferCustody / Interactive / Incident => seized_item::transfer;
    DisposeItem / DisposeItem / Interactive / Incident => seized_item::dispose;
    PushRecord / PushRecord / Interactive / Incident => source_record::push;
    MendRecord / MendRecord / Interactive / Incident => source_record::mend;
    DiscardRecord / DiscardRecord / Interactive / Incident => source_record::discard;
    RegisterCaution / RegisterCaution / Interactive / Caution => caution::register;
    RenewCaution / RenewCaution / Interactive / Caution => caution::renew;
    LiftCaution / LiftCaution / Interactive / Caution => caution::lift;
    ReceiveCall / ReceiveCall / Urgent / EmergencyCard => emergency_card::receive;
    QualifyCard / QualifyCard / Urgent / EmergencyCard => emergency_card::qualify;
    DecideServices / DecideServices / Urgent / EmergencyCard => emergency_card::decide_services;
    NotifyService / NotifyService / Urgent / EmergencyCard => emergency_card::notify;
    AcceptService / AcceptService / Urgent / EmergencyCard => emergency_card::accept;
    AttachUnit / AttachUnit / Urgent / EmergencyCard => emergency_card::attach;
    CompleteCard / CompleteCard / Urgent / EmergencyCard => emergency_card::complete;
    LinkIncident / LinkIncident / Urgent / EmergencyCard => emergency_card::link;
    ConfirmLocation / ConfirmLocation / Urgent / EmergencyCard => emergency_card::situation::confirm_location;
    UpdateSituation / UpdateSituation / Urgent / EmergencyCard => emergency_card::situation::update;
    AddCardFile / AddCardFile / Urgent / EmergencyCard => emergency_card::situation::add_file;
    HandOverByPhone / HandOverByPhone / Urgent / EmergencyCard => emergency_card::situation::hand_over;
    CloseNonEmergency / CloseNonEmergency / Urgent / EmergencyCard => emergency_card::situation::close_non_emergency;
    CancelCard / CancelCard / Urgent / EmergencyCard => emergency_card::situation::cancel;
    MarkDuplicate / MarkDuplicate / Urgent / EmergencyCard => emergency_card::duplicate::mark;
    UnmarkDuplicate / UnmarkDuplicate / Urgent / EmergencyCard => emergency_card::duplicate::unmark;
    ReviewCard / ReviewCard / Interactive / EmergencyCard => emergency_card::situation::review;
    ForwardCard / ForwardCard / Urgent / EmergencyCard => emergency_card::forward::forward;
    RegisterUnit / RegisterUnit / Urgent / Unit => unit::register;
    StartDuty / StartDuty / Urgent / Unit => unit::start_duty;
    EndDuty / EndDuty / Urgent / Unit => unit::end_duty;
    ReportUnitStatus / ReportUnitStatus / Urgent / Unit => unit::report_status;
    ReportPosition / ReportPosition / Urgent / Track => unit::report_position;
    ReleaseUnit / ReleaseUnit / Urgent / Unit => unit::release;
    ChangeCrew / ChangeCrew / Urgent / Unit => unit::change_crew;
    ChangeEquipment / ChangeEquipment / Urgent / Unit => unit::change_equipment;
    PutEquipmentOutOfService / PutEquipmentOutOfService / Urgent / Unit => unit::put_out_of_service;
    ReturnEquipmentToService / ReturnEquipmentToService / Urgent / Unit => unit::return_to_service;
    PlanShift / PlanShift / Interactive / Unit => roster_shift::plan;
    OpenShift / OpenShift / Interactive / Unit => roster_shift::open;
    ChangeLineUp / ChangeLineUp / Interactive / Unit => roster_shift::change_line_up;
    CallReserve / CallReserve / Interactive / Unit => roster_shift::call_reserve;
    PlanRotation / PlanRotation / Interactive / Unit => roster_shift::plan_rotation;
    HandOverShift / HandOverShift / Interactive / Unit => roster_shift::hand_over;
    CloseShift / CloseShift / Interactive / Unit => roster_shift::close;
    CorrectShift / CorrectShift / Interactive / Unit => roster_shift::correct;
}
single {
    RequestAnnulment / Interactive / RequestAnnulment [Incident] => incident::work::request_annulment;
    ApproveAnnulment / Interactive / ApproveAnnulment [Incident] => incident::work::approve_annulment;
    RejectAnnulment / Interactive / RejectAnnulment [Incident] => incident::work::reject_annulment;
    LiftRestriction / Interactive / LiftRestriction [Incident] => incident::work::lift_restriction;
    LoadClassifier / Interactive / LoadClassifier [Register] => classifier::load;
    RegisterJournal / Interactive / ManageJournals [Register] => source_journal::register;
    AdoptMapping / Interactive / ManageJournals [Register] => source_journal::adopt;
    ChangeJournalPhase / Interactive / ManageJournals [Register] => source_journal::change_phase;
    AcknowledgeNotice / Interactive / AcknowledgeNotice [Notice] => notice::acknowledge;
    ProposePlan / Interactive / ManagePlans [Register] => response_plan::propose;
    ApprovePlan / Interactive / ManagePlans [Register] => response_plan::approve;
    RejectPlan / Interactive / ManagePlans [Register] => response_plan::reject;
    RetirePlan / Interactive / ManagePlans [Register] => response_plan::retire;
    RequestErasure / Interactive / RequestErasure [RetentionCase] => retention::request;
    ApproveErasure / Interactive / ApproveErasure [RetentionCase] => retention::approve;
    RejectErasure / Interactive / RejectErasure [RetentionCase] => retention::reject;
    PlaceHold / Interactive / PlaceHold [RetentionCase] => retention::place_hold;
    LiftHold / Interactive / LiftHold [RetentionCase] => retention::lift_hold;
    RequestGrant / Interactive / Grant [Incident, EmergencyCard] => access_rights::grant::request;
    ApproveGrant / Interactive / ApproveGrant [Incident, EmergencyCard] => access_rights::grant::approve;
    RejectGrant / Interactive / ApproveGrant [Incident, EmergencyCard] => access_rights::grant::reject;
    RevokeGrant / Interactive / ApproveGrant [Incident, EmergencyCard] => access_rights::grant::revoke;
    ExpireGrant / Interactive / ApproveGrant [Incident, EmergencyCard] => access_rights::grant::expire;
    BreakGlass / Urgent / BreakGlass [Incident, EmergencyCard] => access_rights::emergency::break_glass;
    VouchEmergencyAccess / Urgent / BreakGlass [Incident, EmergencyCard] => access_rights::emergency::vouch;
    ReviewEmergencyAccess / Interactive / ReviewBreakGlass [Incident, EmergencyCard] => access_rights::emergency::review;
    ProposePolicy / Interactive / AdoptPolicy [Register] => access_rights::policy::propose;
    AdoptPolicy / Interactive / AdoptPolicy [Register] => access_rights::policy::adopt;
    RejectPolicy / Interactive / AdoptPolicy [Register] => access_rights::policy::reject;
}
}

#[cfg(test)]
mod tests {
    use access::policy::{Action, Policies};
    use access::{Institution, Purpose, Reference, Role};
    use chrono::Utc;

    use super::*;

    #[test]
    fn every_command_is_the_action_that_policies_know_it_by() {
        for (name, action, _) in ALL {
            assert_eq!(Action::of_command(name), Some(*action), "{name}");
        }
    }

    #[test]
    fn somebody_may_do_each_with_each_kind_of_record_that_it_can_be_about() {
        let policies = Policies::embedded().unwrap();
        let mut somebody = Vec::new();
        for (code, role, purpose) in [
            ("VP", Role::Officer, Purpose::Response),
            ("VP", Role::Supervisor, Purpose::Administration),
            ("SD-RIGA", Role::Officer, Purpose::Prevention),
            ("IC", Role::Supervisor, Purpose::Administration),
            ("IC", Role::Auditor, Purpose::Audit),
        ] {
            let mut who = Principal::new("a.ozola", Institution::parse(code).unwrap(), vec![role], purpose, Utc::now());
            who.reference = Some(Reference::parse("T-1").unwrap());
            somebody.push(who);
        }
        for (name, action, (kind, others)) in ALL {
            for kind in [kind].into_iter().chain(*others) {
                let may = |who: &Principal| policies.permit_some(who, *action, *kind).is_ok();
                assert!(somebody.iter().any(may), "{name} of {kind}");
            }
        }
    }
}
