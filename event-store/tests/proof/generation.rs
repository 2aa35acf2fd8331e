//! A restore that lost answered events: what stands, what is void, and that only who has the notary's key can say so.

use std::collections::BTreeMap;

use cqrs_es::persist::PersistedEventRepository as _;
use domain::log_life::LogLife;
use event_store::append::{Begun, GenerationError, Lossy, begin_generation};
use event_store::private_pg::{TestDatabase, shared_for_tests};
use event_store::proof::check::consistency;
use event_store::proof::generation::{Lives, Place, Statement};
use event_store::proof::head::TreeHead;
use event_store::proof::keys::NotaryKey;
use event_store::proof::nodes::Nodes;
use event_store::proof::notary::Round;
use event_store::proof::note::SignedNote;
use event_store::proof::standing::{Standing, standing};
use event_store::proof::witness::WitnessFolder;
use event_store::verify::{Options, Verification, verify_with};

use crate::notary::{append, as_superuser};
use crate::support::notary::{Folder, ORIGIN};
use crate::support::{self, LOG, Store};

/// A store as it was restored, the folders of its notary, and the head that was signed after what was restored.
struct Restored {
    store: Store,
    folder: Folder,
    note: String,
    _lost: TestDatabase,
}

/// 100 events are signed and saved; 5 more are signed and lost.
async fn restored() -> Restored {
    let (store, folder) = (Store::fresh().await, Folder::new());
    append(&store, 100).await;
    assert!(matches!(folder.notary(&store).round().await, Ok(Round::Signed(_))));
    let server = shared_for_tests().await.unwrap();
    let name = store.database.owner_url().split(['/', '?']).nth(3).unwrap().to_owned();
    let Store { owner, app, database: lost } = store;
    for pool in [owner, app] {
        // A connection that comes back to the pool while it closes stays open until the pool itself is gone.
        pool.close().await;
    }
    let copy = format!("{name}_saved");
    let mut tries = 0;
    let database = loop {
        // The appender's connection takes a moment to be gone.
        match server.create_database(&copy, Some(&name)).await {
            Ok(database) => break database,
            Err(error) if tries > 200 => panic!("{error}"),
            Err(_) => tries += 1,
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    let owner = support::pool(lost.owner_url(), 2).await;
    let app = support::pool(lost.app_url(), 5).await;
    let went_on = Store { owner, app, database: lost };
    append(&went_on, 5).await;
    assert!(matches!(folder.notary(&went_on).round().await, Ok(Round::Signed(_))));
    let note = std::fs::read_to_string(WitnessFolder::newest_file(&folder.0.join("witness"), LOG)).unwrap();
    let owner = support::pool(database.owner_url(), 2).await;
    let app = support::pool(database.app_url(), 5).await;
    Restored { store: Store { owner, app, database }, folder, note, _lost: went_on.database }
}

impl Restored {
    fn lossy(&self) -> Lossy {
        Lossy {
            last_known: Place { generation: 1, position: 105 },
            numbers: Vec::new(),
            margin: 0,
            witness: Some(self.note.clone()),
            reason: "the disk was lost".to_owned(),
            metadata: BTreeMap::from([("actor".to_owned(), "operator".to_owned())]),
        }
    }

    async fn begin(&self, key: &NotaryKey) -> Result<Begun, GenerationError> {
        let sign = |statement: &Statement| {
            let text = statement.text();
            SignedNote { signatures: vec![key.sign(&statement.origin, &text)], text }
        };
        begin_generation(&self.store.owner, LOG, &self.lossy(), &sign).await
    }

    async fn standing(&self) -> Standing {
        standing(&self.store.app, LOG, &self.folder.verifiers(), &self.note).await.unwrap()
    }

    async fn verified(&self) -> Verification {
        let outside = vec![TreeHead::parse(&SignedNote::parse(&self.note).unwrap().text).unwrap()];
        let options = Options { since: 0, keys: self.folder.verifiers(), outside };
        verify_with(&self.store.app, LOG, &options, &mut |_, _| {}).await.unwrap()
    }
}

#[tokio::test]
async fn a_lossy_restore_is_told_and_a_new_generation_goes_on_from_what_survived() {
    let restored = restored().await;
    let (store, folder) = (&restored.store, &restored.folder);
    let Standing::Lost { end, signed } = restored.standing().await else { panic!("events are lost") };
    assert_eq!((end.to_string().as_str(), signed.size), ("1.100", 105));
    assert!(folder.notary(store).round().await.is_err_and(|refused| refused.is_alarm()));
    assert!(!restored.verified().await.sound);

    let key = folder.keys().current().unwrap().unwrap();
    let begun = restored.begin(&key).await.unwrap();
    assert_eq!((begun.generation, begun.begins, begun.voids.as_str(), begun.positions), (2, 101, "1.105", 5));
    assert_eq!(restored.standing().await, Standing::Whole);

    append(store, 10).await;
    let Ok(Round::Signed(head)) = folder.notary(store).round().await else { panic!("it signs again") };
    assert_eq!((head.generation, head.size), (2, 111));
    assert_eq!(folder.outside(), head);
    assert_eq!(store.positions().await, (1..=111).collect::<Vec<i64>>());
    // It extends what was signed before the disaster and survived it, and does not extend what was lost.
    let mut nodes = Nodes::new(store.app.clone(), LOG);
    for (size, extends) in [(100, true), (105, false)] {
        let older = if extends { nodes.root(size).await.unwrap() } else { signed.root };
        let proof = nodes.consistency(size, head.size).await.unwrap();
        assert_eq!(consistency((size, &older), (head.size, &head.root), &proof).is_ok(), extends);
    }
    let verified = restored.verified().await;
    assert!(verified.sound, "{verified:?}");
    assert_eq!((verified.voided[0].head.as_str(), verified.voided[0].begins), ("1.105", 101));

    // The unmodified second reader reads it like any other record.
    let stock = postgres_es::PostgresEventRepository::new(store.app.clone())
        .with_tables("register.events", "register.snapshots");
    let events = stock.get_events::<LogLife>(&begun.record.to_string()).await.unwrap();
    assert_eq!((events.len(), events[0].event_type.as_str()), (1, "GenerationBegun"));

    let again = restored.begin(&key).await.unwrap_err();
    assert!(matches!(again, GenerationError::Refused(_)), "{again}");
}

#[tokio::test]
async fn who_lacks_the_notarys_key_can_not_pass_a_cut_log_as_a_restored_one() {
    let restored = restored().await;
    let stranger = NotaryKey::from_seed(1, &[9; 32]);
    restored.begin(&stranger).await.unwrap();
    assert!(matches!(restored.standing().await, Standing::Lost { .. }));
    assert!(restored.folder.notary(&restored.store).round().await.is_err_and(|refused| refused.is_alarm()));
    let verified = restored.verified().await;
    assert_eq!(verified.first_bad_position, Some(101), "{verified:?}");

    // Nor by naming other events as those that were restored.
    let root = Nodes::new(restored.store.app.clone(), LOG).root(99).await.unwrap();
    let voids = Place { generation: 1, position: 105 };
    let statement = Statement { origin: ORIGIN.into(), generation: 2, begins: 101, root, voids, numbers: Vec::new() };
    let key = restored.folder.keys().current().unwrap().unwrap();
    let note = SignedNote { signatures: vec![key.sign(ORIGIN, &statement.text())], text: statement.text() };
    let forged = format!("update register.generations set statement = '{note}' where generation = 2");
    as_superuser(&restored.store, &forged).await;
    let lives = Lives::read(&restored.store.app, LOG).await.unwrap();
    assert_eq!(lives.statements(&restored.folder.verifiers()).len(), 1);
    assert!(restored.folder.notary(&restored.store).round().await.is_err_and(|refused| refused.is_alarm()));
    assert!(!restored.verified().await.sound);
}
