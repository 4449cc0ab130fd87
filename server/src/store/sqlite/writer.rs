//! The one thread that writes.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::codec::Fault;
use super::write::Work;
use crate::store::{Reply, StoreError};

/// The most that goes into one transaction: bounds how long the first of it waits.
const GROUP: usize = 512;

#[derive(Debug)]
struct Job {
    work: Work,
    done: oneshot::Sender<Result<(), StoreError>>,
}

#[derive(Debug)]
pub(super) struct Writer {
    /// None once closed. The thread ends when it has done what is queued.
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    ended: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Writer {
    /// `lock` is held until the thread has ended.
    pub(super) fn start(
        file: PathBuf,
        lock: File,
        connection: Connection,
    ) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let name = file.clone();
        thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || {
                write_all(&file, connection, &queue);
                drop(lock);
                drop(end);
            })
            .map_err(|error| StoreError::Device {
                file: name,
                detail: error.to_string(),
            })?;
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            ended: Mutex::new(Some(ended)),
        })
    }

    pub(super) fn run(&self, work: Result<Work, StoreError>) -> Reply<()> {
        let queued = work.and_then(|work| {
            let (done, reply) = oneshot::channel();
            let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
            match &*jobs {
                Some(jobs) => jobs.send(Job { work, done }).map(|()| reply).ok(),
                None => None,
            }
            .ok_or(StoreError::Closed)
        });
        Box::pin(async move { queued?.await.unwrap_or(Err(StoreError::Closed)) })
    }

    pub(super) fn close(&self) -> Reply<()> {
        drop(
            self.jobs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let ended = self
            .ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        Box::pin(async move {
            if let Some(ended) = ended {
                // Nothing is sent: the thread drops its end when it has let go of the file.
                let _ = ended.await;
            }
            Ok(())
        })
    }
}

/// Group commit: while one transaction is synced to the disk, the next one gathers.
fn write_all(file: &Path, mut connection: Connection, queue: &mpsc::Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        while group.len() < GROUP
            && let Ok(job) = queue.try_recv()
        {
            group.push(job);
        }
        let results = write_group(&mut connection, &group);
        for (job, result) in group.into_iter().zip(results) {
            // Nobody waits any more when the asker is gone; the work is done all the same.
            let _ = job
                .done
                .send(result.map_err(|fault| fault.into_error(file)));
        }
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(file = %file.display(), %error, "the database was not closed cleanly");
    }
}

fn write_group(connection: &mut Connection, group: &[Job]) -> Vec<Result<(), Fault>> {
    match try_group(connection, group) {
        Ok(results) => results,
        Err(fault) if group.len() == 1 => vec![Err(fault)],
        // The file refused the whole: what fits alone is not made to pay for what does not.
        Err(_) => group
            .iter()
            .map(|job| {
                try_group(connection, std::slice::from_ref(job))
                    .and_then(|mut results| results.pop().unwrap_or(Ok(())))
            })
            .collect(),
    }
}

/// One transaction. An error is the transaction's: nothing of it remains.
fn try_group(connection: &mut Connection, group: &[Job]) -> Result<Vec<Result<(), Fault>>, Fault> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut results = Vec::with_capacity(group.len());
    for job in group {
        // Dropped without a commit, a savepoint takes its changes back.
        let savepoint = transaction.savepoint()?;
        let result = match job.work.run(&savepoint) {
            Ok(()) => Ok(savepoint.commit()?),
            Err(fault) => {
                drop(savepoint);
                Err(fault)
            }
        };
        if let Err(Fault::Sqlite(_)) = &result
            && transaction.is_autocommit()
        {
            // A full disk ends the transaction, not only the statement.
            return result.map(|()| results);
        }
        results.push(result);
    }
    transaction.commit()?;
    Ok(results)
}
