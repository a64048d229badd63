use axum::http::StatusCode;

use crate::access::Admin;
use crate::domain::registry::{self, view};
use crate::protocol::file_format::FormatChanges;
use crate::protocol::registry::{
    DeclaredFormat, Precheck, RegisterTable, Registered, TableList, TableTypes, UpdateTable, Updated,
};
use crate::server::http::extractors::{Created, Json, Path, Reply};
use crate::server::{ApiResult, AppState};

/// Lists all registered tables, by name.
#[utoipa::path(get, path = "/api/admin/registry", tag = "registry", responses((status = 200, body = TableList)))]
pub async fn list_registered_tables(app: AppState, _: Admin) -> Json<TableList> {
    Json(view::tables(&app.store.snapshot()))
}

/// Registers a table. Nobody but admins can read it until it is granted; its data comes with the next sync.
#[utoipa::path(post, path = "/api/admin/register-table", tag = "registry",
    responses((status = 201, body = Registered), (status = 409, description = "Id or name is taken"), (status = 422)))]
pub async fn register_table(
    app: AppState,
    admin: Admin,
    Json(body): Json<RegisterTable>,
) -> ApiResult<Created<Registered>> {
    let registered = registry::register_table(&app.store, &app.sources(), &admin, body).await?;
    Ok(Created(registered))
}

/// Returns whether a registration would be accepted. Nothing is stored.
#[utoipa::path(post, path = "/api/admin/register-table/precheck", tag = "registry",
    responses((status = 200, body = Precheck), (status = 422)))]
pub async fn precheck_table(app: AppState, admin: Admin, Json(body): Json<RegisterTable>) -> Reply<Precheck> {
    Ok(Json(registry::precheck_table(&app.store.snapshot(), &app.sources(), &admin, &body)?))
}

/// Changes the fields of a registered table that were sent; the others stay.
#[utoipa::path(put, path = "/api/admin/registry/{id}", tag = "registry", params(("id", description = "Registry id")),
    responses((status = 200, body = Updated), (status = 404), (status = 409), (status = 422)))]
pub async fn update_table(
    app: AppState,
    admin: Admin,
    Path(id): Path<String>,
    Json(body): Json<UpdateTable>,
) -> Reply<Updated> {
    Ok(Json(registry::update_table(&app.store, &app.sources(), &admin, id, body).await?))
}

/// Returns the type of each column of a table, and why it has that type.
#[utoipa::path(get, path = "/api/admin/registry/{id}/types", tag = "registry",
    params(("id", description = "Registry id")), responses((status = 200, body = TableTypes), (status = 404)))]
pub async fn get_table_types(app: AppState, admin: Admin, Path(id): Path<String>) -> Reply<TableTypes> {
    let _turn = app.people.surveys.take(&admin.user().id)?;
    let (snapshot, publication) = (app.store.snapshot(), app.orchestrator.publication());
    Ok(Json(registry::table_types(&snapshot, &publication, &app.config.data_dir, &admin, &id).await?))
}

/// Changes how the files of a table are read. What is not sent stays as it was declared, whoever declared it; an empty
/// value takes a declaration back.
#[utoipa::path(patch, path = "/api/admin/registry/{id}/types", tag = "registry",
    params(("id", description = "Registry id")),
    responses((status = 200, body = DeclaredFormat), (status = 404), (status = 422)))]
pub async fn change_table_format(
    app: AppState,
    admin: Admin,
    Path(id): Path<String>,
    Json(changes): Json<FormatChanges>,
) -> Reply<DeclaredFormat> {
    Ok(Json(registry::change_format(&app.store, &app.sources(), &admin, id, changes).await?))
}

/// Unregisters a table: its grants, sync state, file and view go with it.
#[utoipa::path(delete, path = "/api/admin/registry/{id}", tag = "registry", params(("id", description = "Registry id")),
    responses((status = 204), (status = 404)))]
pub async fn unregister_table(app: AppState, admin: Admin, Path(id): Path<String>) -> ApiResult<StatusCode> {
    registry::unregister_table(&app.store, &app.runner, &admin, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
