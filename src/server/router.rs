//! All routes, in one flat list from which the OpenAPI document is derived.

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};

use super::api::{access_log, access_requests, audit, catalog, catalog_export, client_program};
use super::api::{
    data, discovery, grants, groups, metadata, metrics, prompts, query, registry, saved_queries, search, sync, system,
    transcripts, upload, users, v2,
};
use super::api::{keys, permissions, server_config, settings};
use super::http::middleware::cross_site::Guard;
use super::http::openapi::{self, routes};
use super::http::{middleware, stack};
use super::{AppState, auth, web};
use crate::access::AuthKind;
use crate::protocol::{ErrorBody, FieldError};
use crate::store::audit::Origin;

#[derive(OpenApi)]
#[openapi(
    info(title = "Agnes", description = "Company tables for analysts and their AI agents"),
    security(("bearer" = [])),
    components(schemas(ErrorBody, FieldError))
)]
struct ApiDocument;

/// A folder of `api`, `auth` or `web` has a heading here; `web::forms` lists what the forms of the pages are sent to.
fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(ApiDocument::openapi())
        // System
        .routes(routes!(system::get_health))
        .routes(routes!(system::get_detailed_health))
        .routes(routes!(system::get_readiness))
        .routes(routes!(system::get_version))
        .routes(routes!(keys::rotate_signing_key))
        .routes(routes!(keys::rotate_second_factor_key))
        .routes(routes!(server_config::get_server_config, server_config::update_server_config))
        .routes(routes!(server_config::configure_instance))
        .routes(routes!(audit::list_audit_entries))
        .routes(routes!(audit::verify_audit_log))
        .routes(routes!(access_log::list_data_accesses))
        // The command line
        .routes(routes!(client_program::get_latest_client))
        .routes(routes!(client_program::download_client))
        .routes(routes!(client_program::download_client_binary))
        .routes(routes!(client_program::download_client_wheel))
        .routes(routes!(client_program::get_install_script))
        .routes(routes!(client_program::get_powershell_install_script))
        // Signing in and out
        .routes(routes!(auth::session::bootstrap))
        .routes(routes!(auth::password::sign_in_for_token))
        .routes(routes!(auth::password::log_in))
        .routes(routes!(auth::password::set_up_password))
        .routes(routes!(auth::own_password::change_password))
        .routes(routes!(auth::email_link::send_login_link))
        .routes(routes!(auth::email_link::verify_login_link))
        .routes(routes!(auth::google::begin_google_sign_in))
        .routes(routes!(auth::google::complete_google_sign_in))
        .routes(routes!(auth::session::show_me))
        .routes(routes!(auth::session::log_out))
        .merge(web::forms())
        // Personal tokens
        .routes(routes!(auth::tokens::list_tokens, auth::tokens::create_token))
        .routes(routes!(auth::tokens::get_token, auth::tokens::revoke_token))
        .routes(routes!(auth::tokens::list_all_tokens))
        .routes(routes!(auth::tokens::revoke_any_token))
        // Second factors
        .routes(routes!(auth::second_factor::get_second_factor, auth::second_factor::begin_second_factor))
        .routes(routes!(auth::second_factor::confirm_second_factor))
        .routes(routes!(auth::second_factor::renew_recovery_codes))
        .routes(routes!(auth::second_factor::remove_second_factor))
        .routes(routes!(auth::second_factor::reset_second_factor))
        // Sessions
        .routes(routes!(auth::sessions::list_sessions, auth::sessions::end_other_sessions))
        .routes(routes!(auth::sessions::end_session))
        .routes(routes!(auth::sessions::list_user_sessions, auth::sessions::end_user_sessions))
        .routes(routes!(auth::sessions::end_user_session))
        // Users
        .routes(routes!(users::list_users, users::create_user))
        .routes(routes!(users::get_user, users::update_user, users::delete_user))
        .routes(routes!(users::activate_user))
        .routes(routes!(users::deactivate_user))
        .routes(routes!(users::set_user_password))
        .routes(routes!(users::reset_user_password))
        .routes(routes!(users::get_current_user, users::update_current_user))
        // Groups and their members
        .routes(routes!(groups::list_groups, groups::create_group))
        .routes(routes!(groups::get_group, groups::update_group, groups::delete_group))
        .routes(routes!(groups::list_group_members, groups::add_group_member))
        .routes(routes!(groups::remove_group_member))
        .routes(routes!(groups::list_user_memberships, groups::add_user_membership))
        .routes(routes!(groups::remove_user_membership))
        // Access
        .routes(routes!(grants::list_resource_types))
        .routes(routes!(grants::list_grants, grants::create_grant))
        .routes(routes!(grants::delete_grant))
        .routes(routes!(grants::get_user_effective_access))
        .routes(routes!(grants::get_own_effective_access))
        .routes(routes!(grants::get_access_overview))
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
        // Registered tables
        .routes(routes!(registry::list_registered_tables))
        .routes(routes!(registry::register_table))
        .routes(routes!(registry::precheck_table))
        .routes(routes!(registry::update_table, registry::unregister_table))
        .routes(routes!(registry::get_table_types, registry::change_table_format))
        .routes(routes!(discovery::discover_tables))
        .routes(routes!(discovery::register_discovered_tables))
        .routes(routes!(metadata::get_column_metadata, metadata::describe_columns))
        .routes(routes!(discovery::push_descriptions))
        .routes(routes!(catalog_export::export_catalog))
        .routes(routes!(upload::tables::upload_table).layer(DefaultBodyLimit::disable()))
        // Syncs
        .routes(routes!(sync::trigger_sync))
        .routes(routes!(sync::list_sync_runs))
        .routes(routes!(sync::get_sync_run))
        .routes(routes!(sync::cancel_sync_run))
        // Reading tables
        .routes(routes!(sync::get_manifest))
        .routes(routes!(data::download_table))
        .routes(routes!(data::download_part))
        .routes(routes!(query::run_query))
        .routes(routes!(v2::tables::get_catalog))
        .routes(routes!(v2::tables::get_table_schema))
        .routes(routes!(v2::tables::get_table_sample))
        .routes(routes!(v2::scan::scan))
        .routes(routes!(v2::scan::estimate_scan))
        // Saved queries
        .routes(routes!(saved_queries::list_saved_queries, saved_queries::save_query))
        .routes(routes!(
            saved_queries::get_saved_query,
            saved_queries::update_saved_query,
            saved_queries::delete_saved_query
        ))
        .routes(routes!(saved_queries::run_saved_query))
        .routes(routes!(saved_queries::refresh_saved_query))
        .routes(routes!(saved_queries::share_saved_query, saved_queries::unshare_saved_query))
        .routes(routes!(saved_queries::run_due_saved_queries))
        // The catalog
        .routes(routes!(catalog::list_catalog_tables))
        .routes(routes!(search::search_catalog))
        .routes(routes!(catalog::get_table_profile))
        .routes(routes!(catalog::refresh_table_profile))
        // Metrics
        .routes(routes!(metrics::list_metrics))
        .routes(routes!(metrics::get_metric, metrics::compile_metric))
        .routes(routes!(metrics::redirect_to_metric))
        .routes(routes!(metrics::put_metric))
        .routes(routes!(metrics::import_metrics))
        .routes(routes!(metrics::delete_metric))
        // What analysts send of their own
        .routes(routes!(upload::files::upload_session).layer(DefaultBodyLimit::disable()))
        .routes(routes!(upload::files::upload_artifact).layer(DefaultBodyLimit::disable()))
        .routes(routes!(upload::files::upload_local_notes))
        .routes(routes!(transcripts::list_own_transcripts))
        .routes(routes!(transcripts::download_own_transcript))
        // Prompts
        .routes(routes!(prompts::get_welcome))
        .routes(routes!(prompts::get_welcome_template, prompts::set_welcome_template, prompts::reset_welcome_template))
        .routes(routes!(prompts::preview_welcome_template))
        .routes(routes!(
            prompts::get_workspace_template,
            prompts::set_workspace_template,
            prompts::reset_workspace_template
        ))
        .routes(routes!(prompts::preview_workspace_template))
        // Preferences
        .routes(routes!(settings::get_settings))
        .routes(routes!(settings::set_dataset))
        .routes(routes!(settings::get_sync_settings, settings::set_sync_settings))
        .routes(routes!(settings::get_subscriptions, settings::set_subscriptions))
}

