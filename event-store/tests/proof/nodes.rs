//! Proofs made of what a real log has stored.

use event_store::proof::nodes::{NodeError, Nodes};
use event_store::tree::Hash;
use uuid::Uuid;

use crate::rfc9162::{mth, path, proof};
use crate::support::{self, LOG, Store, add};

async fn log_of(events: u128) -> (Store, Vec<Hash>) {
    let store = Store::fresh().await;
    let appender = store.appender();
    let pending: Vec<_> = (0..events).map(|i| appender.enqueue(add(Uuid::from_u128(i % 11 + 1), 1)).unwrap()).collect();
    for pending in pending {
        pending.await.unwrap();
    }
    let leaves: Vec<Vec<u8>> = sqlx::query_scalar("select leaf_hash from register.events order by position")
        .fetch_all(&store.app)
        .await
        .unwrap();
    (store, leaves.into_iter().map(|leaf| leaf.try_into().unwrap()).collect())
}

#[tokio::test]
async fn roots_and_proofs_are_those_of_the_definition() {
    let (store, leaves) = log_of(800).await;
    let mut kept = Nodes::new(store.app.clone(), LOG);
    for size in [1usize, 2, 3, 255, 256, 257, 511, 512, 513, 700, 768, 800] {
        // With and without what was read before.
        let mut fresh = Nodes::new(store.app.clone(), LOG);
        assert_eq!(fresh.root(size as u64).await.unwrap(), mth(&leaves[..size]), "{size}");
        assert_eq!(kept.root(size as u64).await.unwrap(), mth(&leaves[..size]), "{size}");
        for leaf in [0, 1, 254, 255, 256, 511, 512, 600, 799].into_iter().filter(|leaf| *leaf < size) {
            let proof = fresh.inclusion(leaf as u64, size as u64).await.unwrap();
            assert_eq!(proof, path(leaf, &leaves[..size]), "{leaf} in {size}");
        }
        for older in [1, 2, 100, 255, 256, 257, 512, 640, 799].into_iter().filter(|older| *older <= size) {
            let found = kept.consistency(older as u64, size as u64).await.unwrap();
            assert_eq!(found, proof(older, &leaves[..size]), "{older} to {size}");
        }
    }
    let mut frontier = event_store::tree::Frontier::new();
    leaves[..700].iter().for_each(|leaf| frontier.push(*leaf, &mut Vec::new()));
    assert_eq!(kept.edge(700).await.unwrap().concat(), frontier.to_bytes());
}

#[tokio::test]
async fn complete_subtrees_are_not_read_below_their_stored_root() {
    let (store, leaves) = log_of(600).await;
    let superuser = support::pool(&store.superuser_url(), 1).await;
    let sql = "set session_replication_role = replica; delete from register.events where position <= 512";
    sqlx::raw_sql(sql).execute(&superuser).await.unwrap();
    let mut nodes = Nodes::new(store.app.clone(), LOG);
    assert_eq!(nodes.inclusion(550, 600).await.unwrap(), path(550, &leaves));
    assert_eq!(nodes.consistency(512, 600).await.unwrap(), proof(512, &leaves));
    let missing = nodes.inclusion(5, 600).await.unwrap_err();
    assert!(matches!(missing, NodeError::Missing { count: 1, .. }), "{missing}");
}
