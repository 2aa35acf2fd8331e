//! Tiles, read back as a monitor would: from the files alone.

use std::path::Path;

use event_store::proof::head::TreeHead;
use event_store::proof::note::SignedNote;
use event_store::proof::tiles::{Exported, export};
use event_store::tree::Hash;
use ring::digest::{SHA256, digest};

use crate::notary::{append, as_superuser};
use crate::rfc9162::mth;
use crate::support::notary::Folder;
use crate::support::{LOG, Store};

fn hashes(path: &Path) -> Vec<Hash> {
    std::fs::read(path).unwrap().as_chunks::<32>().0.to_vec()
}

/// Leaf hashes of a bundle of entries.
fn entries(path: &Path) -> Vec<Hash> {
    let bytes = std::fs::read(path).unwrap();
    let (mut rest, mut leaves) = (bytes.as_slice(), Vec::new());
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let (entry, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
        leaves.push(digest(&SHA256, &[&[0], entry].concat()).as_ref().try_into().unwrap());
        rest = after;
    }
    leaves
}

#[tokio::test]
async fn the_tree_can_be_built_of_the_files_alone_and_grows_in_them() {
    let (store, folder) = (Store::fresh().await, Folder::new());
    let out = folder.0.join("tiles");
    for (events, files) in [(300, 2 * 2 + 1 + 1), (500, 2 * 3 + 1 + 1)] {
        append(&store, events).await;
        folder.notary(&store).round().await.unwrap();
        let exported = export(&store.app, LOG, &out, &mut |_, _| {}).await.unwrap();
        let note = SignedNote::parse(&std::fs::read_to_string(out.join("checkpoint")).unwrap()).unwrap();
        let head = TreeHead::verified(&note, &folder.verifiers()).unwrap();
        assert_eq!(exported, Exported { size: head.size, files });

        let (full, partial) = (head.size / 256, head.size % 256);
        let name = |index| if index < full { format!("{index:03}") } else { format!("{index:03}.p/{partial}") };
        let mut leaves = Vec::new();
        for index in 0..=full {
            let tile = hashes(&out.join("tile/0").join(name(index)));
            assert_eq!(tile, entries(&out.join("tile/entries").join(name(index))));
            leaves.extend(tile);
        }
        assert_eq!((leaves.len() as u64, mth(&leaves)), (head.size, head.root));
        let above = hashes(&out.join(format!("tile/1/000.p/{full}")));
        let expected: Vec<Hash> = leaves.chunks_exact(256).map(mth).collect();
        assert_eq!(above, expected);
    }
    as_superuser(&store, "update register.events set payload = '{}' where position = 790").await;
    std::fs::remove_dir_all(&out).unwrap();
    assert!(export(&store.app, LOG, &out, &mut |_, _| {}).await.is_err());
    assert!(!out.join("checkpoint").exists());
}
