//! Pages and forms for signing in and for choosing a password.

pub mod choose_password;
pub mod links;
pub mod log_in;

use minijinja::context;

use super::{PageContext, PageResult};

/// Says that an email may be on its way, the same for every address. `validity` is that of the link in it.
fn check_email(page: &PageContext, validity: &str) -> PageResult {
    page.render("check_email.html", context! { validity, can_mail => page.app.mail.is_configured() })
}
