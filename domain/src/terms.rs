//! Closed lists of the domain: codes that rules depend on. Open lists, which are data, are in [`crate::classifier`].

use crate::lang::terms;

terms! {
    /// How it was reported (saņemšanas veids).
    Channel("channel") {
        /// Emergency number 112.
        Phone112 = "phone_112", "Tālrunis 112", "Phone 112";
        /// State Police number 110.
        Phone110 = "phone_110", "Tālrunis 110", "Phone 110";
        /// Mobile application.
        App = "app", "Mobilā lietotne", "Mobile app";
        /// Text message.
        Sms = "sms", "Īsziņa", "Text message";
        /// At the desk.
        InPerson = "in_person", "Klātienē", "In person";
        /// Letter, e-mail or e-service.
        Written = "written", "Rakstveidā", "In writing";
        /// Found by the officers themselves.
        OwnInitiative = "own_initiative", "Pēc savas iniciatīvas", "Own initiative";
        /// Alarm system.
        Alarm = "alarm", "Signalizācija", "Alarm system";
        /// Call of a vehicle (eCall).
        Ecall = "ecall", "eCall", "eCall";
        /// Told by another service or institution.
        Partner = "partner", "Cits dienests", "Partner service";
    }
}

terms! {
    /// How fast State Police must be there (reaģēšanas kategorija, Cabinet Regulation 190).
    Category("response category") {
        /// Threat to life or order now.
        A = "A", "A kategorija", "Category A";
        /// Over, but traces may be lost.
        B = "B", "B kategorija", "Category B";
        /// Less urgent.
        C = "C", "C kategorija", "Category C";
        /// Least urgent.
        D = "D", "D kategorija", "Category D";
    }
}

terms! {
    /// How urgent a card is (prioritāte): P0 life at risk now, P3 can wait.
    Priority("priority") {
        /// Life at risk now.
        P0 = "P0", "P0 – apdraudēta dzīvība", "P0 – life at risk";
        /// Urgent.
        P1 = "P1", "P1 – steidzami", "P1 – urgent";
        /// Ordinary.
        P2 = "P2", "P2 – parasti", "P2 – ordinary";
        /// Can wait.
        P3 = "P3", "P3 – var gaidīt", "P3 – can wait";
    }
}

terms! {
    /// An emergency service that a card can involve (dienests).
    Service("service") {
        /// Fire and rescue (VUGD).
        FireRescue = "fire_rescue", "Ugunsdzēsības un glābšanas dienests", "Fire and rescue";
        /// State Police (VP).
        StatePolice = "state_police", "Valsts policija", "State Police";
        /// Emergency medical service (NMPD).
        Medical = "medical", "Neatliekamā medicīniskā palīdzība", "Emergency medical service";
        /// Municipal police.
        MunicipalPolice = "municipal_police", "Pašvaldības policija", "Municipal police";
        /// Port police.
        PortPolice = "port_police", "Ostas policija", "Port police";
        /// Gas emergency service.
        Gas = "gas", "Gāzes avārijas dienests", "Gas emergency service";
    }
}

terms! {
    /// How a point was found (vietas noteikšanas veids).
    LocationSource("location source") {
        /// Advanced mobile location of the handset.
        Aml = "aml", "Tālruņa noteikta vieta (AML)", "Handset location (AML)";
        /// Cell of the mobile network.
        Cell = "cell", "Mobilā tīkla šūna", "Mobile network cell";
        /// Entered by a person.
        Manual = "manual", "Ievadīta", "Entered";
        /// The vehicle's eCall message.
        Ecall = "ecall", "eCall ziņojums", "eCall message";
        /// Taken from the address register.
        Address = "address", "Adrešu reģistrs", "Address register";
    }
}

terms! {
    /// What a unit is (ekipāžas veids).
    UnitKind("unit kind") {
        /// Fire engine.
        FireEngine = "fire_engine", "Autocisterna", "Fire engine";
        /// Ladder or aerial platform.
        Ladder = "ladder", "Autokāpnes", "Ladder";
        /// Rescue vehicle.
        Rescue = "rescue", "Glābšanas automobilis", "Rescue vehicle";
        /// Ambulance.
        Ambulance = "ambulance", "Neatliekamās palīdzības brigāde", "Ambulance";
        /// Command vehicle.
        Command = "command", "Vadības automobilis", "Command vehicle";
        /// Support vehicle.
        Support = "support", "Palīgautomobilis", "Support vehicle";
        /// Police patrol.
        Patrol = "patrol", "Patruļas ekipāža", "Patrol";
        /// Investigation crew.
        Investigation = "investigation", "Izmeklēšanas grupa", "Investigation crew";
    }
}

