//! What the OpenAPI document says without being told: the errors with which a handler's arguments and results answer. They
//! are found by type, so that a new route has them, and one with an argument that says nothing does not compile.

mod responses;
mod statuses;

use utoipa::openapi::RefOr;
use utoipa_axum::router::UtoipaMethodRouter;

pub use responses::define;
pub use statuses::{Argument, Outcome};

use self::statuses::Handler;

/// Routes of one path, as the macro of the same name in `utoipa_axum` makes them, described in full.
macro_rules! routes {
    ($($($name:ident)::+),+ $(,)?) => {
        $crate::server::http::openapi::merge([$(
            $crate::server::http::openapi::describe(utoipa_axum::routes!($($name)::+), $($name)::+)
        ),+])
    };
}
pub(crate) use routes;

/// Adds what follows from the types of the handler.
pub fn describe<A, H: Handler<A>, S>(mut routes: UtoipaMethodRouter<S>, _: H) -> UtoipaMethodRouter<S> {
    for (is_safe, operation) in responses::operations(&mut routes.1) {
        responses::complete(operation, &H::statuses(is_safe), H::IS_PAGE);
        if H::HAS_OPTIONAL_BODY
            && let Some(RefOr::T(body)) = &mut operation.request_body
        {
            body.required = None;
        }
    }
    routes
}

/// Joins routes of one path that have different methods.
pub fn merge<S: Clone + Send + Sync + 'static>(
    routes: impl IntoIterator<Item = UtoipaMethodRouter<S>>,
) -> UtoipaMethodRouter<S> {
    let mut merged = UtoipaMethodRouter::default();
    for (schemas, paths, router) in routes {
        merged.0.extend(schemas);
        merged.1.merge(paths);
        merged.2 = merged.2.merge(router);
    }
    merged
}
