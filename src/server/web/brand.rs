//! How a company makes the pages its own: the keys of `instance` and `theme` in instance.yaml. Values become a style sheet
//! and a picture of their own, since the Content-Security-Policy refuses styles in pages.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use minijinja::{Value, context};

use crate::base::hash::sha256_hex;
use crate::config::Instance;
use crate::server::{ApiError, AppState};

/// Keys of `theme`, and the custom property that each sets. Those that start with `light-` leave dark pages alone.
const PROPERTIES: [(&str, &str); 13] = [
    ("primary", "primary"),
    ("primary_dark", "primary-dark"),
    ("primary_light", "primary-light"),
    ("text_primary", "light-text-primary"),
    ("text_secondary", "light-text-secondary"),
    ("background", "light-background"),
    ("surface", "light-surface"),
    ("border", "light-border"),
    ("font_primary", "font-primary"),
    ("radius", "radius"),
    ("success", "success"),
    ("warning", "warning"),
    ("error", "error"),
];

/// What pages show of it.
pub fn values(instance: &Instance) -> Value {
    let address = |text: Option<String>, extension: &str| {
        text.map(|text| format!("/brand/{}.{extension}", &sha256_hex(&text)[..16]))
    };
    context! {
        name => &instance.instance.name,
        subtitle => &instance.instance.subtitle,
        copyright => &instance.instance.copyright,
        style => address(style(&instance.theme), "css"),
        logo => address(instance.instance.logo_svg.clone().filter(|logo| !logo.trim().is_empty()), "svg"),
    }
}

/// `GET /brand/{file}`
pub async fn serve_brand(State(app): State<AppState>, Path(file): Path<String>) -> Response {
    let instance = &app.instance();
    let (kind, text) = match file.rsplit_once('.') {
        Some((_, "css")) => ("text/css; charset=utf-8", style(&instance.theme)),
        Some((_, "svg")) => ("image/svg+xml", instance.instance.logo_svg.clone()),
        _ => ("", None),
    };
    let Some(text) = text else { return ApiError::not_found("Not Found").into_response() };
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")], text).into_response()
}

/// The style sheet; nothing if no key is set.
fn style(theme: &BTreeMap<String, serde_json::Value>) -> Option<String> {
    let mut rules = String::new();
    for (key, value) in theme {
        let text = match value {
            serde_json::Value::String(text) => text.trim().to_owned(),
            serde_json::Value::Number(number) => format!("{number}px"),
            _ => continue,
        };
        let Some(property) = property(key).filter(|_| is_value(&text)) else { continue };
        rules.push_str(&format!("  --{property}: {text};\n"));
        if property == "primary" {
            rules.push_str(&format!("  --on-primary: {};\n", readable_on(&text)));
        }
    }
    (!rules.is_empty()).then(|| format!(":root {{\n{rules}}}\n"))
}

/// The custom property of a key, which can be spelled as v0.35 documents it or as the property itself, e.g. `--primary`.
fn property(key: &str) -> Option<String> {
    let name = key.trim_start_matches("--").replace('-', "_");
    let known = PROPERTIES.iter().find(|(key, _)| *key == name).map(|(_, property)| (*property).to_owned());
    let is_custom = key.starts_with("--") && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    known.or_else(|| is_custom.then(|| key.trim_start_matches("--").to_owned()))
}

/// Returns whether a text stays within its declaration and loads nothing.
fn is_value(text: &str) -> bool {
    let is_plain = |char: char| char.is_alphanumeric() || " #.,%()-_\"'+*/".contains(char);
    let lower = text.to_ascii_lowercase();
    !text.is_empty()
        && text.len() <= 200
        && text.chars().all(is_plain)
        && !lower.contains("url")
        && !lower.contains("/*")
        && ['"', '\''].iter().all(|quote| text.matches(*quote).count() % 2 == 0)
        && text.matches('(').count() == text.matches(')').count()
}

/// Black or white, whichever can be read on a colour. Colours that are not written as `#rrggbb` count as dark.
fn readable_on(color: &str) -> &'static str {
    let Some(channels) = color.strip_prefix('#').filter(|digits| digits.len() == 6) else { return "#ffffff" };
    let Ok(number) = u32::from_str_radix(channels, 16) else { return "#ffffff" };
    // Relative luminance as WCAG 2 defines it.
    let linear = |shift: u32| {
        let channel = f64::from((number >> shift) & 255) / 255.0;
        if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = 0.2126 * linear(16) + 0.7152 * linear(8) + 0.0722 * linear(0);
    if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 { "#ffffff" } else { "#000000" }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_spellings_set_properties_and_nothing_else_gets_in() {
        let theme = json!({
            "primary": "#ffd400",
            "--accent-2": "rgb(1, 2, 3)",
            "background": "#fff",
            "radius": 4,
            "surface": "red; } body { display: none",
            "border": "url(https://evil.example.com/x)",
            "font_primary": "\"Inter\", sans-serif",
            "error": "\"",
            "unknown": "#fff",
            "font_url": "https://fonts.example.com/x.css",
        });
        let theme = serde_json::from_value(theme).unwrap();
        insta::assert_snapshot!(style(&theme).unwrap(), @r#"
        :root {
          --accent-2: rgb(1, 2, 3);
          --light-background: #fff;
          --font-primary: "Inter", sans-serif;
          --primary: #ffd400;
          --on-primary: #000000;
          --radius: 4px;
        }
        "#);
        assert_eq!(style(&BTreeMap::new()), None);
        assert_eq!((readable_on("#0069bf"), readable_on("navy")), ("#ffffff", "#ffffff"));
    }
}
