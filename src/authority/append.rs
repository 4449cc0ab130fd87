//! What goes into an authority's storage, and what goes out to its peers.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::id::{ClientId, DocId, Epoch};
use crate::json::{Digest, Value};
use crate::protocol::{Committed, Fate, ServerMessage};
use crate::settings::Settings;

/// One connection, as its host numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u64);

/// The last op of a client that was decided: kept for ever, whatever becomes of the log (I5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastSeq {
    /// Its seq.
    pub seq: u64,
    /// The revision it made; none when it is fenced: refused, and never to be accepted.
    pub revision: Option<u64>,
    /// [`JsonOp::digest`](crate::json::JsonOp::digest) of what was sent; zero when it could not be read.
    pub digest: Digest,
}

impl LastSeq {
    /// Whether the op with this digest may be the one that was decided.
    pub(super) fn is_of(&self, digest: Digest) -> bool {
        let unread = self.revision.is_none() && self.digest == Digest::default();
        self.digest == digest || unread
    }
}

/// One transaction: all of it becomes durable, or nothing. The host commits it only if the stored head
/// is still `base`.
#[derive(Clone, Debug, PartialEq)]
pub struct Append {
    /// The document.
    pub doc: DocId,
    /// The head before.
    pub base: u64,
    /// The ops of revisions `base + 1` and up; empty when only clients changed.
    pub ops: Vec<Committed>,
    /// The clients' records to write: each the latest, each client once.
    pub clients: Vec<(ClientId, LastSeq)>,
    /// The head after.
    pub head: u64,
}

/// What a document's value must be like besides being a value: a compiled schema, say.
pub trait Check: fmt::Debug + Send {
    /// Whether the value may be.
    ///
    /// # Errors
    /// [`Error::SchemaViolation`].
    fn check(&self, value: Option<&Value>) -> Result<(), Error>;
}

/// Something to send, once what came before it is durable.
#[derive(Clone, Debug, PartialEq)]
pub enum Out {
    /// One message to each of some peers.
    Send {
        /// To whom.
        peers: Vec<PeerId>,
        /// What.
        message: ServerMessage,
    },
    /// Ops older than the window: the host reads `(base, to]` from its log, and sends them in place as
    /// [`ServerMessage::Ops`] with `head: to`.
    Log {
        /// To whom.
        peer: PeerId,
        /// To be repeated in every batch.
        request: u64,
        /// The revision before the first op.
        base: u64,
        /// The revision of the last op.
        to: u64,
        /// To be repeated in every batch.
        fate: Fate,
    },
}

/// A document as its storage gives it back.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The document.
    pub doc: DocId,
    /// Its life.
    pub epoch: Epoch,
    /// The oldest base from which the stored log can bring a replica up to date.
    pub floor: u64,
    /// The head.
    pub revision: u64,
    /// The value at the head; none when the document is absent.
    pub value: Option<Value>,
    /// Its settings.
    pub settings: Settings,
    /// The newest ops, ending at the head; any number of them.
    pub window: Vec<Committed>,
}
