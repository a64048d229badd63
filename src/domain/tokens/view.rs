//! Tokens as responses show them. `last_use` returns the use of a token, by its id, that is not stored yet.

use crate::access::{Admin, Principal};
use crate::base::time;
use crate::domain::Error;
use crate::protocol::tokens::{OwnedToken, Token as Body};
use crate::store::Snapshot;
use crate::store::tokens::{Token, Use};

/// The caller's tokens, newest first, including expired and revoked ones.
pub fn own_tokens(snapshot: &Snapshot, caller: &Principal, last_use: impl Fn(&str) -> Option<Use>) -> Vec<Body> {
    let own = snapshot.tokens.values().filter(|token| token.user_id == caller.user().id);
    newest_first(own).into_iter().map(|token| body(token, newer_use(token, &last_use))).collect()
}

/// One of the caller's tokens.
pub fn own_token(
    snapshot: &Snapshot,
    caller: &Principal,
    id: &str,
    last_use: impl Fn(&str) -> Option<Use>,
) -> Result<Body, Error> {
    let own = snapshot.tokens.get(id).filter(|token| token.user_id == caller.user().id);
    own.map(|token| body(token, newer_use(token, last_use))).ok_or_else(|| Error::not_found("Token not found"))
}

/// The tokens of all users, newest first.
pub fn all_tokens(snapshot: &Snapshot, _: &Admin, last_use: impl Fn(&str) -> Option<Use>) -> Vec<OwnedToken> {
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
    newest_first(snapshot.tokens.values()).into_iter().map(owned).collect()
}

fn newest_first<'a>(tokens: impl Iterator<Item = &'a Token>) -> Vec<&'a Token> {
    let mut tokens: Vec<&Token> = tokens.collect();
    tokens.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    tokens
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
    }
}
