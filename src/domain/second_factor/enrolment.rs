use serde_json::{Value, json};

use super::policy::SecondFactors;
use crate::access::totp::{self, new_factor};
use crate::access::{Admin, Interactive};
use crate::base::hash::sha256_hex;
use crate::base::secret::Secret;
use crate::domain::accounts::view;
use crate::domain::{Error, Result, write_as};
use crate::store::audit::{self, Action, Origin};
use crate::store::users::User;
use crate::store::{Change, Store, second_factors};

const RECOVERY_CODES: usize = 10;
const WRONG: &str = "The code is wrong, or it was used already; enter the next one";

/// What somebody enters into an authenticator app.
pub struct Enrolment {
    /// Base32.
    pub secret: Secret,
    /// An `otpauth:` address.
    pub url: Secret,
}

/// Begins to set up the second factor of a user. It counts once [`confirm`] has seen a code of it.
pub async fn begin(store: &Store, factors: &SecondFactors, user: &User, issuer: &str) -> Result<Enrolment> {
    let made = new_factor(&factors.sealer.load(), &user.id, issuer, &user.email).map_err(Error::SecondFactor)?;
    let (id, sealed) = (user.id.clone(), made.sealed);
    let written = store.write(move |change| {
        if SecondFactors::is_enabled(change.snapshot(), &id) {
            return Err(Error::conflict("A second factor is set up already; remove it first"));
        }
        Ok(second_factors::begin(change, &id, &sealed)?)
    });
    written.await?;
    Ok(Enrolment { secret: made.secret, url: made.url })
}

/// Completes it with a code of the app. Returns the recovery codes, which are shown this once.
pub async fn confirm(
    store: &Store,
    factors: &SecondFactors,
    origin: Origin,
    user_id: &str,
    code: String,
) -> Result<Vec<String>> {
    let (id, actor, factors) = (user_id.to_owned(), origin.user(user_id), factors.clone());
    let written = store.write(move |change| {
        let snapshot = change.snapshot();
        if SecondFactors::is_enabled(snapshot, &id) {
            return Err(Error::conflict("A second factor is set up already"));
        }
        if !snapshot.second_factors.contains_key(&id) {
            return Err(Error::conflict("Begin to set up a second factor first"));
        }
        if !factors.accept(change, snapshot, &id, &code)? {
            return Err(Error::invalid(WRONG));
        }
        second_factors::confirm(change, &id)?;
        audit::record(change, &actor, Action::SecondFactorEnable, &format!("user:{id}"), Value::Null)?;
        new_recovery_codes(change, &id)
    });
    written.await
}

/// Replaces the recovery codes, with a current code. They are shown this once.
pub async fn renew_recovery_codes(
    store: &Store,
    factors: &SecondFactors,
    caller: &Interactive,
    code: String,
) -> Result<Vec<String>> {
    let (id, actor, factors) = (caller.user().id.clone(), caller.actor(), factors.clone());
    let written = write_as(store, caller.clone(), move |change| {
        check(change, change.snapshot(), &factors, &id, &code)?;
        audit::record(change, &actor, Action::SecondFactorRecoveryCodes, &format!("user:{id}"), Value::Null)?;
        new_recovery_codes(change, &id)
    });
    written.await
}

/// Removes the caller's second factor, with a current code or a recovery code.
pub async fn remove(store: &Store, factors: &SecondFactors, caller: &Interactive, code: String) -> Result<()> {
    let (id, actor, factors) = (caller.user().id.clone(), caller.actor(), factors.clone());
    let written = write_as(store, caller.clone(), move |change| {
        check(change, change.snapshot(), &factors, &id, &code)?;
        second_factors::remove(change, &id)?;
        Ok(audit::record(change, &actor, Action::SecondFactorDisable, &format!("user:{id}"), Value::Null)?)
    });
    written.await
}

/// Removes the second factor of somebody who has lost it.
pub async fn reset(store: &Store, admin: &Admin, user_id: &str) -> Result<()> {
    let (id, actor) = (user_id.to_owned(), admin.actor());
    let written = write_as(store, admin.clone(), move |change| {
        let email = view::existing(change.snapshot(), &id)?.email.clone();
        if !second_factors::remove(change, &id)? {
            return Err(Error::not_found("The user has no second factor"));
        }
        let details = json!({ "email": email });
        Ok(audit::record(change, &actor, Action::SecondFactorReset, &format!("user:{id}"), details)?)
    });
    written.await
}

fn check(
    change: &Change<'_>,
    snapshot: &crate::store::Snapshot,
    factors: &SecondFactors,
    id: &str,
    code: &str,
) -> Result<()> {
    if !SecondFactors::is_enabled(snapshot, id) {
        return Err(Error::conflict("No second factor is set up"));
    }
    match factors.accept(change, snapshot, id, code)? {
        true => Ok(()),
        false => Err(Error::invalid(WRONG)),
    }
}

fn new_recovery_codes(change: &Change<'_>, user_id: &str) -> Result<Vec<String>> {
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| totp::recovery_code()).collect();
    let hashes: Vec<String> = codes.iter().map(|code| sha256_hex(&totp::normalized(code))).collect();
    second_factors::set_recovery_codes(change, user_id, &hashes)?;
    Ok(codes)
}
