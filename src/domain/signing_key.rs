use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::access::{Admin, Authenticator, Keys};
use crate::config::DataDir;
use crate::config::secrets::{ConfiguredKeys, KeyError, Rotation};
use crate::domain::{Error, write_as};
use crate::store::Store;
use crate::store::audit::{self, Action};

/// Concurrent rotations take turns: each must replace the key of the previous one.
static ROTATING: Mutex<()> = Mutex::const_new(());

#[derive(Debug, thiserror::Error)]
pub enum RotateKeyError {
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Domain(#[from] Error),
    #[error("the rotation ended unexpectedly")]
    Lost(#[from] tokio::task::JoinError),
}

/// Replaces the signing key, and returns until when the previous key still verifies what it signed.
///
/// The new key is staged in temporary files, then the rotation is recorded, then the files are renamed into place. So a
/// rotation that took effect is always recorded, and a failure (a full disk, a stopped server) leaves the previous key
/// in use: at worst the log has a row for a rotation whose requester got an error, or no answer, and repeats it. Must
/// not be cancelled between these steps.
pub async fn rotate_signing_key(
    store: &Store,
    authenticator: &Authenticator,
    configured: &ConfiguredKeys,
    data_dir: &DataDir,
    admin: &Admin,
) -> Result<Option<Timestamp>, RotateKeyError> {
    let _turn = ROTATING.lock().await;
    let (configured, data_dir) = (configured.clone(), data_dir.clone());
    let rotation = spawn_blocking(move || Rotation::stage(configured, data_dir)).await??;
    let actor = admin.actor();
    let recorded = write_as(store, admin.clone(), move |change| {
        Ok(audit::record(change, &actor, Action::SigningKeyRotate, "signing_key", Value::Null)?)
    });
    recorded.await?;
    let keys = spawn_blocking(move || rotation.commit()).await??;
    authenticator.set_keys(Keys::new(&keys));
    Ok(keys.previous.iter().filter_map(|key| key.until).max())
}
