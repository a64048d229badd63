use minijinja::context;

use super::{PageContext, PageResult, SignedIn};

/// `GET /dashboard`: where signing in leads.
pub async fn show_dashboard(_: SignedIn, page: PageContext) -> PageResult {
    page.render("dashboard.html", context! {})
}
