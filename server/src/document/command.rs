use std::sync::Arc;

use rejoin::Error;
use rejoin::authority::PeerId;
use rejoin::protocol::{Open, Submit};
use tokio::sync::oneshot;

use crate::socket::Outbox;

/// A connection, as a document knows it.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    pub(crate) outbox: Arc<Outbox>,
}

/// What a socket asks of a document.
#[derive(Debug)]
pub(crate) enum Command {
    /// Subscribe. `answered` is dropped when the answer is in the outbox.
    Open {
        peer: Peer,
        open: Open,
        answered: oneshot::Sender<()>,
    },
    Submit {
        peer: Peer,
        submit: Submit,
    },
    /// Refuse a submit that cannot be taken as it is.
    Refuse {
        peer: Peer,
        seq: u64,
        error: Error,
    },
    Close {
        peer: PeerId,
    },
    /// Close, after everything that came before is durable and answered; then `drained` is dropped.
    Drain {
        peer: PeerId,
        drained: oneshot::Sender<()>,
    },
}
