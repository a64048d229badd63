//! Pages for people. They need no script; templates and static files are part of the program.

pub mod account;
mod assets;
mod dashboard;
mod login;
mod password;
mod render;

use axum::Router;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use minijinja::context;

pub use password::{PasswordPage, objection};

use super::http::extractors::principal::MaybePrincipal;
use super::http::session::redirect;
use super::{ApiError, App, AppState};
use crate::protocol::auth::VerifyForm;

/// A path, and how it is served.
type Page = (&'static str, fn() -> MethodRouter<AppState>);

/// Every page. They are no part of the API and of its document.
pub const ROUTES: &[Page] = &[
    ("/", || get(home)),
    ("/login", || get(login::choose)),
    ("/login/password", || get(login::password)),
    ("/login/email", || get(login::email)),
    ("/auth/password/setup", || get(account::set_up::setup_page)),
    ("/auth/password/reset", || get(account::reset_password::reset_page)),
    ("/dashboard", || get(dashboard::dashboard)),
    ("/static/{path}", || get(assets::serve)),
];

/// Adds the pages to the API's routes.
pub fn mount(routes: Router<AppState>) -> Router<AppState> {
    ROUTES.iter().fold(routes, |routes, (path, page)| routes.route(path, page()))
}

async fn home(MaybePrincipal(caller): MaybePrincipal) -> Response {
    redirect(if caller.is_some() { "/dashboard" } else { "/login" })
}

/// Says that a mail may be on its way, the same for every address. `validity` is that of the link in it.
pub fn check_email(app: &App, validity: &str) -> Result<Response, ApiError> {
    render::page(app, "check_email.html", context! { validity, can_mail => app.mail.is_configured() })
}

/// Asks for a click before a link is used up.
pub fn confirm_link(app: &App, link: &VerifyForm) -> Result<Response, ApiError> {
    let context = context! { email => &link.email, token => &link.token, next => &link.next };
    Ok(render::secret(render::page(app, "confirm_link.html", context)?))
}
