use minijinja::context;

use super::{Page, PageContext, PageError, SignedIn};

/// `GET /dashboard`: where signing in leads.
pub async fn show_dashboard(_: SignedIn, page: PageContext) -> Result<Page, PageError> {
    page.render("dashboard.html", context! {})
}
