//! The changes.

use rejoin::authority::LastSeq;
use rejoin::id::ClientId;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use super::codec::{Fault, encode, integer};
use crate::store::{Commit, Snapshot, StoreError};

/// One document's part of a transaction. It is encoded before the writer gets it, and can be run again.
#[derive(Debug)]
pub(super) enum Work {
    Create {
        doc: String,
        epoch: String,
        value: String,
        settings: Option<String>,
    },
    Append(Append),
}

#[derive(Debug)]
pub(super) struct Append {
    doc: String,
    epoch: String,
    base: u64,
    head: u64,
    clients: Vec<(ClientId, LastSeq)>,
    ops: Vec<Row>,
    /// In it, null for an absent document.
    snapshot: Option<Option<String>>,
}

#[derive(Debug)]
struct Row {
    client: ClientId,
    seq: u64,
    op: String,
}

impl Work {
    pub(super) fn append(commit: Commit) -> Result<Self, StoreError> {
        let append = commit.append;
        let mut ops = Vec::with_capacity(append.ops.len());
        for committed in append.ops {
            ops.push(Row {
                op: encode(&append.doc, &committed.op.stored())?,
                client: committed.client,
                seq: committed.seq,
            });
        }
        let value = |s: Snapshot| s.value.map(|value| encode(&append.doc, &value)).transpose();
        let snapshot = commit.snapshot.map(value);
        Ok(Self::Append(Append {
            snapshot: snapshot.transpose()?,
            doc: append.doc.to_string(),
            epoch: commit.epoch.to_string(),
            base: append.base,
            head: append.head,
            clients: append.clients,
            ops,
        }))
    }

    pub(super) fn run(&self, connection: &Connection) -> Result<(), Fault> {
        match self {
            Self::Create {
                doc,
                epoch,
                value,
                settings,
            } => create(connection, doc, epoch, value, settings.as_deref()),
            Self::Append(append) => append.run(connection),
        }
    }
}

fn create(
    connection: &Connection,
    doc: &str,
    epoch: &str,
    value: &str,
    settings: Option<&str>,
) -> Result<(), Fault> {
    let id: Option<i64> = connection
        .prepare_cached(
            "INSERT INTO documents (name, epoch, floor, head, settings) VALUES (?1, ?2, 0, 0, ?3)
             ON CONFLICT (name) DO NOTHING RETURNING id",
        )?
        .query_row(params![doc, epoch, settings], |row| row.get(0))
        .optional()?;
    let Some(id) = id else {
        return Err(StoreError::DocumentExists { doc: doc.into() }.into());
    };
    connection
        .prepare_cached("INSERT INTO snapshots (document, revision, value) VALUES (?1, 0, ?2)")?
        .execute(params![id, value])?;
    Ok(())
}

impl Append {
    fn run(&self, connection: &Connection) -> Result<(), Fault> {
        let document = self.move_head(connection)?;
        let mut authors = Vec::with_capacity(self.clients.len());
        let mut put_client = connection.prepare_cached(
            "INSERT INTO clients (document, name, seq, revision, digest) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (document, name)
             DO UPDATE SET seq = excluded.seq, revision = excluded.revision, digest = excluded.digest
             RETURNING id",
        )?;
        for (client, last) in &self.clients {
            let author: i64 = put_client.query_row(
                params![
                    document,
                    client.as_str(),
                    integer(last.seq)?,
                    last.revision.map(integer).transpose()?,
                    last.digest.0.cast_signed(),
                ],
                |row| row.get(0),
            )?;
            authors.push((client, author));
        }
        authors.sort_unstable();
        let mut put_op = connection.prepare_cached(
            "INSERT INTO ops (document, revision, author, seq, op) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for (revision, row) in (self.base + 1..).zip(&self.ops) {
            let author = authors
                .binary_search_by(|(client, _)| (*client).cmp(&row.client))
                .map(|found| authors[found].1)
                .map_err(|_| self.invalid("an op's author has no record in it"))?;
            put_op
                .execute(params![
                    document,
                    integer(revision)?,
                    author,
                    integer(row.seq)?,
                    row.op
                ])
                .map_err(|error| self.op_fault(row, error))?;
        }
        if let Some(value) = &self.snapshot {
            connection
                .prepare_cached(
                    "UPDATE snapshots SET revision = ?2, value = ?3 WHERE document = ?1",
                )?
                .execute(params![document, integer(self.head)?, value])?;
        }
        Ok(())
    }

    /// The compare of compare-and-append.
    fn move_head(&self, connection: &Connection) -> Result<i64, Fault> {
        let moved = connection
            .prepare_cached(
                "UPDATE documents SET head = ?4 WHERE name = ?1 AND epoch = ?2 AND head = ?3 RETURNING id",
            )?
            .query_row(
                params![self.doc, self.epoch, integer(self.base)?, integer(self.head)?],
                |row| row.get(0),
            )
            .optional()?;
        if let Some(id) = moved {
            return Ok(id);
        }
        let known = connection
            .prepare_cached("SELECT 1 FROM documents WHERE name = ?1")?
            .exists([&self.doc])?;
        let doc = self.doc.clone();
        Err(if known {
            StoreError::LostAppend {
                doc,
                base: self.base,
            }
        } else {
            StoreError::UnknownDocument { doc }
        }
        .into())
    }

    fn op_fault(&self, row: &Row, error: rusqlite::Error) -> Fault {
        if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) {
            return Fault::Store(StoreError::DuplicateOp {
                doc: self.doc.clone(),
                client: row.client.to_string(),
                seq: row.seq,
            });
        }
        error.into()
    }

    fn invalid(&self, reason: &'static str) -> StoreError {
        StoreError::InvalidAppend {
            doc: self.doc.clone(),
            reason,
        }
    }
}
