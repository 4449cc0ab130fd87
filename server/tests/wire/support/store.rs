//! A store that does what a test tells it to.

use rejoin::authority::LastSeq;
use rejoin::id::{ClientId, DocId, Epoch};
use rejoin::json::Value;
use rejoin::protocol::Committed;
use rejoin_server::store::{Commit, MemoryStore, Page, Reply, Store, StoreError, StoredDocument};
use tokio::sync::watch;

/// What becomes of appends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appends {
    /// They are stored.
    Pass,
    /// They wait, and are stored once they pass.
    Wait,
    /// There is no room for them.
    Fail,
}

/// Documents in memory, written as told.
pub struct TestStore {
    inner: MemoryStore,
    appends: watch::Sender<Appends>,
}

impl TestStore {
    pub fn new() -> Self {
        Self {
            inner: MemoryStore::new(),
            appends: watch::Sender::new(Appends::Pass),
        }
    }

    pub fn set(&self, appends: Appends) {
        self.appends.send_replace(appends);
    }
}

impl Store for TestStore {
    fn append(&self, commit: Commit) -> Reply<()> {
        let inner = self.inner.clone();
        let mut appends = self.appends.subscribe();
        Box::pin(async move {
            let decided = appends.wait_for(|appends| *appends != Appends::Wait).await;
            if decided.is_ok_and(|appends| *appends == Appends::Fail) {
                return Err(StoreError::Full {
                    file: "the test's store".into(),
                });
            }
            inner.append(commit).await
        })
    }

    fn create(&self, doc: &DocId, epoch: &Epoch, value: &Value) -> Reply<()> {
        self.inner.create(doc, epoch, value)
    }

    fn load(&self, doc: &DocId, window: usize) -> Reply<Option<StoredDocument>> {
        self.inner.load(doc, window)
    }

    fn last_seq(&self, doc: &DocId, client: &ClientId) -> Reply<Option<LastSeq>> {
        self.inner.last_seq(doc, client)
    }

    fn ops(&self, doc: &DocId, base: u64, to: u64, page: Page) -> Reply<Vec<Committed>> {
        self.inner.ops(doc, base, to, page)
    }

    fn check(&self) -> Reply<()> {
        self.inner.check()
    }

    fn close(&self) -> Reply<()> {
        self.inner.close()
    }

    fn kind(&self) -> &'static str {
        "test"
    }
}
