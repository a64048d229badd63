//! Middleware around every request, one concern per file.

pub mod caller;
pub mod compression;
pub mod cross_site;
pub mod data_read;
pub mod denied;
pub mod failure;
pub mod identity;
pub mod json_body;
pub mod log;
pub mod request_id;
pub mod security_headers;

use axum::Router;
use axum::http::{HeaderValue, Method};
use axum::middleware::{from_fn, from_fn_with_state};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowHeaders, CorsLayer};

use crate::server::settings::HttpSettings;

/// Wraps everything. The first layer is the outermost.
pub fn around<S: Clone + Send + Sync + 'static>(router: Router<S>, settings: &HttpSettings) -> Router<S> {
    router.layer(
        ServiceBuilder::new()
            .layer(from_fn(request_id::assign))
            .layer(from_fn_with_state(settings.proxies.clone(), caller::identify))
            .layer(from_fn(log::requests))
            .layer(from_fn_with_state(settings.clone(), security_headers::add))
            .layer(cors(&settings.cors))
            .map_request(compression::exempt_downloads)
            .layer(compression::layer()),
    )
}

/// Wraps the routes only, and turns their failures into error responses.
pub fn within<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    settings: &HttpSettings,
    guard: cross_site::Guard,
) -> Router<S> {
    router.layer(
        ServiceBuilder::new()
            .layer(from_fn_with_state(settings.debug, failure::render))
            .layer(CatchPanicLayer::custom(failure::from_panic))
            .layer(from_fn_with_state(guard, cross_site::check)),
    )
}

/// Pages of these origins may use this server, with cookies.
fn cors(origins: &[HeaderValue]) -> CorsLayer {
    let methods =
        [Method::DELETE, Method::GET, Method::HEAD, Method::OPTIONS, Method::PATCH, Method::POST, Method::PUT];
    CorsLayer::new()
        .allow_origin(origins.to_vec())
        .allow_credentials(true)
        .allow_methods(methods)
        .allow_headers(AllowHeaders::mirror_request())
        .max_age(std::time::Duration::from_secs(600))
}
