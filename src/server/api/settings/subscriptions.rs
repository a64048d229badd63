use axum::extract::State;

use crate::access::Principal;
use crate::domain::preferences;
use crate::protocol::settings::{SetSubscriptions, Subscriptions, UpdatedSubscriptions};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};

/// Returns the tables that the caller has subscribed to.
#[utoipa::path(get, path = "/api/sync/table-subscriptions", tag = "settings",
    responses((status = 200, body = Subscriptions)))]
pub async fn get_subscriptions(
    State(app): State<AppState>,
    caller: Principal,
) -> Result<Json<Subscriptions>, ApiError> {
    let subscriptions = preferences::list_preferences(&app.store, &caller).await?;
    Ok(Json(Subscriptions { user_id: caller.user().id.clone(), subscriptions }))
}

/// Subscribes the caller to tables.
#[utoipa::path(post, path = "/api/sync/table-subscriptions", tag = "settings", request_body = SetSubscriptions,
    responses((status = 200, body = UpdatedSubscriptions), (status = 422)))]
pub async fn set_subscriptions(
    State(app): State<AppState>,
    caller: Principal,
    Json(body): Json<SetSubscriptions>,
) -> Result<Json<UpdatedSubscriptions>, ApiError> {
    Ok(Json(preferences::set_subscriptions(&app.store, &caller, body.table_mode, body.tables).await?))
}
