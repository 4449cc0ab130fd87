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
use crate::linger::LingeringListener;
use crate::socket::OutboxLimits;
use crate::store::{MemoryStore, Page, SqliteStore, Store, StoreError};

/// What every connection needs.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) registry: Registry,
    /// Turns true when the server stops.
    pub(crate) shutdown: watch::Receiver<bool>,
    peers: AtomicU64,
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

impl ServeError {
    /// The stable code of this error, for logs and tests.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Listen { .. } => "cannot-listen",
            Self::Serve(_) => "serving-stopped",
        }
    }
}

/// Opens the store and the address that `config` names, then [`serve`]s.
///
/// # Errors
/// [`ServeError`] when it cannot start, or the listener breaks.
pub async fn run(config: Config, stop: impl Future<Output = ()> + Send) -> Result<(), ServeError> {
    let store: Arc<dyn Store> = if config.memory {
        Arc::new(MemoryStore::new())
    } else {
        Arc::new(SqliteStore::open(&config.data, &config.sqlite())?)
    };
    let address = config.listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address, source })?;
    serve(config, store, listener, stop).await
}

/// Serves the documents of `store` until `stop` resolves; then what was accepted is flushed, connections
/// are closed with "service restart", and the store is closed.
///
/// # Errors
/// [`ServeError`] when the listener breaks, or the store cannot be closed.
pub async fn serve(
    config: Config,
    store: Arc<dyn Store>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
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
        config,
    });
    tracing::info!(address = %listener.local_addr()?, store = store.kind(), "listening");

    let mut until = shutdown;
    let connections = watch::Sender::new(());
    let listener = LingeringListener {
        listener,
        connections: connections.clone(),
    };
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
                connections.closed().await;
                let _ = serving.await;
            };
            if timeout(server.config.grace, drained).await.is_err() {
                tracing::warn!("some connections did not end in time");
            }
        }
    }
    server.registry.clear();
    store.close().await?;
    tracing::info!("stopped");
    Ok(())
}
