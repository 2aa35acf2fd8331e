//! The rules of access, once more, in plain Rust: written from the table of institutions and the rules below it (row by row, in that
//! order), not from the policies. What isn't in the table is refused.

use access::policy::{Action, Class, InstitutionKind as Kind, RecordKind, Relation};
use access::{Purpose, Role};

/// All that a decision depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) kind: Kind,
    pub(crate) role: Role,
    pub(crate) purpose: Purpose,
    pub(crate) reference: bool,
    pub(crate) trained: bool,
    pub(crate) record: RecordKind,
    pub(crate) class: Class,
    pub(crate) relation: Relation,
    pub(crate) owner: Kind,
    pub(crate) granted: bool,
    pub(crate) glass: bool,
    pub(crate) second: bool,
}

/// What an action is, for the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Recording { makes: bool },
    Supervised,
    Retention,
    Acknowledge,
    Summary { watch: bool },
    Field(Part),
    Rows,
    Count,
    Log,
    History,
    Grant { approve: bool },
    Adopt,
    Load,
    Plans,
    Break,
    Review,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Narrative,
    Reporter,
    Code,
    MaskedCode,
    Hazards,
    Casualties,
    Suspects,
    Persons,
    Property,
    Units,
    Result,
}

/// Which record an action is about, and what it is; none where it can't be about such a record.
fn sort(action: Action, record: RecordKind) -> Option<Sort> {
    use Action as A;
    let incident = record == RecordKind::Incident;
    let card = record == RecordKind::EmergencyCard;
    let content = incident || card;
    let register = record == RecordKind::Register;
    let (possible, sort) = match action {
        A::RegisterIncident | A::PushRecord => (incident, Sort::Recording { makes: true }),
        A::SupplementIncident
        | A::ReclassifyIncident
        | A::AssignIncident
        | A::RecordResult
        | A::CloseIncident
        | A::ReopenIncident
        | A::CorrectIncident
        | A::RecordAction
        | A::RestrictIncident
        | A::RequestAnnulment
        | A::RejectAnnulment
        | A::InvolvePerson
        | A::IdentifyPerson
        | A::ChangePersonRoles
        | A::InvolveOrganisation
        | A::InvolveVehicle
        | A::InvolveItem
        | A::InvolveDocument
        | A::WithdrawInvolvement
        | A::LinkIncidents
        | A::UnlinkIncidents
        | A::MergeIncident
        | A::UnmergeIncident
        | A::SplitIncident
        | A::OfferTransfer
        | A::AcceptTransfer
        | A::RejectTransfer
        | A::WithdrawTransfer
        | A::CompleteTransfer
        | A::ReturnIncident
        | A::SeizeItem
        | A::TransferCustody
        | A::DisposeItem
        | A::MendRecord
        | A::DiscardRecord => (incident, Sort::Recording { makes: false }),
        A::ApproveAnnulment | A::LiftRestriction => (incident, Sort::Supervised),
        A::ReceiveCall => (card, Sort::Recording { makes: true }),
        A::QualifyCard
        | A::DecideServices
        | A::NotifyService
        | A::AcceptService
        | A::AttachUnit
        | A::CompleteCard
        | A::LinkIncident
        | A::ConfirmLocation
        | A::UpdateSituation
        | A::AddCardFile
        | A::HandOverByPhone
        | A::CloseNonEmergency
        | A::CancelCard
        | A::MarkDuplicate
        | A::UnmarkDuplicate
        | A::ForwardCard => (card, Sort::Recording { makes: false }),
        A::ReviewCard => (card, Sort::Supervised),
        A::RegisterUnit | A::PlanShift => (record == RecordKind::Unit, Sort::Recording { makes: true }),
        A::StartDuty
        | A::EndDuty
        | A::ReportUnitStatus
        | A::ReleaseUnit
        | A::ChangeCrew
        | A::ChangeEquipment
        | A::PutEquipmentOutOfService
        | A::ReturnEquipmentToService
        | A::OpenShift
        | A::ChangeLineUp
        | A::CallReserve
        | A::PlanRotation
        | A::HandOverShift
        | A::CloseShift
        | A::CorrectShift => (record == RecordKind::Unit, Sort::Recording { makes: false }),
        A::ReportPosition => (record == RecordKind::Track, Sort::Recording { makes: false }),
        A::RequestErasure | A::ApproveErasure | A::RejectErasure | A::PlaceHold | A::LiftHold => {
            (record == RecordKind::RetentionCase, Sort::Retention)
        }
        A::RegisterCaution => (record == RecordKind::Caution, Sort::Recording { makes: true }),
        A::RenewCaution | A::LiftCaution => (record == RecordKind::Caution, Sort::Recording { makes: false }),
        A::AcknowledgeNotice => (record == RecordKind::Notice, Sort::Acknowledge),
        A::View => (!register, Sort::Summary { watch: false }),
        A::Subscribe => (!register, Sort::Summary { watch: true }),
        A::ViewNarrative => (content, Sort::Field(Part::Narrative)),
        A::ViewReporter => (content, Sort::Field(Part::Reporter)),
        A::ViewPersonalCode => (content, Sort::Field(Part::Code)),
        A::ViewPersonalCodeMasked => (content, Sort::Field(Part::MaskedCode)),
        A::ViewHazards => (content, Sort::Field(Part::Hazards)),
        A::ViewCasualties => (content, Sort::Field(Part::Casualties)),
        A::ViewSuspects => (content, Sort::Field(Part::Suspects)),
        A::ViewPersons => (content, Sort::Field(Part::Persons)),
        A::ViewProperty => (content, Sort::Field(Part::Property)),
        A::ViewUnits => (content, Sort::Field(Part::Units)),
        A::ViewResult => (content, Sort::Field(Part::Result)),
        A::Export => (
            !register && !matches!(record, RecordKind::RetentionCase | RecordKind::Notice | RecordKind::Caution),
            Sort::Rows,
        ),
        A::Statistics => (register, Sort::Count),
        A::ConsultAccessLog => (register, Sort::Log),
        A::ReadHistory => (!register, Sort::History),
        A::Grant => (content, Sort::Grant { approve: false }),
        A::ApproveGrant => (content, Sort::Grant { approve: true }),
        A::AdoptPolicy => (register, Sort::Adopt),
        A::LoadClassifier | A::ManageJournals | A::ManageReadModels => (register, Sort::Load),
        A::ManagePlans => (register, Sort::Plans),
        A::BreakGlass => (content, Sort::Break),
        A::ReviewBreakGlass => (content, Sort::Review),
    };
    possible.then_some(sort)
}

