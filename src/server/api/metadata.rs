//! What is known about the columns of tables.

use crate::access::{Admin, Principal};
use crate::domain::metadata;
use crate::protocol::metadata::{ColumnsDescribed, DescribeColumns, TableMetadata};
use crate::server::AppState;
use crate::server::http::extractors::{Json, Path, Reply};

/// Returns what is known about the columns of a table that the caller may read.
#[utoipa::path(get, path = "/api/admin/metadata/{table}", tag = "registry",
    params(("table", description = "Name or registry id")),
    responses((status = 200, body = TableMetadata), (status = 403)))]
pub async fn get_column_metadata(app: AppState, caller: Principal, Path(table): Path<String>) -> Reply<TableMetadata> {
    Ok(Json(metadata::get_metadata(&app.store.snapshot(), &caller, &table)?))
}

/// Stores what is known about columns of a table. Those that are not listed stay as they are.
#[utoipa::path(post, path = "/api/admin/metadata/{table}", tag = "registry",
    params(("table", description = "Name or registry id")),
    responses((status = 200, body = ColumnsDescribed)))]
pub async fn describe_columns(
    app: AppState,
    admin: Admin,
    Path(table): Path<String>,
    Json(described): Json<DescribeColumns>,
) -> Reply<ColumnsDescribed> {
    let count = metadata::describe_columns(&app.store, &admin, table, described).await?;
    Ok(Json(ColumnsDescribed { status: "ok".into(), count }))
}
