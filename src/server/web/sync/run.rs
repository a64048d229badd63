use minijinja::context;

use super::values;
use crate::access::Admin;
use crate::domain::syncs;
use crate::server::http::extractors::Path;
use crate::server::web::{PageContext, PageResult, SignedIn};

/// `GET /admin/sync/runs/{id}`
pub async fn show_run(SignedIn(admin): SignedIn<Admin>, page: PageContext, Path(id): Path<String>) -> PageResult {
    let run = syncs::get_run(&page.app.store, &page.app.runner, &admin, id).await?;
    page.render("sync_run.html", context! { run => values(&page.app.store.snapshot(), &run) })
}
