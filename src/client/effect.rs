//! What a replica asks of its host, and what it tells about itself.

use serde::Serialize;

use super::entry::{Entry, RejectedEdit, State};
use crate::Error;
use crate::json::{Conflict, JsonOp, Step};
use crate::protocol::ClientMessage;

/// Something for the host to carry out, in the order given.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Store this in one transaction, then call [`persisted`](super::Replica::persisted). A checkpoint
    /// replaces all that was stored before; entries are appended.
    Persist {
        /// The number to report back.
        batch: u64,
        /// The whole state, when the stored entries are to be replaced.
        checkpoint: Option<Box<State>>,
        /// What happened since.
        entries: Vec<Entry>,
    },
    /// Send this to the authority.
    Send(ClientMessage),
    /// The value changed from outside.
    Patch(Patch),
    /// An edit here and one from elsewhere could not both be kept whole: what gave way.
    Conflict(Conflict),
    /// An edit was refused. It is no longer in the value; it is in the inbox.
    Rejected(RejectedEdit),
    /// Somebody else uses this client id: call [`set_client`](super::Replica::set_client) with a fresh
    /// one. Nothing is sent until then; nothing is lost.
    Cloned,
    /// The authority does not serve this document. Edits are kept.
    Refused {
        /// Why: a stable code.
        code: String,
        /// Why, for people.
        detail: String,
    },
    /// Something was not as it should be; the replica mends it by itself.
    Fault(Error),
}

/// A change of the value that did not come from an edit here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch {
    /// The change, on the value as it was.
    pub op: JsonOp,
    /// The same, step by step.
    pub steps: Vec<Step>,
}

/// Where a replica stands with its authority.
///
/// ```text
///            connected          ops, snapshot            at head
///  Offline ────────────▶ Opening ────────────▶ CatchingUp ───────▶ Live
///     ▲                   │   ▲                                      │
///     │ disconnected      │   └── resync, behind, set_client ────────┤
///     │ (from anywhere)   ▼                                          │
///     └──────────────── Refused ◀───────────── error ────────────────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// No connection.
    Offline,
    /// Asked to open; no answer yet.
    Opening,
    /// Ops come in; they are rebased over at once when all are there.
    CatchingUp,
    /// At the head: ops come as they are accepted, and pending edits go out.
    Live,
    /// The authority does not serve the document (the reason came as [`Effect::Refused`]).
    Refused,
}

/// What a page may want to show. Counts of edits are counts of calls to edit, since this replica was
/// made or restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Where it stands with its authority.
    pub link: Link,
    /// The revision of the confirmed snapshot.
    pub revision: u64,
    /// The seq of the op that was frozen to be sent, until it is decided.
    pub inflight: Option<u64>,
    /// Whether there are edits that are not inflight yet.
    pub pending: bool,
    /// Edits made.
    pub edits: u64,
    /// Of these, how many are durable on this device.
    pub saved_edits: u64,
    /// Of these, how many are decided: accepted, or refused.
    pub committed_edits: u64,
    /// How many refused edits lie in the inbox.
    pub rejected: usize,
}
