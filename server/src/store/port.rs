use std::collections::HashSet;

use futures_util::future::BoxFuture;
use rejoin::authority::{Append, LastSeq};
use rejoin::count::MAX_COUNT;
use rejoin::id::{ClientId, DocId, Epoch};
use rejoin::json::Value;
use rejoin::protocol::Committed;
use rejoin::settings::Settings;

use super::StoreError;

/// What a store's functions return: a future that owns what it needs of its arguments.
pub type Reply<T> = BoxFuture<'static, Result<T, StoreError>>;

/// A document's value at a revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The revision.
    pub revision: u64,
    /// The value after that many ops; none when the document is absent.
    pub value: Option<Value>,
}

/// One transaction on one document.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// The life of the document that the append continues.
    pub epoch: Epoch,
    /// Ops and clients' records.
    pub append: Append,
    /// Takes the place of the stored snapshot: `value` at `append.head`. It bounds what a load replays.
    pub snapshot: Option<Snapshot>,
}

/// A document as it is loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDocument {
    /// Its life.
    pub epoch: Epoch,
    /// Its settings.
    pub settings: Settings,
    /// The oldest base from which the log can bring a replica up to date.
    pub floor: u64,
    /// The newest revision.
    pub head: u64,
    /// The newest snapshot; at or before `head`.
    pub snapshot: Snapshot,
    /// The ops of the revisions `(head - ops.len(), head]`: at least those after the snapshot, and the
    /// newest `window` that were asked for, as far as the log has them.
    pub ops: Vec<Committed>,
}

/// How much one read of the log returns at most; at least one op, however large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Ops.
    pub ops: usize,
    /// Bytes of the ops' wire form.
    pub bytes: usize,
}

/// A place to keep documents.
///
/// Laws, each a test of `tests/store_contract.rs`:
/// - An append is durable when its future resolves to `Ok`, and has left no trace when it resolves to
///   `Err` (an error of the device may leave open which of the two; a load then tells).
/// - Appends to one document are serialised by the comparison on epoch and head: of two with one base,
///   one fails with [`StoreError::LostAppend`].
/// - What fails on one document does not fail another.
/// - An op is stored once: a second with the same (document, client, seq) fails the whole append.
/// - A client's record survives whatever happens to the ops.
/// - Reads see every append that has resolved.
pub trait Store: Send + Sync + 'static {
    /// Adds a document at revision 0.
    ///
    /// # Errors
    /// [`StoreError::DocumentExists`] when there is one of that name.
    fn create(&self, doc: &DocId, epoch: &Epoch, value: &Value, settings: &Settings) -> Reply<()>;

    /// A document with its newest ops, or none when there is no such document.
    fn load(&self, doc: &DocId, window: usize) -> Reply<Option<StoredDocument>>;

    /// The last decided op of a client in a document.
    fn last_seq(&self, doc: &DocId, client: &ClientId) -> Reply<Option<LastSeq>>;

    /// Writes one transaction; see [`Append`].
    ///
    /// # Errors
    /// [`StoreError::LostAppend`] when epoch or head are not those stored, [`StoreError::DuplicateOp`],
    /// [`StoreError::UnknownDocument`], [`StoreError::InvalidAppend`], and errors of the device.
    fn append(&self, commit: Commit) -> Reply<()>;

    /// The first page of the ops of the revisions `(base, to]`; empty only when there are none.
    ///
    /// # Errors
    /// [`StoreError::UnknownDocument`]; [`StoreError::Corrupt`] when an op is missing.
    fn ops(&self, doc: &DocId, base: u64, to: u64, page: Page) -> Reply<Vec<Committed>>;

    /// Whether the store answers: for health checks.
    fn check(&self) -> Reply<()>;

    /// Finishes what was asked for and lets go of the storage; calls after this one fail with
    /// [`StoreError::Closed`].
    fn close(&self) -> Reply<()>;

    /// What kind of store this is, for logs and health checks.
    fn kind(&self) -> &'static str;
}

/// Whether a commit is one that any store can take.
pub(super) fn check_commit(commit: &Commit) -> Result<(), StoreError> {
    let append = &commit.append;
    let invalid = |reason| StoreError::InvalidAppend {
        doc: append.doc.to_string(),
        reason,
    };
    if append.base.checked_add(append.ops.len() as u64) != Some(append.head) {
        return Err(invalid("head is not base plus the number of ops"));
    }
    let seqs = append.ops.iter().map(|op| op.seq);
    let recorded = append
        .clients
        .iter()
        .flat_map(|(_, last)| [last.seq, last.revision.unwrap_or(0)]);
    if seqs
        .chain(recorded)
        .chain([append.head])
        .any(|count| count > MAX_COUNT)
    {
        return Err(invalid("a number in it is past 2⁵³ − 1"));
    }
    let known: HashSet<&ClientId> = append.clients.iter().map(|(client, _)| client).collect();
    if append.ops.iter().any(|op| !known.contains(&op.client)) {
        return Err(invalid("an op's author has no record in it"));
    }
    if commit
        .snapshot
        .as_ref()
        .is_some_and(|s| s.revision != append.head)
    {
        return Err(invalid("the snapshot is not of the new head"));
    }
    Ok(())
}