terms! {
    /// What a unit is doing, in the register's own terms (ekipāžas statuss).
    UnitStatus("unit status") {
        /// Nobody is on duty in it.
        OffDuty = "off_duty", "Nav dežūrā", "Off duty";
        /// Free.
        Available = "available", "Brīva", "Available";
        /// Free with a reservation: at the hospital, at a meal.
        ConditionallyAvailable = "conditionally_available", "Nosacīti brīva", "Conditionally available";
        /// Given a card.
        Assigned = "assigned", "Norīkota", "Assigned";
        /// Said that it goes.
        Acknowledged = "acknowledged", "Apstiprinājusi", "Acknowledged";
        /// On its way.
        EnRoute = "en_route", "Ceļā", "En route";
        /// At the scene.
        OnScene = "on_scene", "Notikuma vietā", "On scene";
        /// Taking somebody somewhere.
        Transporting = "transporting", "Transportē", "Transporting";
        /// Where it took them.
        AtDestination = "at_destination", "Galamērķī", "At destination";
        /// Finishing.
        Clearing = "clearing", "Beidz darbu", "Clearing";
        /// Can't be used.
        OutOfService = "out_of_service", "Nav darba kārtībā", "Out of service";
        /// The crew itself needs help.
        Emergency = "emergency", "Trauksme", "Emergency";
    }
}

terms! {
    /// What access is given for (piekļuves mērķis).
    AccessPurpose("purpose") {
        /// Help is on its way or has to be sent.
        Response = "response", "Reaģēšana", "Response";
        /// An offence is being investigated.
        Investigation = "investigation", "Izmeklēšana", "Investigation";
        /// An offence is to be prevented.
        Prevention = "prevention", "Profilakse", "Prevention";
        /// Numbers without persons.
        Statistics = "statistics", "Statistika", "Statistics";
        /// The work of others is checked.
        Audit = "audit", "Audits", "Audit";
        /// Administrative proceedings.
        Administration = "administration", "Administratīvais process", "Administration";
        /// The register itself is run.
        Operation = "operation", "Reģistra uzturēšana", "Operation";
    }
}

terms! {
    /// What a person can be in an institution (loma).
    AccessRole("role") {
        /// Takes calls and sends units.
        Dispatcher = "dispatcher", "Dispečers", "Dispatcher";
        /// Works on incidents.
        Officer = "officer", "Amatpersona", "Officer";
        /// Leads them and answers for their work.
        Supervisor = "supervisor", "Vadītājs", "Supervisor";
        /// Checks what was done with the register.
        Auditor = "auditor", "Auditors", "Auditor";
        /// Makes statistics.
        Analyst = "analyst", "Analītiķis", "Analyst";
    }
}

terms! {
    /// How restricted a record is (ierobežojuma klase), where not everybody of a role may see it.
    RecordClass("class") {
        /// For those who work on it.
        Restricted = "restricted", "Ierobežotas pieejamības", "Restricted";
        /// For those who are named.
        Secret = "secret", "Slepens", "Secret";
    }
}

terms! {
    /// How restricted an incident is beyond the usual (ierobežojuma klase).
    RaisedClass("raised class") {
        /// For those who work on this one: of minors, victims of violence and protected persons.
        Protected = "protected", "Aizsargāts", "Protected";
        /// For those who are named.
        Secret = "secret", "Slepens", "Secret";
    }
}

terms! {
    /// Sex of a person, as it was given (dzimums).
    Sex("sex") {
        /// Female.
        Female = "female", "Sieviete", "Female";
        /// Male.
        Male = "male", "Vīrietis", "Male";
        /// Not known.
        Unknown = "unknown", "Nav zināms", "Not known";
    }
}

