use super::classifier;

classifier! {
    /// How it ended (noslēguma veids), for cards and incidents. Illustrative: the official list isn't public.
    Disposition("disposition") {
        "settled", "Atrisināts uz vietas", "Settled";
        "report-taken", "Pieņemts iesniegums", "Report taken";
        "transported", "Nogādāts ārstniecības iestādē", "Transported";
        "transported-urgent", "Steidzami nogādāts ārstniecības iestādē", "Transported, urgent";
        "declined-transport", "Atteicās no transportēšanas", "Declined transport";
        "against-advice", "Atteicās pret mediķu ieteikumu", "Against medical advice";
        "deceased", "Konstatēta nāve", "Deceased";
        "fire-handled", "Ugunsgrēks vai glābšana pabeigta", "Handled by fire and rescue";
        "handed-to-police", "Nodots policijai", "Handed to police";
        "handed-to-other", "Nodots citai iestādei", "Handed to another institution";
        "arrest", "Persona aizturēta", "Arrest";
        "citation", "Pieņemts lēmums par sodu", "Citation";
        "warning", "Izteikts brīdinājums", "Warning";
        "information", "Sniegta informācija", "Information given";
        "no-merit", "Nav apstiprinājies", "No merit";
        "false-alarm", "Maldīgs izsaukums", "False alarm";
        "unable-to-locate", "Vieta nav atrasta", "Unable to locate";
        "gone-on-arrival", "Ierodoties nav sastapts", "Gone on arrival";
        "cancelled", "Atcelts", "Cancelled";
        "duplicate", "Dublikāts", "Duplicate";
        "standby", "Dežūra uz vietas", "Standby";
        "non-emergency", "Nav ārkārtas gadījums", "Not an emergency";
        "other", "Cits", "Other";
    }
}
