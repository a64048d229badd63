//! What the address of a list says: which rows, in which order, which page. So it survives reloading, and can be sent.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use minijinja::{Value, context};
use std::cmp::Ordering;
use url::form_urlencoded::{Serializer, parse};

use crate::server::{ApiError, AppState};

/// Keys of columns whose values are numbers, which stand at the right.
const NUMBERS: [&str; 9] = ["rows", "size", "bytes", "columns", "ms", "count", "members", "grants", "tables"];

/// Rows of a page.
const PER_PAGE: usize = 50;

/// The path and query of the page.
#[derive(Clone, Debug)]
pub struct Listing {
    path: String,
    query: Vec<(String, String)>,
}

impl FromRequestParts<AppState> for Listing {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        let query = parse(parts.uri.query().unwrap_or_default().as_bytes());
        Ok(Self { path: parts.uri.path().to_owned(), query: query.into_owned().collect() })
    }
}

impl Listing {
    /// The same parameters at another page.
    pub fn at(&self, path: &str) -> Self {
        Self { path: path.to_owned(), query: self.query.clone() }
    }

    /// The value of a filter; an empty one counts as not set.
    pub fn filter(&self, name: &str) -> Option<&str> {
        let value = self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
        value.filter(|value| !value.is_empty())
    }

    /// Returns whether any of the texts contains what is searched for, in whatever case.
    pub fn matches(&self, texts: &[&str]) -> bool {
        let Some(searched) = self.filter("q").map(str::to_lowercase) else { return true };
        texts.iter().any(|text| text.to_lowercase().contains(&searched))
    }

    /// Sorts rows by the column that the address names, or else by `usual`. A minus before the name reverses the order.
    pub fn sort<T>(&self, rows: &mut [T], usual: &str, compare: impl Fn(&str, &T, &T) -> Ordering) {
        let sort = self.filter("sort").unwrap_or(usual);
        let (column, is_reversed) = sort.strip_prefix('-').map_or((sort, false), |column| (column, true));
        rows.sort_by(|one, other| {
            let order = compare(column, one, other);
            if is_reversed { order.reverse() } else { order }
        });
    }

    /// The number of this page, from 1.
    pub fn number(&self) -> usize {
        self.filter("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1)
    }

    /// The rows of this page; the last page if there are not that many.
    pub fn page<'a, T>(&self, rows: &'a [T]) -> &'a [T] {
        let last = rows.len().div_ceil(PER_PAGE).max(1);
        let start = (self.number().min(last) - 1) * PER_PAGE;
        &rows[start..rows.len().min(start + PER_PAGE)]
    }

    /// The address with some parameters changed or left out.
    pub fn address(&self, changes: &[(&str, Option<&str>)]) -> String {
        let is_kept = |key: &str| !changes.iter().any(|(name, _)| *name == key);
        let kept = self.query.iter().filter(|(key, value)| is_kept(key) && !value.is_empty());
        let kept = kept.map(|(key, value)| (key.as_str(), value.as_str()));
        let changed = changes.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
        let query = Serializer::new(String::new()).extend_pairs(kept.chain(changed)).finish();
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }

    /// What the macros of `macros/table.html` show of a list of so many rows, whose columns are keys and labels. Columns
    /// without a key cannot be sorted by.
    pub fn values(&self, total: usize, columns: &[(&str, &str)], usual: &str) -> Value {
        let sort = self.filter("sort").unwrap_or(usual);
        let columns = columns.iter().map(|&(key, label)| {
            let is_ascending = sort == key;
            let direction = if is_ascending { "ascending" } else { "descending" };
            let is_current = is_ascending || sort.strip_prefix('-') == Some(key);
            let next = if is_ascending { format!("-{key}") } else { key.to_owned() };
            let href = (!key.is_empty()).then(|| self.address(&[("sort", Some(&next)), ("page", None)]));
            context! { label, href, direction => is_current.then_some(direction), is_number => NUMBERS.contains(&key) }
        });
        let last = total.div_ceil(PER_PAGE).max(1);
        let number = self.number().min(last);
        let page = |number: usize| self.address(&[("page", Some(&number.to_string()))]);
        context! {
            columns => columns.collect::<Vec<_>>(),
            total,
            first => (number - 1) * PER_PAGE + usize::from(total > 0),
            to => total.min(number * PER_PAGE),
            previous => (number > 1).then(|| page(number - 1)),
            next => (number < last).then(|| page(number + 1)),
            filters => Value::from_pairs(self.query.iter().map(|(key, value)| (key.as_str(), value.as_str()))),
            is_filtered => self.query.iter().any(|(key, value)| !["sort", "page"].contains(&key.as_str()) && !value.is_empty()),
            unfiltered => &self.path,
            sort => self.filter("sort"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(query: &str) -> Listing {
        Listing { path: "/x".into(), query: parse(query.as_bytes()).into_owned().collect() }
    }

    #[test]
    fn the_address_keeps_what_is_not_changed() {
        let here = listing("q=a%26b&sort=-name&page=3&empty=");
        assert_eq!(here.address(&[("page", Some("4"))]), "/x?q=a%26b&sort=-name&page=4");
        assert_eq!(here.address(&[("q", None), ("sort", None), ("page", None)]), "/x");
        assert!(here.matches(&["nothing", "xA&B"]) && !here.matches(&["ab"]));
    }

    #[test]
    fn pages_end_with_the_last_one() {
        let rows: Vec<usize> = (0..101).collect();
        assert_eq!(listing("page=2").page(&rows).first(), Some(&50));
        for beyond in ["page=3", "page=99", "page=99999999999999999999"] {
            let expected = if beyond.len() > 10 { 0 } else { 100 };
            assert_eq!(listing(beyond).page(&rows).first(), Some(&expected), "{beyond}");
        }
        assert_eq!(listing("page=0").page(&[] as &[usize]).len(), 0);
    }

    #[test]
    fn filters_are_shown_again() {
        let filters = listing("q=a%26b&state=").values(0, &[], "").get_attr("filters").unwrap();
        assert_eq!(filters.get_attr("q").unwrap().as_str(), Some("a&b"));
        assert!(filters.get_attr("page").unwrap().is_undefined());
    }

    #[test]
    fn sorting_by_a_column_twice_reverses_it() {
        let mut rows = vec![2, 3, 1];
        listing("sort=-n").sort(&mut rows, "n", |_, one, other| one.cmp(other));
        assert_eq!(rows, [3, 2, 1]);
        let text = |query: &str| listing(query).values(3, &[("n", "Number")], "n").to_string();
        assert!(text("").contains("/x?sort=-n") && text("sort=-n").contains("/x?sort=n"), "{}", text(""));
    }
}
