use axum::extract::multipart::MultipartRejection;
use axum::http::{HeaderMap, StatusCode};
use minijinja::context;
use serde::Deserialize;

use crate::access::Admin;
use crate::server::ApiError;
use crate::server::auth::next;
use crate::server::http::extractors::{LongForm, Query, missing_file};
use crate::server::http::session::redirect;
use crate::server::http::uploads::{drain, receive_table};
use crate::server::web::flash::Flash;
use crate::server::web::form::FormState;
use crate::server::web::formats::below;
use crate::server::web::{PageContext, PageResult, SignedIn};

/// Of a field that comes before the file, in bytes.
const MAX_FIELD: usize = 4096;

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Prefilled {
    name: String,
    /// The page to go back to.
    next: String,
}

/// `GET /admin/upload-table?name=&next=`
pub async fn show_form(_: SignedIn<Admin>, page: PageContext, Query(given): Query<Prefilled>) -> PageResult {
    show(&page, FormState::new("upload").with_value("name", &given.name), &given.next)
}

/// `POST /admin/upload-table`: the name comes before the file, which is written to the disk as it arrives.
pub async fn submit_form(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Query(Prefilled { next, .. }): Query<Prefilled>,
    headers: HeaderMap,
    form: Result<LongForm, MultipartRejection>,
) -> PageResult {
    let mut form = form.map_err(|_| missing_file())?;
    let _turn = page.app.people.uploads.take(&admin.user().id)?;
    let (mut name, mut replace) = (String::new(), false);
    for _ in 0..2 {
        let Some(mut part) = form.next_part().await.map_err(ApiError::from)? else { break };
        let field = part.name().unwrap_or_default().to_owned();
        let value = part.read(MAX_FIELD).await?;
        match field.as_str() {
            "name" => name = String::from_utf8_lossy(&value).trim().to_owned(),
            "replace" => replace = value == b"yes",
            _ => {}
        }
    }
    let typed =
        FormState::new("upload").with_value("name", &name).with_value("replace", if replace { "yes" } else { "" });
    match receive_table(&page.app, &admin, name, replace, &headers, &mut form).await {
        Ok(table) => {
            let mut text =
                format!("{} has {} rows, and is published by the sync that has begun.", table.name, table.rows);
            for note in &table.notes {
                text += &format!(" Note: {note}.");
            }
            Ok(page.with_flash(
                redirect(&next::safe(&next).unwrap_or_else(|| below("/admin/tables", &table.id))),
                &Flash::Notice(text),
            ))
        }
        Err(error) if is_of_the_file(error.status()) => {
            drain(&mut form).await;
            let text = error.text().or_else(|| error.fields()?.first()?["msg"].as_str()).unwrap_or_default();
            show(&page, typed.with_message(text.trim_start_matches("Value error, ")), &next)
        }
        Err(error) => Err(error.into()),
    }
}

/// Returns whether another file or name may help.
fn is_of_the_file(status: StatusCode) -> bool {
    status.is_client_error() && status != StatusCode::FORBIDDEN && status != StatusCode::UNAUTHORIZED
}

fn show(page: &PageContext, form: FormState, next: &str) -> PageResult {
    let (max_bytes, next) = (page.app.config.max_upload_bytes, next::safe(next));
    page.render("upload_table.html", context! { form, max_bytes, next })
}
