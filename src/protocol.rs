//! The messages between a replica and an authority: server and browser, or leader tab and follower.
//!
//! JSON objects with a `type`; docs/protocol.md tells when each is sent. Revisions, seqs and counts are
//! integers that JavaScript holds exactly (see [`count`]).

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use crate::Error;
use crate::count;
use crate::id::{ClientId, DocId, Epoch};
use crate::json::{Digest, JsonOp, Value};
use crate::settings::Settings;

/// The version in [`ClientMessage::Hello`]. It changes when an old peer would misread a message.
pub const PROTOCOL_VERSION: u32 = 1;

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ClientMessage {
    /// First on a connection.
    Hello(Hello),
    /// Subscribe to a document, from where this replica stands.
    Open(Open),
    /// One op, to be accepted.
    Submit(Submit),
    /// End a subscription.
    Close {
        /// The document.
        doc: DocId,
    },
    /// Is the connection alive?
    Ping,
}

/// The first message of a connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// The sender's [`PROTOCOL_VERSION`].
    pub protocol: u32,
    /// Proof of who the user is, for servers that ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl Hello {
    /// The answer to a hello, from a server that reads messages of up to `max_message_bytes`.
    ///
    /// # Errors
    /// [`Error::ProtocolVersion`] when the sender speaks another version.
    pub fn welcome(&self, max_message_bytes: Option<u64>) -> Result<ServerMessage, Error> {
        if self.protocol != PROTOCOL_VERSION {
            return Err(Error::ProtocolVersion {
                theirs: self.protocol,
                ours: PROTOCOL_VERSION,
            });
        }
        Ok(ServerMessage::Welcome {
            protocol: PROTOCOL_VERSION,
            max_message_bytes,
        })
    }
}

/// A subscription, from where the replica stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Open {
    /// The document.
    pub doc: DocId,
    /// The replica's name: author of its ops.
    pub client: ClientId,
    /// Counts this replica's opens; the answer repeats it, so that only the answer to the newest counts.
    #[serde(deserialize_with = "count::read")]
    pub request: u64,
    /// The life of the document that `revision` belongs to; none before the first contact.
    pub epoch: Option<Epoch>,
    /// The revision of the replica's confirmed snapshot.
    #[serde(deserialize_with = "count::read")]
    pub revision: u64,
    /// The last seq this client has used; 0 for none.
    #[serde(deserialize_with = "count::read")]
    pub seq: u64,
    /// The op that was sent and is undecided: the answer tells its fate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inflight: Option<Sent>,
    /// The value to create the document with, should it not exist.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub create: Option<Value>,
    /// The settings to create it with.
    #[serde(default, skip_serializing_if = "Settings::is_default")]
    pub settings: Settings,
    /// [`Settings::schema_version`] that the opener works on, if it counts.
    #[serde(
        default,
        rename = "schemaVersion",
        deserialize_with = "count::read_some",
        skip_serializing_if = "Option::is_none"
    )]
    pub schema_version: Option<u64>,
}

impl Open {
    /// Whose records the answer depends on: this client, and the one that the inflight op went under.
    pub fn clients(&self) -> impl Iterator<Item = &ClientId> {
        let sent = self.inflight.iter().map(|sent| &sent.client);
        std::iter::once(&self.client).chain(sent.filter(|client| **client != self.client))
    }
}

/// Names an op that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sent {
    /// The client id it went under: an earlier one than the replica's, if that was found to be copied.
    pub client: ClientId,
    /// Its number.
    #[serde(deserialize_with = "count::read")]
    pub seq: u64,
    /// [`JsonOp::digest`] of what was sent.
    pub digest: Digest,
}

/// One op on its way to be accepted. Frozen: every copy of it has the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Submit {
    /// The document.
    pub doc: DocId,
    /// Greater than every seq this client used before.
    #[serde(deserialize_with = "count::read")]
    pub seq: u64,
    /// The revision the op was made on.
    #[serde(deserialize_with = "count::read")]
    pub base: u64,
    /// The op.
    pub op: JsonOp,
}

/// An accepted op: what the log holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Committed {
    /// Its author.
    pub client: ClientId,
    /// Its author's number for it.
    #[serde(deserialize_with = "count::read")]
    pub seq: u64,
    /// The op as it was applied, transformed over what was accepted since its base.
    pub op: JsonOp,
}

/// What became of the op that a replica had inflight when it opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// Nothing was inflight.
    None,
    /// In these ops, or never to come by itself: send it again, the same bytes (under a copied client id:
    /// its content under the new one).
    Unknown,
    /// Accepted: it is in the log, or in the snapshot.
    Committed,
    /// It never will be accepted; the storage says so. Its content may go out under a new seq.
    Fenced,
    /// Sent under a client id that was copied, and decided: but the log that could tell how is pruned. It
    /// may be in the snapshot. The user decides.
    Forgotten,
}