/// Whether an action can be about such a record at all.
pub(crate) fn is_about(action: Action, record: RecordKind) -> bool {
    sort(action, record).is_some()
}

impl Case {
    /// Whether the table allows it.
    pub(crate) fn allows(&self, action: Action) -> bool {
        let Some(sort) = sort(action, self.record) else { return false };
        // Mandatory purpose + reference no.
        if matches!(self.purpose, Purpose::Investigation | Purpose::Administration | Purpose::Audit) && !self.reference
        {
            return false;
        }
        match sort {
            Sort::Recording { makes } => self.writes() && (makes || self.not_secret()) && self.records(),
            Sort::Supervised => {
                self.writes()
                    && self.not_secret()
                    && self.role == Role::Supervisor
                    && self.is_work()
                    && self.relation == Relation::Own
            }
            Sort::Retention => self.writes() && self.not_secret() && self.decides_retention(),
            Sort::Acknowledge => self.trained && self.acknowledges(),
            Sort::Summary { watch } => self.reads() && (self.sees_record() || (!watch && self.sees_by_broken_glass())),
            Sort::Field(part) => self.reads() && self.sees_part(part),
            Sort::Rows => self.reads() && self.takes_rows(),
            Sort::Count => self.counts(),
            Sort::Log => self.reads_log(),
            Sort::History => self.not_secret() && self.reads_log(),
            Sort::Grant { approve } => {
                self.trained
                    && self.role == Role::Supervisor
                    && self.kind != Kind::Analytics
                    && self.purpose == Purpose::Administration
                    && self.relation == Relation::Own
                    && (!approve || self.second)
            }
            Sort::Adopt => {
                self.trained
                    && self.role == Role::Supervisor
                    && self.kind == Kind::Centre
                    && self.purpose == Purpose::Administration
                    && self.second
            }
            Sort::Load => {
                self.trained
                    && self.role == Role::Supervisor
                    && self.kind == Kind::Centre
                    && self.purpose == Purpose::Administration
            }
            // Those who send help say what is sent, and two of them agree.
            Sort::Plans => {
                self.trained
                    && self.role == Role::Supervisor
                    && (self.rescue() || self.kind == Kind::StatePolice)
                    && self.purpose == Purpose::Administration
                    && self.second
            }
            Sort::Break => self.trained && self.not_secret() && self.breaks_glass(),
            Sort::Review => self.trained && self.second && self.reviews(),
        }
    }

