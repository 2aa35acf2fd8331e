//! Personal data: keys of subjects and records, their destruction, and generations of the master key.

mod support;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::Utc;
use domain::classifier::CardType;
use domain::emergency_card::{CardCommand, DecideServices, EmergencyCard, QualifyCard, ReceiveCall};
use domain::ids;
use domain::personal::Personal;
use domain::retention::{
    ApproveErasure, DestroyedKey, ErasureGround, ErasureScope, RequestErasure, RetentionCase, RetentionCommand,
};
use domain::terms::{Channel, Priority, Service};
use domain::values::{Actor, InstitutionCode, Narrative, PersonName, Reason, Reporter, UserName};
use event_store::append::holders::all_have_forgotten;
use event_store::append::{AppendError, Appender, AppenderConfig, Lane, Metadata, Reply, Submission, Target, Work};
use event_store::log::LogPosition;
use event_store::seal::erasures::{ErasureList, Reconciled, reconcile};
use event_store::seal::{KeyRing, KeyScope, KeySource, MasterKeys, rotation, sealed_fields};
use serde_json::{Value, json};
use sqlx::PgPool;
use support::{LOG, Store, master};
use uuid::Uuid;

fn submission(
    decide: impl Fn(&mut Work<'_>) -> Result<Target, event_store::append::Stop> + Send + Sync + 'static,
) -> Submission {
    Submission {
        command_id: Uuid::now_v7(),
        lane: Lane::Interactive,
        deadline: None,
        digest: [0; 32],
        metadata: Metadata::new(),
        occurred_at: Utc::now().fixed_offset(),
        touches: Vec::new(),
        decide: Box::new(decide),
    }
}

/// A call of Anna's: her name is hers, what she says is the record's.
async fn receive(appender: &Appender, card: Uuid, anna: Uuid) -> Result<Reply, AppendError> {
    let caller = Reporter::try_new(Some(PersonName::parse("Anna Paraudziņa").unwrap()), None, None).unwrap();
    let command = ReceiveCall {
        channel: Channel::Phone112,
        caller: Some(caller.of_subject(anna)),
        place: None,
        answered_at: None,
        narrative: Some(Personal::Open(Narrative::parse("smoke on the stairs").unwrap())),
        recording_ref: None,
        institution: InstitutionCode::parse("VUGD").unwrap(),
    };
    let decide = move |work: &mut Work<'_>| {
        work.execute::<EmergencyCard>(card, CardCommand::ReceiveCall(Box::new(command.clone())))?;
        let qualify = QualifyCard {
            type_code: Some(CardType::parse("structure-fire").unwrap()),
            priority: Some(Priority::P1),
            ..QualifyCard::default()
        };
        work.execute::<EmergencyCard>(card, CardCommand::QualifyCard(Box::new(qualify)))?;
        Ok(Target::of::<EmergencyCard>(card))
    };
    appender.submit(submission(decide)).await
}

/// Something more that is the record's own.
async fn add_reason(appender: &Appender, card: Uuid, service: Service) -> Result<Reply, AppendError> {
    let decide = move |work: &mut Work<'_>| {
        let command = DecideServices {
            services: [service].into(),
            reason: Some(Personal::Open(Reason::parse("she asked for it").unwrap())),
        };
        work.execute::<EmergencyCard>(card, CardCommand::DecideServices(command))?;
        Ok(Target::of::<EmergencyCard>(card))
    };
    appender.submit(submission(decide)).await
}

fn actor(user: &str) -> Actor {
    Actor { institution: InstitutionCode::parse("VP").unwrap(), user: UserName::parse(user).unwrap() }
}

/// Two persons agree, in one command.
async fn erase(appender: &Appender, scope: ErasureScope) -> Result<Reply, AppendError> {
    let decide = move |work: &mut Work<'_>| {
        let case = ids::of_retention_case(scope);
        let request = RequestErasure { scope, ground: ErasureGround::Order, reason: None, by: actor("a.ozola") };
        work.execute::<RetentionCase>(case, RetentionCommand::RequestErasure(request))?;
        let keys = work.keys(match scope {
            ErasureScope::Record(id) => KeyScope::Record(id),
            ErasureScope::Subject(id) => KeyScope::Subject(id),
        })?;
        let named = keys.iter().map(|key| DestroyedKey {
            key: key.key_id,
            record: key.owner.record,
            subject: key.owner.subject,
        });
        let approve = ApproveErasure { keys: named.collect(), held_elsewhere: Vec::new(), by: actor("p.kalnins") };
        work.execute::<RetentionCase>(case, RetentionCommand::ApproveErasure(approve))?;
        work.destroy_keys(&keys);
        Ok(Target::of::<RetentionCase>(case))
    };
    appender.submit(submission(decide)).await
}

