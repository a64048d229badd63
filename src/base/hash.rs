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
    let mut hasher = ContentHasher::default();
    let length = read_pieces(path, |piece| hasher.update(piece))?;
    Ok((hasher, length))
}

/// SHA-256 of a file, as 64 lower-case hex digits.
pub fn sha256_file(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    read_pieces(path, |piece| hasher.update(piece))?;
    Ok(HEXLOWER.encode(&hasher.finalize()))
}

/// Reads a file piece by piece, and returns its length.
fn read_pieces(path: &Path, mut take: impl FnMut(&[u8])) -> io::Result<u64> {
    let (mut file, mut length, mut buffer) = (File::open(path)?, 0, vec![0; 256 * 1024]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(length),
            read => {
                take(&buffer[..read]);
                length += read as u64;
            }
        }
    }
}

/// SHA-256 as 64 lower-case hex digits: the form in which tokens are stored.
pub fn sha256_hex(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}
