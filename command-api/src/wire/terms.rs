//! The closed terms of the wire and those of the domain.

use domain::emergency_access::ReviewOutcome;
use domain::emergency_card::{FileKind, NoEmergency, ReviewFinding};
use domain::response_plan::Weekday;
use domain::retention::ErasureGround;
use domain::source_journal::JournalPhase;
use domain::terms::{
    AccessPurpose, AccessRole, Category, Channel, Confidence, DisposalOutcome, Identification, LinkKind,
    LocationSource, Priority, Protection, RaisedClass, RecordClass, Service, Sex, TransferOutcome, UnitKind,
    UnitStatus,
};
use domain::unit::VendorScheme;
use proto::command::v1 as pb;

/// A term of the domain as the wire has it.
pub(crate) trait Wire<W> {
    /// The wire's term.
    fn wire(self) -> W;
}

/// A term of the wire that stands for one of the domain; unspecified for none.
pub(crate) trait Term<T> {
    /// The domain's term.
    fn term(self) -> Option<T>;
}

macro_rules! same {
    ($name:ident: $($term:ident),+ $(,)?) => {
        impl Term<$name> for pb::$name {
            fn term(self) -> Option<$name> {
                match self {
                    pb::$name::Unspecified => None,
                    $(pb::$name::$term => Some($name::$term),)+
                }
            }
        }

        impl Wire<pb::$name> for $name {
            fn wire(self) -> pb::$name {
                match self {
                    $($name::$term => pb::$name::$term,)+
                }
            }
        }
    };
}

same!(Category: A, B, C, D);
same!(Priority: P0, P1, P2, P3);
same!(Service: FireRescue, StatePolice, Medical, MunicipalPolice, PortPolice, Gas);
same!(LocationSource: Aml, Cell, Manual, Ecall, Address);
same!(FileKind: Recording, Picture, Video, Conversation, Document);
same!(NoEmergency: Information, OtherService, Silent, Mistaken, Nuisance, Test);
same!(
    ReviewFinding: AnsweredLate, PlaceNotConfirmed, QuestionsMissed, WrongType, WrongPriority, WrongServices,
    DecidedLate, WrongUnit, NoAdvice, Manner, Record,
);
same!(UnitKind: FireEngine, Ladder, Rescue, Ambulance, Command, Support, Patrol, Investigation);
same!(VendorScheme: Fms, Eido, Resgrid);
same!(Weekday: Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday);
same!(ErasureGround: RetentionExpired, SubjectRequest, Order, RecordedInError);
same!(RecordClass: Restricted, Secret);
same!(RaisedClass: Protected, Secret);

// A journal that is only registered is asked for by nobody.
impl Term<JournalPhase> for pb::JournalPhase {
    fn term(self) -> Option<JournalPhase> {
        match self {
            pb::JournalPhase::Unspecified => None,
            pb::JournalPhase::Testing => Some(JournalPhase::Testing),
            pb::JournalPhase::Live => Some(JournalPhase::Live),
            pb::JournalPhase::Suspended => Some(JournalPhase::Suspended),
        }
    }
}

same!(Sex: Female, Male, Unknown);
same!(Identification: Unknown, Stated, Document, Register);
same!(Protection: ViolenceVictim, ProtectionOrder, SpecialProtection);
same!(LinkKind: Parent, Child, Related, Series);
same!(Confidence: Certain, Probable, Possible);
same!(TransferOutcome: Completed, Aborted, Returned);
same!(DisposalOutcome: Returned, Confiscated, Destroyed, Sold, HandedOver, RecordedInError);
same!(AccessRole: Dispatcher, Officer, Supervisor, Auditor, Analyst);
same!(AccessPurpose: Response, Investigation, Prevention, Statistics, Audit, Administration, Operation);
same!(ReviewOutcome: Justified, Unjustified);
same!(
    Channel: Phone112, Phone110, App, Sms, InPerson, Written, OwnInitiative, Alarm, Ecall, Partner,
);
same!(
    UnitStatus: OffDuty, Available, ConditionallyAvailable, Assigned, Acknowledged, EnRoute, OnScene, Transporting,
    AtDestination, Clearing, OutOfService, Emergency,
);
