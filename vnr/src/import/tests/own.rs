//! The project's own mappings at work, on rows in the form of their sources.

use super::fake::{Fake, flags_of};
use super::small::{Folder, rows};
use crate::import::{ImportOptions, OWN_MAPPINGS, Silent, Summary, run};

const SFFD_HEADER: &str = "Call Number,Unit ID,Incident Number,Call Type,Call Date,Watch Date,Received DtTm,Entry DtTm,\
Dispatch DtTm,Response DtTm,On Scene DtTm,Transport DtTm,Hospital DtTm,Call Final Disposition,Available DtTm,Address,City,\
Zipcode of Incident,Battalion,Station Area,Box,Original Priority,Priority,Final Priority,ALS Unit,Call Type Group,\
Number of Alarms,Unit Type,Unit sequence in call dispatch,Fire Prevention District,Supervisor District,\
Neighborhooods - Analysis Boundaries,Location,RowID\n";

async fn import(folder: &Folder, fake: &Fake, prefix: &str, name: &str, text: &str) -> Summary {
    let mapping = OWN_MAPPINGS.iter().find(|(begins, _)| *begins == prefix).unwrap().1;
    let file = folder.file(name, text);
    let options = ImportOptions::new(&file, mapping.to_owned(), fake.target(), folder.path());
    run(&options, &Silent).await.unwrap()
}

/// A row of a call that everything but its times is the same for.
fn sffd(unit: &str, sequence: u32, times: [&str; 8]) -> String {
    let [received, entry, dispatch, response, scene, transport, hospital, available] = times;
    format!(
        "181,{unit},1,Medical Incident,,,{received},{entry},{dispatch},{response},{scene},{transport},{hospital},\
         Code 2 Transport,{available},1 Block of A ST,,94102,B01,3,1,E,3,2,TRUE,,1,MEDIC,{sequence},1,1,None,\
         \"(37.77762423892872, -122.39998111124002)\",181-{unit}\n"
    )
}

fn names(fake: &Fake) -> String {
    fake.log().into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn both_forms_of_san_francisco_give_the_same_commands() {
    let whole = [
        ["04/07/2018 11:53:00 PM", "04/07/2018 11:54:00 PM", "04/07/2018 11:55:00 PM", "04/07/2018 11:56:00 PM"],
        ["04/08/2018 12:01:00 AM", "04/08/2018 12:20:00 AM", "04/08/2018 12:30:00 AM", "04/08/2018 12:50:00 AM"],
    ];
    let short = [
        ["4/7/18 23:53", "4/7/18 23:54", "4/7/18 23:55", "4/7/18 23:56"],
        ["4/8/18 0:01", "4/8/18 0:20", "4/8/18 0:30", "4/8/18 0:50"],
    ];
    let mut logs = Vec::new();
    for [[received, entry, dispatch, response], [scene, transport, hospital, available]] in [whole, short] {
        let (folder, fake) = (Folder::new(), Fake::willing().await);
        let first = sffd("76", 1, [received, entry, dispatch, response, scene, transport, hospital, available]);
        // Neither on its way, nor there, nor free by its own times.
        let second = sffd("E01", 2, [received, entry, dispatch, "", "", "", "", ""]);
        let summary = import(&folder, &fake, "sffd-", "sffd.csv", &format!("{SFFD_HEADER}{second}{first}")).await;
        assert_eq!(rows(&summary), [2, 2, 0, 0], "{:?}", summary.counts.reasons);
        logs.push((names(&fake), fake.state().log.clone()));
    }
    assert_eq!(
        logs[0].0,
        "ReceiveCall QualifyCard DecideServices QualifyCard QualifyCard RegisterUnit StartDuty AttachUnit RegisterUnit \
         StartDuty AttachUnit ReportUnitStatus ReportUnitStatus ReportUnitStatus ReportUnitStatus ReleaseUnit \
         ReleaseUnit CompleteCard"
    );
    assert!(logs[0].1 == logs[1].1, "the same instants, ids and fields");
}

#[tokio::test]
async fn a_unit_that_is_there_after_it_was_free_keeps_the_order_of_its_steps() {
    let (folder, fake) = (Folder::new(), Fake::willing().await);
    let times = ["4/7/18 10:00", "4/7/18 10:01", "4/7/18 10:02", "", "4/7/18 10:40", "", "", "4/7/18 10:30"];
    import(&folder, &fake, "sffd-", "sffd.csv", &format!("{SFFD_HEADER}{}", sffd("76", 1, times))).await;
    assert!(names(&fake).ends_with("AttachUnit ReportUnitStatus ReleaseUnit CompleteCard"), "{}", names(&fake));
}

#[tokio::test]
async fn nights_on_which_clocks_change_are_told_apart() {
    let (folder, fake) = (Folder::new(), Fake::willing().await);
    let twice = ["11/4/18 1:10", "11/4/18 1:11", "11/4/18 1:12", "", "", "", "", "11/4/18 2:10"];
    let summary = import(&folder, &fake, "sffd-", "a.csv", &format!("{SFFD_HEADER}{}", sffd("76", 1, twice))).await;
    assert_eq!((rows(&summary), summary.counts.flagged["ambiguous_local_time"]), ([1, 1, 0, 0], 1));
    assert!(fake.state().log.iter().any(|envelope| flags_of(envelope) == ["ambiguous_local_time"]));
    let never = ["3/11/18 1:59", "3/11/18 1:59", "3/11/18 2:00", "", "", "", "", "3/11/18 3:10"];
    let text = sffd("76", 1, never).replace("181", "182");
    let summary = import(&folder, &fake, "sffd-", "b.csv", &format!("{SFFD_HEADER}{text}")).await;
    assert_eq!(rows(&summary), [1, 0, 0, 1]);
    assert!(summary.counts.reasons.keys().any(|kind| kind.contains("missing_local_time")), "{summary:?}");
}

#[tokio::test]
async fn a_notice_is_registered_then_supplemented_and_reclassified() {
    let line = |first: bool, seen: u64, kind: &str| {
        format!(
            "{{\"seen_at\": {seen}, \"first\": {first}, \"id\": 7, \"datetime\": \"2023-03-25 9:43:15 +01:00\", \
             \"name\": \"n\", \"summary\": \"s\", \"type\": \"{kind}\", \
             \"location\": {{\"name\": \"Stockholm\", \"gps\": \"59.329324,18.068581\"}}}}\n"
        )
    };
    let text = format!(
        "{}{}not json\n{}",
        line(true, 1_679_782_629, "Brand"),
        line(false, 1_679_786_229, "Stöld"),
        line(false, 1_679_789_829, "Okänt")
    );
    let (folder, fake) = (Folder::new(), Fake::willing().await);
    let summary = import(&folder, &fake, "polisen-se", "notices.jsonl", &text).await;
    assert_eq!(rows(&summary), [4, 2, 0, 2]);
    assert_eq!(names(&fake), "RegisterIncident SupplementIncident ReclassifyIncident");
    let rejects = folder.read("notices.rejects.jsonl").unwrap();
    assert_eq!(rejects.lines().count(), 2, "lines as they were, and none for the sake of a group: {rejects}");
    assert!(rejects.starts_with("not json\n"));
    let again = import(&folder, &fake, "polisen-se", "mended.jsonl", &rejects.replace("Okänt", "Övrigt")).await;
    assert_eq!(rows(&again), [2, 1, 0, 1]);
}
