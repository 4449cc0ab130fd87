//! The one error type of the engine: what was wrong, with the values, and a stable code.

/// Everything that bad input can do to the engine. Nothing panics; nothing is lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An offset past the end of the text it addresses (both counted in `unit`).
    #[error("offset {offset} is past the end: the text has {len} {unit}")]
    OffsetOutOfBounds {
        /// The offset asked for.
        offset: usize,
        /// The length of the text.
        len: usize,
        /// The unit of both: `"scalars"` or `"UTF-16 code units"`.
        unit: &'static str,
    },
    /// A UTF-16 offset between the two halves of a surrogate pair.
    #[error("offset {offset} is inside a surrogate pair; move it by one")]
    OffsetInsidePair {
        /// The offset asked for, in UTF-16 code units.
        offset: usize,
    },
    /// A string with half a surrogate pair, which no UTF-8 text can hold.
    #[error("lone surrogate at offset {offset}; send whole characters")]
    LoneSurrogate {
        /// Where it stands, in UTF-16 code units.
        offset: usize,
    },
    /// An op that reads past the end of the document it is applied to.
    #[error("the op needs a text of at least {base_len} scalars; this one has {len}")]
    OpTooLong {
        /// The length the op needs, in scalars.
        base_len: usize,
        /// The length of the text, in scalars.
        len: usize,
    },
    /// An op that is not in the wire grammar.
    #[error("malformed op: {reason}")]
    MalformedOp {
        /// What the grammar has instead.
        reason: String,
    },
    /// An op that does not fit the document it is applied to.
    #[error("the op does not fit the document at {path:?}: {reason}")]
    DoesNotFit {
        /// Where, as a JSON pointer.
        path: String,
        /// What is not as the op needs it.
        reason: &'static str,
    },
    /// An addition to a number that is no integer, or out of the range in which integers are exact.
    #[error("counters take integers only, and their sums stay within ±(2⁵³ − 1)")]
    UnsafeInteger,
    /// A policy brings a removed value back, and nobody knows what it was: the op was not applied to a
    /// document first.
    #[error("what the op removed is not known; apply it to its document first")]
    ContentUnknown,
    /// Something larger than its limit.
    #[error("{what} is too large: {size} of at most {limit}")]
    TooLarge {
        /// What was measured.
        what: &'static str,
        /// Its size.
        size: usize,
        /// The limit, in the same unit.
        limit: usize,
    },
    /// A count that JavaScript cannot hold exactly: a hostile one, for nobody counts that far.
    #[error("{what} is {count}: more than 2⁵³ − 1, the last count there is")]
    CountTooLarge {
        /// What is counted.
        what: &'static str,
        /// The count.
        count: u64,
    },
    /// A name that is empty, too long, or has a character that is not allowed.
    #[error("{name:?} is no {what}")]
    InvalidName {
        /// What it should name.
        what: &'static str,
        /// The name, cut to 300 characters.
        name: String,
    },
    /// A message that is not in the protocol.
    #[error("malformed message: {reason}")]
    MalformedMessage {
        /// What is wrong with it.
        reason: String,
    },
    /// A peer that speaks another version of the protocol.
    #[error("the peer speaks protocol {theirs}, this side {ours}: update the older one")]
    ProtocolVersion {
        /// The peer's version.
        theirs: u32,
        /// This side's version.
        ours: u32,
    },
    /// A value that does not satisfy the document's schema.
    #[error("the document would not satisfy its schema at {path:?}: {reason}")]
    SchemaViolation {
        /// Where, as a JSON pointer.
        path: String,
        /// What the schema wants.
        reason: String,
    },
    /// Settings that no document can have.
    #[error("no document can have these settings: {reason}")]
    InvalidSettings {
        /// What is wrong with them.
        reason: String,
    },
    /// The application counts its schema otherwise than the document does.
    #[error(
        "upgrade needed: this application works on schema version {theirs}, the document has {ours}; \
         edits wait until the older one is updated"
    )]
    UpgradeNeeded {
        /// The opener's version.
        theirs: u64,
        /// The document's version.
        ours: u64,
    },
    /// A document that does not exist and was not asked to be created.
    #[error("document {doc:?} does not exist; open it with an initial value to create it")]
    UnknownDocument {
        /// The document's name.
        doc: String,
    },
    /// An op for a document that this connection has not opened.
    #[error("document {doc:?} is not open on this connection; open it first")]
    NotOpen {
        /// The document's name.
        doc: String,
    },
    /// Two replicas use one client id: a copied profile, or storage restored from a backup.
    #[error(
        "client {client:?} has used seq {seq} for another op: its id was copied; take a fresh one"
    )]
    ClonedClient {
        /// The client id.
        client: String,
        /// The seq in question.
        seq: u64,
    },
    /// An edit of which nobody can tell any more whether it was accepted: it was sent under a client id
    /// that was copied, and the log of that time is pruned.
    #[error(
        "this edit was sent as {client:?} {seq}, an id that was copied, and the log of that time is gone: \
         look whether the document has it, then retry or discard it"
    )]
    Forgotten {
        /// The copied client id.
        client: String,
        /// The seq it was sent under.
        seq: u64,
    },
    /// An op from the authority that does not fit the confirmed snapshot.
    #[error("revision {revision} does not fit this replica; it asks for a snapshot")]
    Diverged {
        /// The revision that could not be integrated.
        revision: u64,
    },
    /// Stored state that this version cannot have written.
    #[error("the stored state is damaged: {reason}")]
    StorageCorrupt {
        /// What is wrong with it.
        reason: String,
    },
    /// Stored state of a newer version of rejoin.
    #[error(
        "stored format {found} is newer than {supported}, the newest this version reads: update rejoin"
    )]
    StorageNewer {
        /// The format found.
        found: u32,
        /// The newest format this version reads.
        supported: u32,
    },
}

