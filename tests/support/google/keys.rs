//! RSA keys, and tokens that they sign.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// Made once for all tests, since that takes a while.
static KEYS: LazyLock<[KeyPair; 4]> =
    LazyLock::new(|| std::array::from_fn(|_| KeyPair::generate(KeySize::Rsa2048).expect("a key")));

/// Of no provider.
pub const FOREIGN: usize = 2;
pub const SERVICE_ACCOUNT: usize = 3;

/// The signing key after so many rotations: its name and number.
pub fn published(rotations: usize) -> (String, usize) {
    (format!("{rotations}f2c8a1b7de"), rotations % 2)
}

/// The public half as the provider publishes it.
pub fn jwk(kid: &str, key: usize) -> Value {
    let public = PublicKeyComponents::<Vec<u8>>::from(KEYS[key].public_key());
    let (n, e) = (BASE64URL_NOPAD.encode(&public.n), BASE64URL_NOPAD.encode(&public.e));
    json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e })
}

/// The first two parts of a token.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

/// A token with an RS256 signature, whatever its header says.
pub fn sign(key: usize, header: &Value, claims: &Value) -> String {
    let message = unsigned(header, claims);
    let mut signature = vec![0; KEYS[key].public_modulus_len()];
    KEYS[key].sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).expect("a signature");
    format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
}

/// The claims of a token, if that key has signed it.
pub fn verified(key: usize, token: &str) -> Option<Value> {
    let (message, signature) = token.rsplit_once('.')?;
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, KEYS[key].public_key())
        .verify(message.as_bytes(), &signature)
        .ok()?;
    let claims = BASE64URL_NOPAD.decode(message.split_once('.')?.1.as_bytes()).ok()?;
    serde_json::from_slice(&claims).ok()
}
