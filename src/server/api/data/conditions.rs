//! Conditional requests, RFC 9110 sections 13 and 14: which answer a download gets.

use axum::http::HeaderMap;
use axum::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE};

/// What to send.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    Whole,
    /// First and last byte, both included.
    Part(u64, u64),
    /// The caller has it already: 304.
    NotModified,
    /// It is not what the caller wants any more: 412.
    Changed,
    /// The range lies outside of the file: 416.
    OutOfRange,
}

/// Decides by the headers of a request; `etag` is the quoted strong tag, `length` the file's size in bytes.
pub fn answer(headers: &HeaderMap, etag: &str, length: u64) -> Answer {
    if let Some(wanted) = text(headers, &IF_MATCH)
        && !lists(&wanted, etag, false)
    {
        return Answer::Changed;
    }
    if let Some(known) = text(headers, &IF_NONE_MATCH)
        && lists(&known, etag, true)
    {
        return Answer::NotModified;
    }
    let Some(range) = text(headers, &RANGE) else { return Answer::Whole };
    if text(headers, &IF_RANGE).is_some_and(|validator| validator != etag) {
        return Answer::Whole;
    }
    // A range that cannot be read is ignored; of several ranges none is worth a multipart answer.
    let Ok(parsed) = http_range_header::parse_range_header(&range) else { return Answer::Whole };
    match parsed.validate(length) {
        Ok(ranges) if ranges.len() == 1 => Answer::Part(*ranges[0].start(), *ranges[0].end()),
        Ok(_) => Answer::Whole,
        Err(_) => Answer::OutOfRange,
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<_> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// Whether a list of entity tags (or `*`) has this one. The weak comparison ignores `W/`, the strong one never matches
/// a weak tag.
fn lists(list: &str, etag: &str, weak: bool) -> bool {
    list.split(',').map(str::trim).any(|tag| {
        let tag = if weak { tag.strip_prefix("W/").unwrap_or(tag) } else { tag };
        tag == "*" || tag == etag
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(pairs: &[(HeaderName, &str)]) -> Answer {
        let headers = pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        answer(&headers, "\"abc\"", 100)
    }

    #[test]
    fn conditions() {
        assert_eq!(ask(&[]), Answer::Whole);
        assert_eq!(ask(&[(IF_NONE_MATCH, "\"x\", W/\"abc\"")]), Answer::NotModified);
        assert_eq!(ask(&[(IF_NONE_MATCH, "*")]), Answer::NotModified);
        assert_eq!(ask(&[(IF_NONE_MATCH, "\"x\"")]), Answer::Whole);
        assert_eq!(ask(&[(IF_MATCH, "\"abc\"")]), Answer::Whole);
        assert_eq!(ask(&[(IF_MATCH, "W/\"abc\"")]), Answer::Changed);
        assert_eq!(ask(&[(IF_MATCH, "\"x\", \"y\"")]), Answer::Changed);
    }

    #[test]
    fn ranges() {
        assert_eq!(ask(&[(RANGE, "bytes=0-9")]), Answer::Part(0, 9));
        assert_eq!(ask(&[(RANGE, "bytes=90-")]), Answer::Part(90, 99));
        assert_eq!(ask(&[(RANGE, "bytes=-10")]), Answer::Part(90, 99));
        assert_eq!(ask(&[(RANGE, "bytes=90-500")]), Answer::Part(90, 99));
        assert_eq!(ask(&[(RANGE, "bytes=100-")]), Answer::OutOfRange);
        assert_eq!(ask(&[(RANGE, "bytes=0-1,5-6")]), Answer::Whole);
        assert_eq!(ask(&[(RANGE, "lines=1-2")]), Answer::Whole);
        assert_eq!(ask(&[(RANGE, "bytes=5-"), (IF_RANGE, "\"abc\"")]), Answer::Part(5, 99));
        assert_eq!(ask(&[(RANGE, "bytes=5-"), (IF_RANGE, "\"old\"")]), Answer::Whole);
    }
}
