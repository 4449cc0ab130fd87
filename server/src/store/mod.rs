//! Where documents are kept: the port, and the stores that implement it.
//!
//! ```text
//!  actor ── append ──▶ Store ── one transaction: ops, clients' records, head, snapshot
//!  actor ── load, last_seq ──▶        catch-up ── ops, in pages ──▶
//! ```
//! Every store passes the same tests: `tests/store_contract.rs`.

mod error;
mod memory;
mod port;
mod sqlite;

pub use error::StoreError;
pub use memory::MemoryStore;
pub use port::{Commit, Page, Reply, Snapshot, Store, StoredDocument};
pub use sqlite::{DATABASE_FILE, SqliteOptions, SqliteStore};
