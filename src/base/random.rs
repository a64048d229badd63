//! Randomness from the operating system.

use data_encoding::HEXLOWER;

/// `bytes` random bytes as lower-case hex digits.
pub fn hex(bytes: usize) -> String {
    let mut buffer = vec![0_u8; bytes];
    rand::fill(&mut buffer[..]);
    HEXLOWER.encode(&buffer)
}

/// A UUIDv4 with dashes.
pub fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}
