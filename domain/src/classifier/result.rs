use super::classifier;

classifier! {
    /// How an incident was dealt with (izskatīšanas rezultāts). Illustrative: the official list isn't public.
    ResultCode("result") {
        "criminal-process-opened", "Uzsākts kriminālprocess", "Criminal process opened";
        "criminal-process-refused", "Atteikts uzsākt kriminālprocesu", "Criminal process refused";
        "added-to-criminal-process", "Pievienots kriminālprocesam", "Added to a criminal process";
        "administrative-process-opened", "Uzsākts administratīvā pārkāpuma process", "Administrative process opened";
        "administrative-process-refused", "Atteikts uzsākt administratīvo procesu", "Administrative process refused";
        "departmental-check", "Resoriskā pārbaude", "Departmental check";
        "preventive-talk", "Preventīvās pārrunas", "Preventive talk";
        "warning", "Mutvārdu aizrādījums", "Oral warning";
        "protective-decision", "Pieņemts lēmums par nošķiršanu", "Decision on separation";
        "handed-to-other", "Nodots citai iestādei", "Handed to another institution";
        "settled-on-scene", "Atrisināts uz vietas", "Settled on scene";
        "person-found", "Persona atrasta", "Person found";
        "not-confirmed", "Nav apstiprinājies", "Not confirmed";
        "no-offence", "Nav pārkāpuma", "No offence";
        "information-only", "Pieņemts zināšanai", "For information only";
        "other", "Cits rezultāts", "Other";
    }
}
