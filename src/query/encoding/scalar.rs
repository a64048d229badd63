//! The documented form of single values, whether they come as text or not.

use itoa::Integer;

pub fn integer(out: &mut String, number: impl Integer) {
    out.push_str(itoa::Buffer::new().format(number));
}

/// A string with all digits, so that no reader rounds it.
pub fn decimal(out: &mut String, number: i128, scale: usize) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(number.unsigned_abs());
    out.push_str(if number < 0 { "\"-" } else { "\"" });
    if digits.len() <= scale {
        out.push_str("0.");
        for _ in digits.len()..scale {
            out.push('0');
        }
        out.push_str(digits);
    } else {
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        out.push_str(whole);
        if scale > 0 {
            out.push('.');
            out.push_str(fraction);
        }
    }
    out.push('"');
}

/// A number; JSON has neither NaN nor infinity, which become strings.
pub fn double(out: &mut String, number: f64) {
    match special(number) {
        Some(name) => string(out, name),
        None => digits(out, number),
    }
}

pub fn special(number: f64) -> Option<&'static str> {
    match number {
        number if number.is_finite() => None,
        number if number.is_nan() => Some("NaN"),
        number if number > 0.0 => Some("Infinity"),
        _ => Some("-Infinity"),
    }
}

/// The shortest digits that are this number, as the engine and Python write them.
pub fn digits(out: &mut String, number: f64) {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(number);
    let magnitude = number.abs();
    // Python has at least two digits in an exponent, and uses one below 0.0001.
    if magnitude >= 1e-4 || magnitude == 0.0 {
        out.push_str(text);
    } else if let Some((digits, exponent)) = text.split_once("e-") {
        out.push_str(digits);
        out.push_str(if exponent.len() == 1 { "e-0" } else { "e-" });
        out.push_str(exponent);
    } else {
        let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
        let (first, rest) = digits.trim_start_matches(['0', '.']).split_at(1);
        out.extend([sign, first, if rest.is_empty() { "" } else { "." }, rest, "e-05"]);
    }
}

/// A JSON string.
pub fn string(out: &mut String, text: &str) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let (special, tail) = special.split_at(1);
        match special.as_bytes()[0] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0C => out.push_str("\\f"),
            control => {
                const HEX: [char; 16] =
                    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
                out.push_str("\\u00");
                out.push(HEX[usize::from(control >> 4)]);
                out.push(HEX[usize::from(control & 15)]);
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out.push('"');
}
