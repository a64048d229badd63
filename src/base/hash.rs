//! Content hashes, in the form that existing clients verify.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use data_encoding::HEXLOWER;
use md5::{Digest, Md5};
use sha2::Sha256;

/// MD5 of everything fed in, as 32 lower-case hex digits: the `hash` of a manifest entry.
#[derive(Default)]
pub struct ContentHasher(Md5);

impl ContentHasher {
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub fn finish(self) -> String {
        HEXLOWER.encode(&self.0.finalize())
    }
}

/// The content hash of a file.
pub fn md5_file(path: &Path) -> io::Result<String> {
    hash_file(path).map(|(hasher, _)| hasher.finish())
}

/// Feeds in a file, and returns its length too.
pub fn hash_file(path: &Path) -> io::Result<(ContentHasher, u64)> {
    let mut file = File::open(path)?;
    let (mut hasher, mut length, mut buffer) = (ContentHasher::default(), 0, vec![0; 256 * 1024]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((hasher, length)),
            read => {
                hasher.update(&buffer[..read]);
                length += read as u64;
            }
        }
    }
}

/// SHA-256 of a file, as 64 lower-case hex digits.
pub fn sha256_file(path: &Path) -> io::Result<String> {
    let (mut file, mut hasher, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 256 * 1024]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(HEXLOWER.encode(&hasher.finalize())),
            read => hasher.update(&buffer[..read]),
        }
    }
}

/// SHA-256 as 64 lower-case hex digits: the form in which tokens are stored.
pub fn sha256_hex(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}
