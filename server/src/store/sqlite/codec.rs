//! Between Rust's types and SQLite's, and between SQLite's errors and ours.

use std::path::Path;

use rejoin::count;
use rejoin::id::DocId;
use rusqlite::ErrorCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::StoreError;

/// What a statement failed with; the file is added where it is known.
#[derive(Debug)]
pub(super) enum Fault {
    /// It concerns the document, not the file.
    Store(StoreError),
    /// SQLite's own.
    Sqlite(rusqlite::Error),
    /// Something in a row that this program cannot have written.
    Row(String),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Fault {
    pub(super) fn into_error(self, file: &Path) -> StoreError {
        let file = file.to_owned();
        match self {
            Self::Store(error) => error,
            Self::Row(detail) => StoreError::Corrupt { file, detail },
            Self::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => StoreError::Full { file },
                Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Corrupt {
                    file,
                    detail: error.to_string(),
                },
                _ => StoreError::Device {
                    file,
                    detail: error.to_string(),
                },
            },
        }
    }
}

/// A count as SQLite's signed integers have it: what is written can be read back.
pub(super) fn integer(number: u64) -> Result<i64, Fault> {
    let number = count::check("a stored number", number).map_err(no_count)?;
    i64::try_from(number).map_err(no_count)
}

pub(super) fn natural(integer: i64) -> Result<u64, Fault> {
    let number = u64::try_from(integer).map_err(|_| no_count(format!("{integer} is negative")))?;
    count::check("a stored number", number).map_err(no_count)
}

fn no_count(why: impl ToString) -> Fault {
    Fault::Row(why.to_string())
}

/// The JSON text of an op or a value.
pub(super) fn encode<T: Serialize>(doc: &DocId, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::InvalidAppend {
        doc: doc.to_string(),
        reason: "it cannot be written as JSON",
    })
}

pub(super) fn decode<T: DeserializeOwned>(what: &str, json: &str) -> Result<T, Fault> {
    serde_json::from_str(json).map_err(|error| Fault::Row(format!("{what}: {error}")))
}

pub(super) fn decode_some<T: DeserializeOwned>(
    what: &str,
    json: Option<String>,
) -> Result<Option<T>, Fault> {
    json.map(|json| decode(what, &json)).transpose()
}
