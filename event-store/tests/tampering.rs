//! What a superuser with the triggers switched off can do to a log, and that verification finds it.

mod support;

use event_store::leaf::Leaf;
use event_store::log::LogPosition;
use event_store::proof::keys::NotaryKey;
use event_store::proof::notary::Round;
use event_store::proof::note::{SignedNote, hex};
use event_store::tree::Frontier;
use event_store::verify::{Options, Verification, verify, verify_with};
use support::notary::Folder;
use support::{LOG, Store, add};
use uuid::Uuid;

/// 600 events: two full subtrees of 256 and a right edge.
async fn log_of_600() -> Store {
    let store = Store::fresh().await;
    let appender = store.appender();
    let pending: Vec<_> =
        (0..600u128).map(|i| appender.enqueue(add(Uuid::from_u128(i % 11 + 1), 1)).unwrap()).collect();
    for pending in pending {
        pending.await.unwrap();
    }
    store
}

/// The same, with tree heads signed over 280 and 600 events.
async fn signed_log() -> (Store, Folder) {
    let (store, folder) = (Store::fresh().await, Folder::new());
    let mut notary = folder.notary(&store);
    for (from, to) in [(0, 280), (280, 600)] {
        let appender = store.appender();
        let pending: Vec<_> =
            (from..to).map(|i| appender.enqueue(add(Uuid::from_u128(i % 11 + 1), 1)).unwrap()).collect();
        for pending in pending {
            pending.await.unwrap();
        }
        drop(appender);
        assert!(matches!(notary.round().await.unwrap(), Round::Signed(head) if u128::from(head.size) == to));
    }
    (store, folder)
}

async fn as_superuser(store: &Store, sql: &str) {
    let sql = format!("set session_replication_role = replica; {sql}");
    sqlx::raw_sql(&sql).execute(&support::pool(&store.superuser_url(), 1).await).await.unwrap();
}

/// Verified as an auditor does: with the key and the newest tree head from outside.
async fn audited(store: &Store, folder: &Folder, since: u64) -> Verification {
    let options = Options { since, keys: folder.verifiers(), outside: vec![folder.outside()] };
    verify_with(&store.app, LOG, &options, &mut |_, _| {}).await.unwrap()
}

/// What an auditor finds after this was done to a signed log.
async fn found_after(sql: &str) -> Verification {
    let (store, folder) = signed_log().await;
    as_superuser(&store, sql).await;
    audited(&store, &folder, 0).await
}

async fn tampered(sql: &str) -> Verification {
    let store = log_of_600().await;
    let sql = format!("set session_replication_role = replica; {sql}");
    sqlx::raw_sql(&sql).execute(&support::pool(&store.superuser_url(), 1).await).await.unwrap();
    verify(&store.app, LOG, &mut |_, _| {}).await.unwrap()
}

#[tokio::test]
async fn an_untouched_log_is_sound() {
    let verification = tampered("").await;
    assert!(verification.sound, "{verification:?}");
    assert_eq!((verification.head, verification.events), (600, 600));
}

