use serde_json::{Value, json};

use super::attempted;
use crate::base::secret::Secret;
use crate::domain::{Error, rules};
use crate::store::audit::{Action, Origin};
use crate::store::one_time::{self, InvalidToken, Purpose};
use crate::store::{Store, StoreError, audit, users};

/// What the holder of a mailed link wants to set.
pub struct PasswordChoice {
    pub purpose: Purpose,
    pub email: String,
    pub token: String,
    /// A new display name, unless empty.
    pub name: String,
}

/// Checks the token, the password and the name before the password is hashed, so that guessing tokens costs no hashing.
pub async fn check_password_choice(
    store: &Store,
    origin: &Origin,
    choice: &PasswordChoice,
    password: &str,
) -> Result<Result<(), InvalidToken>, Error> {
    let (email, token, purpose) = (choice.email.clone(), choice.token.clone(), choice.purpose);
    let checked = store.read(move |reader| one_time::check(reader, &email, &token, purpose)).await?;
    let is_service_account = rules::is_service_account(choice.email.trim());
    if let Err(invalid) = checked.and(if is_service_account { Err(InvalidToken::Wrong) } else { Ok(()) }) {
        record_invalid_token(store, origin, choice, invalid).await?;
        return Ok(Err(invalid));
    }
    rules::password(password)?;
    rules::name(&choice.name)?;
    Ok(Ok(()))
}

/// Sets the password that hashes to `hash` and consumes the token, both or neither. Returns the id of the user.
pub async fn choose_password(
    store: &Store,
    origin: &Origin,
    choice: PasswordChoice,
    hash: Secret,
) -> Result<Result<String, InvalidToken>, Error> {
    let (email, token, purpose) = (choice.email.clone(), choice.token.clone(), choice.purpose);
    let (name, by) = (rules::name(&choice.name)?, origin.clone());
    let consumed = store
        .write(move |change| -> Result<_, StoreError> {
            let consumed = one_time::consume(change, &email, &token, purpose)?;
            if let Ok(id) = &consumed {
                users::set_password(change, id, &hash)?;
                if !name.is_empty() {
                    users::set_name(change, id, &name)?;
                }
                audit::record(change, &by.user(id), action(purpose), &format!("user:{id}"), Value::Null)?;
            }
            Ok(consumed)
        })
        .await?;
    if let Err(invalid) = consumed {
        record_invalid_token(store, origin, &choice, invalid).await?;
    }
    Ok(consumed)
}

async fn record_invalid_token(
    store: &Store,
    origin: &Origin,
    choice: &PasswordChoice,
    invalid: InvalidToken,
) -> Result<(), StoreError> {
    let result = match invalid {
        InvalidToken::Wrong => "invalid_token",
        InvalidToken::Expired => "expired_token",
        InvalidToken::Deactivated => "deactivated",
    };
    let (actor, action) = (origin.clone().anonymous(), action(choice.purpose));
    let details = json!({ "email": attempted(&choice.email) });
    store.write(move |change| audit::record_result(change, &actor, action, "auth", details, result)).await
}

fn action(purpose: Purpose) -> Action {
    if purpose == Purpose::Reset { Action::PasswordReset } else { Action::PasswordSetup }
}
