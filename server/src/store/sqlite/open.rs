//! Opens the file: whose it is, which version, whether it is whole.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::codec::Fault;
use super::schema;
use crate::store::StoreError;

/// The database's name in its directory.
pub const DATABASE_FILE: &str = "rejoin.sqlite3";

/// Held, for as long as a server runs on the directory. The system lets go of it even after `kill -9`.
const LOCK_FILE: &str = "rejoin.lock";

/// Files up to this size are read through and checked at each start: well under a second.
const CHECKED_BYTES: u64 = 128 * 1024 * 1024;

/// How to open a [`SqliteStore`](super::SqliteStore).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SqliteOptions {
    /// How large the database may grow, in bytes; without it, as large as its disk.
    pub max_bytes: Option<u64>,
    /// Check the whole file, also a large one.
    pub check: bool,
}

pub(super) struct Opened {
    pub(super) file: PathBuf,
    pub(super) lock: File,
    pub(super) connection: Connection,
}

pub(super) fn open(dir: &Path, options: &SqliteOptions) -> Result<Opened, StoreError> {
    let device = |file: &Path, error: std::io::Error| StoreError::Device {
        file: file.to_owned(),
        detail: error.to_string(),
    };
    fs::create_dir_all(dir).map_err(|error| device(dir, error))?;
    let lock_file = dir.join(LOCK_FILE);
    let lock = File::create(&lock_file).map_err(|error| device(&lock_file, error))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { file: lock_file }),
        Err(TryLockError::Error(error)) => return Err(device(&lock_file, error)),
    }
    let file = dir.join(DATABASE_FILE);
    let connection = prepare(&file, options).map_err(|fault| fault.into_error(&file))?;
    Ok(Opened {
        file,
        lock,
        connection,
    })
}

fn prepare(file: &Path, options: &SqliteOptions) -> Result<Connection, Fault> {
    let mut connection = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // What another version, another program or a damage has left is not touched: no checkpoint moves
    // the -wal into a file that is then refused.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let found = check_owner(&connection, file)?;
    // WAL: readers do not wait for the writer.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A commit is on the disk before it is answered; on macOS only `fullfsync` goes past the drive's cache.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    if found == 0 {
        let transaction = connection.transaction()?;
        transaction.execute_batch(schema::CREATE)?;
        transaction.pragma_update(None, "application_id", schema::APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", schema::VERSION)?;
        transaction.commit()?;
    } else if options.check || size(file) <= CHECKED_BYTES {
        check_whole(&connection)?;
    } else {
        tracing::info!(file = %file.display(), "large database: not checked (--check does)");
    }
    if (1..schema::VERSION).contains(&found) {
        tracing::info!(file = %file.display(), from = found, to = schema::VERSION, "database upgraded");
        let transaction = connection.transaction()?;
        for migration in schema::MIGRATIONS.iter().skip(found as usize - 1) {
            transaction.execute_batch(migration)?;
        }
        transaction.pragma_update(None, "user_version", schema::VERSION)?;
        transaction.commit()?;
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    if let Some(bytes) = options.max_bytes {
        let page: u64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = i64::try_from(bytes / page.max(1)).unwrap_or(i64::MAX);
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(connection)
}

/// The file's version, 0 for a new one; an error when it is not ours.
fn check_owner(connection: &Connection, file: &Path) -> Result<i32, Fault> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let id = number("application_id")?;
    let version = number("user_version")?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let file = file.to_owned();
    match (id, version) {
        (0, 0) if tables == 0 => Ok(0),
        (schema::APPLICATION_ID, 1..=schema::VERSION) => Ok(version),
        (schema::APPLICATION_ID, found) if found > schema::VERSION => Err(StoreError::Newer {
            file,
            found,
            supported: schema::VERSION,
        }
        .into()),
        (schema::APPLICATION_ID, found) => {
            Err(Fault::Row(format!("there is no schema version {found}")))
        }
        (id, _) => Err(StoreError::Foreign { file, id }.into()),
    }
}

fn check_whole(connection: &Connection) -> Result<(), Fault> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" {
        Ok(())
    } else {
        Err(Fault::Row(found))
    }
}

fn size(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |metadata| metadata.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A test that kills the process cannot see a missing sync: what the system has, it keeps.
    #[test]
    fn a_commit_is_synced_before_it_is_answered() {
        let dir = tempfile::tempdir().unwrap();
        let opened = open(dir.path(), &SqliteOptions::default()).unwrap();
        let pragma = |name| {
            opened
                .connection
                .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                .unwrap()
        };
        assert_eq!(pragma("journal_mode"), "wal".to_owned().into());
        assert_eq!(pragma("synchronous"), 2.into(), "FULL");
        assert_eq!(pragma("fullfsync"), 1.into());
        assert_eq!(pragma("foreign_keys"), 1.into());
    }
}
