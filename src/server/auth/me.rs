use axum::extract::State;

use crate::access::Principal;
use crate::domain::accounts::view;
use crate::protocol::auth::Me;
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};

/// Returns the caller.
#[utoipa::path(get, path = "/auth/me", tag = "auth", responses((status = 200, body = Me)))]
pub async fn show_me(State(app): State<AppState>, caller: Principal) -> Result<Json<Me>, ApiError> {
    Ok(Json(view::me(&app.config.google_groups, &app.store.snapshot(), &caller)?))
}
