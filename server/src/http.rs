//! What is served: `/sync`, `/healthz`, and files.

use std::sync::Arc;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderValue};
use axum::middleware::{Next, from_fn};
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
        Some(dir) => router.fallback_service(
            Router::new()
                .fallback_service(ServeDir::new(dir))
                .layer(from_fn(say_how_long_it_keeps)),
        ),
        None => router,
    }
}

/// A file under /assets/ has a hash of its content in its name, and never changes. Any other is asked
/// for again each time, so that a page is never older than the files it names.
async fn say_how_long_it_keeps(request: Request, next: Next) -> Response {
    let hashed = request.uri().path().starts_with("/assets/");
    let mut response = next.run(request).await;
    let status = response.status();
    let keeps = if !status.is_success() && status != StatusCode::NOT_MODIFIED {
        "no-store"
    } else if hashed {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static(keeps));
    response
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
