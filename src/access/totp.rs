//! Time-based one-time passwords (RFC 6238) as a second factor: their secrets, sealed at rest, and their codes.
//!
//! SHA-1, 6 digits and 30 seconds: what every authenticator app knows. The code of the step before and after counts too.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use totp_rs::{Builder, Totp};

use crate::base::secret::Secret;
use crate::config::secrets::SecondFactorKeys;

/// In bytes, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
/// 120 random bits, so that a plain hash is enough to store them.
const RECOVERY_BYTES: usize = 15;

#[derive(Debug, thiserror::Error)]
pub enum TotpError {
    #[error(
        "the secret of a second factor cannot be opened; was state/.second_factor_key or AGNES_SECOND_FACTOR_KEY changed?"
    )]
    Sealed,
    #[error("cannot prepare a second factor: {0}")]
    Unusable(String),
}

/// Seals the secrets of second factors, each for its user: a copy of the state database alone shows none of them.
pub struct Sealer {
    current: LessSafeKey,
    /// Only opens.
    previous: Option<LessSafeKey>,
}

impl Sealer {
    /// Keys are texts of high entropy.
    pub fn new(keys: &SecondFactorKeys) -> Result<Self, TotpError> {
        Ok(Self { current: cipher(&keys.current)?, previous: keys.previous.as_ref().map(cipher).transpose()? })
    }

    /// The same secret under the current key; `None` if it is under that already.
    pub fn renewed(&self, user_id: &str, sealed: &str) -> Result<Option<String>, TotpError> {
        if opened(&self.current, user_id, sealed).is_some() {
            return Ok(None);
        }
        self.seal(user_id, &self.open(user_id, sealed)?).map(Some)
    }

    fn seal(&self, user_id: &str, secret: &[u8]) -> Result<String, TotpError> {
        let mut nonce = [0_u8; NONCE_LEN];
        rand::fill(&mut nonce);
        let mut sealed = secret.to_vec();
        self.current
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(user_id), &mut sealed)
            .map_err(|_| TotpError::Sealed)?;
        Ok(BASE64URL_NOPAD.encode(&[&nonce[..], &sealed].concat()))
    }

    fn open(&self, user_id: &str, sealed: &str) -> Result<Vec<u8>, TotpError> {
        let keys = [Some(&self.current), self.previous.as_ref()];
        keys.into_iter().flatten().find_map(|key| opened(key, user_id, sealed)).ok_or(TotpError::Sealed)
    }
}

fn cipher(key: &Secret) -> Result<LessSafeKey, TotpError> {
    let key = Sha256::digest(key.expose().as_bytes());
    UnboundKey::new(&AES_256_GCM, &key).map(LessSafeKey::new).map_err(|_| TotpError::Sealed)
}

fn opened(key: &LessSafeKey, user_id: &str, sealed: &str) -> Option<Vec<u8>> {
    let bytes = BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
    let mut sealed = sealed.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    key.open_in_place(nonce, Aad::from(user_id), &mut sealed).ok().map(|opened| opened.to_vec())
}

/// A secret that somebody is about to enter into an authenticator app.
pub struct NewFactor {
    /// For the state database.
    pub sealed: String,
    /// Base32, to be typed.
    pub secret: Secret,
    /// An `otpauth:` address with the secret, for a QR code.
    pub url: Secret,
}

/// Makes a secret for a user. `issuer` and `account` are what the app shows.
pub fn new_factor(sealer: &Sealer, user_id: &str, issuer: &str, account: &str) -> Result<NewFactor, TotpError> {
    let mut secret = [0_u8; SECRET_BYTES];
    rand::fill(&mut secret);
    // A colon separates the two in the address.
    let (issuer, account) = (issuer.replace(':', " "), account.replace(':', " "));
    let totp = Builder::new().with_secret(secret).with_issuer(Some(issuer)).with_account_name(account);
    let totp = totp.build().map_err(|error| TotpError::Unusable(error.to_string()))?;
    let url = totp.to_url().map_err(|error| TotpError::Unusable(error.to_string()))?;
    let sealed = sealer.seal(user_id, &secret)?;
    Ok(NewFactor { sealed, secret: Secret::new(BASE32_NOPAD.encode(&secret)), url: Secret::new(url) })
}

