use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::PageError;
use crate::access::Principal;
use crate::server::auth::next;
use crate::server::{ApiError, AppState};

/// The person who looks at a page. Everybody else is led to the sign-in page, and from there back here.
///
/// `SignedIn<Admin>` shows a 403 page to those who are not administrators.
pub struct SignedIn<P = Principal>(pub P);

impl<P: FromRequestParts<AppState, Rejection = ApiError>> FromRequestParts<AppState> for SignedIn<P> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, PageError> {
        match P::from_request_parts(parts, app).await {
            Ok(person) => Ok(Self(person)),
            // A form cannot be sent again by following a link.
            Err(error) if error.status() == StatusCode::UNAUTHORIZED && parts.method.is_safe() => {
                let here = parts.uri.path_and_query().map_or("/", |here| here.as_str());
                Err(PageError::SignIn { next: next::safe(here) })
            }
            Err(error) => Err(error.into()),
        }
    }
}
