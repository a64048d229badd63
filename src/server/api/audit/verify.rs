use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Admin;
use crate::domain::audit;
use crate::protocol::audit::AuditCheck;
use crate::server::http::extractors::{Json, Query};
use crate::server::{ApiError, AppState};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VerifyQuery {
    /// `head.hash` of an earlier check, which the log must still contain.
    pub head: Option<String>,
}

/// Checks that no row of the audit log was changed, removed, added or moved.
#[utoipa::path(get, path = "/api/admin/audit/verify", tag = "audit", params(VerifyQuery),
    responses((status = 200, description = "Also when it is broken: see `ok`", body = AuditCheck)))]
pub async fn verify_audit_log(
    State(app): State<AppState>,
    _: Admin,
    Query(query): Query<VerifyQuery>,
) -> Result<Json<AuditCheck>, ApiError> {
    Ok(Json(audit::verify_audit_log(&app.store, query.head.as_deref()).await?))
}
