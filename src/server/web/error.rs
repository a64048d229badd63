use axum::response::{IntoResponse, Response};

use crate::server::auth::next;
use crate::server::http::openapi::Outcome;
use crate::server::http::session::redirect;
use crate::server::{ApiError, ApiResult};

/// Why a page cannot be shown.
#[derive(Debug)]
pub enum PageError {
    /// The visitor is not signed in. The sign-in page leads back to `next`.
    SignIn { next: Option<String> },
    /// Shown as a page to browsers, see [`super::error_page`].
    Failed(ApiError),
}

impl<E: Into<ApiError>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn { next } => redirect(&next::append("/login", next.as_deref())),
            Self::Failed(error) => error.into_response(),
        }
    }
}

impl<T> Outcome for Result<T, PageError> {
    const STATUSES: &'static [u16] = <ApiResult<T> as Outcome>::STATUSES;
    const IS_PAGE: bool = true;
}
