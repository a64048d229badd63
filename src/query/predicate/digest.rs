use sha2::{Digest, Sha256};

use crate::engine::tree::Tree;

/// The same for trees that differ in nothing but where their parts stand in the text.
pub fn digest(tree: &Tree<'_>) -> String {
    let mut hash = Sha256::new();
    add(&mut hash, tree);
    data_encoding::HEXLOWER.encode(&hash.finalize())
}

fn add(hash: &mut Sha256, tree: &Tree<'_>) {
    match tree {
        Tree::Nothing => hash.update(b"n"),
        Tree::True => hash.update(b"t"),
        Tree::Number(number) => {
            hash.update(b"d");
            hash.update(number.to_bits().to_le_bytes());
        }
        Tree::Text(text) => sized(hash, b"s", text),
        Tree::List(items) => {
            hash.update(b"[");
            items.iter().for_each(|item| add(hash, item));
            hash.update(b"]");
        }
        Tree::Object(object) => {
            hash.update(b"{");
            for (name, value) in object.members().filter(|(name, _)| *name != "query_location") {
                sized(hash, b"m", name);
                add(hash, value);
            }
            hash.update(b"}");
        }
    }
}

/// With its length, so that no text looks like the next part.
fn sized(hash: &mut Sha256, kind: &[u8], text: &str) {
    hash.update(kind);
    hash.update(text.len().to_le_bytes());
    hash.update(text);
}
