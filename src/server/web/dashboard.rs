use axum::extract::State;
use axum::response::Response;
use minijinja::context;

use super::render::page;
use crate::server::http::extractors::principal::MaybePrincipal;
use crate::server::http::session::redirect;
use crate::server::{ApiError, AppState};

/// `GET /dashboard`: where signing in leads.
pub async fn dashboard(
    State(app): State<AppState>,
    MaybePrincipal(caller): MaybePrincipal,
) -> Result<Response, ApiError> {
    let Some(caller) = caller else { return Ok(redirect("/login?next=%2Fdashboard")) };
    let user = caller.user();
    let name = user.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&user.email);
    page(&app, "dashboard.html", context! { name, email => &user.email, is_admin => caller.is_admin() })
}