#[tokio::test]
async fn a_changed_payload_is_found_at_its_position() {
    let found = tampered(r#"update register.events set payload = '{"Added":{"n":2}}' where position = 77"#).await;
    assert_eq!(found.first_bad_position, Some(77), "{found:?}");
}

#[tokio::test]
async fn changed_metadata_time_or_type_is_found_at_its_position() {
    for change in ["metadata = '{}'", "occurred_at = occurred_at - interval '1 us'", "event_type = 'Taken'"] {
        let found = tampered(&format!("update register.events set {change} where position = 300")).await;
        assert_eq!(found.first_bad_position, Some(300), "{change}: {found:?}");
    }
}

#[tokio::test]
async fn a_changed_hash_is_found_at_its_position() {
    let found = tampered("update register.events set leaf_hash = sha256('other') where position = 300").await;
    assert_eq!(found.first_bad_position, Some(300), "{found:?}");
}

#[tokio::test]
async fn a_changed_payload_whose_hash_was_made_to_fit_is_found_in_the_tree() {
    for (position, subtree) in [(300, 257), (599, 593)] {
        let store = log_of_600().await;
        let mut event = store.reader().page(LogPosition::new(position - 1), 1).await.unwrap().remove(0);
        event.payload = r#"{"Added":{"n":2}}"#.to_owned();
        let fitting = Leaf::of(&event, "test/register", 1).hash();
        let superuser = support::pool(&store.superuser_url(), 1).await;
        let mut session = superuser.acquire().await.unwrap();
        sqlx::query("set session_replication_role = replica").execute(&mut *session).await.unwrap();
        sqlx::query("update register.events set payload = $2::json, leaf_hash = $3 where position = $1")
            .bind(position as i64)
            .bind(&event.payload)
            .bind(fitting.as_slice())
            .execute(&mut *session)
            .await
            .unwrap();
        let found = verify(&store.app, LOG, &mut |_, _| {}).await.unwrap();
        assert_eq!(found.first_bad_position, Some(subtree), "{found:?}");
    }
}

#[tokio::test]
async fn a_deleted_event_is_found_at_its_position() {
    assert_eq!(tampered("delete from register.events where position = 412").await.first_bad_position, Some(412));
}

#[tokio::test]
async fn a_cut_off_end_is_found() {
    assert_eq!(tampered("delete from register.events where position > 590").await.first_bad_position, Some(591));
}

#[tokio::test]
async fn an_added_event_is_found() {
    let found = tampered(
        "insert into register.events select 601, gen_random_uuid(), aggregate_type, aggregate_id, sequence + 1000,
         event_type, event_version, payload, metadata, occurred_at, recorded_at, leaf_hash
         from register.events where position = 600",
    )
    .await;
    assert_eq!(found.first_bad_position, Some(601), "{found:?}");
}

#[tokio::test]
async fn two_swapped_events_are_found() {
    let found = tampered(
        "update register.events set position = 1000000 where position = 100;
         update register.events set position = 100 where position = 200;
         update register.events set position = 200 where position = 1000000",
    )
    .await;
    assert!(!found.sound && found.first_bad_position.unwrap() <= 200, "{found:?}");
}

/// Statements that give the log's tables, tree included, the shape that they had when the log ended at `size`.
async fn cut_to(store: &Store, size: u64) {
    let leaves: Vec<Vec<u8>> =
        sqlx::query_scalar("select leaf_hash from register.events where position <= $1 order by position")
            .bind(size as i64)
            .fetch_all(&store.app)
            .await
            .unwrap();
    let mut frontier = Frontier::new();
    leaves.into_iter().for_each(|leaf| frontier.push(leaf.try_into().unwrap(), &mut Vec::new()));
    let edge: String = frontier.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let sql = format!(
        "delete from register.events where position > {size};
         delete from register.tree where (index + 1) << level > {size};
         delete from register.tree_heads where size > {size};
         delete from register.streams where first_position > {size};
         update register.streams s set (version, last_position) =
             (select max(e.sequence), max(e.position) from register.events e
              where e.aggregate_id = s.aggregate_id::text);
         update register.head set position = {size}, frontier = '\\x{edge}',
             recorded_at = (select max(recorded_at) from register.events)"
    );
    as_superuser(store, &sql).await;
}

#[tokio::test]
async fn a_signed_log_is_sound_from_its_beginning_and_from_any_position() {
    let (store, folder) = signed_log().await;
    for since in [0, 1, 255, 256, 280, 300, 599, 600] {
        let found = audited(&store, &folder, since).await;
        assert!(found.sound, "{since}: {found:?}");
        assert_eq!((found.since, found.events, found.proven), (since, 600 - since, 600), "{found:?}");
        assert_eq!(found.root, hex(&folder.outside().root));
    }
    let by_its_own_word = verify(&store.app, LOG, &mut |_, _| {}).await.unwrap();
    assert!(by_its_own_word.sound && by_its_own_word.keys == "database", "{by_its_own_word:?}");
}

#[tokio::test]
async fn one_changed_byte_is_found_at_its_position() {
    let found = found_after(
        r#"update register.events set payload = replace(payload::text, '1', '2')::json where position = 77"#,
    )
    .await;
    assert_eq!(found.first_bad_position, Some(77), "{found:?}");
}

#[tokio::test]
async fn a_change_with_fitting_hashes_all_the_way_up_is_found_by_the_tree_heads() {
    for (position, first) in [(100, 1), (290, 281), (599, 281)] {
        let (store, folder) = signed_log().await;
        let mut event = store.reader().page(LogPosition::new(position - 1), 1).await.unwrap().remove(0);
        event.payload = event.payload.replace('1', "2");
        let leaf = hex(&Leaf::of(&event, "test/register", 1).hash());
        let payload = &event.payload;
        as_superuser(
            &store,
            &format!(
                "update register.events set payload = '{payload}', leaf_hash = '\\x{leaf}' where position = {position}"
            ),
        )
        .await;
        // Only the hash of the leaf was made to fit.
        let found = audited(&store, &folder, 0).await;
        assert!(!found.sound && found.first_bad_position.unwrap() <= position, "{found:?}");
        // And the subtrees and the edge above it.
        rebuild_tree(&store).await;
        let found = audited(&store, &folder, 0).await;
        assert_eq!(found.first_bad_position, Some(first), "{found:?}");
        assert!(!audited(&store, &folder, 580).await.sound);
        // The notary does not sign it either.
        add_one(&store).await;
        assert!(folder.notary(&store).round().await.unwrap_err().is_alarm());
    }
}

async fn add_one(store: &Store) {
    store.appender().enqueue(add(Uuid::from_u128(1), 1)).unwrap().await.unwrap();
}

/// Makes all that is stored of the tree fit the stored leaf hashes.
async fn rebuild_tree(store: &Store) {
    let leaves: Vec<Vec<u8>> = sqlx::query_scalar("select leaf_hash from register.events order by position")
        .fetch_all(&store.app)
        .await
        .unwrap();
    let (mut frontier, mut tiles) = (Frontier::new(), Vec::new());
    leaves.into_iter().for_each(|leaf| frontier.push(leaf.try_into().unwrap(), &mut tiles));

    let mut sql = format!("update register.head set frontier = '\\x{}';", hex(&frontier.to_bytes()));
    for tile in tiles {
        let (level, index, hash) = (tile.level, tile.index, hex(&tile.hash));
        sql.push_str(&format!(
            "update register.tree set hash = '\\x{hash}' where level = {level} and index = {index};"
        ));
    }
    as_superuser(store, &sql).await;
}

#[tokio::test]
async fn a_deleted_a_swapped_and_an_inserted_event_are_found() {
    let swap = "update register.events set position = 1000000 where position = 100;
                update register.events set position = 100 where position = 200;
                update register.events set position = 200 where position = 1000000";
    let insert = "update register.events set position = position + 1000 where position >= 400;
                  update register.events set position = position - 999 where position >= 1400;
                  insert into register.events select 400, gen_random_uuid(), aggregate_type, aggregate_id, sequence + 10000,
                  event_type, event_version, payload, metadata, occurred_at, recorded_at, leaf_hash
                  from register.events where position = 399";
    for (what, sql, first) in [
        ("deleted", "delete from register.events where position = 412", 412),
        ("deleted first", "delete from register.events where position = 1", 1),
        ("swapped", swap, 100),
        ("inserted", insert, 400),
    ] {
        let found = found_after(sql).await;
        assert_eq!(found.first_bad_position, Some(first), "{what}: {found:?}");
    }
}

#[tokio::test]
async fn a_hole_does_not_hide_what_is_wrong_before_it() {
    let found = found_after(
        "update register.events set payload = '{}' where position = 77; delete from register.events where position = 412",
    )
    .await;
    let positions: Vec<u64> = found.findings.iter().map(|finding| finding.position).collect();
    assert_eq!(positions, [77, 412], "{found:?}");
}

#[tokio::test]
async fn an_end_that_was_cut_off_without_a_trace_is_found_by_a_tree_head_kept_outside() {
    let (store, folder) = signed_log().await;
    cut_to(&store, 590).await;
    // The database contradicts itself nowhere.
    let found = verify(&store.app, LOG, &mut |_, _| {}).await.unwrap();
    assert!(found.sound, "{found:?}");
    let found = audited(&store, &folder, 0).await;
    assert_eq!(found.first_bad_position, Some(591), "{found:?}");
    assert_eq!(audited(&store, &folder, 585).await.first_bad_position, Some(591));
    assert!(folder.notary(&store).round().await.unwrap_err().is_alarm());

    // Nor when it grows again.
    for _ in 0..15 {
        add_one(&store).await;
    }
    assert!(verify(&store.app, LOG, &mut |_, _| {}).await.unwrap().sound);
    let found = audited(&store, &folder, 0).await;
    assert!(!found.sound, "{found:?}");
    assert_eq!(found.first_bad_position, Some(281), "signed over 280 and 600: {found:?}");
    assert!(folder.notary(&store).round().await.unwrap_err().is_alarm());
}

#[tokio::test]
async fn an_altered_a_forged_and_a_deleted_tree_head_are_found() {
    for (what, sql, first) in [
        ("another root", "update register.tree_heads set root = sha256('x') where size = 280", 280),
        ("another size", "update register.tree_heads set size = 281 where size = 280", 281),
        ("another note", "update register.tree_heads set note = replace(note, '280', '281') where size = 280", 280),
        ("no signature", "update register.tree_heads set note = split_part(note, chr(8212), 1) where size = 280", 280),
        ("beyond the end", "update register.tree_heads set size = 601 where size = 600", 600),
        ("deleted", "delete from register.tree_heads where size = 600", 600),
    ] {
        let found = found_after(sql).await;
        assert_eq!(found.first_bad_position, Some(first), "{what}: {found:?}");
    }
    // Signed with another key, over what is there.
    let (store, folder) = signed_log().await;
    let (other, text) = (NotaryKey::from_seed(1, &[9; 32]), folder.outside().text());
    let note = SignedNote { signatures: vec![other.sign("test/register", &text)], text };
    as_superuser(&store, &format!("update register.tree_heads set note = '{note}' where size = 600")).await;
    assert_eq!(audited(&store, &folder, 0).await.first_bad_position, Some(600));
}
