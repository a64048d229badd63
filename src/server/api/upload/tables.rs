//! Data files that become tables.

use axum::extract::multipart::MultipartRejection;
use axum::http::HeaderMap;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Admin;
use crate::protocol::upload::{UploadForm, UploadedTable};
use crate::server::http::extractors::{Created, LongForm, Path, Query, missing_file};
use crate::server::http::uploads::receive_table;
use crate::server::{ApiResult, AppState};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// Whether the file may replace a table that has none of its columns.
    #[serde(default)]
    replace: bool,
}

/// Makes a table of the file in the multipart field `file`, or replaces the file that it was made of. The file is
/// checked first; one that cannot become a table is rejected, and nothing changes. The field `file_format` (JSON as in
/// the registry) says how it is read, and is kept; `file_format_changes` (JSON as for `PATCH /api/admin/registry/{id}/types`)
/// changes what was declared for the table before, which otherwise counts. File and declaration are stored together.
#[utoipa::path(post, path = "/api/upload/tables/{name}", tag = "upload",
    params(UploadQuery), request_body(content_type = "multipart/form-data", content = UploadForm),
    responses((status = 201, body = UploadedTable),
        (status = 409, description = "The table has another source, or none of the file's columns"),
        (status = 413), (status = 415), (status = 422), (status = 429), (status = 507)))]
pub async fn upload_table(
    app: AppState,
    admin: Admin,
    Path(name): Path<String>,
    Query(query): Query<UploadQuery>,
    headers: HeaderMap,
    form: Result<LongForm, MultipartRejection>,
) -> ApiResult<Created<UploadedTable>> {
    let mut form = form.map_err(|_| missing_file())?;
    let _turn = app.people.uploads.take(&admin.user().id)?;
    receive_table(&app, &admin, name, query.replace, &headers, &mut form).await.map(Created)
}
