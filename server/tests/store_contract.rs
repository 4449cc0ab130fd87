//! The laws of the `Store` port, run over every store.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use rejoin::authority::{Append, LastSeq};
use rejoin::count::MAX_COUNT;
use rejoin::id::{ClientId, DocId, Epoch};
use rejoin::json::{Digest, JsonOp, Value};
use rejoin::protocol::Committed;
use rejoin_server::store::{
    Commit, DATABASE_FILE, MemoryStore, Page, Snapshot, SqliteOptions, SqliteStore, Store,
};

const ALL: Page = Page {
    ops: 1_000,
    bytes: 1 << 20,
};

fn doc(name: &str) -> DocId {
    DocId::new(name).unwrap()
}

fn epoch() -> Epoch {
    Epoch::new("life").unwrap()
}

fn client(name: &str) -> ClientId {
    ClientId::new(name).unwrap()
}

fn op(seq: u64) -> Committed {
    let op: JsonOp = serde_json::from_str(r#"[{"es":["x"]}]"#).unwrap();
    Committed {
        client: client("ann"),
        seq,
        op,
    }
}

/// Ann's ops `seqs` on `base`.
fn commit(name: &str, base: u64, seqs: &[u64]) -> Commit {
    let head = base + seqs.len() as u64;
    let last = LastSeq {
        seq: seqs.iter().copied().max().unwrap_or(0),
        revision: Some(head),
        digest: Digest(7),
    };
    Commit {
        epoch: epoch(),
        append: Append {
            doc: doc(name),
            base,
            ops: seqs.iter().copied().map(op).collect(),
            clients: vec![(client("ann"), last)],
            head,
        },
        snapshot: None,
    }
}

async fn contract(store: &dyn Store) {
    // A document is created once.
    assert!(store.load(&doc("a"), 10).await.unwrap().is_none());
    store
        .create(&doc("a"), &epoch(), &Value::from("start"))
        .await
        .unwrap();
    store
        .create(&doc("b"), &epoch(), &Value::from(""))
        .await
        .unwrap();
    let again = store
        .create(&doc("a"), &epoch(), &Value::from("other"))
        .await;
    assert_eq!(again.unwrap_err().code(), "document-exists");
    let loaded = store.load(&doc("a"), 10).await.unwrap().unwrap();
    assert_eq!(
        (loaded.head, loaded.snapshot.value.to_string().as_str()),
        (0, "start")
    );

    // An append is there when it has resolved, with its client's record.
    store.append(commit("a", 0, &[1, 2, 3])).await.unwrap();
    let loaded = store.load(&doc("a"), 2).await.unwrap().unwrap();
    assert_eq!(loaded.head, 3);
    assert_eq!(loaded.ops.last(), Some(&op(3)));
    assert_eq!(
        store.ops(&doc("a"), 1, 3, ALL).await.unwrap(),
        [op(2), op(3)]
    );
    assert_eq!(
        store
            .ops(&doc("a"), 0, 3, Page { ops: 2, ..ALL })
            .await
            .unwrap()
            .len(),
        2
    );
    let last = store
        .last_seq(&doc("a"), &client("ann"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (last.seq, last.revision, last.digest),
        (3, Some(3), Digest(7))
    );
    assert!(
        store
            .last_seq(&doc("a"), &client("bob"))
            .await
            .unwrap()
            .is_none()
    );

    // Of two appends with one base, one is lost, and leaves no trace.
    let lost = store.append(commit("a", 0, &[9])).await.unwrap_err();
    assert_eq!(lost.code(), "lost-append");
    // The same seq twice fails the whole append; the other document goes on.
    assert!(store.append(commit("a", 3, &[4, 3])).await.is_err());
    // So does a number that could not be read back.
    for past in [MAX_COUNT + 1, u64::MAX] {
        let error = store.append(commit("a", 3, &[past])).await.unwrap_err();
        assert_eq!(error.code(), "invalid-append", "{error}");
    }
    store.append(commit("b", 0, &[1])).await.unwrap();
    let loaded = store.load(&doc("a"), 10).await.unwrap().unwrap();
    assert_eq!((loaded.head, loaded.ops.len()), (3, 3));
    assert_eq!(
        store
            .last_seq(&doc("a"), &client("ann"))
            .await
            .unwrap()
            .unwrap()
            .seq,
        3
    );

    // A fence is a record without a revision; a snapshot bounds what a load replays.
    let mut fence = commit("a", 3, &[]);
    fence.append.clients[0].1 = LastSeq {
        seq: 8,
        revision: None,
        digest: Digest(1),
    };
    store.append(fence).await.unwrap();
    let last = store
        .last_seq(&doc("a"), &client("ann"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((last.seq, last.revision), (8, None));
    let mut with_snapshot = commit("a", 3, &[9]);
    with_snapshot.snapshot = Some(Snapshot {
        revision: 4,
        value: Value::from("xxxxstart"),
    });
    store.append(with_snapshot).await.unwrap();
    let loaded = store.load(&doc("a"), 0).await.unwrap().unwrap();
    assert_eq!((loaded.head, loaded.snapshot.revision), (4, 4));
    assert_eq!(loaded.snapshot.value.to_string(), "xxxxstart");

    let missing = store.append(commit("nowhere", 0, &[1])).await.unwrap_err();
    assert_eq!(missing.code(), "unknown-document");
    store.check().await.unwrap();
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    contract(&MemoryStore::new()).await;
}

#[tokio::test]
async fn sqlite_keeps_the_contract_and_its_documents() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), &SqliteOptions::default()).unwrap();
    contract(&store).await;
    store.close().await.unwrap();
    drop(store);

    let store = SqliteStore::open(dir.path(), &SqliteOptions::default()).unwrap();
    let loaded = store.load(&doc("a"), 10).await.unwrap().unwrap();
    assert_eq!((loaded.head, loaded.ops.last()), (4, Some(&op(9))));
    assert_eq!(
        store
            .last_seq(&doc("a"), &client("ann"))
            .await
            .unwrap()
            .unwrap()
            .seq,
        9
    );
}

#[tokio::test]
async fn a_full_disk_fails_the_append_and_keeps_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let options = SqliteOptions {
        max_bytes: Some(256 * 1024),
        ..SqliteOptions::default()
    };
    let store = SqliteStore::open(dir.path(), &options).unwrap();
    store
        .create(&doc("a"), &epoch(), &Value::from(""))
        .await
        .unwrap();
    let mut head = 0;
    let error = loop {
        assert!(head < 10_000, "the disk never fills");
        let seqs: Vec<u64> = (head + 1..=head + 100).collect();
        match store.append(commit("a", head, &seqs)).await {
            Ok(()) => head += 100,
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), "storage-full", "{error}");
    assert_eq!(store.load(&doc("a"), 1).await.unwrap().unwrap().head, head);
}

