//! Randomness from the operating system.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};

/// `bytes` random bytes as lower-case hex digits.
pub fn hex(bytes: usize) -> String {
    let mut buffer = vec![0_u8; bytes];
    rand::fill(&mut buffer[..]);
    HEXLOWER.encode(&buffer)
}

/// 32 random bytes for use in a URL: 43 characters of base64url.
pub fn url_token() -> String {
    let mut buffer = [0_u8; 32];
    rand::fill(&mut buffer);
    BASE64URL_NOPAD.encode(&buffer)
}

/// A UUIDv4 with dashes.
pub fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}
