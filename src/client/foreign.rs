//! Responses that do not come from an Agnes server, but from something in between: a proxy, or the login page of a
//! network. Their bodies are pages for a browser, so people read what the status means instead.

use reqwest::Response;
use reqwest::header::CONTENT_TYPE;

/// Statuses that the server never sends without a JSON body.
const NEVER_EMPTY: [u16; 6] = [407, 413, 502, 503, 504, 511];
/// Maximum length of a plain text that is quoted, in bytes.
const MAX_QUOTE: usize = 200;

/// Why a success status with a page is not a success.
pub const PAGE_INSTEAD_OF_DATA: &str = "it sent a web page instead of data";

/// Returns whether the response announces a page for a browser.
pub fn announces_page(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("text/html")
}

/// Returns whether a body that is not JSON is HTML or XML.
pub fn is_page(body: &[u8]) -> bool {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start().starts_with(b"<")
}

/// What an error response with this body, which is not a JSON object, means; `None` if the server itself may have sent it.
pub fn explain(status: u16, body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() && !NEVER_EMPTY.contains(&status) {
        return None;
    }
    let mut explanation = meaning(status);
    if !text.is_empty() && text.len() <= MAX_QUOTE && !text.contains(|c: char| c == '<' || c.is_control()) {
        explanation.push_str(&format!(" (the text of the response: {text})"));
    }
    Some(explanation)
}

fn meaning(status: u16) -> String {
    let between = "something between here and the server, e.g. a proxy,";
    match status {
        401 => format!("{between} asks for a sign-in (401); sign in there, or ask its operator to let Agnes through"),
        403 => format!("{between} does not let the request through (403); ask its operator"),
        404 | 405 => format!("{between} responds at this address ({status}), but no Agnes server; check the address"),
        407 => "the proxy asks for a sign-in (407); use HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT".into(),
        408 | 504 => format!(
            "a proxy in front of the server waited too long ({status}); try again, and if it happens each time, raise its \
             timeout (nginx: proxy_read_timeout)"
        ),
        413 => {
            "the upload was refused as too large (413) by something between here and the server, e.g. a proxy; raise \
                its limit (nginx: client_max_body_size) or split the file"
                .into()
        }
        429 => format!("{between} limits the number of requests (429); try again later"),
        500 => "the server, or a proxy in front of it, failed (500); its log says why".into(),
        502 | 503 => format!(
            "a proxy in front of the server cannot reach it ({status}); the server may be starting or stopped, try again \
             in a moment"
        ),
        511 => "this network asks for a sign-in (511); open any page in a browser, sign in, and try again".into(),
        _ => format!("{between} responded with status {status} instead of the server"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_never_quoted() {
        let pages = ["<html>secret</html>", "\u{feff} <!DOCTYPE html>secret", "\n<?xml?><Error>secret</Error>"];
        for (status, page) in (400..600).flat_map(|status| pages.map(|page| (status, page))) {
            let explanation = explain(status, page.as_bytes()).unwrap();
            assert!(!explanation.contains('<') && !explanation.contains("secret"), "{explanation}");
            assert!(explanation.contains(&format!("{status}")), "{explanation}");
        }
        let quoted = explain(503, b"no healthy upstream\n").unwrap();
        assert!(quoted.ends_with("(the text of the response: no healthy upstream)"), "{quoted}");
        assert!(!explain(503, "x".repeat(201).as_bytes()).unwrap().contains("xx"));
        assert!(!explain(503, b"two\nlines").unwrap().contains("two"));
    }

    #[test]
    fn the_server_itself_may_send_no_body() {
        assert_eq!((explain(412, b""), explain(416, b" ")), (None, None));
        assert!(explain(413, b"").is_some());
    }
}
