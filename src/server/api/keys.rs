use crate::access::Admin;
use crate::base::time;
use crate::config::secrets::KeyError;
use crate::domain::second_factor;
use crate::domain::signing_key::{self, RotateKeyError};
use crate::protocol::audit::{KeyRotated, SecondFactorKeyRotated};
use crate::server::http::extractors::{Json, Reply};
use crate::server::{ApiError, AppState};

/// Replaces the signing key. Sessions remain valid for a day, personal tokens until they expire; a second rotation
/// immediately invalidates the sessions from before the first one.
#[utoipa::path(post, path = "/api/admin/signing-key/rotate", tag = "system",
    responses((status = 200, body = KeyRotated), (status = 409, description = "The key comes from the environment")))]
pub async fn rotate_signing_key(app: AppState, admin: Admin) -> Reply<KeyRotated> {
    // In a task of its own, which goes on when the client disconnects.
    let rotation = tokio::spawn(async move {
        let (keys, data_dir) = (&app.config.keys, &app.config.data_dir);
        signing_key::rotate_signing_key(&app.store, &app.authenticator, keys, data_dir, &admin).await
    });
    let until = rotation.await.map_err(ApiError::internal)??;
    Ok(Json(KeyRotated {
        message: "The signing key was rotated".into(),
        previous_valid_until: until.map(time::spaced),
    }))
}

/// Replaces the key that encrypts the secrets of second factors, and encrypts them with it. If the key comes from the
/// environment, it stays, and those that the previous one encrypted are encrypted with it.
#[utoipa::path(post, path = "/api/admin/second-factor-key/rotate", tag = "system",
    responses((status = 200, body = SecondFactorKeyRotated)))]
pub async fn rotate_second_factor_key(app: AppState, admin: Admin) -> Reply<SecondFactorKeyRotated> {
    // In a task of its own, which goes on when the client disconnects.
    let rotation = tokio::spawn(async move {
        let (keys, data_dir) = (&app.config.keys, &app.config.data_dir);
        second_factor::rotate_key(&app.store, &app.second_factors, keys, data_dir, &admin).await
    });
    let second_factors = rotation.await.map_err(ApiError::internal)??;
    Ok(Json(SecondFactorKeyRotated { message: "The key of second factors was rotated".into(), second_factors }))
}

impl From<RotateKeyError> for ApiError {
    fn from(error: RotateKeyError) -> Self {
        match error {
            RotateKeyError::Key(error @ KeyError::FromEnvironment) => Self::conflict(error.to_string()),
            RotateKeyError::Domain(error) => error.into(),
            RotateKeyError::Key(_) | RotateKeyError::Lost(_) => Self::internal(error),
        }
    }
}
