use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::PageError;
use crate::access::Principal;
use crate::server::auth::next;
use crate::server::{ApiError, AppState};

/// The visitor of a page that requires signing in. Others are redirected to the sign-in page, which leads back.
///
/// `SignedIn<Admin>` answers with the 403 page to users who are not administrators.
pub struct SignedIn<P = Principal>(pub P);

impl<P: FromRequestParts<AppState, Rejection = ApiError>> FromRequestParts<AppState> for SignedIn<P> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, PageError> {
        match P::from_request_parts(parts, app).await {
            Ok(person) => Ok(Self(person)),
            // A form cannot be submitted again by following a link.
            Err(error) if error.status() == StatusCode::UNAUTHORIZED && parts.method.is_safe() => {
                let here = parts.uri.path_and_query().map_or("/", |here| here.as_str());
                Err(PageError::SignIn { next: next::safe(here) })
            }
            Err(error) => Err(error.into()),
        }
    }
}
