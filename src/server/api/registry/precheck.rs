use axum::extract::State;

use super::register::checked;
use crate::access::Admin;
use crate::protocol::registry::{Precheck, PrecheckedTable, RegisterTable};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};

/// Whether a registration would be accepted. Nothing is stored.
#[utoipa::path(post, path = "/api/admin/register-table/precheck", tag = "registry", request_body = RegisterTable,
    responses((status = 200, body = Precheck), (status = 422)))]
pub async fn precheck(
    State(app): State<AppState>,
    admin: Admin,
    Json(body): Json<RegisterTable>,
) -> Result<Json<Precheck>, ApiError> {
    let table = checked(&app, &body, &admin.user().email)?;
    let taken = app.store.snapshot().registry.by_name(&table.name).map(|row| row.id.clone());
    let note = match taken {
        Some(id) => format!("the name is taken by table id '{id}'; registering it would answer 409"),
        None => "the fields fit together; the source itself is asked by the first sync".into(),
    };
    Ok(Json(Precheck {
        ok: true,
        table: PrecheckedTable {
            name: table.name,
            source_type: table.source_type,
            bucket: table.bucket,
            source_table: table.source_table,
            query_mode: table.query_mode,
            source_query: table.source_query,
            rows: None,
            size_bytes: None,
            columns: Vec::new(),
            note,
        },
    }))
}
