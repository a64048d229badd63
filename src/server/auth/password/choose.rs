use crate::domain::sign_in::{PasswordChoice, check_password_choice, choose_password};
use crate::server::{ApiError, App};
use crate::store::audit::Origin;
use crate::store::one_time::InvalidToken;

/// Sets the password and consumes the token of a mailed link. Returns the id of the user.
pub async fn choose(
    app: &App,
    origin: &Origin,
    choice: PasswordChoice,
    password: String,
) -> Result<Result<String, InvalidToken>, ApiError> {
    if let Err(invalid) = check_password_choice(&app.store, origin, &choice, &password).await? {
        return Ok(Err(invalid));
    }
    let hash = app.passwords.hash(password).await?;
    Ok(choose_password(&app.store, origin, choice, hash).await?)
}