#[tokio::test]
async fn numbers_that_were_never_written_are_damage_of_their_document_alone() {
    let dir = tempfile::tempdir().unwrap();
    let options = SqliteOptions::default();
    let store = SqliteStore::open(dir.path(), &options).unwrap();
    for name in ["whole", "head", "floor", "snapshot", "seq", "record"] {
        store
            .create(&doc(name), &epoch(), &Value::from(""))
            .await
            .unwrap();
        store.append(commit(name, 0, &[1, 2])).await.unwrap();
    }
    store.close().await.unwrap();
    drop(store);

    let of = |name| format!("(SELECT id FROM documents WHERE name = '{name}')");
    let past = MAX_COUNT + 1;
    let file = rusqlite::Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    file.execute_batch(&format!(
        "UPDATE documents SET head = {past} WHERE name = 'head';
         UPDATE documents SET floor = 2 WHERE name = 'floor';
         UPDATE snapshots SET revision = {} WHERE document = {};
         UPDATE ops SET seq = {past} WHERE document = {} AND revision = 2;
         UPDATE clients SET seq = {past} WHERE document = {};",
        i64::MAX,
        of("snapshot"),
        of("seq"),
        of("record"),
    ))
    .unwrap();
    drop(file);

    let store = SqliteStore::open(dir.path(), &options).unwrap();
    for name in ["head", "floor", "snapshot", "seq"] {
        let error = store.load(&doc(name), 10).await.unwrap_err();
        assert_eq!(error.code(), "storage-corrupt", "{name}: {error}");
    }
    let error = store
        .last_seq(&doc("record"), &client("ann"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "storage-corrupt", "{error}");
    let whole = store.load(&doc("whole"), 10).await.unwrap().unwrap();
    assert_eq!((whole.head, whole.ops.len()), (2, 2));
}

#[tokio::test]
async fn a_damaged_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join(DATABASE_FILE),
        "this is no database, whatever it is".repeat(200),
    )
    .unwrap();
    let error = SqliteStore::open(dir.path(), &SqliteOptions::default()).unwrap_err();
    assert!(error.to_string().contains(DATABASE_FILE), "{error}");
}
