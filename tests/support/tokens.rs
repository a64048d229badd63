//! Tokens that no server would issue.

use agnes::base::time;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::Value;

/// The signing key of servers that take such tokens.
pub const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";

/// A token with these claims, signed with [`KEY`].
pub fn signed(claims: &Value) -> String {
    signed_with(Algorithm::HS256, KEY, claims)
}

pub fn signed_with(algorithm: Algorithm, key: &str, claims: &Value) -> String {
    let key = EncodingKey::from_secret(key.as_bytes());
    jsonwebtoken::encode(&Header::new(algorithm), claims, &key).expect("a token")
}

/// Seconds since 1970.
pub fn now() -> i64 {
    time::now().as_second()
}
