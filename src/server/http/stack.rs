//! What surrounds all routes: middleware, and responses to unknown paths.

use axum::Router;
use axum::http::{HeaderValue, Method, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use super::middleware::{self, cross_site, json_body};
use crate::server::settings::HttpSettings;

/// Adds middleware and the responses to unknown paths. `show_errors` adds a layer that sees every error response, also to
/// an unknown path or after a panic, and may render it in another form.
pub fn wrap<S: Clone + Send + Sync + 'static>(
    routes: Router<S>,
    settings: &HttpSettings,
    guard: cross_site::Guard,
    show_errors: impl FnOnce(Router<S>) -> Router<S>,
) -> Router<S> {
    let routes =
        routes.route_layer(from_fn(json_body::parse)).fallback(unknown_path).method_not_allowed_fallback(wrong_method);
    middleware::around(show_errors(middleware::within(routes, settings, guard)), settings)
}

/// An unknown path is 404 for reads and 405 for writes, as in v0.35.
async fn unknown_path(method: Method) -> Response {
    if is_read(&method) {
        return ApiError::page_not_found().into_response();
    }
    let allow = [(header::ALLOW, HeaderValue::from_static("GET"))];
    (allow, ApiError::method_not_allowed()).into_response()
}

/// The path exists with other methods, which axum adds as `Allow`.
async fn wrong_method(method: Method) -> ApiError {
    if is_read(&method) { ApiError::page_not_found() } else { ApiError::method_not_allowed() }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use axum::routing::{get, post};
    use insta::assert_snapshot;
    use serde::Deserialize;
    use tower::ServiceExt;

    use super::*;
    use crate::protocol::FieldError;
    use crate::server::http::extractors::{Json as Checked, Path, Query};
    use crate::server::settings::AllowedOrigins;

    #[derive(Debug, Deserialize)]
    struct Example {
        name: String,
        #[serde(default)]
        count: u32,
        #[serde(default)]
        wise: bool,
        #[serde(default)]
        tags: Vec<String>,
    }

    async fn refuse() -> ApiError {
        let source = std::io::Error::other("disk is gone");
        let path = std::path::PathBuf::from("extracts");
        ApiError::internal(crate::sync::RebuildError::Read { path, source })
    }

    async fn panic() -> &'static str {
        panic!("that was too much")
    }

    async fn read(Checked(body): Checked<Example>) -> String {
        let Example { name, count, wise, tags } = body;
        format!("{name} {count} {wise} {tags:?}")
    }

    async fn query(Query(query): Query<Example>) -> String {
        format!("{} {}", query.name, query.count)
    }

    async fn checked() -> ApiError {
        ApiError::unprocessable(vec![FieldError::value(["body", "name"], "name must not be empty", "")])
    }

    async fn unauthenticated() -> ApiError {
        ApiError::unauthorized("Missing or invalid Authorization header")
    }

    fn server(debug: &str) -> Router {
        let routes = Router::new()
            .route("/refuse", get(refuse))
            .route("/panic", get(panic))
            .route("/read", post(read))
            .route("/query", get(query))
            .route("/checked", post(checked))
            .route("/closed", post(unauthenticated))
            .route("/busy", get(|| async { ApiError::too_many("Too many queries", 5) }))
            .route("/api/data/t/download", get(|| async { "x".repeat(5000) }))
            .route("/long", get(|| async { "x".repeat(1024) }))
            .route("/short", get(|| async { "x".repeat(1023) }))
            .route("/named/{id}", get(|Path(id): Path<String>| async { id }));
        let guard = cross_site::Guard::new(AllowedOrigins::default(), |_| false);
        wrap(routes, &HttpSettings { debug: debug == "1", ..HttpSettings::default() }, guard, |routes| routes)
    }

    /// Status, relevant headers and body of a response.
    async fn respond(debug: &str, request: axum::http::request::Builder, body: impl Into<Body>) -> String {
        let request: Request = request.header("x-request-id", "rid").body(body.into()).unwrap();
        let response = server(debug).oneshot(request).await.unwrap();
        assert_eq!(response.headers()["x-request-id"], "rid");
        let (parts, body) = response.into_parts();
        let mut text = parts.status.to_string();
        for name in [header::ALLOW, header::RETRY_AFTER] {
            if let Some(value) = parts.headers.get(&name) {
                text += &format!("\n{name}: {}", value.to_str().unwrap());
            }
        }
        let body = to_bytes(body, usize::MAX).await.unwrap();
        format!("{text}\n{}", String::from_utf8_lossy(&body))
    }

    async fn get_path(path: &str) -> String {
        respond("", Request::get(path), "").await
    }

    async fn post_json(path: &str, body: &'static str) -> String {
        respond("", Request::post(path).header(header::CONTENT_TYPE, "application/json"), body).await
    }

    #[tokio::test]
    async fn failures_are_shown_only_with_debug() {
        assert_snapshot!(get_path("/refuse").await, @r#"
        500 Internal Server Error
        {"detail":"Internal server error","request_id":"rid"}
        "#);
        assert_snapshot!(get_path("/panic").await, @r#"
        500 Internal Server Error
        {"detail":"Internal server error","request_id":"rid"}
        "#);
        assert_snapshot!(respond("1", Request::get("/refuse"), "").await, @r#"
        500 Internal Server Error
        {"detail":"Internal server error","request_id":"rid","error":"cannot read extracts: disk is gone"}
        "#);
        assert_snapshot!(respond("1", Request::get("/panic"), "").await, @r#"
        500 Internal Server Error
        {"detail":"Internal server error","request_id":"rid","error":"panic: that was too much"}
        "#);
    }

    #[tokio::test]
    async fn unknown_paths_and_wrong_methods() {
        assert_snapshot!(get_path("/nothing").await, @r#"
        404 Not Found
        {"detail":"Page not found"}
        "#);
        assert_snapshot!(get_path("/read").await, @r#"
        404 Not Found
        allow: POST
        {"detail":"Page not found"}
        "#);
        assert_snapshot!(respond("", Request::delete("/read"), "").await, @r#"
        405 Method Not Allowed
        allow: POST
        {"detail":"Method Not Allowed"}
        "#);
        assert_snapshot!(respond("", Request::put("/nothing"), "").await, @r#"
        405 Method Not Allowed
        allow: GET
        {"detail":"Method Not Allowed"}
        "#);
        assert_snapshot!(get_path("/refuse/").await, @r#"
        404 Not Found
        {"detail":"Page not found"}
        "#);
        assert_snapshot!(get_path("/named/a%2Fb").await, @r#"
        200 OK
        a/b
        "#);
        assert_snapshot!(get_path("/busy").await, @r#"
        429 Too Many Requests
        retry-after: 5
        {"detail":"Too many queries"}
        "#);
    }

    #[tokio::test]
    async fn bodies_are_read_before_anything_else() {
        assert_snapshot!(post_json("/closed", "{\"a\": }").await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"json_invalid","loc":["body",6],"msg":"JSON decode error","input":{},"ctx":{"error":"expected value"}}]}
        "#);
        assert_snapshot!(post_json("/closed", "{}").await, @r#"
        401 Unauthorized
        {"detail":"Missing or invalid Authorization header"}
        "#);
        assert_snapshot!(post_json("/nothing", "{").await, @r#"
        405 Method Not Allowed
        allow: GET
        {"detail":"Method Not Allowed"}
        "#);
        assert_snapshot!(respond("", Request::post("/closed").header(header::CONTENT_TYPE, "application/json"), vec![b'"', 0xff, b'"']).await, @r#"
        400 Bad Request
        {"detail":"There was an error parsing the body"}
        "#);
        let long = format!("\"{}\"", "x".repeat(json_body::MAX_BYTES));
        assert_snapshot!(respond("", Request::post("/read").header(header::CONTENT_TYPE, "application/json"), long).await, @r#"
        413 Payload Too Large
        {"detail":"The body is longer than 2 MB"}
        "#);
    }

    #[tokio::test]
    async fn fields_are_named() {
        assert_snapshot!(post_json("/read", r#"{"name": "a", "count": "30", "wise": "yes", "tags": ["x"], "more": 1}"#).await, @r#"
        200 OK
        a 30 true ["x"]
        "#);
        assert_snapshot!(post_json("/read", r#"{"count": 1}"#).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"missing","loc":["body","name"],"msg":"Field required","input":{"count":1}}]}
        "#);
        assert_snapshot!(post_json("/read", r#"{"name": 5}"#).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"string_type","loc":["body","name"],"msg":"Input should be a valid string","input":5}]}
        "#);
        assert_snapshot!(post_json("/read", r#"{"name": "a", "count": "many"}"#).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"int_parsing","loc":["body","count"],"msg":"Input should be a valid integer, unable to parse string as an integer","input":"many"}]}
        "#);
        assert_snapshot!(post_json("/read", r#"{"name": "a", "count": 1.5}"#).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"int_from_float","loc":["body","count"],"msg":"Input should be a valid integer, got a number with a fractional part","input":1.5}]}
        "#);
        assert_snapshot!(post_json("/read", r#"{"name": "a", "count": -1}"#).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"greater_than_equal","loc":["body","count"],"msg":"Input should be greater than or equal to 0","input":-1,"ctx":{"ge":0}}]}
        "#);
        assert_snapshot!(post_json("/read", r#"{"name": "a", "wise": "maybe"}"#).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"bool_parsing","loc":["body","wise"],"msg":"Input should be a valid boolean, unable to interpret input","input":"maybe"}]}
        "#);
        assert_snapshot!(post_json("/read", r#"{"name": "a", "tags": "x"}"#).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"list_type","loc":["body","tags"],"msg":"Input should be a valid list","input":"x"}]}
        "#);
        assert_snapshot!(post_json("/read", r#"{"name": "a", "tags": ["x", null]}"#).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"string_type","loc":["body","tags",1],"msg":"Input should be a valid string","input":null}]}
        "#);
        assert_snapshot!(post_json("/read", "[1]").await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":[1]}]}
        "#);
        assert_snapshot!(post_json("/read", "").await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}
        "#);
        assert_snapshot!(respond("", Request::post("/read"), r#"{"name": "a"}"#).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":"{\"name\": \"a\"}"}]}
        "#);
        assert_snapshot!(post_json("/checked", r#"{"name": ""}"#).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"value_error","loc":["body","name"],"msg":"Value error, name must not be empty","input":"","ctx":{"error":{}}}]}
        "#);
    }

    #[tokio::test]
    async fn query_strings() {
        assert_snapshot!(get_path("/query?name=J%C3%BCrgen+B&count=1&count=7").await, @r#"
        200 OK
        Jürgen B 7
        "#);
        assert_snapshot!(get_path("/query?count=x").await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"int_parsing","loc":["query","count"],"msg":"Input should be a valid integer, unable to parse string as an integer","input":"x"}]}
        "#);
        assert_snapshot!(get_path("/query?name=a&count=x").await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"int_parsing","loc":["query","count"],"msg":"Input should be a valid integer, unable to parse string as an integer","input":"x"}]}
        "#);
    }

    #[tokio::test]
    async fn gzip_is_for_long_bodies_other_than_downloads() {
        for (path, packed) in [("/long", true), ("/short", false), ("/api/data/t/download", false)] {
            let request = Request::get(path).header(header::ACCEPT_ENCODING, "gzip").body(Body::empty()).unwrap();
            let response = server("").oneshot(request).await.unwrap();
            assert_eq!(response.headers().contains_key(header::CONTENT_ENCODING), packed, "{path}");
        }
    }
}
