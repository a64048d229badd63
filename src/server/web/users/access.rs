use minijinja::context;

use crate::access::Admin;
use crate::server::http::extractors::Path;
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult, SignedIn, reach};

/// `GET /admin/users/{id}/access`: what this person can read, and why.
pub async fn show_access(_: SignedIn<Admin>, page: PageContext, list: Listing, Path(id): Path<String>) -> PageResult {
    let reach = reach::values(&page, &list, &id)?;
    page.render("user_access.html", context! { id, reach })
}
