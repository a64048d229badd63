//! The form behind a link for choosing a password.

use axum::response::Response;
use minijinja::context;

use super::render;
use crate::domain::rules;
use crate::domain::rules::MAX_PASSWORD_BYTES;
use crate::protocol::auth::PasswordForm;
use crate::server::{ApiError, App};

/// What the form shows. It is made of the link alone, so it is the same whether there is such an account or not.
pub struct PasswordPage<'a> {
    is_setup: bool,
    email: &'a str,
    token: &'a str,
    name: &'a str,
    error: &'a str,
}

impl<'a> PasswordPage<'a> {
    pub fn setup(email: &'a str, token: &'a str) -> PasswordPage<'a> {
        Self { is_setup: true, email, token, name: "", error: "" }
    }

    pub fn reset(email: &'a str, token: &'a str) -> PasswordPage<'a> {
        Self { is_setup: false, ..Self::setup(email, token) }
    }

    pub fn with_name(self, name: &'a str) -> Self {
        Self { name, ..self }
    }

    pub fn with_error(self, error: &'a str) -> Self {
        Self { error, ..self }
    }

    pub fn render(&self, app: &App) -> Result<Response, ApiError> {
        let Self { is_setup, email, token, name, error } = *self;
        let (heading, action) = match is_setup {
            true => ("Set Up Your Account", "/auth/password/setup/confirm"),
            false => ("Reset Your Password", "/auth/password/reset/confirm"),
        };
        let values = context! { heading, action, is_setup, email, token, name, error };
        Ok(render::secret(render::page(app, "choose_password.html", values)?))
    }
}

/// What is wrong with the passwords in a form, if anything.
pub fn objection(form: &PasswordForm) -> Option<String> {
    if form.password != form.confirm_password {
        return Some("Passwords do not match.".into());
    }
    rules::password(&form.password).err().map(|_| match form.password.len() > MAX_PASSWORD_BYTES {
        true => format!("Password must be at most {MAX_PASSWORD_BYTES} bytes."),
        false => "Password must be at least 8 characters.".into(),
    })
}