impl Error {
    /// The numbers of this error, by name: what a program may want besides the message.
    pub fn values(&self) -> Vec<(&'static str, u64)> {
        match *self {
            Self::OffsetOutOfBounds { offset, len, .. } => {
                vec![("offset", offset as u64), ("length", len as u64)]
            }
            Self::OffsetInsidePair { offset } | Self::LoneSurrogate { offset } => {
                vec![("offset", offset as u64)]
            }
            Self::OpTooLong { base_len, len } => {
                vec![("baseLength", base_len as u64), ("length", len as u64)]
            }
            Self::TooLarge { size, limit, .. } => {
                vec![("size", size as u64), ("limit", limit as u64)]
            }
            Self::CountTooLarge { count, .. } => vec![("count", count)],
            Self::UpgradeNeeded { theirs, ours } => vec![("theirs", theirs), ("ours", ours)],
            Self::ProtocolVersion { theirs, ours } => {
                vec![("theirs", theirs.into()), ("ours", ours.into())]
            }
            Self::ClonedClient { seq, .. } | Self::Forgotten { seq, .. } => vec![("seq", seq)],
            Self::Diverged { revision } => vec![("revision", revision)],
            Self::StorageNewer { found, supported } => {
                vec![("found", found.into()), ("supported", supported.into())]
            }
            Self::MalformedOp { .. }
            | Self::DoesNotFit { .. }
            | Self::UnsafeInteger
            | Self::ContentUnknown
            | Self::InvalidName { .. }
            | Self::MalformedMessage { .. }
            | Self::SchemaViolation { .. }
            | Self::InvalidSettings { .. }
            | Self::UnknownDocument { .. }
            | Self::NotOpen { .. }
            | Self::StorageCorrupt { .. } => Vec::new(),
        }
    }

    /// The stable code of this error: the same string in Rust, TypeScript and on the wire.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OffsetOutOfBounds { .. } => "offset-out-of-bounds",
            Self::OffsetInsidePair { .. } => "offset-inside-pair",
            Self::LoneSurrogate { .. } => "lone-surrogate",
            Self::OpTooLong { .. } => "op-too-long",
            Self::MalformedOp { .. } => "malformed-op",
            Self::DoesNotFit { .. } => "does-not-fit",
            Self::UnsafeInteger => "unsafe-integer",
            Self::ContentUnknown => "content-unknown",
            Self::TooLarge { .. } => "too-large",
            Self::CountTooLarge { .. } => "count-too-large",
            Self::InvalidName { .. } => "invalid-name",
            Self::MalformedMessage { .. } => "malformed-message",
            Self::ProtocolVersion { .. } => "protocol-version",
            Self::SchemaViolation { .. } => "schema-violation",
            Self::InvalidSettings { .. } => "invalid-settings",
            Self::UpgradeNeeded { .. } => "upgrade-needed",
            Self::UnknownDocument { .. } => "unknown-document",
            Self::NotOpen { .. } => "not-open",
            Self::ClonedClient { .. } => "cloned-client",
            Self::Forgotten { .. } => "forgotten",
            Self::Diverged { .. } => "diverged",
            Self::StorageCorrupt { .. } => "storage-corrupt",
            Self::StorageNewer { .. } => "storage-newer",
        }
    }
}
