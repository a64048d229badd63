//! What happens around every request, one concern a file.

pub mod compression;
pub mod failure;
pub mod json_body;
pub mod log;
pub mod request_id;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

/// Wraps all routes; the first layer is the outermost. With `debug` a 500 shows its cause.
pub fn apply<S: Clone + Send + Sync + 'static>(router: Router<S>, debug: bool) -> Router<S> {
    router.layer(
        ServiceBuilder::new()
            .layer(from_fn(request_id::assign))
            .layer(from_fn(log::requests))
            .layer(from_fn(compression::exempt_downloads))
            .layer(compression::layer())
            .layer(from_fn_with_state(debug, failure::render))
            .layer(CatchPanicLayer::custom(failure::from_panic)),
    )
}
