//! Names for discovered tables.

use std::collections::HashSet;

use crate::base::ident::{is_reserved_table, is_strict};

/// Longest name, in characters.
const MAX_CHARS: usize = 64;

/// Returns the table's name as one that can be queried here; if it is taken, with its bucket in front, or with a number
/// behind. The name counts as taken from then on.
pub fn free_name(name: &str, bucket: &str, taken: &mut HashSet<String>) -> String {
    let plain = identifier(name);
    let with_bucket = identifier(&format!("{bucket}_{name}"));
    let numbered = (2..).map(|number| identifier(&format!("{}_{number}", &with_bucket[..with_bucket.len().min(58)])));
    let mut candidates = [plain.clone(), with_bucket.clone()].into_iter().chain(numbered);
    candidates.find(|name| taken.insert(name.to_lowercase())).unwrap_or(plain)
}

fn identifier(text: &str) -> String {
    let letters = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    let name: String = letters.take(MAX_CHARS).collect();
    if is_strict(&name) && !is_reserved_table(&name) {
        return name;
    }
    format!("t_{name}").chars().take(MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_free() {
        let mut taken = HashSet::from(["orders".to_owned()]);
        let mut free = |name: &str, bucket: &str| free_name(name, bucket, &mut taken);
        assert_eq!(free("customers", "crm"), "customers");
        assert_eq!(free("Orders", "crm"), "crm_Orders");
        assert_eq!(free("orders", "crm"), "crm_orders_2");
        assert_eq!(free("2024-sales", "x"), "t_2024_sales");
        assert_eq!(free("_meta", "x"), "t__meta");
        assert!(is_strict(&free(&"ž".repeat(100), "x")));
    }
}
