//! Forms that come back.

use std::collections::BTreeMap;

use minijinja::{Value, context};
use serde::{Deserialize, Serialize};

use super::PageError;
use crate::domain;

/// What was typed into a form, and what is wrong with it. The macro `field` of `macros/form.html` shows both.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct FormState {
    /// Names the form on its page.
    pub id: String,
    values: BTreeMap<String, String>,
    /// A message for each field that is wrong.
    errors: BTreeMap<String, String>,
    /// A message about the form as a whole.
    error: String,
}

impl FormState {
    /// An empty form.
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }

    /// Keeps what was typed. Passwords are never kept.
    pub fn with_value(mut self, field: &str, value: &str) -> Self {
        self.values.insert(field.to_owned(), value.to_owned());
        self
    }

    /// Shows `message` at the field.
    pub fn with_error(mut self, field: &str, message: impl Into<String>) -> Self {
        self.errors.insert(field.to_owned(), message.into());
        self
    }

    /// Shows `message` above the form.
    pub fn with_message(self, message: impl Into<String>) -> Self {
        Self { error: message.into(), ..self }
    }

    /// Shows why an operation was not carried out. Errors that the person cannot correct in the form stay errors.
    pub fn with_refusal(self, error: domain::Error) -> Result<Self, PageError> {
        match error {
            domain::Error::Field { field, reason, .. } => Ok(self.with_error(&field, reason)),
            domain::Error::Invalid(text) | domain::Error::Conflict(text) => Ok(self.with_message(text)),
            other => Err(other.into()),
        }
    }
}

impl From<FormState> for Value {
    fn from(FormState { id, values, errors, error }: FormState) -> Self {
        context! { id, values, errors, error }
    }
}
