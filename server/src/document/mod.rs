//! Documents at work: one task for each that is open, and the table of these tasks.
//!
//! ```text
//!  sockets ── Command ──▶ mailbox ──▶ actor: all that waits ─▶ Authority ─▶ one append ─▶ store
//!                                       ▲                                        │ durable
//!                                       └──── outboxes of the peers ◀────────────┘
//! ```
//! Invariant: one actor a document; nothing leaves it before what it speaks of is durable.

mod actor;
mod command;
mod load;
mod registry;
mod schema;

pub(crate) use command::{Command, Peer};
pub(crate) use registry::{Registry, Settings};

use rejoin::id::DocId;
use rejoin::protocol::ServerMessage;

/// Tells a peer that a document's storage failed. What exactly is for the log, not for peers.
pub(crate) fn storage_unavailable(doc: DocId, seq: Option<u64>) -> ServerMessage {
    ServerMessage::Error {
        doc: Some(doc),
        seq,
        code: "storage-unavailable".into(),
        detail: "the document's storage failed; what was not acknowledged is not accepted yet: \
                 open again after a while"
            .into(),
    }
}
