//! Where to redirect to after signing in: a path of this server only.

use url::Url;
use url::form_urlencoded::byte_serialize;

/// The path, query and fragment, percent-encoded; `None` for anything that could lead to another server.
pub fn safe(next: &str) -> Option<String> {
    let is_odd = |c: char| c == '\\' || c.is_control() || c.is_whitespace();
    if !next.starts_with('/') || next.starts_with("//") || next.contains(is_odd) || next.len() > 2048 {
        return None;
    }
    // As a browser would read it.
    let here = Url::parse("http://here.invalid").ok()?;
    let url = here.join(next).ok().filter(|url| url.origin() == here.origin())?;
    let path = url[url::Position::BeforePath..].to_owned();
    (!path.starts_with("//")).then_some(path)
}

/// Adds `next`, which [`safe`] returned, to the query of a path.
pub fn append(path: &str, next: Option<&str>) -> String {
    let Some(next) = next else { return path.to_owned() };
    let separator = if path.contains('?') { '&' } else { '?' };
    let next: String = byte_serialize(next.as_bytes()).collect();
    format!("{path}{separator}next={next}")
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn only_paths_of_this_server() {
        assert_eq!(safe("/dashboard?tab=1#x").as_deref(), Some("/dashboard?tab=1#x"));
        assert_eq!(safe("/Übersicht").as_deref(), Some("/%C3%9Cbersicht"));
        for bad in [
            "",
            "dashboard",
            "//evil.com",
            "/\\evil.com",
            "/\t/evil.com",
            "/\n/evil.com",
            "https://evil.com",
            "javascript:alert(1)",
            "/.//evil.com",
            "/x/..//evil.com",
            "\\/evil.com",
            " /x",
        ] {
            assert_eq!(safe(bad), None, "{bad:?}");
        }
    }
}
