//! The queries.

use rejoin::authority::LastSeq;
use rejoin::id::{ClientId, DocId};
use rejoin::json::{Digest, WithContent};
use rejoin::protocol::Committed;
use rusqlite::{Connection, OptionalExtension, params};

use super::codec::{Fault, decode, decode_some, integer, natural};
use crate::store::{Page, Snapshot, StoreError, StoredDocument};

pub(super) fn load(
    connection: &mut Connection,
    doc: &DocId,
    window: usize,
) -> Result<Option<StoredDocument>, Fault> {
    // One transaction: head, snapshot and ops of one moment.
    let transaction = connection.transaction()?;
    let row = transaction
        .prepare_cached(
            "SELECT d.id, d.epoch, d.floor, d.head, s.revision, s.value, d.settings
             FROM documents d JOIN snapshots s ON s.document = d.id WHERE d.name = ?1",
        )?
        .query_row([doc.as_str()], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, i64>(3)?,
                row.get::<_, i64>(4)?,
                row.get::<_, Option<String>>(5)?,
                row.get::<_, Option<String>>(6)?,
            ))
        })
        .optional()?;
    let Some((id, epoch, floor, head, revision, value, settings)) = row else {
        return Ok(None);
    };
    let (floor, head, revision) = (natural(floor)?, natural(head)?, natural(revision)?);
    if !(floor <= revision && revision <= head) {
        return Err(Fault::Row(format!(
            "document {doc:?} has a snapshot of revision {revision}, and a log from {floor} to {head}"
        )));
    }
    let from = revision
        .min(head.saturating_sub(window as u64))
        .max(floor)
        .min(revision);
    let ops = ops(&transaction, id, from, head, usize::MAX, usize::MAX)?;
    if ops.len() as u64 != head - from {
        return Err(Fault::Row(format!(
            "document {doc:?} lacks ops between {from} and {head}"
        )));
    }
    Ok(Some(StoredDocument {
        epoch: rejoin::id::Epoch::new(epoch).map_err(|error| Fault::Row(error.to_string()))?,
        settings: decode_some("settings", settings)?.unwrap_or_default(),
        floor,
        head,
        snapshot: Snapshot {
            revision,
            value: decode_some("a snapshot", value)?,
        },
        ops,
    }))
}

pub(super) fn last_seq(
    connection: &mut Connection,
    doc: &DocId,
    client: &ClientId,
) -> Result<Option<LastSeq>, Fault> {
    let row = connection
        .prepare_cached(
            "SELECT c.seq, c.revision, c.digest
             FROM clients c JOIN documents d ON c.document = d.id WHERE d.name = ?1 AND c.name = ?2",
        )?
        .query_row([doc.as_str(), client.as_str()], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, Option<i64>>(1)?,
                row.get::<_, i64>(2)?,
            ))
        })
        .optional()?;
    row.map(|(seq, revision, digest)| {
        Ok(LastSeq {
            seq: natural(seq)?,
            revision: revision.map(natural).transpose()?,
            digest: Digest(digest.cast_unsigned()),
        })
    })
    .transpose()
}

pub(super) fn page(
    connection: &mut Connection,
    doc: &DocId,
    base: u64,
    to: u64,
    page: Page,
) -> Result<Vec<Committed>, Fault> {
    let transaction = connection.transaction()?;
    let id = transaction
        .prepare_cached("SELECT id FROM documents WHERE name = ?1")?
        .query_row([doc.as_str()], |row| row.get(0))
        .optional()?
        .ok_or_else(|| StoreError::UnknownDocument {
            doc: doc.to_string(),
        })?;
    ops(&transaction, id, base, to, page.ops.max(1), page.bytes)
}

fn ops(
    connection: &Connection,
    document: i64,
    base: u64,
    to: u64,
    max_ops: usize,
    max_bytes: usize,
) -> Result<Vec<Committed>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT o.revision, c.name, o.seq, o.op FROM ops o JOIN clients c ON c.id = o.author
         WHERE o.document = ?1 AND o.revision > ?2 AND o.revision <= ?3 ORDER BY o.revision",
    )?;
    let mut rows = statement.query(params![document, integer(base)?, integer(to)?])?;
    let mut ops = Vec::new();
    let mut bytes = 0_usize;
    while ops.len() < max_ops
        && let Some(row) = rows.next()?
    {
        let revision = natural(row.get(0)?)?;
        if revision != base + 1 + ops.len() as u64 {
            return Err(Fault::Row(format!(
                "the op before revision {revision} is missing"
            )));
        }
        let op = row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?;
        bytes = bytes.saturating_add(op.len());
        if bytes > max_bytes && !ops.is_empty() {
            break;
        }
        ops.push(Committed {
            client: ClientId::new(row.get::<_, String>(1)?)
                .map_err(|error| Fault::Row(error.to_string()))?,
            seq: natural(row.get(2)?)?,
            op: decode::<WithContent>("an op", op)?.0,
        });
    }
    Ok(ops)
}

pub(super) fn check(connection: &mut Connection) -> Result<(), Fault> {
    Ok(connection
        .query_row("SELECT 1 FROM documents LIMIT 1", [], |_| Ok(()))
        .optional()
        .map(|_| ())?)
}
