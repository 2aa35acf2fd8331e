use super::{Custodian, SeizedItemEvent};
use crate::classifier::{ItemKind, SeizureBasis};
use crate::examples::{at, id, sealed, sure};
use crate::terms::DisposalOutcome;
use crate::values::{
    Amount, CaseRef, CustodySeal, InstitutionCode, ProtocolNumber, Quantity, SerialNumber, StorageName,
};

/// That keeper of the State Police in Riga.
pub(super) fn custodian(keeper: &str) -> Custodian {
    Custodian { institution: sure(InstitutionCode::parse("VP-RIGA")), keeper: sure(StorageName::parse(keeper)) }
}

impl SeizedItemEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let seal = |text| Some(sure(CustodySeal::parse(text)));
        vec![
            Self::ItemSeized {
                incident: id(1),
                kind: sure(ItemKind::parse("knife")),
                description: Some(sealed(4)),
                serial: Some(sure(SerialNumber::parse("SN-1"))),
                quantity: Some(sure(Quantity::try_new(1))),
                value_cents: Some(sure(Amount::try_new(1_250))),
                basis: sure(SeizureBasis::parse("criminal-procedure")),
                protocol: Some(sure(ProtocolNumber::parse("P-17/2026"))),
                from_person: Some(id(7)),
                place: Some(sealed(5)),
                custodian: custodian("4711"),
                seal: seal("A 000001"),
                at: at("21:50:00"),
            },
            Self::CustodyTransferred {
                from: custodian("4711"),
                to: custodian("Glabātava Nr. 2"),
                at: at("22:30:00"),
                seal: seal("A 000002"),
                reason: Some(sealed(6)),
            },
            Self::ItemDisposed {
                outcome: DisposalOutcome::Returned,
                to: Some(sure(InstitutionCode::parse("VP"))),
                at: at("23:30:00"),
                decision: Some(sure(CaseRef::parse("11096000126"))),
                reason: Some(sealed(7)),
            },
        ]
    }
}