/// Every sealed field of the log, in order: what it says, or nothing where its key is gone.
async fn opened(pool: &PgPool, master: Arc<MasterKeys>) -> Vec<Option<Value>> {
    let sql = "select event_id, payload::text from register.events order by position";
    let events: Vec<(Uuid, String)> = sqlx::query_as(sql).fetch_all(pool).await.unwrap();
    let fields: Vec<_> =
        events.iter().flat_map(|(id, payload)| sealed_fields(&serde_json::from_str(payload).unwrap(), *id)).collect();
    let ids: Vec<Uuid> = fields.iter().filter_map(|field| field.key_id()).collect();
    let keys = KeyRing::new(pool.clone(), LOG, master).by_id(&ids).await.unwrap();
    fields.iter().map(|field| field.open(&keys).unwrap()).collect()
}

fn said(texts: &[Option<&str>]) -> Vec<Option<Value>> {
    texts.iter().map(|text| text.map(|text| json!(text))).collect()
}

async fn sound(store: &Store) -> bool {
    event_store::verify::verify(&store.app, LOG, &mut |_, _| {}).await.unwrap().sound
}

#[tokio::test]
async fn a_subject_is_erased_in_every_record_and_what_is_the_records_stays() {
    let store = Store::fresh().await;
    let (appender, anna) = (store.appender(), Uuid::now_v7());
    for card in [Uuid::now_v7(), Uuid::now_v7()] {
        receive(&appender, card, anna).await.unwrap();
    }
    let (name, smoke) = (Some("Anna Paraudziņa"), Some("smoke on the stairs"));
    assert_eq!(opened(&store.app, master()).await, said(&[name, smoke, name, smoke]));
    erase(&appender, ErasureScope::Subject(anna)).await.unwrap();
    assert_eq!(opened(&store.app, master()).await, said(&[None, smoke, None, smoke]));
    let again = erase(&appender, ErasureScope::Subject(anna)).await;
    assert!(matches!(again, Err(AppendError::Refused(_))), "there is nothing left to erase: {again:?}");
    assert!(sound(&store).await);
}

#[tokio::test]
async fn a_record_is_erased_with_all_its_subjects_and_keys_go_with_the_event_or_not_at_all() {
    let store = Store::fresh().await;
    let (appender, card) = (store.appender(), Uuid::now_v7());
    receive(&appender, card, Uuid::now_v7()).await.unwrap();
    let keys = "select count(*) from register.keys";
    let count = async || sqlx::query_scalar::<_, i64>(keys).fetch_one(&store.app).await.unwrap();
    assert_eq!(count().await, 2);
    let scope = ErasureScope::Record(card);
    let refused = submission(move |work| {
        let keys = work.keys(KeyScope::Record(card))?;
        work.destroy_keys(&keys);
        let approve = ApproveErasure { keys: Vec::new(), held_elsewhere: Vec::new(), by: actor("p.kalnins") };
        work.execute::<RetentionCase>(ids::of_retention_case(scope), RetentionCommand::ApproveErasure(approve))?;
        Ok(Target::of::<RetentionCase>(card))
    });
    assert!(appender.submit(refused).await.is_err());
    assert_eq!(count().await, 2, "a refused command destroys nothing");
    erase(&appender, scope).await.unwrap();
    assert_eq!(count().await, 0);
    assert_eq!(opened(&store.app, master()).await, said(&[None, None]));
}

#[tokio::test]
async fn another_process_never_seals_under_a_key_that_was_destroyed() {
    let store = Store::fresh().await;
    let (one, other, card) = (store.appender(), store.appender(), Uuid::now_v7());
    receive(&one, card, Uuid::now_v7()).await.unwrap();
    // The other one has the record and its keys in memory from here on.
    add_reason(&other, card, Service::Medical).await.unwrap();
    let erased = erase(&one, ErasureScope::Record(card)).await.unwrap();
    add_reason(&other, card, Service::StatePolice).await.unwrap();
    let late = all_have_forgotten(&store.app, LOG, LogPosition::new(erased.position), Duration::from_secs(10)).await;
    assert_eq!(late.unwrap(), []);
    add_reason(&one, card, Service::Gas).await.unwrap();
    let asked = Some("she asked for it");
    assert_eq!(opened(&store.app, master()).await, said(&[None, None, None, asked, asked]));
}

