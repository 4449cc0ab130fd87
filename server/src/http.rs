//! What is served: `/sync`, `/healthz`, and files.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::services::ServeDir;

use crate::server::Shared;
use crate::socket;

pub(crate) fn router(server: Arc<Shared>) -> Router {
    let files = server.config.www.clone();
    let router = Router::new()
        .route("/sync", get(sync))
        .route("/healthz", get(healthz))
        .with_state(server);
    match files {
        Some(dir) => router.fallback_service(ServeDir::new(dir)),
        None => router,
    }
}

async fn sync(State(server): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    let largest = server.config.largest_frame();
    upgrade
        .max_message_size(largest)
        .max_frame_size(largest)
        .on_upgrade(|socket| socket::serve(socket, server))
}

async fn healthz(State(server): State<Arc<Shared>>) -> Response {
    match server.store.check().await {
        Ok(()) => format!(
            "ok\nstore {}\ndocuments {}\n",
            server.store.kind(),
            server.registry.len()
        )
        .into_response(),
        Err(error) => {
            tracing::error!(code = error.code(), %error, "the store does not answer");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the store does not answer\n",
            )
                .into_response()
        }
    }
}
