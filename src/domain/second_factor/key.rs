//! The key that encrypts the secrets of second factors.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::policy::SecondFactors;
use crate::access::Admin;
use crate::access::totp::Sealer;
use crate::config::DataDir;
use crate::config::secrets::{ConfiguredKeys, rotate_second_factor_key};
use crate::domain::signing_key::RotateKeyError;
use crate::domain::{Error, Result, write_as};
use crate::store::audit::{self, Action};
use crate::store::{Store, Transaction, second_factors};

/// A rotation must have encrypted everything before the next one begins.
static ROTATING: Mutex<()> = Mutex::const_new(());

/// Replaces the key, or takes over the one that the environment sets, and encrypts all secrets with it. Returns how many.
///
/// Wherever it is interrupted, every secret can be read with the current or the previous key; the next rotation first
/// encrypts what this one left.
pub async fn rotate_key(
    store: &Store,
    factors: &SecondFactors,
    configured: &ConfiguredKeys,
    data_dir: &DataDir,
    admin: &Admin,
) -> Result<usize, RotateKeyError> {
    let _turn = ROTATING.lock().await;
    let (sealer, actor) = (factors.sealer.load_full(), admin.actor());
    let recorded = write_as(store, admin.clone(), move |change| {
        let left = renew(change, &sealer)?;
        audit::record(change, &actor, Action::SecondFactorKeyRotate, "second_factor_key", Value::Null)?;
        Ok(left)
    });
    let left = recorded.await?;
    let (configured, data_dir) = (configured.clone(), data_dir.clone());
    let keys = spawn_blocking(move || rotate_second_factor_key(&configured, &data_dir)).await??;
    let sealer = Arc::new(Sealer::new(&keys).map_err(Error::SecondFactor)?);
    factors.sealer.store(Arc::clone(&sealer));
    let renewed: Result<usize> = store.write_results(move |change| renew(change, &sealer)).await;
    Ok(renewed?.max(left))
}

/// Encrypts what is under the previous key.
fn renew(change: &Transaction<'_>, sealer: &Sealer) -> Result<usize> {
    let mut renewed = 0;
    for factor in change.snapshot().second_factors.values() {
        match sealer.renewed(&factor.user_id, &factor.secret) {
            Ok(Some(secret)) => {
                second_factors::set_secret(change, &factor.user_id, &secret)?;
                renewed += 1;
            }
            Ok(None) => {}
            // It could not be used before either.
            Err(error) => tracing::warn!(user = factor.user_id, %error, "a second factor stays as it is"),
        }
    }
    Ok(renewed)
}