/// The step whose code this is, if it is later than `last_step`: a code is accepted once.
pub fn step_of(
    sealer: &Sealer,
    user_id: &str,
    sealed: &str,
    code: &str,
    last_step: Option<i64>,
    now: Timestamp,
) -> Result<Option<i64>, TotpError> {
    let totp = totp(sealer.open(user_id, sealed)?)?;
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let step = totp.check(code, seconds).and_then(|step| i64::try_from(step).ok());
    Ok(step.filter(|step| last_step.is_none_or(|last| *step > last)))
}

fn totp(secret: Vec<u8>) -> Result<Totp, TotpError> {
    let totp = Builder::new().with_secret(secret).with_account_name("account");
    totp.build().map_err(|error| TotpError::Unusable(error.to_string()))
}

/// A code that replaces the authenticator app once: 24 characters in groups of four.
pub fn recovery_code() -> String {
    let mut bytes = [0_u8; RECOVERY_BYTES];
    rand::fill(&mut bytes);
    let text = BASE32_NOPAD.encode(&bytes).to_lowercase();
    let groups: Vec<&str> = (0..text.len()).step_by(4).map(|start| &text[start..start + 4]).collect();
    groups.join("-")
}

/// A code as typed, in the form in which it is compared: without blanks and dashes, in lower case.
pub fn normalized(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace() && *c != '-').take(64).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time;

    fn sealer_of(current: &str, previous: Option<&str>) -> Sealer {
        let keys = SecondFactorKeys { current: Secret::new(current), previous: previous.map(Secret::new) };
        Sealer::new(&keys).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        time::from_micros(seconds * 1_000_000)
    }

    /// The vector of RFC 6238, appendix B, cut to 6 digits.
    #[test]
    fn codes_are_those_of_the_standard_and_work_once() {
        let sealer = sealer_of("key", None);
        let sealed = sealer.seal("ann", b"12345678901234567890").unwrap();
        let step = |code: &str, last, seconds| step_of(&sealer, "ann", &sealed, code, last, at(seconds)).unwrap();
        assert_eq!(step("287082", None, 59), Some(1));
        assert_eq!(step("081804", None, 1_111_111_109), Some(37_037_036));
        assert_eq!(step("287082", Some(1), 59), None, "used");
        assert_eq!((step("287082", None, 89), step("287082", None, 90)), (Some(1), None), "one step of delay");
        assert_eq!((step("", None, 59), step("28708", None, 59), step("287083", None, 59)), (None, None, None));
    }

    #[test]
    fn a_secret_opens_for_its_user_only() {
        let sealer = sealer_of("key", None);
        let made = new_factor(&sealer, "ann", "Acme: tables", "ann@acme.com").unwrap();
        let url = made.url.expose();
        assert!(url.starts_with("otpauth://totp/Acme%20%20tables:ann%40acme.com?secret="), "{url}");
        assert!(url.contains(made.secret.expose()) && !made.sealed.contains(made.secret.expose()));
        assert!(sealer.open("ann", &made.sealed).is_ok() && sealer.open("bob", &made.sealed).is_err());
        assert!(sealer_of("other", None).open("ann", &made.sealed).is_err());
    }

    #[test]
    fn a_secret_of_the_previous_key_is_sealed_again() {
        let sealed = sealer_of("old", None).seal("ann", b"secret").unwrap();
        let both = sealer_of("new", Some("old"));
        assert_eq!(both.open("ann", &sealed).unwrap(), b"secret");
        let renewed = both.renewed("ann", &sealed).unwrap().unwrap();
        assert_eq!(sealer_of("new", None).open("ann", &renewed).unwrap(), b"secret");
        assert!(both.renewed("ann", &renewed).unwrap().is_none());
        assert!(both.renewed("bob", &sealed).is_err() && sealer_of("new", Some("x")).renewed("ann", &sealed).is_err());
    }

    #[test]
    fn recovery_codes_can_be_typed_as_they_are_read() {
        let code = recovery_code();
        assert_eq!((code.len(), normalized(&code).len()), (29, 24));
        assert_eq!(normalized(&code.to_uppercase().replace('-', " ")), normalized(&code));
        assert_ne!(recovery_code(), code);
    }
}
