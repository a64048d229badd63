use minijinja::context;

use crate::domain::rules;
use crate::domain::rules::MAX_PASSWORD_BYTES;
use crate::protocol::auth::PasswordForm;
use crate::server::web::form::FormState;
use crate::server::web::{Page, PageContext, PageError};

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
    /// Shows the form. It is made of the link alone, so it is the same whether there is such an account or not.
    pub fn show(&self, page: &PageContext, email: &str, token: &str, form: FormState) -> Result<Page, PageError> {
        let Self { heading, action, has_name } = *self;
        Ok(page.render("choose_password.html", context! { heading, action, has_name, email, token, form })?.secret())
    }
}

/// The empty form.
pub fn blank() -> FormState {
    FormState::new("password")
}

/// The form as it was filled in; an error if the passwords in it cannot be accepted.
pub fn check(typed: &PasswordForm) -> Result<FormState, FormState> {
    let form = blank().with_value("name", &typed.name);
    if typed.password != typed.confirm_password {
        return Err(form.with_error("confirm_password", "Passwords do not match."));
    }
    if rules::password(&typed.password).is_err() {
        let reason = match typed.password.len() > MAX_PASSWORD_BYTES {
            true => format!("Password must be at most {MAX_PASSWORD_BYTES} bytes."),
            false => "Password must be at least 8 characters.".into(),
        };
        return Err(form.with_error("password", reason));
    }
    Ok(form)
}
