//! Descriptions, in which OpenMetadata's editor leaves HTML.

/// The text without tags, one line for each paragraph or item of a list.
pub fn plain(html: &str) -> String {
    let (mut text, mut rest) = (String::new(), html);
    while let Some((before, tail)) = rest.split_once('<') {
        text += before;
        match tail.split_once('>').filter(|(tag, _)| is_tag(tag)) {
            Some((tag, after)) => {
                text += replacement(tag);
                rest = after;
            }
            None => {
                text.push('<');
                rest = tail;
            }
        }
    }
    text += rest;
    let decoded = html_escape::decode_html_entities(&text);
    let lines = decoded.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The text without line breaks and other control characters, for names.
pub fn one_line(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ").trim().to_owned()
}

/// Whether this stands between the brackets of a tag or comment, rather than of a comparison.
fn is_tag(text: &str) -> bool {
    text.trim_start_matches('/').starts_with(|c: char| c.is_ascii_alphabetic() || c == '!')
}

fn replacement(tag: &str) -> &'static str {
    let is_end = tag.starts_with('/');
    let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    match (name.to_ascii_lowercase().as_str(), is_end) {
        ("li", false) => "\n- ",
        ("br", _) => "\n",
        ("p" | "div" | "tr" | "ul" | "ol" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6", true) => "\n",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_lines() {
        for (html, text) in [
            ("<p>One&nbsp;&amp; <b>two</b></p><ul><li>a</li><li class=x>b</li></ul>", "One & two\n- a\n- b"),
            ("1 < 2 and 3 > 2, a <- b &unknown; &#65;&#x42;", "1 < 2 and 3 > 2, a <- b &unknown; AB"),
            ("a<br/>b<BR>c<!-- note -->", "a\nb\nc"),
            ("&lt;b&gt; is bold", "<b> is bold"),
            ("a <b", "a <b"),
            ("  \n\n ", ""),
        ] {
            assert_eq!(plain(html), text, "{html}");
        }
    }
}