/// What a server (or a leader tab) sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ServerMessage {
    /// Answer to hello.
    Welcome {
        /// The sender's [`PROTOCOL_VERSION`].
        protocol: u32,
        /// The largest message that the sender reads, in bytes of UTF-8: what is longer is not to be
        /// sent. Without it, nothing is promised.
        #[serde(
            default,
            rename = "maxMessageBytes",
            skip_serializing_if = "Option::is_none"
        )]
        max_message_bytes: Option<u64>,
    },
    /// Answer to open when the log cannot bring this replica up to date.
    Snapshot {
        /// The document.
        doc: DocId,
        /// The request that this answers.
        #[serde(deserialize_with = "count::read")]
        request: u64,
        /// Its life.
        epoch: Epoch,
        /// The revision of `value`.
        #[serde(deserialize_with = "count::read")]
        revision: u64,
        /// The whole document; no value when it is absent.
        #[serde(
            default,
            deserialize_with = "present",
            skip_serializing_if = "Option::is_none"
        )]
        value: Option<Value>,
        /// Its settings.
        #[serde(default, skip_serializing_if = "Settings::is_default")]
        settings: Settings,
        /// What became of the inflight op.
        fate: Fate,
    },
    /// Answer to open otherwise: a batch of the log. There is more to come until `head` is reached.
    Ops {
        /// The document.
        doc: DocId,
        /// The request that this answers.
        #[serde(deserialize_with = "count::read")]
        request: u64,
        /// Its life.
        epoch: Epoch,
        /// The revision before the first op.
        #[serde(deserialize_with = "count::read")]
        base: u64,
        /// The ops of revisions `base + 1`, `base + 2`, …
        ops: Vec<Committed>,
        /// The revision at which the catch-up ends.
        #[serde(deserialize_with = "count::read")]
        head: u64,
        /// What became of the inflight op.
        fate: Fate,
    },
    /// One op was accepted and is durable.
    Committed {
        /// The document.
        doc: DocId,
        /// The revision it made.
        #[serde(deserialize_with = "count::read")]
        revision: u64,
        /// Its author.
        client: ClientId,
        /// Its author's number for it.
        #[serde(deserialize_with = "count::read")]
        seq: u64,
        /// The op; absent on the connection that submitted it, for which this is the ack.
        #[serde(
            default,
            deserialize_with = "present",
            skip_serializing_if = "Option::is_none"
        )]
        op: Option<JsonOp>,
    },
    /// An op was refused, and is fenced.
    Rejected {
        /// The document.
        doc: DocId,
        /// The refused op.
        #[serde(deserialize_with = "count::read")]
        seq: u64,
        /// Why: a stable code.
        code: String,
        /// Why, for people.
        detail: String,
    },
    /// An op's base is further back than the server transforms from. It is fenced: catch up, and submit
    /// its content under a new seq.
    Behind {
        /// The document.
        doc: DocId,
        /// The op.
        #[serde(deserialize_with = "count::read")]
        seq: u64,
    },
    /// A request could not be served.
    Error {
        /// The document it concerned, if one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doc: Option<DocId>,
        /// The op it concerned, if one.
        #[serde(
            default,
            deserialize_with = "count::read_some",
            skip_serializing_if = "Option::is_none"
        )]
        seq: Option<u64>,
        /// What was wrong: a stable code.
        code: String,
        /// What was wrong, for people.
        detail: String,
    },
    /// Answer to ping.
    Pong,
}

/// `null` is an op that changes nothing, and a value; only a missing field is none.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

impl ServerMessage {
    /// The message that reports `error`.
    pub fn error(doc: Option<DocId>, seq: Option<u64>, error: &Error) -> Self {
        Self::Error {
            doc,
            seq,
            code: error.code().to_owned(),
            detail: error.to_string(),
        }
    }

    /// The document this message concerns, if one.
    pub fn doc(&self) -> Option<&DocId> {
        match self {
            Self::Snapshot { doc, .. }
            | Self::Ops { doc, .. }
            | Self::Committed { doc, .. }
            | Self::Rejected { doc, .. }
            | Self::Behind { doc, .. } => Some(doc),
            Self::Error { doc, .. } => doc.as_ref(),
            Self::Welcome { .. } | Self::Pong => None,
        }
    }
}

/// A message that could not be read: what is wrong, and what it was about as far as can be told.
#[derive(Clone, Debug, PartialEq)]
pub struct BadMessage {
    /// The document it named.
    pub doc: Option<DocId>,
    /// For a submit, its seq: that op is to be refused, so that its author is not left waiting.
    pub submit: Option<u64>,
    /// What is wrong.
    pub error: Error,
}

impl ClientMessage {
    /// Reads a message.
    ///
    /// # Errors
    /// [`BadMessage`] with [`Error::MalformedMessage`], [`Error::InvalidName`], or [`Error::MalformedOp`]
    /// for a submit whose envelope could be read.
    pub fn decode(json: &str) -> Result<Self, BadMessage> {
        serde_json::from_str(json)
            .map_err(|error: serde_json::Error| Envelope::decode(json).blame(error.to_string()))
    }
}
/// What can be told of a message that could not be read as a whole. Each field is looked at by itself.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    r#type: Json,
    doc: Json,
    client: Json,
    epoch: Json,
    seq: Json,
}

impl Envelope {
    fn decode(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }

    fn blame(self, reason: String) -> BadMessage {
        let bad_name = name_error(&self.doc, DocId::new)
            .or_else(|| name_error(&self.client, ClientId::new))
            .or_else(|| name_error(&self.epoch, Epoch::new));
        let doc = self.doc.as_str().and_then(|name| DocId::new(name).ok());
        let seq = self.seq.as_u64();
        let seq = seq.filter(|seq| count::check("a seq", *seq).is_ok());
        let submit = seq.filter(|_| self.r#type == "submit");
        let error = match bad_name {
            Some(error) => error,
            None if doc.is_some() && submit.is_some() => Error::MalformedOp { reason },
            None => Error::MalformedMessage { reason },
        };
        BadMessage { doc, submit, error }
    }
}

fn name_error<T>(field: &Json, name: fn(String) -> Result<T, Error>) -> Option<Error> {
    field.as_str().and_then(|text| name(text.to_owned()).err())
}
