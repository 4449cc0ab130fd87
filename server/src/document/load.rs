//! A document out of storage, into memory.

use rejoin::Error;
use rejoin::authority::{Authority, Check, Limits, Stored};
use rejoin::id::{DocId, Epoch};
use rejoin::json::Value;
use rejoin::settings::Settings;

use super::schema::Schema;
use crate::store::{Store, StoreError, StoredDocument};

/// Why there is no document to work on.
#[derive(Debug)]
pub(super) enum LoadError {
    /// The request's fault: told to the peer.
    Request(Error),
    /// The store's fault: logged, and the peer told to try again.
    Store(StoreError),
}

impl From<StoreError> for LoadError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A loaded document, and the revision of its stored snapshot.
pub(super) async fn load(
    store: &dyn Store,
    doc: &DocId,
    create: Option<(&Value, &Settings)>,
    limits: Limits,
) -> Result<(Authority, u64), LoadError> {
    if let Some(stored) = store.load(doc, limits.window_ops).await? {
        return with_schema(replay(doc, stored, limits)?);
    }
    let Some((value, settings)) = create else {
        return Err(LoadError::Request(Error::UnknownDocument {
            doc: doc.to_string(),
        }));
    };
    if value.size() > limits.value_size {
        return Err(LoadError::Request(Error::TooLarge {
            what: "the document's size",
            size: value.size(),
            limit: limits.value_size,
        }));
    }
    if let Some(schema) = Schema::of(settings).map_err(LoadError::Request)? {
        schema.check(Some(value)).map_err(LoadError::Request)?;
    }
    let epoch = new_epoch(doc)?;
    match store.create(doc, &epoch, value, settings).await {
        Ok(()) => {
            let (doc, value, settings) = (doc.clone(), value.clone(), settings.clone());
            let authority = Authority::new(doc, epoch, value, settings, limits);
            with_schema((authority, 0))
        }
        // Another server was faster: its document it is.
        Err(StoreError::DocumentExists { .. }) => match store.load(doc, limits.window_ops).await? {
            Some(stored) => with_schema(replay(doc, stored, limits)?),
            None => Err(LoadError::Store(StoreError::UnknownDocument {
                doc: doc.to_string(),
            })),
        },
        Err(error) => Err(error.into()),
    }
}

fn with_schema((mut authority, snapshot): (Authority, u64)) -> Result<(Authority, u64), LoadError> {
    if let Some(schema) = Schema::of(authority.settings()).map_err(LoadError::Request)? {
        authority.check_with(Box::new(schema));
    }
    Ok((authority, snapshot))
}

fn replay(
    doc: &DocId,
    stored: StoredDocument,
    limits: Limits,
) -> Result<(Authority, u64), StoreError> {
    let broken = |revision, detail: String| StoreError::BrokenLog {
        doc: doc.to_string(),
        revision,
        detail,
    };
    let snapshot = stored.snapshot.revision;
    let base = stored.head.checked_sub(stored.ops.len() as u64);
    let Some(base) = base.filter(|base| (*base..=stored.head).contains(&snapshot)) else {
        let detail = format!(
            "{} ops end there, and the snapshot is of revision {snapshot}",
            stored.ops.len()
        );
        return Err(broken(stored.head, detail));
    };
    let mut value = stored.snapshot.value;
    for (revision, committed) in (base + 1..).zip(&stored.ops) {
        if revision > snapshot {
            committed
                .op
                .apply(&mut value)
                .map_err(|error| broken(revision, error.to_string()))?;
        }
    }
    let authority = Authority::load(
        Stored {
            doc: doc.clone(),
            epoch: stored.epoch,
            settings: stored.settings,
            floor: stored.floor,
            revision: stored.head,
            value,
            window: stored.ops,
        },
        limits,
    )
    .map_err(|error| broken(stored.head, error.to_string()))?;
    Ok((authority, snapshot))
}

/// 128 random bits: no two lives of a document are ever mistaken for each other.
fn new_epoch(doc: &DocId) -> Result<Epoch, StoreError> {
    let failed = || StoreError::NoRandomness {
        doc: doc.to_string(),
    };
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| failed())?;
    Epoch::new(format!("{:032x}", u128::from_le_bytes(bytes))).map_err(|_| failed())
}
