//! Tokens as responses show them. `last_use` returns the use of a token, by its id, that is not stored yet.

use crate::access::{Admin, Principal};
use crate::base::time;
use crate::domain::{Error, Result};
use crate::protocol::tokens::{OwnedToken, Scope, Token as Body};
use crate::store::tokens::{self, Token, Use};
use crate::store::{Store, StoreError};

/// The caller's tokens, newest first, including expired and revoked ones.
pub async fn own_tokens(
    store: &Store,
    caller: &Principal,
    last_use: impl Fn(&str) -> Option<Use>,
) -> Result<Vec<Body>> {
    let own = stored(store, Some(caller)).await?;
    Ok(own.iter().map(|token| body(token, newer_use(token, &last_use))).collect())
}

/// One of the caller's tokens.
pub async fn own_token(
    store: &Store,
    caller: &Principal,
    id: &str,
    last_use: impl Fn(&str) -> Option<Use>,
) -> Result<Body> {
    let own = own_tokens(store, caller, last_use).await?;
    own.into_iter().find(|token| token.id == id).ok_or_else(|| Error::not_found("Token not found"))
}

/// The tokens of all users, newest first.
pub async fn all_tokens(store: &Store, _: &Admin, last_use: impl Fn(&str) -> Option<Use>) -> Result<Vec<OwnedToken>> {
    let (all, snapshot) = (stored(store, None).await?, store.snapshot());
    let owned = |token: &Token| {
        let newer = newer_use(token, &last_use);
        let newer_ip = newer.as_ref().and_then(|newer| Some(newer.ip?.to_string()));
        OwnedToken {
            token: body(token, newer),
            user_id: token.user_id.clone(),
            user_email: snapshot.users.get(&token.user_id).map(|user| user.email.clone()),
            last_used_ip: newer_ip.or_else(|| token.last_used_ip.clone()),
        }
    };
    Ok(all.iter().map(owned).collect())
}

async fn stored(store: &Store, owner: Option<&Principal>) -> Result<Vec<Token>, StoreError> {
    let owner = owner.map(|caller| caller.user().id.clone());
    store.read(move |reader| tokens::list(reader, owner.as_deref())).await
}

/// A use that is newer than the stored one.
fn newer_use(token: &Token, last_use: impl Fn(&str) -> Option<Use>) -> Option<Use> {
    last_use(&token.id).filter(|last| token.last_used_at.is_none_or(|stored| stored < last.at))
}

fn body(token: &Token, newer: Option<Use>) -> Body {
    Body {
        id: token.id.clone(),
        name: token.name.clone(),
        prefix: token.prefix.clone(),
        created_at: token.created_at.map(time::spaced),
        expires_at: token.expires_at.map(time::spaced),
        last_used_at: newer.map(|newer| newer.at).or(token.last_used_at).map(time::spaced),
        revoked_at: token.revoked_at.map(time::spaced),
        problem: token.scopes.as_deref().and_then(problem),
        scope: token.scopes.clone(),
    }
}

fn problem(scope: &str) -> Option<String> {
    let is_known = scope.trim().parse::<Scope>().is_ok();
    (!is_known).then(|| format!("the scope '{scope}' is unknown, so the token opens nothing; create another one"))
}