    /// People who work on cases.
    fn works(&self) -> bool {
        matches!(self.role, Role::Dispatcher | Role::Officer | Role::Supervisor)
    }

    fn leads(&self) -> bool {
        matches!(self.role, Role::Officer | Role::Supervisor)
    }

    /// Purposes of those who work on cases: not counting, not auditing, not running the register.
    fn is_work(&self) -> bool {
        !matches!(self.purpose, Purpose::Statistics | Purpose::Audit | Purpose::Operation)
    }

    fn involved(&self) -> bool {
        matches!(self.relation, Relation::Own | Relation::Participating)
    }

    fn police(kind: Kind) -> bool {
        matches!(kind, Kind::StatePolice | Kind::MunicipalPolice | Kind::PortPolice)
    }

    fn rescue(&self) -> bool {
        matches!(self.kind, Kind::FireRescue | Kind::EmergencyCentre)
    }

    /// Those who go there.
    fn serves(&self) -> bool {
        Self::police(self.kind) || self.rescue() || self.kind == Kind::Ambulance
    }

    /// Secret class needs a named grant.
    fn not_secret(&self) -> bool {
        self.class != Class::Secret || self.granted
    }

    /// Write role requires the training flag; the centre, analysts, probation, prosecution and courts feed nothing into the register.
    fn writes(&self) -> bool {
        let feeds = !matches!(
            self.kind,
            Kind::Centre | Kind::Analytics | Kind::Probation | Kind::Prosecution | Kind::Court | Kind::SocialService
        );
        self.trained && feeds && !matches!(self.role, Role::Auditor | Role::Analyst)
    }

    fn records(&self) -> bool {
        if self.system_for_work() && self.involved() {
            return true;
        }
        if self.works() && self.is_work() && self.relation == Relation::Own {
            return true;
        }
        // Transferred: the services for response; police for what they have it for.
        if self.works() && self.relation == Relation::Participating {
            let of_case = matches!(self.record, RecordKind::Incident | RecordKind::EmergencyCard);
            let has_it = match (self.kind, self.purpose) {
                (_, Purpose::Response) => self.serves(),
                (Kind::StatePolice, Purpose::Investigation) => of_case && self.leads(),
                (Kind::MunicipalPolice | Kind::PortPolice, Purpose::Administration) => of_case,
                _ => false,
            };
            if has_it {
                return true;
            }
        }
        // 112 runs all cards and the units of all services.
        let of_112 = matches!(self.record, RecordKind::EmergencyCard | RecordKind::Unit | RecordKind::Track);
        let by_112 = match self.role {
            Role::Dispatcher | Role::Supervisor => self.purpose == Purpose::Response,
            Role::System => matches!(self.purpose, Purpose::Response | Purpose::Operation),
            Role::Officer | Role::Auditor | Role::Analyst => false,
        };
        of_112 && self.rescue() && by_112
    }

    fn system_for_work(&self) -> bool {
        self.role == Role::System && (self.is_work() || self.purpose == Purpose::Operation)
    }

    fn decides_retention(&self) -> bool {
        self.role == Role::Supervisor
            && self.purpose == Purpose::Administration
            && (self.involved() || self.kind == Kind::StatePolice)
    }

    /// A notice is acknowledged by whom it is for: people at work, or their system.
    fn acknowledges(&self) -> bool {
        let who = (self.works() && self.is_work()) || self.system_for_work();
        who && self.relation == Relation::Own && self.kind != Kind::Analytics
    }

    /// What holds for all content: analysts and auditors see none, IeM IC none but by break-glass, secret needs a grant.
    fn reads(&self) -> bool {
        let role = !matches!(self.role, Role::Auditor | Role::Analyst) && self.kind != Kind::Analytics;
        role && (self.kind != Kind::Centre || self.glass) && self.not_secret() && self.not_protected()
    }

