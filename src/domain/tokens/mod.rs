//! Personal access tokens, with which programs act for a user.

pub mod view;

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::{Value, json};
use strum::VariantNames;

use crate::access::{Admin, Interactive, Keys, PersonalToken, Principal, Proof};
use crate::base::hash::sha256_hex;
use crate::base::{random, time};
use crate::domain::{Error, Result, rules, write_as};
use crate::protocol::tokens::{CreateToken, CreatedToken, Scope};
use crate::store::audit::{self, Action, Actor};
use crate::store::tokens::{self, NewToken, Use};
use crate::store::{Store, StoreError};

const DAY_SECONDS: i64 = 86_400;
const MAX_DAYS: i64 = 3650;
/// Longest lifetime of [`Scope::BootstrapAnalyst`], whatever was requested.
const MAX_BOOTSTRAP_SECONDS: i64 = 3600;

/// Creates a token of the caller. The token itself is in this response only.
pub async fn create_token(
    store: &Store,
    keys: &Keys,
    caller: &Interactive,
    request: &CreateToken,
) -> Result<CreatedToken> {
    let name = rules::name(&request.name)?;
    let scope = scope(&request.scope)?;
    if name.is_empty() {
        return Err(Error::invalid("name is required"));
    }
    let expires_at = lifetime_seconds(request, scope)?.map(|seconds| {
        let end = time::now().as_microsecond().saturating_add(seconds.saturating_mul(1_000_000));
        time::from_micros(end)
    });
    let scope = scope.to_string();
    let (id, user, actor) = (random::uuid(), caller.user(), caller.actor());
    let contents = PersonalToken { id: &id, user_id: &user.id, email: &user.email, scope: &scope, expires_at };
    let token = keys.issue_personal(&contents)?;
    let row = NewToken {
        id: id.clone(),
        user_id: user.id.clone(),
        name: name.clone(),
        token_hash: sha256_hex(token.expose()),
        scopes: scope.clone(),
        expires_at,
    };
    let prefix = row.prefix();
    let details = json!({ "name": name, "scope": scope });
    let written = write_as(store, caller.clone(), move |change| {
        let created_at = tokens::insert(change, &row)?;
        audit::record(change, &actor, Action::TokenCreate, &format!("token:{}", row.id), details)?;
        Ok(created_at)
    });
    let created_at = written.await?;
    let with_offset = |at: Timestamp| format!("{}+00:00", time::spaced(at));
    Ok(CreatedToken {
        id,
        name,
        prefix,
        token: token.expose().to_owned(),
        expires_at: expires_at.map(with_offset),
        created_at: with_offset(created_at),
    })
}

fn scope(text: &str) -> Result<Scope> {
    let unknown = |_| Error::field("scope", format!("scope must be one of {}", Scope::VARIANTS.join(", ")), text);
    text.trim().parse().map_err(unknown)
}

/// `None`: the token does not expire. Both fields must be in range, even the one that is not used.
fn lifetime_seconds(request: &CreateToken, scope: Scope) -> Result<Option<i64>> {
    for (field, value, max, max_text) in [
        ("expires_in_days", request.expires_in_days, MAX_DAYS, "3650 (10 years)"),
        ("ttl_seconds", request.ttl_seconds, MAX_DAYS * DAY_SECONDS, "315360000 (10 years)"),
    ] {
        match value {
            Some(value) if value <= 0 => return Err(Error::invalid(format!("{field} must be a positive integer"))),
            Some(value) if value > max => return Err(Error::invalid(format!("{field} must not exceed {max_text}"))),
            _ => {}
        }
    }
    let requested = request.ttl_seconds.or(request.expires_in_days.map(|days| days * DAY_SECONDS));
    let is_bootstrap = scope == Scope::BootstrapAnalyst;
    Ok(if is_bootstrap { Some(requested.unwrap_or(i64::MAX).min(MAX_BOOTSTRAP_SECONDS)) } else { requested })
}

/// Revokes one of the caller's tokens.
pub async fn revoke_token(store: &Store, caller: &Principal, id: String) -> Result<()> {
    if !caller.may_revoke(&id) {
        return Err(Error::Forbidden("A token of this scope can only revoke itself".into()));
    }
    revoke(store, caller, caller.actor(), id, Some(caller.user().id.clone())).await
}

/// Revokes a token of any user.
pub async fn revoke_any_token(store: &Store, admin: &Admin, id: String) -> Result<()> {
    revoke(store, admin, admin.actor(), id, None).await
}

/// Without an `owner` an admin revokes it. A token that is already revoked stays as it is, without an audit row.
async fn revoke(store: &Store, by: &impl Proof, actor: Actor, id: String, owner: Option<String>) -> Result<()> {
    let written = write_as(store, by.clone(), move |change| {
        let Some(owner_id) = tokens::revoke(change, &id, owner.as_deref())? else { return Ok(()) };
        let (action, details) = match owner {
            Some(_) => (Action::TokenRevoke, Value::Null),
            None => (Action::TokenAdminRevoke, json!({ "owner_id": owner_id })),
        };
        Ok(audit::record(change, &actor, action, &format!("token:{id}"), details)?)
    });
    written.await
}

/// Stores the last use of each token, by token id.
pub async fn record_token_uses(store: &Store, uses: HashMap<String, Use>) -> Result<(), StoreError> {
    store.write(move |change| tokens::used(change, &uses)).await
}

/// Records that a token came from another address than at its previous use.
pub async fn record_new_address(
    store: &Store,
    actor: Actor,
    token_id: String,
    previous: IpAddr,
    current: IpAddr,
) -> Result<(), StoreError> {
    let details = json!({ "ip": current.to_string(), "previous_ip": previous.to_string() });
    let written = store.write(move |change| {
        let last_use = Use { at: time::now(), ip: Some(current) };
        tokens::used(change, &HashMap::from([(token_id.clone(), last_use)]))?;
        audit::record(change, &actor, Action::TokenFirstUseNewIp, &format!("token:{token_id}"), details)
    });
    written.await
}
