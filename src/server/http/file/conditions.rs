//! Conditional requests, RFC 9110 sections 13 and 14: which response a download gets.

use axum::http::HeaderMap;
use axum::http::header::{IF_RANGE, RANGE};
use headers::{ETag, HeaderMapExt, IfMatch, IfNoneMatch, IfRange};

#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Whole,
    /// First and last byte, both included.
    Part(u64, u64),
    /// 304: the client has the current content.
    NotModified,
    /// 412: the content is not what the client expects.
    Changed,
    /// 416: the range lies outside of the file.
    OutOfRange,
}

/// Evaluates the headers of a request; `length` is the size of the file in bytes.
pub fn evaluate(headers: &HeaderMap, etag: &ETag, length: u64) -> Outcome {
    if headers.typed_get::<IfMatch>().is_some_and(|condition| !condition.precondition_passes(etag)) {
        return Outcome::Changed;
    }
    if headers.typed_get::<IfNoneMatch>().is_some_and(|condition| !condition.precondition_passes(etag)) {
        return Outcome::NotModified;
    }
    let Some(range) = headers.get(RANGE).and_then(|value| value.to_str().ok()) else { return Outcome::Whole };
    let is_unchanged = || headers.typed_get::<IfRange>().is_some_and(|known| !known.is_modified(Some(etag), None));
    if headers.contains_key(IF_RANGE) && !is_unchanged() {
        return Outcome::Whole;
    }
    // An invalid range is ignored, and so are several: none of them is worth a multipart response.
    let Ok(parsed) = http_range_header::parse_range_header(range) else { return Outcome::Whole };
    match parsed.validate(length) {
        Ok(ranges) if ranges.len() == 1 => Outcome::Part(*ranges[0].start(), *ranges[0].end()),
        Ok(_) => Outcome::Whole,
        Err(_) => Outcome::OutOfRange,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};

    use super::*;

    fn ask(pairs: &[(HeaderName, &str)]) -> Outcome {
        let headers = pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        evaluate(&headers, &"\"abc\"".parse().unwrap(), 100)
    }

    #[test]
    fn conditions() {
        assert_eq!(ask(&[]), Outcome::Whole);
        assert_eq!(ask(&[(IF_NONE_MATCH, "\"x\", W/\"abc\"")]), Outcome::NotModified);
        assert_eq!(ask(&[(IF_NONE_MATCH, "*")]), Outcome::NotModified);
        assert_eq!(ask(&[(IF_NONE_MATCH, "\"x\"")]), Outcome::Whole);
        assert_eq!(ask(&[(IF_MATCH, "\"abc\"")]), Outcome::Whole);
        assert_eq!(ask(&[(IF_MATCH, "*")]), Outcome::Whole);
        assert_eq!(ask(&[(IF_MATCH, "abc")]), Outcome::Changed);
        assert_eq!(ask(&[(IF_MATCH, "W/\"abc\"")]), Outcome::Changed);
        assert_eq!(ask(&[(IF_MATCH, "\"x\", \"y\"")]), Outcome::Changed);
    }

    #[test]
    fn ranges() {
        assert_eq!(ask(&[(RANGE, "bytes=0-9")]), Outcome::Part(0, 9));
        assert_eq!(ask(&[(RANGE, "bytes=90-")]), Outcome::Part(90, 99));
        assert_eq!(ask(&[(RANGE, "bytes=-10")]), Outcome::Part(90, 99));
        assert_eq!(ask(&[(RANGE, "bytes=90-500")]), Outcome::Part(90, 99));
        assert_eq!(ask(&[(RANGE, "bytes=100-")]), Outcome::OutOfRange);
        assert_eq!(ask(&[(RANGE, "bytes=0-1,5-6")]), Outcome::Whole);
        assert_eq!(ask(&[(RANGE, "lines=1-2")]), Outcome::Whole);
        assert_eq!(ask(&[(RANGE, "bytes=5-"), (IF_RANGE, "\"abc\"")]), Outcome::Part(5, 99));
        assert_eq!(ask(&[(RANGE, "bytes=5-"), (IF_RANGE, "\"old\"")]), Outcome::Whole);
        assert_eq!(ask(&[(RANGE, "bytes=5-"), (IF_RANGE, "nonsense")]), Outcome::Whole);
    }
}