    /// What is protected is for those who work on it; for others by a right of their own, for an investigation, or as State Police for
    /// response.
    fn not_protected(&self) -> bool {
        if self.record == RecordKind::Caution {
            // Of protected persons: whose it is, State Police, 112.
            let knows = self.relation == Relation::Own || self.kind == Kind::StatePolice || self.rescue();
            return self.class != Class::Protected || knows || self.granted;
        }
        self.class != Class::Protected
            || self.record != RecordKind::Incident
            || self.involved()
            || self.granted
            || self.glass
            || self.purpose == Purpose::Investigation
            || (self.kind == Kind::StatePolice && self.purpose == Purpose::Response)
    }

    /// The rows of the table: who sees that a record is there, and its summary.
    fn sees_record(&self) -> bool {
        if self.role == Role::System {
            return self.record != RecordKind::Caution && self.system_for_work() && self.involved();
        }
        if !self.works() {
            return false;
        }
        if self.is_work() && self.relation == Relation::Own {
            return true;
        }
        match self.record {
            RecordKind::Incident | RecordKind::EmergencyCard => {
                self.sees_in_full() || self.sees_summary() || (self.granted && self.is_work())
            }
            RecordKind::Unit => self.serves() && self.purpose == Purpose::Response,
            RecordKind::Track => self.rescue() && self.purpose == Purpose::Response,
            RecordKind::RetentionCase => self.kind == Kind::StatePolice && self.decides_retention(),
            RecordKind::Notice => self.is_work() && self.involved(),
            // Whoever goes there; State Police for their cases as well.
            RecordKind::Caution => {
                let goes = self.serves() && self.purpose == Purpose::Response;
                let of_cases = matches!(self.purpose, Purpose::Investigation | Purpose::Prevention);
                goes || (self.kind == Kind::StatePolice && self.leads() && of_cases) || (self.granted && self.is_work())
            }
            RecordKind::Register => false,
        }
    }

    /// By role, who sees a record in full without a grant (people only).
    fn sees_in_full(&self) -> bool {
        if !self.works() {
            return false;
        }
        if self.relation == Relation::Own && self.is_work() {
            return true;
        }
        let incident = self.record == RecordKind::Incident;
        match self.kind {
            // All incidents in full by role.
            Kind::StatePolice => match self.purpose {
                Purpose::Response => true,
                Purpose::Investigation | Purpose::Prevention => self.leads(),
                _ => false,
            },
            // Own + transferred; response, administrative process.
            Kind::MunicipalPolice | Kind::PortPolice => {
                self.relation == Relation::Participating
                    && matches!(self.purpose, Purpose::Response | Purpose::Administration)
            }
            // By case and purpose.
            Kind::Security => {
                incident && self.leads() && matches!(self.purpose, Purpose::Investigation | Purpose::Prevention)
            }
            Kind::LawEnforcement | Kind::Prosecution | Kind::Court => {
                incident && self.leads() && self.purpose == Purpose::Investigation
            }
            _ => false,
        }
    }

    /// Who sees the summary without seeing everything (people only).
    fn sees_summary(&self) -> bool {
        match self.kind {
            // Place-matched summaries of state incidents.
            Kind::MunicipalPolice | Kind::PortPolice => {
                self.record == RecordKind::Incident
                    && self.relation == Relation::Territory
                    && self.owner == Kind::StatePolice
                    && matches!(self.purpose, Purpose::Response | Purpose::Administration)
            }
            // Rescue, civil protection.
            Kind::FireRescue | Kind::EmergencyCentre => {
                matches!(self.purpose, Purpose::Response | Purpose::Prevention)
            }
            Kind::Ambulance => self.purpose == Purpose::Response,
            // What it was told of; prevention, administrative process.
            Kind::SocialService => {
                self.record == RecordKind::Incident
                    && self.relation == Relation::Participating
                    && matches!(self.purpose, Purpose::Prevention | Purpose::Administration)
            }
            // Events involving own clients; supervision.
            Kind::Probation => {
                self.record == RecordKind::Incident
                    && self.leads()
                    && self.relation == Relation::Participating
                    && self.purpose == Purpose::Administration
            }
            _ => false,
        }
    }