#[tokio::test]
async fn a_process_that_hangs_is_named_until_it_has_forgotten() {
    let store = Store::fresh().await;
    let (appender, card) = (store.appender(), Uuid::now_v7());
    receive(&appender, card, Uuid::now_v7()).await.unwrap();
    let mut hanging = store.app.acquire().await.unwrap();
    let name = "set application_name = 'vnr appender register, keys forgotten up to 0'";
    sqlx::query(name).execute(&mut *hanging).await.unwrap();
    let backend: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut *hanging).await.unwrap();
    let erased = erase(&appender, ErasureScope::Record(card)).await.unwrap();
    let position = LogPosition::new(erased.position);
    let late = all_have_forgotten(&store.app, LOG, position, Duration::from_secs(3)).await.unwrap();
    assert_eq!(late.iter().map(|holder| holder.backend).collect::<Vec<_>>(), [backend]);
    drop(hanging.detach());
    let late = all_have_forgotten(&store.app, LOG, position, Duration::from_secs(10)).await.unwrap();
    assert_eq!(late, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_key_is_rotated_under_load_and_the_log_is_not_touched() {
    let store = Store::fresh().await;
    let folder = std::env::temp_dir().join(format!("vnr-rotation-{}", Uuid::now_v7()));
    fs::create_dir_all(&folder).unwrap();
    let source = KeySource::File(folder.join("master.key"));
    let running = Arc::new(MasterKeys::load(source.clone()).unwrap());
    rotation::check(&store.app, LOG, &running).await.unwrap();
    let (appender, _task) = Appender::start(AppenderConfig::new(LOG, store.app.clone(), Arc::clone(&running)));
    let stop = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn({
        let stop = Arc::clone(&stop);
        async move {
            let mut written = 0;
            while !stop.load(Ordering::Relaxed) {
                receive(&appender, Uuid::now_v7(), Uuid::now_v7()).await.unwrap();
                written += 1;
            }
            written
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;

    source.add_generation().unwrap();
    let tool = MasterKeys::load(source.clone()).unwrap();
    rotation::check(&store.app, LOG, &tool).await.unwrap();
    let mut told = 0;
    let done = rotation::rewrap(&store.owner, LOG, &tool, &mut |done| told = done).await.unwrap();
    assert!(done > 0 && told == done);
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::Relaxed);
    let written: usize = writing.await.unwrap();

    assert_eq!(rotation::rewrap(&store.owner, LOG, &tool, &mut |_| {}).await.unwrap(), 0, "no old one was made since");
    assert!(rotation::retire(&store.owner, LOG, 1).await.unwrap());
    source.remove_generation(1).unwrap();
    let without = Arc::new(MasterKeys::load(source).unwrap());
    rotation::check(&store.app, LOG, &without).await.unwrap();
    let opened = opened(&store.app, without).await;
    assert_eq!(opened.len(), 2 * written);
    assert!(opened.iter().all(Option::is_some), "everything still opens");
    assert!(sound(&store).await);
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_wrong_or_incomplete_master_key_is_told_before_anything_is_done() {
    let store = Store::fresh().await;
    let right = MasterKeys::from_bytes(2, &[1; 32]);
    rotation::check(&store.app, LOG, &right).await.unwrap();
    rotation::check(&store.app, LOG, &right).await.unwrap();
    let other = rotation::check(&store.app, LOG, &MasterKeys::from_bytes(2, &[3; 32])).await.unwrap_err().to_string();
    assert!(other.contains("generation 2 is not the master key"), "{other}");
    let missing = rotation::check(&store.app, LOG, &MasterKeys::from_bytes(3, &[3; 32])).await.unwrap_err().to_string();
    assert!(missing.contains("no generation 2"), "{missing}");
}

#[tokio::test]
async fn what_a_restore_brings_back_is_destroyed_again_by_the_list_outside() {
    let store = Store::fresh().await;
    let folder: PathBuf = std::env::temp_dir().join(format!("vnr-list-{}", Uuid::now_v7()));
    let list = ErasureList::of(&folder, LOG);
    let (appender, card) = (store.appender(), Uuid::now_v7());
    receive(&appender, card, Uuid::now_v7()).await.unwrap();
    let kept = "create table kept as select * from register.keys";
    sqlx::query(kept).execute(&store.owner).await.unwrap();
    erase(&appender, ErasureScope::Record(card)).await.unwrap();
    assert_eq!(reconcile(&store.app, LOG, &list).await.unwrap(), Reconciled { listed: 2, destroyed_again: 0 });
    assert_eq!(reconcile(&store.app, LOG, &list).await.unwrap(), Reconciled::default());

    // As an older backup has it: the keys are there, and nobody knows that they were destroyed.
    sqlx::query("insert into register.keys select * from kept").execute(&store.owner).await.unwrap();
    sqlx::query("delete from register.destroyed_keys").execute(&store.owner).await.unwrap();
    // The program died while it was adding a line.
    let text = fs::read_to_string(list.path()).unwrap();
    fs::write(list.path(), format!("{text}{{\"key_id\":\"01")).unwrap();
    assert_eq!(reconcile(&store.app, LOG, &list).await.unwrap(), Reconciled { listed: 0, destroyed_again: 2 });
    assert_eq!(opened(&store.app, master()).await, said(&[None, None]));

    let next = Uuid::now_v7();
    receive(&appender, next, Uuid::now_v7()).await.unwrap();
    erase(&appender, ErasureScope::Record(next)).await.unwrap();
    assert_eq!(reconcile(&store.app, LOG, &list).await.unwrap().listed, 2);
    assert_eq!(list.read().unwrap().len(), 4, "half a line is in nobody's way");
    fs::write(list.path(), "what\n").unwrap();
    assert!(reconcile(&store.app, LOG, &list).await.unwrap_err().to_string().contains("line 1"));
    fs::remove_dir_all(&folder).unwrap();
}
