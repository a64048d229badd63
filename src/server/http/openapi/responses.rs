use std::collections::BTreeSet;

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, PathItem, Paths};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Components, Content, OpenApi, Ref, RefOr, Response};

/// Suffix of the shared responses that browsers see as pages.
const PAGE: &str = "Page";

/// Adds the statuses that the operation does not name, and a body to the errors that it names without one.
pub fn complete(operation: &mut Operation, statuses: &BTreeSet<u16>, is_page: bool) {
    let responses = &mut operation.responses.responses;
    for (status, response) in responses.iter_mut() {
        let Some(status) = error(status) else { continue };
        let RefOr::T(named) = response else { continue };
        if !named.content.is_empty() {
            continue;
        }
        if named.description.is_empty() {
            *response = shared(status, is_page);
        } else {
            *named = describe(status, std::mem::take(&mut named.description), is_page);
        }
    }
    for status in statuses.iter().filter_map(|status| StatusCode::from_u16(*status).ok()) {
        responses.entry(status.as_str().to_owned()).or_insert_with(|| shared(status, is_page));
    }
}

/// Writes parameters that take the rest of a path as others, and adds the shared responses that operations refer to.
pub fn define(document: &mut OpenApi) {
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    let used: BTreeSet<(StatusCode, bool)> = operations(&mut document.paths)
        .flat_map(|(_, operation)| &operation.responses.responses)
        .filter_map(|(status, response)| match response {
            RefOr::Ref(shared) => Some((error(status)?, shared.ref_location.ends_with(PAGE))),
            RefOr::T(_) => None,
        })
        .collect();
    let Components { responses, .. } = document.components.get_or_insert_default();
    for (status, is_page) in used {
        responses.insert(name(status, is_page), describe(status, reason(status).to_owned(), is_page).into());
    }
}

/// Every operation, and whether its method changes nothing.
pub fn operations(paths: &mut Paths) -> impl Iterator<Item = (bool, &mut Operation)> {
    paths.paths.values_mut().flat_map(|item| {
        let PathItem { get, put, post, delete, patch, .. } = item;
        let unsafe_methods = [put, post, delete, patch].into_iter().flatten();
        get.iter_mut().map(|operation| (true, operation)).chain(unsafe_methods.map(|operation| (false, operation)))
    })
}

fn error(status: &str) -> Option<StatusCode> {
    status.parse().ok().filter(|status: &StatusCode| status.is_client_error() || status.is_server_error())
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or_default()
}

fn name(status: StatusCode, is_page: bool) -> String {
    let suffix = if is_page { PAGE } else { "" };
    reason(status).replace(' ', "") + suffix
}

fn shared(status: StatusCode, is_page: bool) -> RefOr<Response> {
    Ref::from_response_name(name(status, is_page)).into()
}

fn describe(status: StatusCode, description: String, is_page: bool) -> Response {
    let mut response = Response::new(description);
    let body = Content::new(Some(Ref::from_schema_name("ErrorBody")));
    response.content.insert("application/json".into(), body.into());
    if is_page {
        response.content.insert("text/html".into(), Content::default().into());
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer);
        let header = HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds to wait")).build();
        response.headers.insert(RETRY_AFTER.to_string(), header.into());
    }
    response
}
