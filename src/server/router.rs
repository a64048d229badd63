//! All routes in one flat list, which is also the OpenAPI document.

use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use axum::{Json, Router};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::api::{access, access_requests, audit, catalog, permissions, settings, signing_key};
use super::api::{data, discovery, grants, groups, query, registry, sync, system, upload, users};
use super::http::{frame, middleware};
use super::{AppState, auth, web};

#[derive(OpenApi)]
#[openapi(
    info(title = "Agnes", description = "Company tables for analysts and their AI agents"),
    security(("bearer" = []))
)]
struct Frame;

fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Frame::openapi())
        .routes(routes!(system::health::health))
        .routes(routes!(system::detailed::detailed))
        .routes(routes!(system::detailed::ready))
        .routes(routes!(system::version::version))
        .routes(routes!(settings::get_settings))
        .routes(routes!(settings::set_dataset))
        .routes(routes!(settings::get_sync_settings, settings::set_sync_settings))
        .routes(routes!(settings::get_subscriptions, settings::set_subscriptions))
        .routes(routes!(auth::token::sign_in_for_token))
        .routes(routes!(auth::bootstrap::bootstrap))
        .routes(routes!(auth::password::login::log_in))
        .routes(routes!(auth::password::setup::set_up_password))
        .routes(routes!(auth::email_link::send::send_login_link))
        .routes(routes!(auth::email_link::verify::verify_login_link))
        .routes(routes!(auth::me::show_me))
        .routes(routes!(auth::logout::log_out))
        .routes(routes!(auth::tokens::list::list_tokens, auth::tokens::create::create_token))
        .routes(routes!(auth::tokens::list::get_token, auth::tokens::revoke::revoke_token))
        .routes(routes!(auth::tokens::list::list_all_tokens))
        .routes(routes!(auth::tokens::revoke::revoke_any_token))
        .routes(routes!(audit::list::list_audit_entries))
        .routes(routes!(audit::verify::verify_audit_log))
        .routes(routes!(signing_key::rotate::rotate_signing_key))
        .routes(routes!(auth::google::login::begin_google_sign_in))
        .routes(routes!(auth::google::callback::complete_google_sign_in))
        .routes(routes!(users::manage::list_users, users::create::create_user))
        .routes(routes!(users::password::set_user_password))
        .routes(routes!(users::password::reset_user_password))
        .routes(routes!(users::me::get_current_user, users::me::update_current_user))
        .routes(routes!(users::manage::get_user, users::manage::update_user, users::manage::delete_user))
        .routes(routes!(users::manage::activate_user))
        .routes(routes!(users::manage::deactivate_user))
        .routes(routes!(groups::manage::list_groups, groups::manage::create_group))
        .routes(routes!(groups::manage::get_group, groups::manage::update_group, groups::manage::delete_group))
        .routes(routes!(groups::membership::list_group_members, groups::membership::add_group_member))
        .routes(routes!(groups::membership::remove_group_member))
        .routes(routes!(groups::membership::list_user_memberships, groups::membership::add_user_membership))
        .routes(routes!(groups::membership::remove_user_membership))
        .routes(routes!(access::get_user_effective_access))
        .routes(routes!(access::get_own_effective_access))
        .routes(routes!(access::get_access_overview))
        .routes(routes!(
            permissions::list_permissions,
            permissions::grant_table_permission,
            permissions::revoke_table_permission
        ))
        .routes(routes!(permissions::list_user_permissions, permissions::revoke_permission))
        .routes(routes!(access_requests::list_access_requests, access_requests::create_access_request))
        .routes(routes!(access_requests::list_own_access_requests))
        .routes(routes!(access_requests::list_pending_access_requests))
        .routes(routes!(access_requests::approve_access_request))
        .routes(routes!(access_requests::deny_access_request))
        .routes(routes!(catalog::tables::list_catalog_tables))
        .routes(routes!(catalog::profile::get_table_profile))
        .routes(routes!(catalog::profile::refresh_table_profile))
        .routes(routes!(grants::list_resource_types))
        .routes(routes!(grants::list_grants, grants::create_grant))
        .routes(routes!(grants::delete_grant))
        .routes(routes!(registry::list_registered_tables))
        .routes(routes!(registry::register_table))
        .routes(routes!(registry::precheck_table))
        .routes(routes!(discovery::discover_tables))
        .routes(routes!(discovery::register_discovered_tables))
        .routes(routes!(discovery::push_descriptions))
        .routes(routes!(registry::update_table, registry::unregister_table))
        .routes(routes!(sync::trigger::trigger_sync))
        .routes(routes!(upload::tables::upload).layer(DefaultBodyLimit::disable()))
        .routes(routes!(sync::runs::list_sync_runs))
        .routes(routes!(sync::runs::get_sync_run))
        .routes(routes!(sync::manifest::get_manifest))
        .routes(routes!(data::download::download))
        .routes(routes!(data::download::part))
        .merge(web::forms())
        .routes(routes!(query::run::run_query))
}

/// The whole server, ready to be served.
pub fn build(app: AppState) -> Router {
    let (routes, mut document) = api().split_for_parts();
    complete(&mut document, &app.config.build.version);
    let routes = web::mount(routes).route("/openapi.json", get(move || async move { Json(document) }));
    let routes = routes.route_layer(from_fn_with_state(app.clone(), middleware::denied::note));
    let show_errors = |routes| web::show_errors(app.clone(), routes);
    frame::wrap(routes, &app.config.frame, show_errors).with_state(app)
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
