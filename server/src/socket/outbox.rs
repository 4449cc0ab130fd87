//! What waits to be written to one socket: bounded, so that a slow reader costs a bounded amount of
//! memory and is then let go of. It reopens from the revision it has, and loses nothing.
//!
//! What can be large by nature, a catch-up, is not queued but noted as a range of the log, which the
//! writer reads in pages as fast as the socket takes them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Utf8Bytes;
use rejoin::id::{DocId, Epoch};
use rejoin::protocol::Fate;
use tokio::sync::Notify;

/// Ops to be read from the log and sent in this place.
#[derive(Clone, Debug)]
pub(crate) struct LogRange {
    pub(crate) doc: DocId,
    pub(crate) epoch: Epoch,
    pub(crate) request: u64,
    /// The revision before the first op.
    pub(crate) base: u64,
    /// The revision of the last op.
    pub(crate) to: u64,
    /// Where the whole catch-up ends.
    pub(crate) head: u64,
    pub(crate) fate: Fate,
}

#[derive(Debug)]
pub(crate) enum Item {
    Frame(Utf8Bytes),
    Log(LogRange),
}

impl Item {
    fn bytes(&self) -> usize {
        match self {
            Self::Frame(frame) => frame.len(),
            Self::Log(_) => size_of::<LogRange>(),
        }
    }
}

/// Why the server closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// The peer left, or its connection broke.
    Gone,
    /// It broke the rules before the protocol began: no hello, another version.
    Protocol,
    /// It sent a message so large that the rest could not be read.
    TooBig,
    /// It reads too slowly, or not at all.
    Slow,
    /// The server shuts down.
    Restart,
}

impl CloseReason {
    /// The WebSocket close code (RFC 6455 and its registry).
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::Gone => 1000,
            Self::Protocol => 1002,
            Self::TooBig => 1009,
            Self::Slow => 1013,
            Self::Restart => 1012,
        }
    }

    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Gone => "goodbye",
            Self::Protocol => "protocol error",
            Self::TooBig => "message too large",
            Self::Slow => "too slow: reconnect to resync",
            Self::Restart => "service restart",
        }
    }
}

/// The bounds of an [`Outbox`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutboxLimits {
    pub(crate) items: usize,
    pub(crate) bytes: usize,
}

#[derive(Debug)]
pub(crate) struct Outbox {
    limits: OutboxLimits,
    state: Mutex<State>,
    /// Something to write, or the end.
    filled: Notify,
    /// Something was taken.
    drained: Notify,
    /// Too much waits.
    overflowed: Notify,
    /// The end, for whoever does not write.
    ended: Notify,
}

#[derive(Debug, Default)]
struct State {
    items: VecDeque<Item>,
    bytes: usize,
    closed: Option<CloseReason>,
}

impl Outbox {
    pub(crate) fn new(limits: OutboxLimits) -> Self {
        Self {
            limits,
            state: Mutex::default(),
            filled: Notify::new(),
            drained: Notify::new(),
            overflowed: Notify::new(),
            ended: Notify::new(),
        }
    }

    /// Queues a message. The bounds may be passed by one message, so that any one can be sent; a
    /// further one closes the connection, and what waited is dropped.
    pub(crate) fn push(&self, frame: Utf8Bytes) {
        self.add(Item::Frame(frame));
    }

    pub(crate) fn push_log(&self, range: LogRange) {
        self.add(Item::Log(range));
    }

    fn add(&self, item: Item) {
        let mut state = self.state();
        if state.closed.is_some() {
            return;
        }
        if state.bytes > self.limits.bytes || state.items.len() >= self.limits.items {
            state.items.clear();
            state.bytes = 0;
            state.closed = Some(CloseReason::Slow);
            self.overflowed.notify_one();
            self.ended.notify_one();
        } else {
            state.bytes += item.bytes();
            state.items.push_back(item);
        }
        drop(state);
        self.filled.notify_one();
        self.drained.notify_one();
    }

    /// Nothing is queued any more; what is queued is still written, and then the connection closed.
    /// The first reason stays.
    pub(crate) fn close(&self, reason: CloseReason) {
        self.state().closed.get_or_insert(reason);
        self.ended.notify_one();
        self.filled.notify_one();
        self.drained.notify_one();
    }

    /// Whether so little waits that more may be asked for.
    pub(crate) fn is_calm(&self) -> bool {
        let state = self.state();
        state.closed.is_some()
            || state.bytes <= self.limits.bytes / 2 && state.items.len() <= self.limits.items / 2
    }

    /// Waits until [`is_calm`](Self::is_calm). For one task, the reader.
    pub(crate) async fn calm(&self) {
        while !self.is_calm() {
            self.drained.notified().await;
        }
    }

    /// The next thing to write, if there is one.
    pub(crate) fn pop(&self) -> Option<Item> {
        let mut state = self.state();
        let item = state.items.pop_front()?;
        state.bytes -= item.bytes();
        drop(state);
        self.drained.notify_one();
        Some(item)
    }

    /// The next thing to write, or why to close. For one task, the writer.
    pub(crate) async fn next(&self) -> Result<Item, CloseReason> {
        loop {
            if let Some(item) = self.pop() {
                return Ok(item);
            }
            if let Some(reason) = self.closed() {
                return Err(reason);
            }
            self.filled.notified().await;
        }
    }

    /// Waits until too much waits: the writer need not finish what it is at.
    pub(crate) async fn overflowed(&self) {
        self.overflowed.notified().await;
    }

    /// Waits until nothing is queued any more, and tells why. For one task, the reader: its peer may say
    /// nothing for long.
    pub(crate) async fn ended(&self) -> CloseReason {
        loop {
            if let Some(reason) = self.closed() {
                return reason;
            }
            self.ended.notified().await;
        }
    }

    pub(crate) fn closed(&self) -> Option<CloseReason> {
        self.state().closed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox() -> Outbox {
        Outbox::new(OutboxLimits {
            items: 4,
            bytes: 100,
        })
    }

    #[tokio::test]
    async fn what_waits_is_bounded_and_then_dropped() {
        let outbox = outbox();
        for _ in 0..4 {
            outbox.push("x".into());
        }
        assert_eq!(outbox.closed(), None);
        outbox.push("x".into());
        assert_eq!(outbox.closed(), Some(CloseReason::Slow));
        assert_eq!(outbox.next().await.unwrap_err(), CloseReason::Slow);
        outbox.push("x".into());
        assert!(outbox.pop().is_none());
    }

    #[tokio::test]
    async fn one_message_of_any_size_passes() {
        let outbox = outbox();
        outbox.push("x".repeat(1_000).into());
        assert_eq!(outbox.closed(), None);
        assert!(!outbox.is_calm());
        outbox.push("x".into());
        assert_eq!(outbox.closed(), Some(CloseReason::Slow));
    }

    #[tokio::test]
    async fn closing_writes_what_waits_first() {
        let outbox = outbox();
        outbox.push("x".into());
        outbox.close(CloseReason::Restart);
        outbox.close(CloseReason::Gone);
        assert!(matches!(outbox.next().await, Ok(Item::Frame(_))));
        assert_eq!(outbox.next().await.unwrap_err(), CloseReason::Restart);
    }
}
