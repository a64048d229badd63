use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Admin;
use crate::protocol::audit::{AuditCheck, AuditHead};
use crate::server::http::extractors::{Json, Query};
use crate::server::{ApiError, AppState};
use crate::store::audit::{self, Checked};

/// Rows that are checked in one go; changes wait that long.
const AT_ONCE: usize = 5_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Known {
    /// `head.hash` of an earlier check. The log must still go through it.
    pub head: Option<String>,
}

/// Checks that no row of the audit log was changed, removed, added or moved.
#[utoipa::path(get, path = "/api/admin/audit/verify", tag = "audit", params(Known),
    responses((status = 200, description = "Also when it is broken: see `ok`", body = AuditCheck)))]
pub async fn verify(
    State(app): State<AppState>,
    _: Admin,
    Query(known): Query<Known>,
) -> Result<Json<AuditCheck>, ApiError> {
    let mut at = Checked::default();
    while !at.done {
        let from = at;
        at = app.store.read(move |connection| audit::checked(connection, from, AT_ONCE)).await?;
    }
    let head = known.head.map(|hash| hash.trim().to_ascii_lowercase()).filter(|hash| !hash.is_empty());
    if let Some(hash) = head
        && at.broken.is_none()
        && !app.store.read(move |connection| audit::holds(connection, &hash)).await?
    {
        at.broken = Some("the given head is not in the log: rows were cut off, or the log was written anew".into());
    }
    Ok(Json(AuditCheck {
        ok: at.broken.is_none(),
        rows: at.seq,
        head: AuditHead { seq: at.seq, hash: at.hash },
        broken: at.broken,
    }))
}