/// The whole server: routes, middleware and state.
pub fn build(app: AppState) -> Router {
    let (routes, mut document) = api().split_for_parts();
    complete(&mut document, &app.config.build.version);
    let document = Bytes::from(serde_json::to_vec(&document).unwrap_or_default());
    let document = get(move || async move { ([(CONTENT_TYPE, "application/json")], document) });
    let routes = web::mount(routes).route("/openapi.json", document);
    let routes = routes.route_layer(from_fn_with_state(app.clone(), middleware::denied::note));
    let routes = routes.route_layer(from_fn_with_state(app.clone(), middleware::data_read::record));
    let guard = cross_site_guard(app.clone());
    let show_errors = |routes| web::show_errors(app.clone(), routes);
    stack::wrap(routes, &app.config.http, guard, show_errors).with_state(app)
}

fn cross_site_guard(app: AppState) -> Guard {
    Guard::new(app.config.http.origins.clone(), move |token| {
        let caller = app.authenticator.authenticate(&app.store.snapshot(), Some(token), Origin::internal());
        // In development mode everybody is let in, whatever the token.
        caller.is_ok_and(|caller| *caller.kind() != AuthKind::Dev)
    })
}

/// Adds what cannot be derived from the handlers.
fn complete(document: &mut Document, version: &str) {
    document.info.version = version.to_owned();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A session or personal access token"))
        .build();
    openapi::define(document);
    document.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(bearer));
}
