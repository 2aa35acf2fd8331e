use super::classifier;

classifier! {
    /// What endangers people at the scene (apdraudējums). Illustrative: the official list isn't public.
    Hazard("hazard") {
        "fire", "Uguns", "Fire";
        "smoke", "Dūmi", "Smoke";
        "gas", "Gāze", "Gas";
        "electricity", "Elektrība", "Electricity";
        "chemical", "Ķīmiskas vielas", "Chemicals";
        "explosive", "Sprāgstvielas", "Explosives";
        "radiation", "Radiācija", "Radiation";
        "biological", "Bioloģisks apdraudējums", "Biological hazard";
        "weapon", "Ierocis", "Weapon";
        "violent-person", "Agresīva persona", "Violent person";
        "crowd", "Pūlis", "Crowd";
        "dog", "Bīstams suns", "Dangerous dog";
        "infection", "Infekcija", "Infection";
        "collapse", "Sagrūšana", "Collapse";
        "water", "Ūdens", "Water";
        "ice", "Ledus", "Ice";
        "traffic", "Satiksme", "Traffic";
        "trapped-persons", "Iesprostoti cilvēki", "Trapped persons";
    }
}
