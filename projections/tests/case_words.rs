//! Incidents are found by words of their sealed texts, in any form of them, built live or anew alike, and no longer once a key is gone.

mod support;

use std::collections::BTreeSet;

use domain::classifier::{IncidentType, PersonRole};
use domain::incident::{
    Identity, IncidentCommand, InvolvePerson, RegisterIncident, SupplementIncident, TypeRules, WithdrawInvolvement,
};
use domain::retention::ErasureScope;
use domain::terms::{Category, Channel, Identification};
use domain::values::{Narrative, PersonName, Place, PlaceParts, PlaceText};
use event_store::seal::MasterKeys;
use projections::case_words::{Suggestion, WordPart, WordQuestion};
use projections::{Order, rebuild};
use sqlx::{Executor as _, Row as _};
use support::System;
use support::case_file::{institution, why};
use support::keyed::{does, erase, with_keys};
use uuid::Uuid;

const NONE: [Uuid; 0] = [];
/// Of a hundred names with a letter wrong so many are suggested.
const RECALL_OF_MISSPELT: u32 = 98;

async fn registered(system: &System, place: &str, narrative: &str) -> Uuid {
    let incident = Uuid::now_v7();
    let place = PlaceParts { text: Some(PlaceText::parse(place).unwrap()), ..PlaceParts::default() };
    let register = RegisterIncident {
        channel: Channel::Phone110,
        type_code: IncidentType::parse("theft").unwrap(),
        category: Category::B,
        rules: TypeRules::default(),
        place: Some(Place::try_new(place).unwrap()),
        received_at: None,
        occurred_from: None,
        occurred_to: None,
        narrative: Some(Narrative::parse(narrative).unwrap().into()),
        reporter: None,
        institution: institution("VP"),
        card: None,
        legacy_number: None,
        split_from: None,
        forwarded_by: None,
        recording_ref: None,
    };
    does(system, incident, IncidentCommand::RegisterIncident(Box::new(register))).await;
    incident
}

async fn involve(system: &System, incident: Uuid, subject: Uuid, name: &str) {
    let involve = InvolvePerson {
        person: Identity { name: Some(PersonName::parse(name).unwrap().into()), ..Identity::unknown(subject) },
        roles: BTreeSet::from([PersonRole::parse("suspect").unwrap()]),
        identification: Identification::Document,
        minor: false,
        protections: BTreeSet::new(),
    };
    does(system, incident, IncidentCommand::InvolvePerson(Box::new(involve))).await;
}

/// The incidents that have all the words somewhere, the latest first.
async fn found(system: &System, master: &MasterKeys, text: &str) -> Vec<Uuid> {
    found_in(system, master, text, &WordPart::ALL).await
}

async fn found_in(system: &System, master: &MasterKeys, text: &str, parts: &[WordPart]) -> Vec<Uuid> {
    let mut connection = system.pools.app.acquire().await.unwrap();
    let question = WordQuestion::of(text, master).expect("words");
    let page = question.page(&mut connection, parts, (None, Order::NewestFirst, 50)).await.unwrap();
    page.into_iter().map(|found| found.id).collect()
}

async fn forgiven(system: &System, master: &MasterKeys, text: &str) -> Vec<Uuid> {
    let mut connection = system.pools.app.acquire().await.unwrap();
    let question = WordQuestion::forgiving(&mut connection, text, master).await.unwrap().expect("words");
    let page = question.page(&mut connection, &WordPart::ALL, (None, Order::NewestFirst, 50)).await.unwrap();
    page.into_iter().map(|found| found.id).collect()
}

async fn rows(system: &System) -> Vec<String> {
    let sql = "select 't' || to_jsonb(t)::text from case_words.texts t
        union all select 'c' || to_jsonb(c)::text from case_words.cases c
        union all select 'v' || to_jsonb(v)::text from case_words.vocabulary v order by 1";
    sqlx::query_scalar(sql).fetch_all(&system.pools.app).await.unwrap()
}

