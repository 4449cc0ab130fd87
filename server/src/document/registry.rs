//! The table of documents at work.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rejoin::authority::Limits;
use rejoin::id::DocId;
use tokio::sync::mpsc;

use super::actor::Actor;
use super::command::Command;
use crate::store::Store;

/// Commands that wait for one document; senders beyond wait themselves, and do not read their sockets.
const MAILBOX: usize = 128;

/// How documents are served.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    /// Revisions from one stored snapshot to the next.
    pub(crate) snapshot_every: u64,
    /// How long a document that nobody has open stays in memory.
    pub(crate) idle: Duration,
}

/// Finds a document's actor, or starts it.
///
/// Invariant: an actor leaves the table only while it holds the table's lock, its mailbox is empty, and
/// the table's sender is the only one. So nobody can have sent, or be about to send, what it would miss.
#[derive(Clone)]
pub(crate) struct Registry {
    store: Arc<dyn Store>,
    settings: Settings,
    actors: Arc<Mutex<HashMap<DocId, mpsc::Sender<Command>>>>,
}

impl Registry {
    pub(crate) fn new(store: Arc<dyn Store>, settings: Settings) -> Self {
        Self {
            store,
            settings,
            actors: Arc::default(),
        }
    }

    /// A way to the document's actor. As long as it is kept, the actor stays.
    pub(crate) fn get(&self, doc: &DocId) -> mpsc::Sender<Command> {
        let mut actors = self.actors();
        if let Some(sender) = actors.get(doc)
            && !sender.is_closed()
        {
            return sender.clone();
        }
        let (sender, mailbox) = mpsc::channel(MAILBOX);
        actors.insert(doc.clone(), sender.clone());
        let actor = Actor::new(
            doc.clone(),
            Arc::clone(&self.store),
            self.settings,
            self.clone(),
        );
        tokio::spawn(actor.run(mailbox));
        sender
    }

    /// Takes an actor out of the table, if nothing can be on its way to it.
    pub(super) fn retire(&self, doc: &DocId, mailbox: &mpsc::Receiver<Command>) -> bool {
        let mut actors = self.actors();
        let retired = mailbox.sender_strong_count() <= 1 && mailbox.is_empty();
        if retired {
            actors.remove(doc);
        }
        retired
    }

    /// Forgets all actors: each ends when its last peer has gone.
    pub(crate) fn clear(&self) {
        self.actors().clear();
    }

    /// How many documents are in memory.
    pub(crate) fn len(&self) -> usize {
        self.actors().len()
    }

    fn actors(&self) -> MutexGuard<'_, HashMap<DocId, mpsc::Sender<Command>>> {
        self.actors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
