use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::list;
use crate::access::{Principal, holds};
use crate::domain::rules;
use crate::protocol::access::{AccessRequest, AskForAccess};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::{StoreError, access_requests, audit};

/// Asks for access to a table. Whether there is such a table, the answer does not tell.
#[utoipa::path(post, path = "/api/access-requests", tag = "access", request_body = AskForAccess,
    responses((status = 201, body = AccessRequest), (status = 400), (status = 409, description = "Asked for, or held, already")))]
pub async fn create(
    State(app): State<AppState>,
    caller: Principal,
    Json(body): Json<AskForAccess>,
) -> Result<(StatusCode, Json<AccessRequest>), ApiError> {
    let table = rules::short("table_id", &body.table_id, 500)?;
    let reason = rules::short("reason", &body.reason, 2000)?;
    if table.is_empty() {
        return Err(ApiError::bad_request("table_id is required"));
    }
    let state = app.clone();
    let request = app
        .store
        .write(move |change| -> Result<_, StoreError> {
            // Nothing else changes meanwhile, so this is the state within the transaction.
            if holds(&state.store.snapshot(), &caller, &table) {
                return Err(StoreError::Conflict("You have access to this table already".into()));
            }
            let user = caller.user();
            let request = access_requests::insert(change, &user.id, &user.email, &table, &reason)?;
            let (resource, details) = (format!("access_request:{}", request.id), json!({ "table_id": table }));
            audit::record(change, &caller.actor(), Action::AccessRequestCreated, &resource, details)?;
            Ok(request)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(list::body(request, None))))
}
