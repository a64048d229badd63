use minijinja::context;

use crate::domain::rules;
use crate::protocol::auth::PasswordForm;
use crate::server::web::form::FormState;
use crate::server::web::{PageContext, PageError, PageResult};

/// The form behind a link for choosing a password.
pub struct ChoosePassword {
    heading: &'static str,
    action: &'static str,
    /// Also asks for a name.
    has_name: bool,
}

pub const SETUP: ChoosePassword =
    ChoosePassword { heading: "Set Up Your Account", action: "/auth/password/setup/confirm", has_name: true };
pub const RESET: ChoosePassword =
    ChoosePassword { heading: "Reset Your Password", action: "/auth/password/reset/confirm", has_name: false };

impl ChoosePassword {
    /// Shows the form. It depends on the link alone, so it does not reveal whether the account exists.
    pub fn show(&self, page: &PageContext, email: &str, token: &str, form: FormState) -> PageResult {
        let Self { heading, action, has_name } = *self;
        Ok(page.render("choose_password.html", context! { heading, action, has_name, email, token, form })?.secret())
    }
}

/// The empty form.
pub fn blank() -> FormState {
    FormState::new("password")
}

/// The form as it was filled in, with what is wrong with the passwords or the name.
pub fn check(typed: &PasswordForm) -> Result<FormState, PageError> {
    let form = blank().with_value("name", &typed.name);
    if typed.password != typed.confirm_password {
        return Ok(form.with_error("confirm_password", "Passwords do not match."));
    }
    if let Err(refusal) = rules::password(&typed.password) {
        return Ok(form.with_error("password", &refusal.to_string()));
    }
    match rules::name(&typed.name) {
        Ok(_) => Ok(form),
        Err(refusal) => form.with_refusal(refusal),
    }
}
