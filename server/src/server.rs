//! The server as a whole: what its parts share, its start and its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rejoin::authority::PeerId;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::config::Config;
use crate::document::{Registry, Settings};
use crate::http;
use crate::socket::OutboxLimits;
use crate::store::{MemoryStore, Page, SqliteOptions, SqliteStore, Store, StoreError};

/// How long connections get to end when the server stops.
const GRACE: Duration = Duration::from_secs(10);

/// What every connection needs.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) registry: Registry,
    /// Turns true when the server stops.
    pub(crate) shutdown: watch::Receiver<bool>,
    peers: AtomicU64,
    /// One clone a connection: when all are gone, everything was drained.
    connections: watch::Sender<()>,
}

impl Shared {
    pub(crate) fn next_peer(&self) -> PeerId {
        PeerId(self.peers.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn outbox_limits(&self) -> OutboxLimits {
        OutboxLimits {
            items: self.config.max_queued_messages,
            bytes: self.config.max_queued_bytes,
        }
    }

    /// What one message of a catch-up from the log holds.
    pub(crate) fn page(&self) -> Page {
        Page {
            ops: 500,
            bytes: 256 * 1024,
        }
    }

    /// How long a connection may be silent.
    pub(crate) fn silence(&self) -> Duration {
        self.config.ping_interval * 3
    }

    /// Held by a connection until it has ended.
    pub(crate) fn connection(&self) -> watch::Receiver<()> {
        self.connections.subscribe()
    }
}

/// Why the server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; choose another with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Connections cannot be accepted any more.
    #[error("serving stopped: {0}")]
    Serve(#[from] std::io::Error),
}

/// Serves until `stop` resolves; then what was accepted is flushed, and connections are closed with
/// "service restart".
///
/// # Errors
/// [`ServeError`] when it cannot start, or the listener breaks.
pub async fn run(config: Config, stop: impl Future<Output = ()> + Send) -> Result<(), ServeError> {
    let store: Arc<dyn Store> = if config.memory {
        Arc::new(MemoryStore::new())
    } else {
        Arc::new(SqliteStore::open(&config.data, &SqliteOptions::default())?)
    };
    let address = config.listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address, source })?;
    let settings = Settings {
        limits: config.limits(),
        snapshot_every: config.snapshot_every,
        idle: config.idle,
    };
    let (stopping, shutdown) = watch::channel(false);
    let server = Arc::new(Shared {
        registry: Registry::new(Arc::clone(&store), settings),
        store: Arc::clone(&store),
        shutdown: shutdown.clone(),
        peers: AtomicU64::new(1),
        connections: watch::Sender::new(()),
        config,
    });
    tracing::info!(address = %listener.local_addr()?, store = store.kind(), "listening");

    let mut until = shutdown;
    let serving = axum::serve(listener, http::router(Arc::clone(&server))).with_graceful_shutdown(
        async move {
            let _ = until.wait_for(|stop| *stop).await;
        },
    );
    let serving = std::future::IntoFuture::into_future(serving);
    tokio::pin!(serving);
    tokio::select! {
        ended = &mut serving => ended?,
        () = stop => {
            tracing::info!("stopping: no new connections, flushing what was accepted");
            let _ = stopping.send(true);
            let drained = async {
                server.connections.closed().await;
                let _ = serving.await;
            };
            if timeout(GRACE, drained).await.is_err() {
                tracing::warn!("some connections did not end in time");
            }
        }
    }
    server.registry.clear();
    store.close().await?;
    tracing::info!("stopped");
    Ok(())
}
