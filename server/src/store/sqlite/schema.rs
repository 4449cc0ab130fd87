//! The tables, by version. Ops and values are stored as the JSON text of their wire form, so what a
//! document may hold can grow without a change here.

/// `PRAGMA application_id` of our files: "rejn".
pub(super) const APPLICATION_ID: i32 = 0x7265_6a6e;

/// `PRAGMA user_version` of files that this version writes. 1: the first. 2: documents have settings.
pub(super) const VERSION: i32 = 2;

/// What makes a file of the version before one of this version, from version 1 on.
pub(super) const MIGRATIONS: &[&str] = &["ALTER TABLE documents ADD COLUMN settings TEXT;"];

/// The tables of the newest version.
///
/// - `documents.settings`: null when nothing is set.
/// - `documents.floor`: the oldest base that the log serves; above 0 once a log has been pruned.
/// - `snapshots.value`: one a document, the newest; null is for a document without a value.
/// - `clients`: what makes an op of a client happen once, for ever; `revision` is null when the seq is
///   fenced. It does not depend on `ops`, which may be pruned.
/// - `ops.op` says what its removes took away, where the document's policies may bring it back.
/// - `ops.author` is a row of `clients`, so a client's name is stored once.
pub(super) const CREATE: &str = "
CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    epoch TEXT NOT NULL,
    floor INTEGER NOT NULL CHECK (floor >= 0),
    head INTEGER NOT NULL CHECK (head >= floor),
    settings TEXT
) STRICT;
CREATE TABLE snapshots (
    document INTEGER PRIMARY KEY REFERENCES documents (id),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    value TEXT
) STRICT;
CREATE TABLE clients (
    id INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES documents (id),
    name TEXT NOT NULL,
    seq INTEGER NOT NULL CHECK (seq >= 0),
    revision INTEGER,
    digest INTEGER NOT NULL,
    UNIQUE (document, name)
) STRICT;
CREATE TABLE ops (
    document INTEGER NOT NULL REFERENCES documents (id),
    revision INTEGER NOT NULL CHECK (revision > 0),
    author INTEGER NOT NULL REFERENCES clients (id),
    seq INTEGER NOT NULL,
    op TEXT NOT NULL,
    PRIMARY KEY (document, revision)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX ops_once ON ops (author, seq);
";
