use std::sync::Arc;

use axum::extract::State;
use serde_json::Value;

use crate::access::{Admin, Keys};
use crate::base::time;
use crate::config::secrets::{self, KeyError};
use crate::protocol::audit::KeyRotated;
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};
use crate::store::audit;
use crate::store::audit::Action;

/// Puts a new signing key in place of the current one. Sessions go on for a day, personal tokens for as long as they
/// are good; a second rotation ends at once what the key before the last one signed.
#[utoipa::path(post, path = "/api/admin/signing-key/rotate", tag = "system",
    responses((status = 200, body = KeyRotated), (status = 409, description = "The key comes from the environment")))]
pub async fn rotate(State(app): State<AppState>, admin: Admin) -> Result<Json<KeyRotated>, ApiError> {
    let server = Arc::clone(&app);
    let keys = app
        .store
        // On the writer's thread, which may block, and where one rotation waits for the other.
        .write(move |change| -> Result<_, ApiError> {
            audit::record(change, &admin.actor(), Action::SigningKeyRotate, "signing_key", Value::Null)?;
            let keys = secrets::rotate(&server.config.env, &server.config.data_dir)?;
            server.authenticator.set_keys(Keys::new(&keys));
            Ok(keys)
        })
        .await?;
    Ok(Json(KeyRotated {
        message: "The signing key was rotated".into(),
        previous_valid_until: keys.previous.iter().filter_map(|key| key.until).max().map(time::spaced),
    }))
}

impl From<KeyError> for ApiError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::FromEnvironment => Self::conflict(error.to_string()),
            KeyError::File(_) | KeyError::Short(_) => Self::internal(error),
        }
    }
}
