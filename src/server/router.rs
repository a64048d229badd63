//! All routes in one flat list, which is also the OpenAPI document.

use axum::routing::get;
use axum::{Json, Router};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api::{data, grants, groups, query, registry, sync, system, users};
use super::{AppState, auth, frame};

#[derive(OpenApi)]
#[openapi(
    info(title = "AI Data Analyst", description = "Company tables for analysts and their AI agents"),
    security(("bearer" = []))
)]
struct Frame;

fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Frame::openapi())
        .routes(routes!(system::health::health))
        .routes(routes!(system::version::version))
        .routes(routes!(auth::token::sign_in))
        .routes(routes!(auth::bootstrap::bootstrap))
        .routes(routes!(auth::me::me))
        .routes(routes!(auth::logout::logout))
        .routes(routes!(users::list::list, users::create::create))
        .routes(routes!(users::set_password::set_password))
        .routes(routes!(groups::list::list, groups::create::create))
        .routes(routes!(groups::list::get, groups::delete::delete))
        .routes(routes!(groups::members::list, groups::members::add))
        .routes(routes!(groups::members::remove))
        .routes(routes!(grants::resource_types::list))
        .routes(routes!(grants::list::list, grants::create::create))
        .routes(routes!(grants::delete::delete))
        .routes(routes!(registry::list::list))
        .routes(routes!(registry::register::register))
        .routes(routes!(registry::update::update, registry::delete::delete))
        .routes(routes!(sync::trigger::trigger))
        .routes(routes!(sync::manifest::manifest))
        .routes(routes!(data::download::download))
        .routes(routes!(query::run::run))
}

/// The whole server, ready to be served.
pub fn build(app: AppState) -> Router {
    let (routes, mut document) = api().split_for_parts();
    complete(&mut document, &app.config.build.version);
    let routes = routes.route("/openapi.json", get(move || async move { Json(document) }));
    frame::wrap(routes, &app.config.frame).with_state(app)
}

/// What the derived document cannot know.
fn complete(document: &mut Document, version: &str) {
    document.info.version = version.to_owned();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A session or personal access token"))
        .build();
    document.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(bearer));
}
