//! Shows errors as pages to people; programs get JSON.

use axum::extract::{FromRequestParts, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, REFERER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use minijinja::context;
use serde_json::Value;

use super::{PageContext, PageError};
use crate::protocol::ErrorBody;
use crate::server::AppState;
use crate::server::auth::next;
use crate::server::http::middleware::request_id::RequestId;
use crate::server::http::session::accepts_html;

/// Paths of the API. Their errors are JSON for every client.
const API_PREFIXES: [&str; 5] = ["/api/", "/auth/", "/marketplace.zip", "/marketplace.git", "/marketplace/"];

/// An extension of responses of pages and their forms, some of which are below `/auth/`.
#[derive(Clone, Copy)]
struct FromPage;

/// Marks the responses of a route, so that its errors are shown as pages.
pub async fn mark(mut response: Response) -> Response {
    response.extensions_mut().insert(FromPage);
    response
}

/// Replaces the JSON of an error with a page if the client is a browser.
pub async fn show_errors(app: AppState, request: Request, next: Next) -> Response {
    if !accepts_html(request.headers()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let mut response = next.run(Request::from_parts(parts.clone(), body)).await;
    let is_page = response.extensions().get::<FromPage>().is_some();
    let is_shown = is_page || !is_api(parts.uri.path());
    let Some(error) = response.extensions_mut().remove::<ErrorBody>().filter(|_| is_shown) else { return response };
    match page(&app, &mut parts, response.status(), &error).await {
        Ok(page) => {
            let (page, body) = page.into_parts();
            let headers = response.headers_mut();
            // The page may have shown a notice, which is then deleted.
            headers.extend(page.headers.get_all(SET_COOKIE).iter().map(|cookie| (SET_COOKIE, cookie.clone())));
            headers.remove(CONTENT_LENGTH);
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            *response.body_mut() = body;
        }
        // The JSON is still there.
        Err(_) => tracing::error!("cannot render the error page"),
    }
    response
}

async fn page(app: &AppState, parts: &mut Parts, status: StatusCode, error: &ErrorBody) -> Result<Response, PageError> {
    let context = PageContext::from_request_parts(parts, app).await?;
    let path = parts.uri.path_and_query().map_or("/", |here| here.as_str());
    // A mailed link that was refused is not worth returning to.
    let next = next::safe(path).filter(|_| parts.method.is_safe() && !is_api(path));
    let sign_in = (status == StatusCode::UNAUTHORIZED).then(|| next::append("/login", next.as_deref()));
    let values = context! {
        code => status.as_u16(),
        heading => heading(status),
        detail => text(&error.detail),
        path => parts.uri.path(),
        request_id => parts.extensions.get::<RequestId>().map(|RequestId(id)| id),
        cause => &error.error,
        previous => previous(parts, &context.caller.base_url),
        sign_in,
    };
    Ok(context.render("error.html", values)?.into_response())
}

fn is_api(path: &str) -> bool {
    API_PREFIXES.iter().any(|prefix| path.starts_with(prefix))
}

/// The page of this server from which the visitor came.
fn previous(parts: &Parts, base_url: &str) -> Option<String> {
    let referer = parts.headers.get(REFERER)?.to_str().ok()?;
    let path = next::safe(referer.strip_prefix(base_url)?)?;
    (path != parts.uri.path()).then_some(path)
}

/// The readable part of a `detail`.
fn text(detail: &Value) -> &str {
    let text = match detail {
        Value::Array(errors) => errors.first().and_then(|error| error["msg"].as_str()),
        Value::Object(fields) => fields.get("message").or_else(|| fields.get("hint")).and_then(Value::as_str),
        other => other.as_str(),
    };
    text.unwrap_or_default()
}

fn heading(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "Bad request",
        401 => "Sign-in required",
        403 => "Forbidden",
        404 => "Page not found",
        405 => "Method not allowed",
        408 => "Request timeout",
        413 => "Payload too large",
        422 => "Unprocessable entity",
        429 => "Too many requests",
        500 => "Server error",
        502 => "Bad gateway",
        503 => "Service unavailable",
        504 => "Gateway timeout",
        _ => "Error",
    }
}

#[cfg(test)]
mod tests {
    use crate::server::http::middleware::cross_site::Guard;
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::http::header::{ACCEPT, LOCATION};
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;
    use crate::access::Admin;
    use crate::config::Environment;
    use crate::server::http::stack;
    use crate::server::web::{PageResult, SignedIn};
    use crate::server::{ApiError, App, ServerSettings};

    /// Refuses everybody as `Admin` refuses those who are signed in.
    struct Refused;

    impl FromRequestParts<AppState> for Refused {
        type Rejection = ApiError;

        async fn from_request_parts(_: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
            Err(ApiError::forbidden("Admin access required"))
        }
    }

    async fn fail() -> PageResult {
        Err(ApiError::internal("the disk is gone").into())
    }

    async fn panic() -> PageResult {
        panic!("too much")
    }

    fn server(directory: &std::path::Path, debug: bool) -> Router {
        let path = directory.to_str().unwrap();
        let env = [("DATA_DIR", path), ("CONFIG_DIR", path), ("DEBUG", if debug { "1" } else { "0" })];
        let app = App::open(ServerSettings::load(Environment::from_pairs(env)).unwrap()).unwrap();
        let routes = Router::new()
            .route("/admin/x", get(|_: SignedIn<Admin>| async {}))
            .route("/refused", get(|_: SignedIn<Refused>| async {}))
            .route("/fail", get(fail))
            .route("/panic", get(panic))
            .route("/api/fail", get(fail));
        let show_errors = |routes| crate::server::web::show_errors(app.clone(), routes);
        let guard = Guard::new(app.config.http.origins.clone(), |_| false);
        stack::wrap(routes, &app.config.http, guard, show_errors).with_state(app)
    }

    async fn open(server: &Router, path: &str, accept: &str) -> (Response, String) {
        let request = Request::get(path).header(ACCEPT, accept).header("x-request-id", "rid").body(Body::empty());
        let (parts, body) = server.clone().oneshot(request.unwrap()).await.unwrap().into_parts();
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        (Response::from_parts(parts, Body::empty()), text)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn errors_of_pages_are_pages() {
        let directory = tempfile::tempdir().unwrap();
        let plain = server(directory.path(), false);
        let (response, _) = open(&plain, "/admin/x?tab=1", "text/html").await;
        assert_eq!(
            (response.status(), response.headers()[LOCATION].to_str().unwrap()),
            (StatusCode::FOUND, "/login?next=%2Fadmin%2Fx%3Ftab%3D1")
        );
        for (path, status, text) in [
            ("/refused", 403, "Admin access required"),
            ("/fail", 500, "Internal server error"),
            ("/panic", 500, "Server error"),
        ] {
            let (response, page) = open(&plain, path, "text/html,*/*").await;
            assert_eq!(
                (response.status().as_u16(), response.headers()[CONTENT_TYPE].to_str().unwrap()),
                (status, "text/html; charset=utf-8")
            );
            assert!(page.contains(text) && page.contains("<code>rid</code>") && page.contains("href=\"/\""), "{page}");
            assert!(!page.contains("disk") && !page.contains("too much"), "{page}");
            let (response, json) = open(&plain, path, "*/*").await;
            assert_eq!((response.status().as_u16(), &json[..11]), (status, "{\"detail\":\""));
        }
        let (_, json) = open(&plain, "/api/fail", "text/html").await;
        assert_eq!(json, r#"{"detail":"Internal server error","request_id":"rid"}"#);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_cause_is_shown_with_debug() {
        let directory = tempfile::tempdir().unwrap();
        let (_, page) = open(&server(directory.path(), true), "/fail", "text/html").await;
        assert!(page.contains("<pre>the disk is gone</pre>"), "{page}");
    }
}
