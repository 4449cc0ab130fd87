use std::path::PathBuf;

/// Why a store could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The document to create is there already.
    #[error("document {doc:?} exists already")]
    DocumentExists {
        /// Its name.
        doc: String,
    },
    /// There is no such document.
    #[error("document {doc:?} does not exist")]
    UnknownDocument {
        /// Its name.
        doc: String,
    },
    /// Somebody else has appended, or the document began another life: load it again.
    #[error("document {doc:?} is not at revision {base} any more")]
    LostAppend {
        /// Its name.
        doc: String,
        /// The head that the append expected.
        base: u64,
    },
    /// An op with this identity is in the log already.
    #[error("document {doc:?} has an op {seq} of client {client:?} already")]
    DuplicateOp {
        /// The document.
        doc: String,
        /// The op's author.
        client: String,
        /// The author's number for it.
        seq: u64,
    },
    /// An append that contradicts itself.
    #[error("an append to document {doc:?} is invalid: {reason}")]
    InvalidAppend {
        /// The document.
        doc: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A stored op that does not fit the value before it, or a snapshot and ops that do not go together.
    #[error("document {doc:?} is damaged at revision {revision}: {detail}")]
    BrokenLog {
        /// The document.
        doc: String,
        /// The revision.
        revision: u64,
        /// What is wrong there.
        detail: String,
    },
    /// The system gave no random bytes to name a new document's life with.
    #[error("document {doc:?} cannot be created: the system has no random bytes")]
    NoRandomness {
        /// The document.
        doc: String,
    },
    /// No room for more.
    #[error("{} has no room left: free space on its disk, or raise --max-database-bytes", .file.display())]
    Full {
        /// The file.
        file: PathBuf,
    },
    /// The device failed, or the file cannot be opened.
    #[error("{} cannot be used: {detail}", .file.display())]
    Device {
        /// The file.
        file: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// The file is damaged, or is no database.
    #[error(
        "{} is damaged or is no database ({detail}): put a backup in its place, or move it and its \
         -wal and -shm away to start with an empty one", .file.display()
    )]
    Corrupt {
        /// The file.
        file: PathBuf,
        /// What was found.
        detail: String,
    },
    /// The file is a database, of another program.
    #[error("{} belongs to another program (application id {id:#x}): choose another --data", .file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
        /// The application id in it.
        id: i32,
    },
    /// The file was written by a newer version.
    #[error(
        "{} has schema version {found}, and this server knows {supported} and older: update the server",
        .file.display()
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// The version found.
        found: i32,
        /// The newest version that this server reads.
        supported: i32,
    },
    /// Another server has the directory.
    #[error("{} is in use by another server: stop it, or choose another --data", .file.display())]
    InUse {
        /// The lock file.
        file: PathBuf,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// The stable code of this error, for logs and tests.
    pub fn code(&self) -> &'static str {
        match self {
            Self::DocumentExists { .. } => "document-exists",
            Self::UnknownDocument { .. } => "unknown-document",
            Self::LostAppend { .. } => "lost-append",
            Self::DuplicateOp { .. } => "duplicate-op",
            Self::InvalidAppend { .. } => "invalid-append",
            Self::BrokenLog { .. } => "broken-log",
            Self::NoRandomness { .. } => "no-randomness",
            Self::Full { .. } => "storage-full",
            Self::Device { .. } => "storage-device",
            Self::Corrupt { .. } => "storage-corrupt",
            Self::Foreign { .. } => "storage-foreign",
            Self::Newer { .. } => "storage-newer",
            Self::InUse { .. } => "storage-in-use",
            Self::Closed => "storage-closed",
        }
    }
}
