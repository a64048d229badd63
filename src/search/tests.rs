use super::{Column, Entry, Index};

fn entry(name: &str, description: &str, columns: &[(&str, &str)]) -> Entry {
    let column = |(name, text): &(&str, &str)| Column {
        name: (*name).into(),
        description: Some((*text).to_owned()).filter(|text| !text.is_empty()),
    };
    Entry {
        names: vec![name.into()],
        descriptions: vec![description.into()],
        columns: columns.iter().map(column).collect(),
    }
}

fn shop() -> Vec<Entry> {
    vec![
        entry(
            "orders",
            "One row per order",
            &[("id", ""), ("customer_id", ""), ("total_amount", "with tax"), ("placed_at", "")],
        ),
        entry("customers", "Who buys from us", &[("id", ""), ("email", ""), ("countryCode", "ISO 3166")]),
        entry("order_items", "Lines of orders", &[("order_id", ""), ("sku", "stock keeping unit"), ("quantity", "")]),
        entry("zákazníci", "Čeští zákazníci", &[("jméno", "")]),
        entry("salaries", "What people earn", &[("employee_email", ""), ("monthly_amount", "gross")]),
    ]
}

fn found(query: &str, is_visible: [bool; 5]) -> Vec<String> {
    let shop = shop();
    let found = Index::new(shop.clone()).search(query, &is_visible, 10, 0);
    assert_eq!(found.total, found.hits.len());
    let shown = |column: &usize, entry: &Entry| entry.columns[*column].name.clone();
    let hits = found.hits.iter().map(|hit| {
        let entry = &shop[hit.entry];
        let columns: Vec<_> = hit.columns.iter().map(|column| shown(column, entry)).collect();
        [entry.names[0].clone(), columns.join(",")].join(":")
    });
    hits.collect()
}

const ALL: [bool; 5] = [true; 5];

#[test]
fn the_best_match_is_first() {
    for (query, best) in [
        ("orders", "orders:"),
        ("order items", "order_items:order_id"),
        ("orderitems", "order_items:"),
        ("ordres", "orders:"),
        ("customer country", "customers:countryCode"),
        ("which table has the country code of a customer?", "customers:countryCode"),
        ("stock keeping", "order_items:sku"),
        ("zakaznici", "zákazníci:"),
        ("jmeno", "zákazníci:jméno"),
        ("order total with tax", "orders:total_amount"),
        ("quantty", "order_items:quantity"),
        ("emial", "customers:email"),
        ("gross monthly amount", "salaries:monthly_amount"),
    ] {
        let found = found(query, ALL);
        assert!(found.first().is_some_and(|first| first.starts_with(best)), "{query}: {found:?}");
    }
    assert_eq!(found("xyzzy", ALL), [""; 0]);
    assert_eq!(found("", ALL), [""; 0]);
    assert_eq!(found("--", ALL), [""; 0]);
}

#[test]
fn what_is_not_visible_changes_nothing() {
    let mut without = shop();
    without.pop();
    for query in ["email", "amount", "monthly salaries", "people", "order amount email"] {
        let some = Index::new(without.clone()).search(query, &[true; 4], 10, 0);
        let all = Index::new(shop()).search(query, &[true, true, true, true, false], 10, 0);
        assert_eq!(some, all, "{query}");
    }
    assert_eq!(found("salaries", [true, true, true, true, false]), [""; 0]);
}

#[test]
fn pages_follow_each_other() {
    let index = Index::new(shop());
    let whole = index.search("order email id", &ALL, 10, 0);
    assert!(whole.total >= 3);
    for at in 0..whole.total + 1 {
        let page = index.search("order email id", &ALL, 1, at);
        assert_eq!((page.hits.first(), page.total), (whole.hits.get(at), whole.total));
    }
}
