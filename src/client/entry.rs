//! What a replica stores: a checkpoint, and the entries since. The format is numbered.

use serde::{Deserialize, Serialize};

use crate::id::{ClientId, DocId, Epoch};
use crate::json::{JsonOp, Value};
use crate::protocol::{Committed, present};
use crate::settings::Settings;

/// One change of a replica's state. The stored log is these; replaying them restores the state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Entry {
    /// The user edited the value (several edits may be composed).
    Edit {
        /// The edit, on the value as the user saw it.
        op: JsonOp,
    },
    /// The pending edits became the inflight op: from now on its bytes are fixed (I1).
    Freeze {
        /// The number it goes under.
        seq: u64,
    },
    /// The inflight op is fenced: its content is pending again.
    Unfreeze,
    /// Accepted ops were integrated.
    Ops {
        /// The ops that follow the confirmed revision.
        ops: Vec<Committed>,
        /// Whether the inflight op is the one among them that has its client and seq.
        acked: bool,
    },
    /// A snapshot took the place of the confirmed one.
    Snapshot {
        /// Its life.
        epoch: Epoch,
        /// Its revision.
        revision: u64,
        /// Its value; absent when the document is.
        #[serde(
            default,
            deserialize_with = "present",
            skip_serializing_if = "Option::is_none"
        )]
        value: Option<Value>,
        /// Its settings.
        #[serde(default, skip_serializing_if = "Settings::is_default")]
        settings: Settings,
        /// Whether it includes the inflight op.
        included: bool,
    },
    /// The inflight op was refused: it went to the inbox.
    Rejected {
        /// Why: a stable code.
        code: String,
        /// Why, for people.
        detail: String,
    },
    /// The user is done with a refused edit.
    Discard {
        /// Its number in the inbox.
        id: u64,
    },
    /// The replica took a fresh client id.
    Client {
        /// The id.
        client: ClientId,
    },
}

/// The op that was sent, or is about to be, and is not decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inflight {
    /// The client id it goes under.
    pub client: ClientId,
    /// Its number.
    pub seq: u64,
    /// The revision it was made on.
    pub base: u64,
    /// The op as sent, for ever (I1).
    pub op: JsonOp,
    /// The op as it stands on the confirmed snapshot now: rebased op by op, as the authority does (I2).
    pub rebased: JsonOp,
}

/// An edit that the authority refused: kept until the user decides (I7).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RejectedEdit {
    /// Its number in this replica's inbox.
    pub id: u64,
    /// The seq it was sent under.
    pub seq: u64,
    /// The revision that `op` stands on.
    pub revision: u64,
    /// The edit.
    pub op: JsonOp,
    /// Why: a stable code.
    pub code: String,
    /// Why, for people.
    pub detail: String,
}

/// The whole state of a replica.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// [`State::FORMAT`] of the version that wrote it.
    pub format: u32,
    /// The document.
    pub doc: DocId,
    /// The author of its ops.
    pub client: ClientId,
    /// The life that the confirmed snapshot belongs to; none before the first contact.
    pub epoch: Option<Epoch>,
    /// The confirmed revision.
    pub revision: u64,
    /// The confirmed value; absent when the document is.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub value: Option<Value>,
    /// The document's settings; before the first contact, those to create it with.
    #[serde(default, skip_serializing_if = "Settings::is_default")]
    pub settings: Settings,
    /// The last seq used.
    pub last_seq: u64,
    /// The undecided op.
    pub inflight: Option<Inflight>,
    /// The edits on top of it, composed.
    pub pending: JsonOp,
    /// The refused edits.
    pub inbox: Vec<RejectedEdit>,
    /// The number that the next refused edit gets.
    pub next_rejected: u64,
}

impl State {
    /// The storage format that this version writes. 1: the first.
    pub const FORMAT: u32 = 1;
}

/// What was stored, to restore from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// The newest checkpoint.
    pub checkpoint: State,
    /// The entries appended since, in order.
    pub entries: Vec<Entry>,
}
