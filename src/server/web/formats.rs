//! How pages write numbers, sizes and times.

use minijinja::value::Kwargs;
use minijinja::{Environment, Error, Value, context};
use url::form_urlencoded::byte_serialize;

use super::assets;
use crate::base::text::{shell_word, thousands};
use crate::base::time;

/// Adds the functions and filters of templates.
pub fn add(environment: &mut Environment<'static>) {
    environment.add_function("asset", |name: &str| assets::address(name));
    // A number that is not known is a dash.
    environment.add_filter("count", |number: Option<f64>| number.map_or_else(|| "–".into(), count));
    environment.add_filter("bytes", |number: Option<f64>| number.map_or_else(|| "–".into(), bytes));
    environment.add_filter("cut", |text: &str, characters: usize| cut(text, characters));
    environment.add_filter("figure", |number: f64| figure(number));
    environment.add_filter("urlencode", |text: &str| path_part(text));
    environment.add_filter("browser", |user_agent: &str| browser(user_agent));
    environment.add_filter("shell", |text: &str| shell_word(text));
    environment.add_filter("moment", |value: &Value, kwargs: Kwargs| -> Result<Value, Error> {
        kwargs.assert_all_used()?;
        Ok(value.as_str().and_then(moment).unwrap_or(Value::from(())))
    });
}

/// `-1,234,567`
pub fn count(number: f64) -> String {
    let sign = if number < 0.0 { "-" } else { "" };
    format!("{sign}{}", thousands(number.abs().round_ties_even() as u64))
}

/// A measured number: as a count if it is whole, else as it is.
fn figure(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 { count(number) } else { number.to_string() }
}

/// `12.3 MB`, in powers of 1000.
pub fn bytes(number: f64) -> String {
    let units = ["B", "KB", "MB", "GB", "TB", "PB"];
    let (mut number, mut unit) = (number, 0);
    while number >= 999.5 && unit + 1 < units.len() {
        number /= 1000.0;
        unit += 1;
    }
    let decimals = usize::from(unit > 0 && number < 99.95);
    format!("{number:.decimals$} {}", units[unit])
}

/// The beginning of a long text.
pub fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// `Firefox on Linux`. What is not a browser's is left as it is.
fn browser(user_agent: &str) -> String {
    // Most claim to be one of the later ones as well.
    let browsers =
        [("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    let systems = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let named =
        |names: &[(&str, &'static str)]| names.iter().find(|(part, _)| user_agent.contains(part)).map(|it| it.1);
    match (named(&browsers), named(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        _ => user_agent.to_owned(),
    }
}

/// A text as one part of the path of an address, or as a value of its query.
pub fn path_part(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The address of the page about something with this id, below another page.
pub fn below(page: &str, id: &str) -> String {
    format!("{page}/{}", path_part(id))
}

/// A time of the API in the forms that a page needs: for programs, in full, and how long ago it was.
fn moment(text: &str) -> Option<Value> {
    let at = time::parse(text)?;
    let seconds = time::now().as_second() - at.as_second();
    let civil = time::civil(at);
    Some(context! {
        machine => civil.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        full => civil.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        short => civil.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        ago => ago(seconds),
    })
}

/// `5 minutes ago`, `in 3 days`.
fn ago(seconds: i64) -> String {
    let distance = seconds.abs();
    let (number, unit) = match distance {
        ..45 => return if seconds < 0 { "in a moment".into() } else { "just now".into() },
        45..3_600 => ((distance + 30) / 60, "minute"),
        3_600..86_400 => (distance / 3_600, "hour"),
        86_400..2_592_000 => (distance / 86_400, "day"),
        2_592_000..31_536_000 => (distance / 2_592_000, "month"),
        _ => (distance / 31_536_000, "year"),
    };
    let plural = if number == 1 { "" } else { "s" };
    if seconds < 0 { format!("in {number} {unit}{plural}") } else { format!("{number} {unit}{plural} ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!([0.0, 999.0, 1000.0, -1_234_567.0].map(count), ["0", "999", "1,000", "-1,234,567"]);
        assert_eq!(
            [0.0, 999.0, 1000.0, 99_960.0, 999_900.0, 2.5e9].map(bytes),
            ["0 B", "999 B", "1.0 KB", "100 KB", "1.0 MB", "2.5 GB"]
        );
        assert_eq!(
            [3, 60, 7_199, 90_000, 86_400 * 400, -180].map(ago),
            ["just now", "1 minute ago", "1 hour ago", "1 day ago", "1 year ago", "in 3 minutes"]
        );
    }

    #[test]
    fn browsers_are_named() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
        assert_eq!(browser(chrome), "Chrome on Linux");
        assert_eq!(browser(&format!("{chrome} Edg/156.0.0.0")), "Edge on Linux");
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/19.0 Mobile/15E148 Safari/604.1";
        assert_eq!(browser(safari), "Safari on iPhone");
        assert_eq!(browser("agnes/0.1.0 (linux)"), "agnes/0.1.0 (linux)");
    }
}
