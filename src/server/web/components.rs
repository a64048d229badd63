use minijinja::context;

use super::form::FormState;
use super::{PageContext, PageResult};
use crate::server::ApiError;

/// `GET /_components`: all parts of which pages are made, for those who work on them. Only with `DEBUG`.
pub async fn show_components(page: PageContext) -> PageResult {
    if !page.app.config.http.debug {
        return Err(ApiError::not_found("Page not found").into());
    }
    let form = FormState::new("sample").with_value("email", "ann@example").with_error("email", "not a valid address");
    let rows =
        [("orders", 1_234_567, "good", "fresh"), ("clicks", 42, "warning", "late"), ("costs", 0, "bad", "failed")];
    let rows = rows.map(|(name, rows, kind, state)| context! { name, rows, kind, state });
    page.render("components.html", context! { form, rows })
}