terms! {
    /// How old a person was when it happened (vecuma grupa): what statistics need and erasure leaves.
    AgeBand("age band") {
        /// 6 years and younger.
        Under7 = "under_7", "Līdz 6 gadiem", "Under 7";
        /// 7 to 13 years.
        From7 = "7_13", "7–13 gadi", "7 to 13";
        /// 14 to 17 years: may answer for what they did.
        From14 = "14_17", "14–17 gadi", "14 to 17";
        /// 18 to 24 years.
        From18 = "18_24", "18–24 gadi", "18 to 24";
        /// 25 to 64 years.
        From25 = "25_64", "25–64 gadi", "25 to 64";
        /// 65 years and older.
        From65 = "65_plus", "65 gadi un vairāk", "65 and older";
    }
}

impl AgeBand {
    /// Of somebody of that many years.
    #[must_use]
    pub fn of_years(years: u32) -> Self {
        match years {
            0..=6 => Self::Under7,
            7..=13 => Self::From7,
            14..=17 => Self::From14,
            18..=24 => Self::From18,
            25..=64 => Self::From25,
            _ => Self::From65,
        }
    }

    /// Whether they are a minor (nepilngadīgs): under 18.
    #[must_use]
    pub fn is_minor(self) -> bool {
        self < Self::From18
    }
}

terms! {
    /// How well it is known who a person is (identificēšanas līmenis).
    Identification("identification level") {
        /// It isn't.
        Unknown = "unknown", "Nav noskaidrota", "Unknown";
        /// They, or somebody else, said so.
        Stated = "stated", "Pēc vārdiem", "Stated";
        /// By a document.
        Document = "document", "Pēc dokumenta", "By a document";
        /// By a register of the state.
        Register = "register", "Pēc reģistra", "By a register";
    }
}

terms! {
    /// Why a person is protected (personas aizsardzība).
    Protection("protection") {
        /// Victim of violence.
        ViolenceVictim = "violence_victim", "Vardarbībā cietusi persona", "Victim of violence";
        /// Somebody is forbidden to come near them (pagaidu aizsardzība pret vardarbību).
        ProtectionOrder = "protection_order", "Pagaidu aizsardzība pret vardarbību", "Protection order";
        /// Specially protected by law, as a witness may be (speciālā procesuālā aizsardzība).
        SpecialProtection = "special_protection", "Speciālā procesuālā aizsardzība", "Special protection";
    }
}

terms! {
    /// How one incident is tied to another (sasaistes veids).
    LinkKind("kind of link") {
        /// The other is part of this one.
        Parent = "parent", "Galvenais", "Parent";
        /// This one is part of the other.
        Child = "child", "Pakārtots", "Child";
        /// They have to do with each other.
        Related = "related", "Saistīts", "Related";
        /// They are of one series.
        Series = "series", "Sērija", "Series";
    }
}

impl LinkKind {
    /// The same link, seen from the other incident.
    #[must_use]
    pub fn seen_from_the_other(self) -> Self {
        match self {
            Self::Parent => Self::Child,
            Self::Child => Self::Parent,
            same => same,
        }
    }
}

terms! {
    /// How sure something is (ticamība).
    Confidence("confidence") {
        /// Certain.
        Certain = "certain", "Noteikti", "Certain";
        /// Probable.
        Probable = "probable", "Ticami", "Probable";
        /// Possible.
        Possible = "possible", "Iespējams", "Possible";
    }
}

terms! {
    /// How a transfer that was accepted ended (nodošanas noslēgums).
    TransferOutcome("outcome of a transfer") {
        /// It was dealt with.
        Completed = "completed", "Izskatīts", "Completed";
        /// It could not be dealt with.
        Aborted = "aborted", "Pārtraukts", "Aborted";
        /// It went back to who sent it.
        Returned = "returned", "Atgriezts", "Returned";
    }
}

terms! {
    /// What became of a seized item (rīcība ar izņemto mantu).
    DisposalOutcome("outcome of custody") {
        /// Given back to its owner.
        Returned = "returned", "Atdota īpašniekam", "Returned";
        /// Taken for the state.
        Confiscated = "confiscated", "Konfiscēta", "Confiscated";
        /// Destroyed.
        Destroyed = "destroyed", "Iznīcināta", "Destroyed";
        /// Sold.
        Sold = "sold", "Realizēta", "Sold";
        /// Handed over to another institution for good.
        HandedOver = "handed_over", "Nodota citai iestādei", "Handed over";
        /// It was never seized: written down in error.
        RecordedInError = "recorded_in_error", "Reģistrēta kļūdaini", "Recorded in error";
    }
}
