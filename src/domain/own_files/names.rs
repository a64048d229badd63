//! Under which name a file is stored: never one that leads elsewhere, hides it, or is taken for a temporary file.

use crate::base::atomic_file::is_temporary;
use crate::base::{hash, random};

/// What every file system can store, in bytes, temporary names included.
const MAX_NAME: usize = 180;
/// Longest extension that is kept, with its dot.
const MAX_SUFFIX: usize = 20;

/// The last part of the path that a client calls the file. The same name gives the same result, so that a file that is sent
/// again replaces itself.
pub fn stored_name(sent: &str) -> String {
    let base = sent.rsplit('/').next().unwrap_or_default();
    if base.is_empty() {
        return format!("upload_{}", random::hex(4));
    }
    let digest = &hash::sha256_hex(base)[..8];
    let name = base.replace(|c: char| c.is_control() || c == '\\', "_");
    let suffix = suffix(&name);
    if name.starts_with('.') || is_temporary(&name) {
        return format!("upload_{digest}{suffix}");
    }
    if name.len() > MAX_NAME {
        let mut end = MAX_NAME - "-".len() - digest.len() - suffix.len();
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        return format!("{}-{digest}{suffix}", &name[..end]);
    }
    name
}

/// `.jsonl`; nothing if what follows the last dot is not an extension.
fn suffix(name: &str) -> &str {
    let suffix = name.rfind('.').map_or("", |dot| &name[dot..]);
    let is_extension = suffix.len() > 1 && suffix[1..].chars().all(|c| c.is_ascii_alphanumeric());
    if is_extension && suffix.len() <= MAX_SUFFIX { suffix } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_stay_the_same() {
        for (sent, stored) in [
            ("a.jsonl", "a.jsonl"),
            ("../../etc/passwd", "passwd"),
            ("/x/y z.txt", "y z.txt"),
            (".hidden.jsonl", "upload_25f3aaaa.jsonl"),
            ("..", "upload_"),
            ("..\\..\\x.jsonl", "upload_"),
            ("a\\b\n\0.jsonl", "a_b__.jsonl"),
            (".x.agnes-tmp-1.jsonl", "upload_"),
            ("x.agnes-tmp-1.jsonl", "upload_"),
        ] {
            let name = stored_name(sent);
            assert!(name == stored || name.starts_with("upload_") && stored.starts_with("upload_"), "{sent:?}: {name}");
            assert_eq!(name, stored_name(sent));
        }
        assert!(stored_name(".hidden.jsonl").ends_with(".jsonl"));
        assert_ne!(stored_name(""), stored_name(""));
        let (long, longer) = (stored_name(&format!("{}.jsonl", "é".repeat(200))), stored_name(&"é".repeat(3000)));
        assert!(long.len() <= MAX_NAME && long.ends_with(".jsonl") && longer.len() <= MAX_NAME, "{long} {longer}");
    }
}