    fn sees_by_broken_glass(&self) -> bool {
        let for_it =
            self.purpose == Purpose::Response || (self.kind == Kind::Centre && self.purpose == Purpose::Operation);
        let content = matches!(self.record, RecordKind::Incident | RecordKind::EmergencyCard);
        content && self.glass && self.works() && for_it
    }

    fn sees_part(&self, part: Part) -> bool {
        // Field-level masking: the code in full only where the purpose requires it.
        if part == Part::Code
            && !(self.reference && matches!(self.purpose, Purpose::Investigation | Purpose::Administration))
        {
            return false;
        }
        let excepted = self.granted || self.glass;
        let of_police = Self::police(self.owner);
        if matches!(part, Part::Narrative | Part::Suspects) && of_police && !excepted {
            // No suspects (and no narrative) of police incidents for rescue; no police narrative for the ambulance.
            let hidden = match self.kind {
                Kind::Ambulance => true,
                _ => self.rescue() && self.record == RecordKind::Incident,
            };
            if hidden {
                return false;
            }
        }
        if self.role == Role::System {
            let harmless = matches!(part, Part::Hazards | Part::Casualties | Part::Units | Part::Result);
            return harmless && self.system_for_work() && self.involved();
        }
        if self.sees_in_full() || self.sees_by_broken_glass() || (self.works() && self.granted && self.is_work()) {
            return true;
        }
        if !self.works() {
            return false;
        }
        let card = self.record == RecordKind::EmergencyCard;
        let of_card = !matches!(part, Part::Suspects | Part::Persons | Part::Property | Part::Code);
        match self.kind {
            Kind::FireRescue | Kind::EmergencyCentre => {
                let part_of_rescue = matches!(part, Part::Hazards | Part::Casualties | Part::Units)
                    && matches!(self.purpose, Purpose::Response | Purpose::Prevention);
                let runs = matches!(self.role, Role::Dispatcher | Role::Supervisor);
                let of_112 = card && of_card && self.purpose == Purpose::Response;
                part_of_rescue || (of_112 && (runs || self.relation == Relation::Participating))
            }
            Kind::Ambulance => {
                let forwarded = card && of_card && self.relation == Relation::Participating;
                self.purpose == Purpose::Response && (matches!(part, Part::Hazards | Part::Casualties) || forwarded)
            }
            Kind::SocialService => {
                let told = !matches!(part, Part::Reporter | Part::Code | Part::Hazards | Part::Property | Part::Units);
                told && self.sees_summary()
            }
            Kind::Probation => part == Part::Result && self.sees_summary(),
            _ => false,
        }
    }

    /// Exports (KRASS, APAS) of own incidents; analysts export no rows.
    fn takes_rows(&self) -> bool {
        let who = match self.purpose {
            Purpose::Investigation | Purpose::Administration => self.leads() || self.role == Role::System,
            Purpose::Operation => self.role == Role::System,
            _ => false,
        };
        self.record == RecordKind::Incident && self.relation == Relation::Own && who
    }

    fn counts(&self) -> bool {
        let who = self.role == Role::Analyst || (self.kind == Kind::StatePolice && self.leads());
        who && self.purpose == Purpose::Statistics
    }

    /// Auditors read logs only, each their own part; those with a partition of their own share it with nobody.
    fn reads_log(&self) -> bool {
        let apart = matches!(self.owner, Kind::Security | Kind::LawEnforcement | Kind::Prosecution | Kind::Court);
        let part = self.relation == Relation::Own || (self.kind == Kind::Centre && !apart);
        self.role == Role::Auditor && self.purpose == Purpose::Audit && part && self.kind != Kind::Analytics
    }

    /// Emergency override: the services, for response and with a number; IeM IC, for operation and with dual control.
    fn breaks_glass(&self) -> bool {
        let service = self.serves() && self.works() && self.purpose == Purpose::Response;
        let centre = self.kind == Kind::Centre && self.leads() && self.purpose == Purpose::Operation && self.second;
        self.reference && (service || centre)
    }

    /// Emergency override is reviewed.
    fn reviews(&self) -> bool {
        let auditor = self.role == Role::Auditor && self.purpose == Purpose::Audit;
        let owner =
            self.role == Role::Supervisor && self.purpose == Purpose::Administration && self.relation == Relation::Own;
        (auditor || owner) && self.kind != Kind::Analytics
    }
}
