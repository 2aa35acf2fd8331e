//! The notary on a real log: what it signs, and when it refuses.

use std::time::Duration;

use event_store::proof::head::TreeHead;
use event_store::proof::heads;
use event_store::proof::notary::{Notaries, NotaryError, Round, rotate};
use event_store::proof::note::VerifierKey;
use event_store::proof::succession;
use uuid::Uuid;

use crate::support::notary::{Folder, ORIGIN};
use crate::support::{self, LOG, Store, add};

pub(crate) async fn append(store: &Store, events: u128) {
    let appender = store.appender();
    let pending: Vec<_> = (0..events).map(|i| appender.enqueue(add(Uuid::from_u128(i % 7 + 1), 1)).unwrap()).collect();
    for pending in pending {
        pending.await.unwrap();
    }
}

pub(crate) async fn as_superuser(store: &Store, sql: &str) {
    let superuser = support::pool(&store.superuser_url(), 1).await;
    sqlx::raw_sql(&format!("set session_replication_role = replica; {sql}")).execute(&superuser).await.unwrap();
}

fn signed(round: Result<Round, NotaryError>) -> TreeHead {
    match round {
        Ok(Round::Signed(head)) => head,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_new_head_is_signed_once_stored_and_handed_outside() {
    let (store, folder) = (Store::fresh().await, Folder::new());
    let mut notary = folder.notary(&store);
    assert_eq!(notary.round().await.unwrap(), Round::NothingNew);
    append(&store, 300).await;
    let head = signed(notary.round().await);
    assert_eq!((head.origin.as_str(), head.size, head.generation), (ORIGIN, 300, 1));
    assert_eq!(notary.round().await.unwrap(), Round::NothingNew);
    append(&store, 5).await;
    // Another process goes on from what is stored.
    let head = signed(folder.notary(&store).round().await);
    assert_eq!(folder.outside(), head);
    let trusted = folder.keys().verifiers(ORIGIN).unwrap();
    let stored = heads::page(&store.app, LOG, (0, 1_000), 10).await.unwrap();
    let sizes: Vec<u64> = stored.iter().map(|head| head.verified(&trusted).unwrap().size).collect();
    assert_eq!(sizes, [300, 305]);

    for sql in
        ["update register.tree_heads set size = 1", "delete from register.notary_keys", "truncate register.tree_heads"]
    {
        let refused = sqlx::query(sql).execute(&store.owner).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{refused}");
    }
}

#[tokio::test]
async fn what_is_no_extension_is_not_signed() {
    let cut = "delete from register.events where position > 290; delete from register.tree where level = 99;
               update register.head set position = 290, frontier = ";
    let edge = "(select string_agg(hash, '' order by p) from (select 0 p, hash from register.tree
                union all select position, leaf_hash from register.events where position between 257 and 289) x)";
    for (what, sql) in [
        ("the end is cut off", format!("{cut} {edge}")),
        (
            "a leaf hash is another",
            "update register.events set leaf_hash = sha256('x') where position = 300".to_owned(),
        ),
        ("a subtree is another", "update register.tree set hash = sha256('x')".to_owned()),
        ("a leaf is gone", "delete from register.events where position = 300".to_owned()),
        ("a tree head is another", "update register.tree_heads set note = replace(note, '300', '301')".to_owned()),
        ("a root is another", "update register.tree_heads set root = sha256('x')".to_owned()),
        ("the tree heads are gone", "delete from register.tree_heads".to_owned()),
    ] {
        let (store, folder) = (Store::fresh().await, Folder::new());
        append(&store, 300).await;
        let mut notary = folder.notary(&store);
        signed(notary.round().await);
        as_superuser(&store, &sql).await;
        if !what.contains("end") {
            append(&store, 1).await;
        }
        for mut notary in [notary, folder.notary(&store)] {
            let refused = notary.round().await.expect_err(what);
            assert!(refused.is_alarm(), "{what}: {refused}");
        }
    }
}

#[tokio::test]
async fn a_key_is_rotated_under_a_notary_that_runs_and_the_old_one_vouches_for_the_new() {
    let (store, folder) = (Store::fresh().await, Folder::new());
    let notaries = Notaries::start(&store.app, &folder.keys(), &folder.0.join("witness")).unwrap();
    append(&store, 10).await;
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while heads::newest(&store.app, LOG).await.unwrap().is_none_or(|head| head.size < 10) {
        assert!(std::time::Instant::now() < deadline, "a head is signed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let old = folder.keys().current().unwrap().unwrap().verifier(ORIGIN);
    let new = rotate(&store.app, &folder.keys()).await.unwrap().verifier(ORIGIN);
    append(&store, 10).await;
    // What is not signed yet is signed at the end.
    notaries.stop().await;

    let stored = heads::newest(&store.app, LOG).await.unwrap().unwrap();
    assert_eq!(stored.verified(std::slice::from_ref(&new)).unwrap().size, 20);
    assert!(stored.verified(std::slice::from_ref(&old)).is_err());
    let statements = heads::successions(&store.app, LOG).await.unwrap();
    let trusted = succession::extend(std::slice::from_ref(&old), &statements).unwrap();
    assert_eq!(trusted, [old.clone(), new]);
    assert_eq!(stored.verified(&trusted).unwrap().size, 20);
    let known: Vec<VerifierKey> = folder.keys().verifiers(ORIGIN).unwrap();
    assert_eq!(known, trusted);
}

#[tokio::test]
async fn a_rotation_that_was_cut_off_is_finished_and_a_strange_key_is_refused() {
    let (store, folder) = (Store::fresh().await, Folder::new());
    append(&store, 3).await;
    signed(folder.notary(&store).round().await);
    let saved = std::fs::read(folder.0.join("notary/0001.key")).unwrap();
    let new = rotate(&store.app, &folder.keys()).await.unwrap();
    // As if it had ended right after the statements were stored.
    std::fs::rename(folder.0.join("notary/0002.key"), folder.0.join("notary/0002.next")).unwrap();
    write_private(&folder.0.join("notary/0001.key"), &saved);
    append(&store, 3).await;
    signed(folder.notary(&store).round().await);
    assert_eq!(folder.keys().current().unwrap().unwrap().verifier(ORIGIN), new.verifier(ORIGIN));

    let other = Folder::new();
    assert!(matches!(other.notary(&store).round().await, Err(NotaryError::OtherKey { .. })));
}

fn write_private(path: &std::path::Path, content: &[u8]) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
