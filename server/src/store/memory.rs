//! Documents in memory: for trials and tests. A restart forgets them.

use std::collections::{HashMap, HashSet};
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rejoin::authority::LastSeq;
use rejoin::id::{ClientId, DocId, Epoch};
use rejoin::json::Value;
use rejoin::protocol::Committed;
use rejoin::settings::Settings;

use super::port::check_commit;
use super::{Commit, Page, Reply, Snapshot, Store, StoreError, StoredDocument};

/// A [`Store`] that lives as long as its process.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    documents: HashMap<DocId, Document>,
}

#[derive(Debug)]
struct Document {
    epoch: Epoch,
    settings: Settings,
    ops: Vec<Committed>,
    ids: HashSet<(ClientId, u64)>,
    clients: HashMap<ClientId, LastSeq>,
    snapshot: Snapshot,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn with<T: Send + 'static>(
        &self,
        run: impl FnOnce(&mut State) -> Result<T, StoreError>,
    ) -> Reply<T> {
        // Every change below is checked first and then made: a panic between leaves nothing half-done.
        let mut state: MutexGuard<'_, State> =
            self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = if state.closed {
            Err(StoreError::Closed)
        } else {
            run(&mut state)
        };
        Box::pin(ready(result))
    }
}

impl Store for MemoryStore {
    fn create(&self, doc: &DocId, epoch: &Epoch, value: &Value, settings: &Settings) -> Reply<()> {
        self.with(|state| {
            if state.documents.contains_key(doc) {
                return Err(StoreError::DocumentExists {
                    doc: doc.to_string(),
                });
            }
            let document = Document {
                epoch: epoch.clone(),
                settings: settings.clone(),
                ops: Vec::new(),
                ids: HashSet::new(),
                clients: HashMap::new(),
                snapshot: Snapshot {
                    revision: 0,
                    value: Some(value.clone()),
                },
            };
            state.documents.insert(doc.clone(), document);
            Ok(())
        })
    }

    fn load(&self, doc: &DocId, window: usize) -> Reply<Option<StoredDocument>> {
        self.with(|state| {
            Ok(state.documents.get(doc).map(|document| {
                let head = document.ops.len();
                let from = (document.snapshot.revision as usize).min(head.saturating_sub(window));
                StoredDocument {
                    epoch: document.epoch.clone(),
                    settings: document.settings.clone(),
                    floor: 0,
                    head: head as u64,
                    snapshot: document.snapshot.clone(),
                    ops: document.ops[from..].to_vec(),
                }
            }))
        })
    }

    fn last_seq(&self, doc: &DocId, client: &ClientId) -> Reply<Option<LastSeq>> {
        self.with(|state| {
            let document = state.documents.get(doc);
            Ok(document.and_then(|d| d.clients.get(client).copied()))
        })
    }

    fn append(&self, commit: Commit) -> Reply<()> {
        self.with(|state| {
            check_commit(&commit)?;
            let append = commit.append;
            let document = state
                .documents
                .get_mut(&append.doc)
                .ok_or_else(|| unknown(&append.doc))?;
            if document.epoch != commit.epoch || document.ops.len() as u64 != append.base {
                return Err(StoreError::LostAppend {
                    doc: append.doc.to_string(),
                    base: append.base,
                });
            }
            let mut ids = HashSet::new();
            for op in &append.ops {
                let id = (op.client.clone(), op.seq);
                if document.ids.contains(&id) || !ids.insert(id) {
                    return Err(StoreError::DuplicateOp {
                        doc: append.doc.to_string(),
                        client: op.client.to_string(),
                        seq: op.seq,
                    });
                }
            }
            document.ids.extend(ids);
            document.ops.extend(append.ops);
            document.clients.extend(append.clients);
            if let Some(snapshot) = commit.snapshot {
                document.snapshot = snapshot;
            }
            Ok(())
        })
    }

    fn ops(&self, doc: &DocId, base: u64, to: u64, page: Page) -> Reply<Vec<Committed>> {
        self.with(|state| {
            let document = state.documents.get(doc).ok_or_else(|| unknown(doc))?;
            let to = (to as usize).min(document.ops.len());
            let range = (base as usize).min(to)..to;
            let mut bytes = 0;
            let mut ops = Vec::new();
            for op in document.ops[range].iter().take(page.ops.max(1)) {
                bytes += serde_json::to_string(&op.op).map_or(0, |json| json.len());
                if bytes > page.bytes && !ops.is_empty() {
                    break;
                }
                ops.push(op.clone());
            }
            Ok(ops)
        })
    }

    fn check(&self) -> Reply<()> {
        self.with(|_| Ok(()))
    }

    fn close(&self) -> Reply<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.closed = true;
        Box::pin(ready(Ok(())))
    }

    fn kind(&self) -> &'static str {
        "memory"
    }
}

fn unknown(doc: &DocId) -> StoreError {
    StoreError::UnknownDocument {
        doc: doc.to_string(),
    }
}
