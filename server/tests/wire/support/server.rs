//! A server in this process.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Parser;
use rejoin_server::config::Config;
use rejoin_server::store::{MemoryStore, Store};
use rejoin_server::{ServeError, serve};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// It ends with the test, or is stopped.
pub struct Server {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), ServeError>>,
}

impl Server {
    /// Over an empty store in memory, with these flags.
    pub async fn start(flags: &[&str]) -> Self {
        Self::over(Arc::new(MemoryStore::new()), flags).await
    }

    /// Over this store.
    pub async fn over(store: Arc<dyn Store>, flags: &[&str]) -> Self {
        let config = Config::try_parse_from(["rejoin-server"].iter().chain(flags)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(serve(config, store, listener, async move {
            // A dropped sender must not stop it: the test may not be done with it.
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
        }));
        Self {
            address,
            stop,
            serving,
        }
    }

    /// Tells it to stop. What it gives resolves when it has.
    pub fn stop(self) -> JoinHandle<Result<(), ServeError>> {
        self.stop.send(()).unwrap();
        self.serving
    }
}
