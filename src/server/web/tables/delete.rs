use crate::access::Admin;
use crate::domain::Error;
use crate::domain::registry::unregister_table;
use crate::server::http::extractors::Path;
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::{PageContext, PageResult, SignedIn};

/// `POST /admin/tables/{id}/delete`
pub async fn submit_delete(SignedIn(admin): SignedIn<Admin>, page: PageContext, Path(id): Path<String>) -> PageResult {
    let name = page.app.store.snapshot().registry.get(&id).map(|row| row.name.clone());
    match unregister_table(&page.app.store, &page.app.runner, &admin, id).await {
        // It was deleted in the meantime.
        Ok(()) | Err(Error::NotFound(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let text = name.map_or("The table is deleted.".into(), |name| format!("The table {name} is deleted."));
    Ok(page.with_flash(redirect("/admin/tables"), &Flash::Notice(text)))
}
