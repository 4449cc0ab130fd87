//! Read-only connections, each used by one read at a time, on tokio's blocking threads.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::codec::Fault;
use crate::store::{Reply, StoreError};

/// Reads that run at once. More would wait for the same disk.
const CONNECTIONS: usize = 4;

#[derive(Debug)]
pub(super) struct Readers {
    file: PathBuf,
    closed: AtomicBool,
    permits: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(file: PathBuf) -> Self {
        Self {
            file,
            closed: AtomicBool::new(false),
            permits: Semaphore::new(CONNECTIONS),
            idle: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn run<T, F>(self: Arc<Self>, read: F) -> Reply<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    {
        Box::pin(async move {
            let Ok(_permit) = self.permits.acquire().await else {
                return Err(StoreError::Closed);
            };
            let readers = Arc::clone(&self);
            tokio::task::spawn_blocking(move || readers.run_blocking(read))
                .await
                .unwrap_or_else(|error| {
                    Err(StoreError::Device {
                        file: self.file.clone(),
                        detail: error.to_string(),
                    })
                })
        })
    }

    fn run_blocking<T>(
        &self,
        read: impl FnOnce(&mut Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        let idle = self.idle().pop();
        let result = match idle {
            Some(connection) => Ok(connection),
            None => self.connect(),
        }
        .and_then(|mut connection| {
            let result = read(&mut connection);
            // After an error the connection may be in any state: the next read takes a new one.
            if result.is_ok() && !self.closed.load(Ordering::Acquire) {
                self.idle().push(connection);
            }
            result
        });
        result.map_err(|fault| fault.into_error(&self.file))
    }

    fn connect(&self) -> Result<Connection, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        Ok(connection)
    }

    /// Later reads fail; idle connections are let go of, so that the writer is the last to close.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.permits.close();
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
