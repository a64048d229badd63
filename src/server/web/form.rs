//! Forms that are shown again because something in them is wrong.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};

use super::PageError;
use crate::domain;
use crate::server::ApiError;

/// What was typed into a form, and what is wrong with it. The macros of `macros/form.html` show both.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct FormState {
    /// Identifies the form on its page.
    pub id: String,
    values: BTreeMap<String, String>,
    /// A message for each field that is wrong.
    errors: BTreeMap<String, String>,
    /// A message about the form as a whole.
    error: String,
}

/// The ids of tables that are ticked in a form: each is a field of its own, whose value does not matter.
pub fn ticked_tables(fields: &BTreeMap<String, String>) -> impl Iterator<Item = String> + '_ {
    fields.keys().filter_map(|name| name.strip_prefix("table:")).map(str::to_owned)
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
    pub fn with_error(mut self, field: &str, message: &str) -> Self {
        self.errors.insert(field.to_owned(), sentence(message));
        self
    }

    /// Shows `message` above the form.
    pub fn with_message(self, message: &str) -> Self {
        Self { error: sentence(message), ..self }
    }

    /// Shows why an operation was not carried out. Errors that the person cannot correct in the form stay errors.
    pub fn with_refusal(self, error: domain::Error) -> Result<Self, PageError> {
        match error {
            domain::Error::Field { field, reason, .. } => Ok(self.with_error(&field, &reason)),
            domain::Error::Invalid(text) | domain::Error::Unprocessable(text) | domain::Error::Conflict(text) => {
                Ok(self.with_message(&text))
            }
            other => Err(other.into()),
        }
    }

    /// As [`Self::with_refusal`], for answers of the API; a reason without a field is shown at `field`.
    pub fn with_answer(self, field: &str, error: ApiError) -> Result<Self, PageError> {
        let wrong = error.fields().and_then(|fields| fields.first());
        if let Some((field, text)) = wrong.and_then(|wrong| Some((wrong["loc"][1].as_str()?, wrong["msg"].as_str()?))) {
            return Ok(self.with_error(field, text.trim_start_matches("Value error, ")));
        }
        match (error.status(), error.text()) {
            (StatusCode::BAD_REQUEST | StatusCode::CONFLICT, Some(reason)) => Ok(self.with_error(field, reason)),
            _ => Err(error.into()),
        }
    }

    /// Returns whether nothing is wrong.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty() && self.error.is_empty()
    }
}

/// The texts of the domain start with the name of a field and end without a full stop.
fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.is_empty() || text.ends_with('.') { "" } else { "." };
    format!("{first}{}{end}", rest.as_str())
}

impl From<FormState> for Value {
    fn from(FormState { id, values, errors, error }: FormState) -> Self {
        context! { id, values, errors, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    #[test]
    fn refusals_are_shown_where_they_belong() {
        let form = FormState::new("group").with_value("name", "x");
        let field = form.clone().with_refusal(domain::Error::field("name", "name is too long", "x")).unwrap();
        assert_eq!((field.errors["name"].as_str(), field.error.as_str()), ("Name is too long.", ""));
        let whole = form.clone().with_refusal(domain::Error::conflict("Group 'x' already exists")).unwrap();
        assert_eq!((whole.errors.len(), whole.error.as_str()), (0, "Group 'x' already exists."));
        assert!(form.is_valid() && !field.is_valid() && !whole.is_valid());
        assert!(form.with_refusal(domain::Error::Store(StoreError::Closed)).is_err());
    }
}
