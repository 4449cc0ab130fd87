//! One WebSocket: a task that reads and routes, a task that writes, a bounded queue between the
//! documents and the writer.

mod outbox;
mod reader;
mod writer;

pub(crate) use outbox::{LogRange, Outbox, OutboxLimits};
pub(crate) use reader::serve;