async fn built_anew(system: &System) -> Vec<String> {
    assert_eq!(rebuild(&system.pools, &system.registry, "case_words", &mut |_| {}).await.unwrap().parked, 0);
    rows(system).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn incidents_are_found_by_any_form_of_the_words_of_their_texts() {
    let (system, master) = with_keys().await;
    let at_work = system.start();
    let bicycle = registered(&system, "Brīvības iela 12, Rīga", "Nozagts velosipēds no kāpņu telpas").await;
    let car = registered(&system, "Stacijas laukums", "Zādzība no automašīnas, izsists logs").await;
    involve(&system, bicycle, Uuid::now_v7(), "Jānis Bērziņš").await;
    involve(&system, car, Uuid::now_v7(), "Anna Ozoliņa").await;
    system.caught_up(&at_work).await;
    for (question, wanted) in [
        ("zādzībām", vec![car]),
        ("automašīna", vec![car]),
        ("velosipēdu", vec![bicycle]),
        ("Bērziņam", vec![bicycle]),
        ("berzins janis", vec![bicycle]),
        ("Brīvības ielā", vec![bicycle]),
        ("Ozoliņai", vec![car]),
        ("jāņa velosipēds", vec![bicycle]),
        ("jāņa automašīna", Vec::new()),
        ("dators", Vec::new()),
    ] {
        assert_eq!(found(&system, &master, question).await, wanted, "{question}");
    }
    // Who may not see names finds nothing by them.
    assert_eq!(found_in(&system, &master, "Ozoliņa", &[WordPart::Place, WordPart::Narrative]).await, NONE);
    assert_eq!(found_in(&system, &master, "laukums", &[WordPart::Place]).await, [car]);
    assert!(WordQuestion::of("un no uz", &master).is_none(), "nobody searches by these");
    // Misspelt names.
    assert_eq!(found(&system, &master, "Ozolinna").await, NONE);
    assert_eq!(forgiven(&system, &master, "Ozolinna").await, [car]);
    assert_eq!(forgiven(&system, &master, "Berzinš velosipeds").await, [bicycle]);
    // Nobody reads a word in the database.
    let all = rows(&system).await;
    assert!(all.iter().filter(|row| !row.starts_with('v')).all(|row| !row.contains("ozol") && !row.contains("berzin")));
    assert_eq!(built_anew(&system).await, all, "built anew they are the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_anew_replaces_what_was_said_and_who_is_withdrawn_is_not_found() {
    let (system, master) = with_keys().await;
    let at_work = system.start();
    let incident = registered(&system, "Stacijas laukums", "Nozagts telefons").await;
    let (anna, same_name) = (Uuid::now_v7(), Uuid::now_v7());
    involve(&system, incident, anna, "Anna Liepa").await;
    involve(&system, incident, same_name, "Anna Kalniņa").await;
    let supplement = SupplementIncident {
        narrative: Some(Narrative::parse("Pazudis pulkstenis").unwrap().into()),
        ..SupplementIncident::default()
    };
    does(&system, incident, IncidentCommand::SupplementIncident(Box::new(supplement))).await;
    let withdraw = WithdrawInvolvement { involvement: anna, reason: why() };
    does(&system, incident, IncidentCommand::WithdrawInvolvement(withdraw)).await;
    system.caught_up(&at_work).await;
    assert_eq!(found(&system, &master, "telefons").await, NONE);
    assert_eq!(found(&system, &master, "pulksteņa").await, [incident]);
    assert_eq!(found(&system, &master, "Liepai").await, NONE);
    assert_eq!(found(&system, &master, "Annas Kalniņas").await, [incident]);
    let live = rows(&system).await;
    let names: Vec<&String> = live.iter().filter(|row| row.starts_with('v')).collect();
    assert!(names.len() == 2 && names.iter().all(|row| !row.contains("liepa")), "{names:?}");
    assert_eq!(built_anew(&system).await, live);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_erased_is_found_by_no_word_and_their_name_leaves_the_vocabulary() {
    let (system, master) = with_keys().await;
    let incident = registered(&system, "Stacijas laukums", "Strīds starp kaimiņiem").await;
    let (before, after, stays) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    involve(&system, incident, before, "Zigfrīds Retais").await;
    erase(&system, ErasureScope::Subject(before)).await;
    involve(&system, incident, after, "Ludmila Vienīgā").await;
    involve(&system, incident, stays, "Anna Liepa").await;
    let at_work = system.start();
    system.caught_up(&at_work).await;
    assert_eq!(found(&system, &master, "Zigfrīds").await, NONE, "erased before it was read");
    assert_eq!(found(&system, &master, "Ludmila").await, [incident]);
    erase(&system, ErasureScope::Subject(after)).await;
    system.caught_up(&at_work).await;
    assert_eq!(found(&system, &master, "Ludmila").await, NONE);
    assert_eq!(found(&system, &master, "Liepa").await, [incident], "the others stay");
    assert_eq!(found(&system, &master, "strīdi").await, [incident], "and the text is not theirs");
    let left = rows(&system).await;
    assert!(left.iter().all(|row| !row.contains("ludmila") && !row.contains("zigfrids")), "{left:?}");
    assert_eq!(built_anew(&system).await, left);
    erase(&system, ErasureScope::Record(incident)).await;
    system.caught_up(&at_work).await;
    assert_eq!(found(&system, &master, "strīdi").await, NONE);
    assert_eq!(found(&system, &master, "laukums").await, [incident], "a place is not personal");
    assert_eq!(built_anew(&system).await, rows(&system).await);
}

/// Names as the vocabulary has them: without case and diacritics.
fn plain(name: &str) -> String {
    let plain = |c: char| match c {
        'ā' => 'a',
        'č' => 'c',
        'ē' => 'e',
        'ģ' => 'g',
        'ī' => 'i',
        'ķ' => 'k',
        'ļ' => 'l',
        'ņ' => 'n',
        'š' => 's',
        'ū' => 'u',
        'ž' => 'z',
        other => other,
    };
    name.to_lowercase().chars().map(plain).collect()
}

/// A name as somebody may mistype it, each time in the same places: a letter left out, doubled, another one, two exchanged.
fn mistyped(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let middle = letters.len() / 2;
    let change = |change: fn(&mut Vec<char>, usize)| {
        let mut changed = letters.clone();
        change(&mut changed, middle);
        changed.into_iter().collect::<String>()
    };
    let all = [
        change(|letters, at| _ = letters.remove(at)),
        change(|letters, at| letters.insert(at, letters[at])),
        change(|letters, at| letters[at] = if letters[at] == 'e' { 'a' } else { 'e' }),
        change(|letters, at| letters.swap(at - 1, at)),
    ];
    all.into_iter().filter(|mistyped| mistyped != name).collect()
}

/// A vocabulary of a nation's size: the names of a fixed list among invented ones.
const VOCABULARY: &str = "
    insert into case_words.vocabulary (digest, word, uses)
    select md5(word), word, 1 from (
        select distinct string_agg((array['ba','be','di','ga','in','ja','ka','le','ma','ni','ol','pe','ra','si','ta','vi','za','rs','ks','ns'])
            [1 + ('x' || substr(md5(n || '.' || k), 1, 6))::bit(24)::int % 20], '' order by k) as word
        from generate_series(1, 20000) n, generate_series(1, 4) k group by n) invented
    on conflict do nothing;
    analyze case_words.vocabulary";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_with_a_letter_wrong_are_suggested_from_the_vocabulary() {
    let (system, _master) = with_keys().await;
    let at_work = system.start();
    registered(&system, "Krasta iela", "Zādzība").await;
    system.caught_up(&at_work).await;
    system.pools.owner.execute(VOCABULARY).await.unwrap();
    let list = include_str!("../src/words/declined_names.tsv").lines().filter(|line| !line.starts_with('#'));
    let names: Vec<String> = list.filter_map(|line| line.split('\t').next().map(plain)).collect();
    let add =
        "insert into case_words.vocabulary (digest, word, uses) select md5(word), word, 1 from unnest($1::text[]) word
               on conflict do nothing";
    sqlx::query(add).bind(&names).execute(&system.pools.owner).await.unwrap();
    let mut connection = system.pools.app.acquire().await.unwrap();
    let (mut meant, mut all) = (0, 0);
    for name in names.iter().filter(|name| name.len() >= 5) {
        // Two of the four, in turns.
        for wrong in mistyped(name).into_iter().skip(all as usize / 2 % 2).step_by(2) {
            let suggested = Suggestion::of(&mut connection, &wrong).await.unwrap();
            meant += u32::from(suggested.iter().any(|one| one.word == *name));
            all += 1;
        }
    }
    // What docs/PROJECTIONS.md states.
    assert!(all > 200 && meant * 100 >= all * RECALL_OF_MISSPELT, "{meant} of {all}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_and_spellings_are_looked_for_in_their_indexes() {
    let (system, _master) = with_keys().await;
    let at_work = system.start();
    registered(&system, "Krasta iela", "Zādzība").await;
    system.caught_up(&at_work).await;
    system.pools.owner.execute(VOCABULARY).await.unwrap();
    let cases = "insert into case_words.cases (incident, registered_at, words)
                 select gen_random_uuid(), now() - n * interval '1 minute',
                        (select string_agg(left(md5((n * k % 5003)::text), 16) || ':1' || substr('ABCD', k % 4 + 1, 1), ' ')
                         from generate_series(1, 12) k)::tsvector
                 from generate_series(1, 20000) n;
                 analyze case_words.cases";
    system.pools.owner.execute(cases).await.unwrap();
    // Its index is in order only after a vacuum: until then PostgreSQL reads so small a table through.
    system.pools.owner.execute("vacuum analyze case_words.vocabulary").await.unwrap();
    let mut connection = system.pools.owner.acquire().await.unwrap();
    let word = "'c4ca4238a0b92382:AD & (eccbc87e4b5ce2fe:AD | a87ff679a2f3e71d:AD)'::tsquery";
    for (sql, index) in [
        (format!("select incident from case_words.cases where words @@ {word}"), "cases_words_idx"),
        (
            "select word from case_words.vocabulary where word operator(projections.%) 'berzins'".to_owned(),
            "vocabulary_word_idx",
        ),
    ] {
        let rows = connection.fetch_all(format!("explain {sql}").as_str()).await.unwrap();
        let plan: String = rows.iter().map(|row| row.get::<String, _>(0) + "\n").collect();
        assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{sql}\n{plan}");
    }
}
