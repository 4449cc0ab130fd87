//! Documents in one SQLite file: the default store.
//!
//! ```text
//!  create, append ──▶ queue ──▶ writer thread: all that waits, in one transaction (group commit),
//!                               a savepoint for each, so that one failure is one document's
//!  load, last_seq, ops ──▶ readers: a few read-only connections, beside the writer (WAL)
//! ```
//! Invariant: a writer's answer is sent after the transaction was synced to the disk.

mod codec;
mod open;
mod read;
mod readers;
mod schema;
mod write;
mod writer;

use std::path::Path;
use std::sync::Arc;

use rejoin::authority::LastSeq;
use rejoin::id::{ClientId, DocId, Epoch};
use rejoin::json::Value;
use rejoin::protocol::Committed;
use rejoin::settings::Settings;

use self::open::Opened;
use self::readers::Readers;
use self::write::Work;
use self::writer::Writer;
use super::port::check_commit;
use super::{Commit, Page, Reply, Store, StoreError, StoredDocument};

pub use self::open::{DATABASE_FILE, SqliteOptions};

/// A [`Store`] in a directory of its own.
#[derive(Debug)]
pub struct SqliteStore {
    readers: Arc<Readers>,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the database in `dir`; makes the directory and the database if there are none.
    ///
    /// It blocks: milliseconds, or as long as a check of the whole file takes.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Corrupt`], [`StoreError::Foreign`], [`StoreError::Newer`],
    /// [`StoreError::Device`]; each names the file and says what to do.
    pub fn open(dir: &Path, options: &SqliteOptions) -> Result<Self, StoreError> {
        let Opened {
            file,
            lock,
            connection,
        } = open::open(dir, options)?;
        Ok(Self {
            readers: Arc::new(Readers::new(file.clone())),
            writer: Writer::start(file, lock, connection)?,
        })
    }
}

impl Store for SqliteStore {
    fn create(&self, doc: &DocId, epoch: &Epoch, value: &Value, settings: &Settings) -> Reply<()> {
        let set = (!settings.is_default()).then(|| codec::encode(doc, settings));
        let work = codec::encode(doc, value).and_then(|value| {
            Ok(Work::Create {
                doc: doc.to_string(),
                epoch: epoch.to_string(),
                value,
                settings: set.transpose()?,
            })
        });
        self.writer.run(work)
    }

    fn load(&self, doc: &DocId, window: usize) -> Reply<Option<StoredDocument>> {
        let doc = doc.clone();
        Arc::clone(&self.readers).run(move |connection| read::load(connection, &doc, window))
    }

    fn last_seq(&self, doc: &DocId, client: &ClientId) -> Reply<Option<LastSeq>> {
        let (doc, client) = (doc.clone(), client.clone());
        Arc::clone(&self.readers).run(move |connection| read::last_seq(connection, &doc, &client))
    }

    fn append(&self, commit: Commit) -> Reply<()> {
        self.writer
            .run(check_commit(&commit).and_then(|()| Work::append(commit)))
    }

    fn ops(&self, doc: &DocId, base: u64, to: u64, page: Page) -> Reply<Vec<Committed>> {
        let doc = doc.clone();
        Arc::clone(&self.readers)
            .run(move |connection| read::page(connection, &doc, base, to, page))
    }

    fn check(&self) -> Reply<()> {
        Arc::clone(&self.readers).run(read::check)
    }

    fn close(&self) -> Reply<()> {
        self.readers.close();
        self.writer.close()
    }

    fn kind(&self) -> &'static str {
        "sqlite"
    }
}
