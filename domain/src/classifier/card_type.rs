use super::classifier;

classifier! {
    /// What an emergency card is about (izsaukuma veids). Illustrative: the official list isn't public.
    CardType("card type") {
        "medical", "Medicīniska palīdzība", "Medical";
        "alarm", "Signalizācijas nostrāde", "Alarm";
        "structure-fire", "Ugunsgrēks ēkā", "Structure fire";
        "outside-fire", "Ugunsgrēks ārpus ēkas", "Outside fire";
        "vehicle-fire", "Transportlīdzekļa ugunsgrēks", "Vehicle fire";
        "forest-fire", "Meža vai kūlas ugunsgrēks", "Forest or grass fire";
        "smoke-investigation", "Dūmu pārbaude", "Smoke investigation";
        "odor", "Nezināma smaka", "Odour";
        "traffic-collision", "Ceļu satiksmes negadījums", "Traffic collision";
        "rail-accident", "Negadījums uz dzelzceļa", "Rail accident";
        "aircraft-emergency", "Negadījums ar gaisa kuģi", "Aircraft emergency";
        "gas-leak", "Gāzes noplūde", "Gas leak";
        "fuel-spill", "Degvielas noplūde", "Fuel spill";
        "hazmat", "Bīstamas vielas", "Hazardous materials";
        "electrical-hazard", "Elektrības apdraudējums", "Electrical hazard";
        "explosion", "Sprādziens", "Explosion";
        "water-rescue", "Glābšana uz ūdens", "Water rescue";
        "elevator-rescue", "Glābšana no lifta", "Elevator or escalator rescue";
        "high-angle-rescue", "Glābšana augstumā", "High-angle rescue";
        "confined-space", "Glābšana no slēgtas telpas vai sagruvuma", "Confined space or collapse";
        "extrication", "Iespiesta cilvēka atbrīvošana", "Extrication";
        "industrial-accident", "Rūpnieciska avārija", "Industrial accident";
        "storm-damage", "Vētras postījumi", "Storm damage";
        "suspicious-package", "Aizdomīgs priekšmets", "Suspicious package";
        "bomb-threat", "Draudi par spridzekli", "Bomb threat";
        "public-order", "Sabiedriskās kārtības traucēšana", "Public order";
        "theft", "Zādzība", "Theft";
        "burglary", "Zādzība ar iekļūšanu", "Burglary";
        "robbery", "Laupīšana", "Robbery";
        "assault", "Uzbrukums", "Assault";
        "domestic-violence", "Vardarbība ģimenē", "Domestic violence";
        "threat", "Draudi", "Threat";
        "missing-person", "Pazudis cilvēks", "Missing person";
        "suicide-threat", "Pašnāvības draudi", "Suicide threat";
        "intoxicated-person", "Persona reibumā", "Intoxicated person";
        "noise", "Miera traucēšana", "Noise";
        "animal", "Notikums ar dzīvnieku", "Animal";
        "ecall", "eCall izsaukums", "eCall";
        "assist-police", "Palīdzība policijai", "Assistance to police";
        "assist-medical", "Palīdzība medicīnas dienestam", "Assistance to medical service";
        "citizen-assist", "Palīdzība iedzīvotājam", "Citizen assist";
        "administrative", "Administratīvs darbs", "Administrative";
        "non-emergency", "Nav ārkārtas gadījums", "Not an emergency";
        "other", "Cits", "Other";
    }
}
