//! Closed lists of the domain as enums of the graph; their labels are fields beside them.

use async_graphql::Enum;
use domain::{caution, notice, roster_shift, terms, unit};
use projections::response_plans::PlanRow;

use crate::error::QueryError;
use crate::lang::Lang;

/// A closed list of the domain.
trait Term: Sized {
    /// The one of a code.
    fn parsed(code: &str) -> Result<Self, QueryError>;
}

fn term_of_code<T: Term>(code: &str) -> Result<T, QueryError> {
    T::parsed(code)
}

/// Defines an enum of the graph that has the variants of an enum of the domain.
macro_rules! mirrored {
    ($(#[$meta:meta])* $name:ident = $domain:ty { $($(#[$variant_meta:meta])* $variant:ident = $shown:literal,)+ }) => {
        $(#[$meta])*
        #[allow(clippy::enum_variant_names, reason = "the words are the domain's")]
        #[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum $name {
            $($(#[$variant_meta])* #[graphql(name = $shown)] $variant,)+
        }

        impl From<$domain> for $name {
            fn from(term: $domain) -> Self {
                match term {
                    $(<$domain>::$variant => Self::$variant,)+
                }
            }
        }

        impl From<$name> for $domain {
            fn from(term: $name) -> Self {
                match term {
                    $($name::$variant => Self::$variant,)+
                }
            }
        }

        impl $name {
            /// The one of a code, as read models hold it.
            #[allow(dead_code, reason = "not every list comes from a read model as a code")]
            pub(crate) fn of_code(code: &str) -> Result<Self, QueryError> {
                term_of_code(code).map(|term: $domain| term.into())
            }

            /// What people read of a code.
            #[allow(dead_code, reason = "not every list has labels in the graph")]
            pub(crate) fn label_of(code: &str, lang: Lang) -> Result<&'static str, QueryError> {
                term_of_code(code).map(|term: $domain| term.label(lang.into()))
            }

            /// Its code, as read models hold it.
            #[allow(dead_code, reason = "not every list is filtered by")]
            pub(crate) fn code(self) -> &'static str {
                <$domain>::from(self).code()
            }
        }

        impl Term for $domain {
            fn parsed(code: &str) -> Result<Self, QueryError> {
                Self::parse(code).map_err(|error| QueryError::Internal(Box::new(error)))
            }
        }
    };
}

mirrored! {
    /// A list of status codes that senders use (statusu kodu saraksts).
    VendorScheme = unit::VendorScheme {
        /// Radio status of the German services.
        Fms = "FMS",
        /// Primary unit status of NENA EIDO.
        Eido = "EIDO",
        /// Unit states of Resgrid.
        Resgrid = "RESGRID",
    }
}

mirrored! {
    /// How far a shift is (maiņas stāvoklis).
    ShiftState = roster_shift::ShiftState {
        /// It hasn't begun.
        Planned = "PLANNED",
        /// It is on duty.
        Open = "OPEN",
        /// The next one has taken over; its report isn't complete.
        HandedOver = "HANDED_OVER",
        /// Its report is complete.
        Closed = "CLOSED",
        /// Its report was put right after that.
        Corrected = "CORRECTED",
    }
}

mirrored! {
    /// How it was reported (saņemšanas veids).
    Channel = terms::Channel {
        /// Emergency number 112.
        Phone112 = "PHONE_112",
        /// State Police number 110.
        Phone110 = "PHONE_110",
        /// Mobile application.
        App = "APP",
        /// Text message.
        Sms = "SMS",
        /// At the desk.
        InPerson = "IN_PERSON",
        /// Letter, e-mail or e-service.
        Written = "WRITTEN",
        /// Found by the officers themselves.
        OwnInitiative = "OWN_INITIATIVE",
        /// Alarm system.
        Alarm = "ALARM",
        /// Call of a vehicle (eCall).
        Ecall = "ECALL",
        /// Told by another service or institution.
        Partner = "PARTNER",
    }
}

mirrored! {
    /// What a caution is about (brīdinājuma objekts).
    CautionAbout = caution::AboutKind {
        /// An address.
        Address = "ADDRESS",
        /// A person.
        Person = "PERSON",
        /// A vehicle.
        Vehicle = "VEHICLE",
    }
}

mirrored! {
    /// How far a notice has come (paziņojuma stāvoklis).
    NoticeStatus = notice::NoticeStatus {
        /// It waits to be handed over, or fetched.
        Issued = "ISSUED",
        /// The recipient's system has taken it.
        Delivered = "DELIVERED",
        /// It is late: somebody else was told to see to it.
        Escalated = "ESCALATED",
        /// The recipient has said that it knows.
        Acknowledged = "ACKNOWLEDGED",
    }
}

mirrored! {
    /// A service of a municipality that is told of incidents (paziņojuma saņēmējs).
    NoticeService = notice::NoticeService {
        /// Social service.
        SocialService = "SOCIAL_SERVICE",
        /// Municipal police.
        MunicipalPolice = "MUNICIPAL_POLICE",
    }
}

mirrored! {
    /// Why a notice did not get there (neizdevušās piegādes iemesls).
    DeliveryFailure = notice::DeliveryFailure {
        /// No connection came about, or it broke.
        Unreachable = "UNREACHABLE",
        /// There was no answer in time.
        TimedOut = "TIMED_OUT",
        /// The answer was that it was not taken.
        Refused = "REFUSED",
    }
}

mirrored! {
    /// Why somebody else was told (eskalācijas iemesls).
    EscalationCause = notice::EscalationCause {
        /// The recipient has it, and has not said that it knows.
        NotAcknowledged = "NOT_ACKNOWLEDGED",
        /// It could not be handed over, or was not fetched.
        NotDelivered = "NOT_DELIVERED",
    }
}

mirrored! {
    /// How fast State Police must be there (reaģēšanas kategorija, Cabinet Regulation 190).
    Category = terms::Category {
        /// Threat to life or order now.
        A = "A",
        /// Over, but traces may be lost.
        B = "B",
        /// Less urgent.
        C = "C",
        /// Least urgent.
        D = "D",
    }
}

mirrored! {
    /// How urgent a card is (prioritāte).
    Priority = terms::Priority {
        /// Life at risk now.
        P0 = "P0",
        /// Urgent.
        P1 = "P1",
        /// Ordinary.
        P2 = "P2",
        /// Can wait.
        P3 = "P3",
    }
}

mirrored! {
    /// An emergency service that a card can involve (dienests).
    Service = terms::Service {
        /// Fire and rescue (VUGD).
        FireRescue = "FIRE_RESCUE",
        /// State Police (VP).
        StatePolice = "STATE_POLICE",
        /// Emergency medical service (NMPD).
        Medical = "MEDICAL",
        /// Municipal police (pašvaldības policija).
        MunicipalPolice = "MUNICIPAL_POLICE",
        /// Port police (ostas policija).
        PortPolice = "PORT_POLICE",
        /// Gas emergency service.
        Gas = "GAS",
    }
}

mirrored! {
    /// How a point was found (vietas noteikšanas veids).
    LocationSource = terms::LocationSource {
        /// Advanced mobile location of the handset.
        Aml = "AML",
        /// Cell of the mobile network.
        Cell = "CELL",
        /// Entered by a person.
        Manual = "MANUAL",
        /// The vehicle's eCall message.
        Ecall = "ECALL",
        /// Taken from the address register.
        Address = "ADDRESS",
    }
}

mirrored! {
    /// What a unit is (ekipāžas veids).
    UnitKind = terms::UnitKind {
        /// Fire engine (autocisterna).
        FireEngine = "FIRE_ENGINE",
        /// Ladder or aerial platform (autokāpnes).
        Ladder = "LADDER",
        /// Rescue vehicle.
        Rescue = "RESCUE",
        /// Ambulance (NMP brigāde).
        Ambulance = "AMBULANCE",
        /// Command vehicle.
        Command = "COMMAND",
        /// Support vehicle.
        Support = "SUPPORT",
        /// Police patrol (patruļas ekipāža).
        Patrol = "PATROL",
        /// Investigation crew.
        Investigation = "INVESTIGATION",
    }
}

mirrored! {
    /// What a unit is doing (ekipāžas statuss).
    UnitStatus = terms::UnitStatus {
        /// Nobody is on duty in it.
        OffDuty = "OFF_DUTY",
        /// Free.
        Available = "AVAILABLE",
        /// Free with a reservation: at the hospital, at a meal.
        ConditionallyAvailable = "CONDITIONALLY_AVAILABLE",
        /// Given a card.
        Assigned = "ASSIGNED",
        /// Said that it goes.
        Acknowledged = "ACKNOWLEDGED",
        /// On its way.
        EnRoute = "EN_ROUTE",
        /// At the scene.
        OnScene = "ON_SCENE",
        /// Taking somebody somewhere.
        Transporting = "TRANSPORTING",
        /// Where it took them.
        AtDestination = "AT_DESTINATION",
        /// Finishing.
        Clearing = "CLEARING",
        /// Can't be used.
        OutOfService = "OUT_OF_SERVICE",
        /// The crew itself needs help.
        Emergency = "EMERGENCY",
    }
}

mirrored! {
    /// Where an incident stands (notikuma stāvoklis).
    IncidentStatus = domain::incident::IncidentStatus {
        /// Registered, given to nobody.
        Registered = "REGISTERED",
        /// Given to a unit or an officer.
        Assigned = "ASSIGNED",
        /// Worked on again after it was reopened.
        InProgress = "IN_PROGRESS",
        /// How it was dealt with is recorded.
        ResultRecorded = "RESULT_RECORDED",
        /// Closed.
        Closed = "CLOSED",
        /// It goes on in another that it is the same as.
        Merged = "MERGED",
        /// Registered in error.
        Annulled = "ANNULLED",
        /// Given back to who had forwarded its card.
        Returned = "RETURNED",
    }
}

mirrored! {
    /// Class that a record was raised to (ierobežojuma klase).
    RecordClass = terms::RaisedClass {
        /// For those who work on this one: of minors, victims of violence and protected persons.
        Protected = "PROTECTED",
        /// For those who are named.
        Secret = "SECRET",
    }
}

mirrored! {
    /// Sex of a person, as it was given (dzimums).
    Sex = terms::Sex {
        /// Female.
        Female = "FEMALE",
        /// Male.
        Male = "MALE",
        /// Not known.
        Unknown = "UNKNOWN",
    }
}

mirrored! {
    /// How old a person was when it happened (vecuma grupa).
    AgeBand = terms::AgeBand {
        /// 6 years and younger.
        Under7 = "UNDER_7",
        /// 7 to 13 years.
        From7 = "FROM_7",
        /// 14 to 17 years: may answer for what they did.
        From14 = "FROM_14",
        /// 18 to 24 years.
        From18 = "FROM_18",
        /// 25 to 64 years.
        From25 = "FROM_25",
        /// 65 years and older.
        From65 = "FROM_65",
    }
}

mirrored! {
    /// How well it is known who a person is (identificēšanas līmenis).
    Identification = terms::Identification {
        /// It isn't.
        Unknown = "UNKNOWN",
        /// They, or somebody else, said so.
        Stated = "STATED",
        /// By a document.
        Document = "DOCUMENT",
        /// By a register of the state.
        Register = "REGISTER",
    }
}

mirrored! {
    /// Why a person is protected (personas aizsardzība).
    Protection = terms::Protection {
        /// Victim of violence.
        ViolenceVictim = "VIOLENCE_VICTIM",
        /// Somebody is forbidden to come near them (pagaidu aizsardzība pret vardarbību).
        ProtectionOrder = "PROTECTION_ORDER",
        /// Specially protected by law, as a witness may be (speciālā procesuālā aizsardzība).
        SpecialProtection = "SPECIAL_PROTECTION",
    }
}

mirrored! {
    /// How one incident is tied to another (sasaistes veids).
    LinkKind = terms::LinkKind {
        /// The other is part of this one.
        Parent = "PARENT",
        /// This one is part of the other.
        Child = "CHILD",
        /// They have to do with each other.
        Related = "RELATED",
        /// They are of one series.
        Series = "SERIES",
    }
}

mirrored! {
    /// How sure something is (ticamība).
    Confidence = terms::Confidence {
        /// Certain.
        Certain = "CERTAIN",
        /// Probable.
        Probable = "PROBABLE",
        /// Possible.
        Possible = "POSSIBLE",
    }
}

mirrored! {
    /// What became of a seized item (rīcība ar izņemto mantu).
    DisposalOutcome = terms::DisposalOutcome {
        /// Given back to its owner.
        Returned = "RETURNED",
        /// Taken for the state.
        Confiscated = "CONFISCATED",
        /// Destroyed.
        Destroyed = "DESTROYED",
        /// Sold.
        Sold = "SOLD",
        /// Handed over to another institution for good.
        HandedOver = "HANDED_OVER",
        /// It was never seized: written down in error.
        RecordedInError = "RECORDED_IN_ERROR",
    }
}

mirrored! {
    /// Where a card stands (kartiņas stāvoklis).
    CardStatus = domain::emergency_card::CardStatus {
        /// The call is in.
        Received = "RECEIVED",
        /// It is known what it is.
        Qualified = "QUALIFIED",
        /// It is decided which services go.
        Routed = "ROUTED",
        /// A unit was sent.
        Dispatched = "DISPATCHED",
        /// It is under control.
        UnderControl = "UNDER_CONTROL",
        /// Done.
        Completed = "COMPLETED",
        /// It was no emergency.
        NonEmergency = "NON_EMERGENCY",
        /// Called off.
        Cancelled = "CANCELLED",
        /// Nobody ended it in time.
        Lapsed = "LAPSED",
        /// Put away.
        Archived = "ARCHIVED",
    }
}

mirrored! {
    /// What a call was instead of an emergency.
    NoEmergency = domain::emergency_card::NoEmergency {
        /// Somebody wants to know something.
        Information = "INFORMATION",
        /// Another institution is the right one.
        OtherService = "OTHER_SERVICE",
        /// Nobody spoke, or the call broke off.
        Silent = "SILENT",
        /// Dialled by mistake.
        Mistaken = "MISTAKEN",
        /// Dialled for fun or out of malice.
        Nuisance = "NUISANCE",
        /// A test of a system, of eCall for one.
        Test = "TEST",
    }
}

mirrored! {
    /// What a file of a card is.
    FileKind = domain::emergency_card::FileKind {
        /// Recording of a call.
        Recording = "RECORDING",
        /// Picture.
        Picture = "PICTURE",
        /// Video.
        Video = "VIDEO",
        /// What was written in a text session.
        Conversation = "CONVERSATION",
        /// Any other document.
        Document = "DOCUMENT",
    }
}

mirrored! {
    /// How far a card is with an institution that it was forwarded to.
    ForwardStage = domain::emergency_card::ForwardStage {
        /// Sent, and not yet an incident there.
        Waiting = "WAITING",
        /// An incident there.
        Received = "RECEIVED",
        /// Given back.
        Returned = "RETURNED",
    }
}

mirrored! {
    /// What a review found.
    ReviewFinding = domain::emergency_card::ReviewFinding {
        /// It was answered late.
        AnsweredLate = "ANSWERED_LATE",
        /// The place was not confirmed.
        PlaceNotConfirmed = "PLACE_NOT_CONFIRMED",
        /// What was asked missed something important.
        QuestionsMissed = "QUESTIONS_MISSED",
        /// It was taken for something else.
        WrongType = "WRONG_TYPE",
        /// It was more, or less, urgent.
        WrongPriority = "WRONG_PRIORITY",
        /// A service that was needed was not sent, or one that wasn't was.
        WrongServices = "WRONG_SERVICES",
        /// Services were decided late.
        DecidedLate = "DECIDED_LATE",
        /// Another unit would have been there sooner.
        WrongUnit = "WRONG_UNIT",
        /// The caller was not helped until somebody came.
        NoAdvice = "NO_ADVICE",
        /// How the caller was spoken to.
        Manner = "MANNER",
        /// What was written down is not what was said.
        Record = "RECORD",
    }
}

mirrored! {
    /// Why a card must be reviewed.
    ReviewCause = domain::emergency_card::review::ReviewCause {
        /// Life was at risk.
        LifeAtRisk = "LIFE_AT_RISK",
        /// The decision took longer than a minute.
        DecidedLate = "DECIDED_LATE",
        /// Nobody ended it in time.
        Lapsed = "LAPSED",
        /// It belongs to the sample.
        Sample = "SAMPLE",
    }
}

mirrored! {
    /// Why two cards may be about the same.
    LikenessReason = domain::emergency_card::duplicate::LikenessReason {
        /// Minutes apart.
        Time = "TIME",
        /// Close to each other.
        Distance = "DISTANCE",
        /// The same address.
        Address = "ADDRESS",
        /// The same type.
        Type = "TYPE",
        /// From the same number.
        Number = "NUMBER",
    }
}

mirrored! {
    /// What two incidents have in common.
    RelationReason = domain::incident::related::RelationReason {
        /// Violence in a family, of which there was some before: the same person or the same address.
        FamilyViolence = "FAMILY_VIOLENCE",
        /// The same person takes part in both.
        Person = "PERSON",
        /// The same vehicle is in both.
        Vehicle = "VEHICLE",
        /// The same address.
        Address = "ADDRESS",
        /// The same type close by and within days.
        NearRepeat = "NEAR_REPEAT",
    }
}

mirrored! {
    /// A day of the week (nedēļas diena).
    Weekday = domain::response_plan::Weekday {
        /// Monday.
        Monday = "MONDAY",
        /// Tuesday.
        Tuesday = "TUESDAY",
        /// Wednesday.
        Wednesday = "WEDNESDAY",
        /// Thursday.
        Thursday = "THURSDAY",
        /// Friday.
        Friday = "FRIDAY",
        /// Saturday.
        Saturday = "SATURDAY",
        /// Sunday.
        Sunday = "SUNDAY",
    }
}

/// What became of a content that was proposed for a response plan (plāna versijas statuss).
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum PlanStatus {
    /// Waits for a second person.
    Proposed,
    /// In force.
    InForce,
    /// Was in force, until another version took its place.
    Replaced,
    /// Was in force, until the plan was retired.
    Retired,
    /// Turned down.
    Rejected,
}

impl PlanStatus {
    /// As a row of the read model has it.
    pub(crate) fn of_row(status: &str) -> Result<Self, QueryError> {
        Ok(match status {
            PlanRow::PROPOSED => Self::Proposed,
            PlanRow::IN_FORCE => Self::InForce,
            PlanRow::REPLACED => Self::Replaced,
            PlanRow::RETIRED => Self::Retired,
            PlanRow::REJECTED => Self::Rejected,
            _ => return Err(QueryError::internal("a read model holds a plan that stands nowhere")),
        })
    }
}

mirrored! {
    /// Where a source journal stands (žurnāla statuss).
    JournalPhase = domain::source_journal::JournalPhase {
        /// Known; sends nothing yet.
        Registered = "REGISTERED",
        /// Its records are read and judged, and nothing is registered.
        Testing = "TESTING",
        /// Its records are registered.
        Live = "LIVE",
        /// Sends nothing for the time being.
        Suspended = "SUSPENDED",
    }
}
