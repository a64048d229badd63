use crate::access::Admin;
use crate::domain::{Error, syncs};
use crate::server::http::extractors::Path;
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::{PageContext, PageResult, SignedIn};

/// `POST /admin/sync/runs/{id}/cancel`
pub async fn submit_cancel(SignedIn(admin): SignedIn<Admin>, page: PageContext, Path(id): Path<String>) -> PageResult {
    let text = match syncs::cancel_run(&page.app.store, &page.app.runner, &admin, id).await {
        Ok(run) if run.status.is_over() => "The run is cancelled.".into(),
        Ok(_) => "The run is being cancelled.".into(),
        // It was faster.
        Err(Error::Conflict(reason)) => format!("{reason}."),
        Err(error) => return Err(error.into()),
    };
    Ok(page.with_flash(redirect("/admin/sync"), &Flash::Notice(text)))
}
