//! Pages for people. They need no script; templates and static files are part of the program.
//!
//! A page is a template that extends `base.html`, a handler that returns `PageResult`, and a line in
//! [`PAGES`]; `docs/architecture.md` tells the steps.

mod access;
mod access_requests;
mod account;
mod admin_home;
mod appearance;
mod assets;
mod audit;
mod brand;
mod catalog;
mod cells;
mod components;
mod dashboard;
mod error;
mod error_page;
mod first_run;
mod flash;
mod form;
mod formats;
mod groups;
mod listing;
mod navigation;
mod page;
mod profile;
mod prompts;
mod qr;
mod reach;
mod reads;
mod server_config;
mod setup;
mod signed_in;
mod sources;
mod sync;
mod system;
mod tables;
mod templates;
mod theme;
mod tokens;
mod users;
mod workbench;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::{MethodRouter, get, post};
use utoipa_axum::router::OpenApiRouter;

use self::error::PageError;
use self::page::{PageContext, PageResult};
use self::signed_in::SignedIn;
use super::AppState;
use super::http::openapi::routes;
use super::http::session::redirect;

/// A path, and how it is served.
type Route = (&'static str, fn() -> MethodRouter<AppState>);

/// Every page. They are not part of the API and its document.
pub const PAGES: &[Route] = &[
    ("/", || get(redirect_home)),
    ("/dashboard", || get(dashboard::show_dashboard)),
    ("/query", || get(workbench::show_query).post(workbench::submit_query)),
    ("/query/complete", || get(workbench::complete::complete)),
    ("/setup", || get(setup::show_setup).post(setup::submit_setup)),
    ("/install", || get(setup::redirect_to_setup)),
    ("/reads", || get(reads::show_reads)),
    ("/catalog", || get(catalog::show_catalog)),
    ("/catalog/{table}", || get(catalog::table::show_table)),
    ("/catalog/{table}/profile", || post(catalog::table::submit_profile)),
    ("/access-requests", || get(catalog::requests::show_requests).post(catalog::requests::submit_request)),
    ("/profile", || get(profile::show_profile)),
    ("/profile/access", || get(profile::access::show_access)),
    ("/profile/sessions", || get(profile::transcripts::show_transcripts)),
    ("/profile/sessions/{filename}", || get(profile::transcripts::redirect_to_transcript)),
    ("/profile/password", || post(profile::password::submit_password)),
    ("/profile/second-factor", || post(profile::second_factor::submit_begin)),
    ("/profile/second-factor/confirm", || post(profile::second_factor::submit_confirm)),
    ("/profile/second-factor/recovery-codes", || post(profile::second_factor::submit_recovery_codes)),
    ("/profile/second-factor/remove", || post(profile::second_factor::submit_remove)),
    ("/profile/sessions/end", || post(profile::sessions::submit_end)),
    ("/profile/sessions/end-others", || post(profile::sessions::submit_end_others)),
    ("/me/debug", || get(profile::debug::show_debug)),
    ("/me/debug/refetch-groups", || post(profile::debug::submit_refetch)),
    ("/tokens", || get(tokens::own::show_tokens).post(tokens::own::submit_token)),
    ("/tokens/revoke", || post(tokens::own::submit_revoke)),
    // For admins
    ("/admin", || get(admin_home::show_home)),
    ("/admin/sync", || get(sync::runs::show_runs).post(sync::start::submit_start)),
    ("/admin/sync/runs/{id}", || get(sync::run::show_run)),
    ("/admin/sync/runs/{id}/cancel", || post(sync::cancel::submit_cancel)),
    ("/admin/sync/events", || get(sync::events::follow)),
    ("/admin/sources", || get(sources::show_sources)),
    ("/admin/system", || get(system::show_system)),
    ("/admin/system/stop-query", || post(system::submit_stop)),
    ("/admin/audit", || get(audit::list::show_entries)),
    ("/admin/audit/verify", || post(audit::list::submit_verify)),
    ("/admin/audit/export", || get(audit::export::export)),
    ("/admin/tables", || get(tables::list::show_tables)),
    ("/admin/tables/{id}", || get(tables::edit::show_table).post(tables::edit::submit_changes)),
    ("/admin/tables/{id}/sync", || post(tables::edit::submit_sync)),
    ("/admin/tables/{id}/delete", || post(tables::delete::submit_delete)),
    ("/admin/register-table", || get(tables::register::show_form).post(tables::register::submit_form)),
    ("/admin/discover-tables", || get(tables::discover::show_tables).post(tables::discover::submit_tables)),
    ("/admin/upload-table", || {
        get(tables::upload::show_form).post(tables::upload::submit_form).layer(DefaultBodyLimit::disable())
    }),
    ("/admin/users", || get(users::show_users).post(users::submit_user)),
    ("/admin/users/{id}", || get(users::person::show_person)),
    ("/admin/users/{id}/access", || get(users::access::show_access)),
    ("/admin/users/{id}/name", || post(users::account::submit_name)),
    ("/admin/users/{id}/active", || post(users::account::submit_active)),
    ("/admin/users/{id}/delete", || post(users::account::submit_delete)),
    ("/admin/users/{id}/password", || post(users::credentials::submit_password)),
    ("/admin/users/{id}/reset-password", || post(users::credentials::submit_reset)),
    ("/admin/users/{id}/reset-second-factor", || post(users::credentials::submit_second_factor)),
    ("/admin/users/{id}/groups", || post(users::groups::submit_join)),
    ("/admin/users/{id}/groups/remove", || post(users::groups::submit_leave)),
    ("/admin/users/{id}/sessions/end", || post(users::credentials::submit_end)),
    ("/admin/users/{id}/sessions/end-all", || post(users::credentials::submit_end_all)),
    ("/admin/groups", || get(groups::show_groups).post(groups::submit_group)),
    ("/admin/groups/{id}", || get(groups::members::show_members).post(groups::edit::submit_edit)),
    ("/admin/groups/{id}/delete", || post(groups::edit::submit_delete)),
    ("/admin/groups/{id}/members", || post(groups::members::submit_member)),
    ("/admin/groups/{id}/members/remove", || post(groups::members::submit_remove)),
    ("/admin/groups/{id}/grants", || get(groups::grants::show_grants)),
    ("/admin/groups/{id}/grants/revoke", || post(groups::grants::submit_revoke)),
    ("/admin/access", || get(access::show_access).post(access::submit::submit_rows)),
    ("/admin/access/block", || post(access::submit::submit_block)),
    ("/admin/grants", || get(access::redirect_grants)),
    ("/admin/access-requests", || get(access_requests::show_requests)),
    ("/admin/access-requests/{id}", || get(access_requests::review::show_review)),
    ("/admin/access-requests/{id}/approve", || post(access_requests::review::submit_approve)),
    ("/admin/access-requests/{id}/deny", || post(access_requests::review::submit_deny)),
    ("/admin/tokens", || get(tokens::all::show_all_tokens)),
    ("/admin/server-config", || get(server_config::show_config).post(server_config::submit_config)),
    ("/admin/tokens/revoke", || post(tokens::all::submit_revoke)),
    ("/admin/agent-prompt", || get(prompts::show_setup).post(prompts::submit_setup)),
    ("/admin/agent-prompt/reset", || post(prompts::reset_setup)),
    ("/admin/workspace-prompt", || get(prompts::show_workspace).post(prompts::submit_workspace)),
    ("/admin/workspace-prompt/reset", || post(prompts::reset_workspace)),
    // Signing in
    (first_run::PATH, || get(first_run::show_steps).post(first_run::submit_account)),
    ("/first-time-setup/source", || post(first_run::submit_source)),
    ("/first-time-setup/analyst", || post(first_run::submit_analyst)),
    ("/login", || get(account::log_in::show_login)),
    ("/login/password", || get(account::log_in::show_password_login)),
    ("/login/code", || get(account::second_factor::show_code).post(account::second_factor::submit_code)),
    ("/login/email", || get(account::log_in::show_email_login)),
    ("/auth/password/setup", || get(account::choose_password::show_password_setup)),
    ("/auth/password/reset", || get(account::choose_password::show_password_reset)),
    // How pages look
    ("/appearance", || post(appearance::choose)),
    ("/_components", || get(components::show_components)),
    ("/static/{path}", || get(assets::serve_latest_asset)),
    ("/static/{version}/{*path}", || get(assets::serve_asset)),
    ("/brand/{file}", || get(brand::serve_brand)),
    ("/favicon.ico", || get(assets::serve_icon)),
];

/// Where forms and mailed links of these pages lead. v0.35 has them in the API's document.
pub fn forms() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(account::log_in::submit_login))
        .routes(routes!(account::links::request_password_setup))
        .routes(routes!(account::choose_password::confirm_setup))
        .routes(routes!(account::links::request_password_reset))
        .routes(routes!(account::choose_password::confirm_reset))
        .routes(routes!(account::links::request_login_link))
        .routes(routes!(account::links::follow_login_link))
        .routes(routes!(account::links::confirm_login_link))
        .layer(map_response(error_page::mark))
}

/// Adds the pages to the API's routes.
pub fn mount(routes: Router<AppState>) -> Router<AppState> {
    let pages = PAGES.iter().fold(Router::new(), |pages, (path, page)| pages.route(path, page()));
    routes.merge(pages.route_layer(map_response(error_page::mark)))
}

/// Shows errors as pages to browsers.
pub fn show_errors(app: AppState, routes: Router<AppState>) -> Router<AppState> {
    routes.layer(from_fn_with_state(app, error_page::show_errors))
}

async fn redirect_home(page: PageContext) -> PageResult {
    Ok(match page.person {
        Some(_) => redirect("/dashboard"),
        None if first_run::is_first_run(&page).await? => redirect(first_run::PATH),
        None => redirect("/login"),
    })
}
