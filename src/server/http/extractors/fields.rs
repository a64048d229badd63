//! Deserializes a JSON value, with errors that name the field.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use serde_path_to_error::Segment;

use crate::protocol::FieldError;
use crate::server::http::error::ApiError;

pub const NOT_AN_OBJECT: (&str, &str) =
    ("model_attributes_type", "Input should be a valid dictionary or object to extract fields from");

/// Reads `value`, which came from `place` (`body`, `form` or `query`). Texts are converted to numbers and booleans where the
/// type requires one.
pub fn read<T: DeserializeOwned>(place: &'static str, mut value: Value) -> Result<T, ApiError> {
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(&value) {
            Ok(read) => return Ok(read),
            Err(error) => error,
        };
        let message = error.inner().to_string();
        let path: Vec<Value> = error.path().iter().filter_map(segment).collect();
        // Terminates: a converted value has the expected type.
        if let Some(target) = at(&mut value, &path)
            && let Some(converted) = convert(target, expected(&message))
        {
            *target = converted;
            continue;
        }
        let input = at(&mut value, &path).map_or(Value::Null, |value| value.clone());
        return Err(ApiError::unprocessable(vec![describe(place, path, &message, input)]));
    }
}

/// Decodes names and values that are encoded as in a URL. The last value of a repeated name counts.
pub fn pairs(encoded: &str) -> Map<String, Value> {
    let pairs = ::url::form_urlencoded::parse(encoded.as_bytes());
    pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect()
}

fn segment(segment: &Segment) -> Option<Value> {
    match segment {
        Segment::Seq { index } => Some(json!(index)),
        Segment::Map { key } => Some(json!(key)),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

fn at<'a>(value: &'a mut Value, path: &[Value]) -> Option<&'a mut Value> {
    path.iter().try_fold(value, |value, part| match part {
        Value::String(key) => value.get_mut(key),
        other => value.get_mut(other.as_u64()? as usize),
    })
}

/// The type that serde expected.
fn expected(message: &str) -> Expected {
    match message.rsplit_once("expected ").map_or("", |(_, expected)| expected) {
        "a string" => Expected::Text,
        "a boolean" => Expected::Boolean,
        "i8" | "i16" | "i32" | "i64" | "isize" | "u8" | "u16" | "u32" | "u64" | "usize" => Expected::Integer,
        "f32" | "f64" => Expected::Number,
        "a sequence" => Expected::List,
        "a map" => Expected::Map,
        text if text.starts_with("struct ") => Expected::Struct,
        _ => Expected::Other,
    }
}

enum Expected {
    Text,
    Boolean,
    Integer,
    Number,
    List,
    Map,
    Struct,
    Other,
}

fn convert(value: &Value, expected: Expected) -> Option<Value> {
    match (expected, value) {
        (Expected::Integer, Value::String(text)) => text.trim().parse::<i64>().ok().map(Value::from),
        (Expected::Integer, Value::Number(number)) => {
            number.as_f64().filter(|n| number.is_f64() && n.fract() == 0.0 && n.abs() < 1e15).map(|n| json!(n as i64))
        }
        (Expected::Number, Value::String(text)) => text.trim().parse::<f64>().ok().map(Value::from),
        (Expected::Boolean, Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Some(json!(true)),
            "false" | "f" | "no" | "n" | "off" | "0" => Some(json!(false)),
            _ => None,
        },
        (Expected::Boolean, Value::Number(number)) => match number.as_u64() {
            Some(0) => Some(json!(false)),
            Some(1) => Some(json!(true)),
            _ => None,
        },
        _ => None,
    }
}

fn describe(place: &'static str, path: Vec<Value>, message: &str, input: Value) -> FieldError {
    // A form is a body too, but is not shown as a whole.
    let mut loc = vec![json!(if place == "form" { "body" } else { place })];
    loc.extend(path);
    if let Some(field) = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        loc.push(json!(field));
        let input = if place == "body" { input } else { Value::Null };
        return FieldError { kind: "missing", loc, msg: "Field required".into(), input, ctx: None };
    }
    let is_text = input.is_string();
    let known = match expected(message) {
        Expected::Integer if input.as_i64().is_some_and(|number| number < 0) => {
            return FieldError {
                kind: "greater_than_equal",
                loc,
                msg: "Input should be greater than or equal to 0".into(),
                input,
                ctx: Some(json!({"ge": 0})),
            };
        }
        _ if !message.starts_with("invalid type") => None,
        Expected::Text => Some(("string_type", "Input should be a valid string")),
        Expected::Integer if is_text => {
            Some(("int_parsing", "Input should be a valid integer, unable to parse string as an integer"))
        }
        Expected::Integer if input.is_f64() => {
            Some(("int_from_float", "Input should be a valid integer, got a number with a fractional part"))
        }
        Expected::Integer => Some(("int_type", "Input should be a valid integer")),
        Expected::Number if is_text => {
            Some(("float_parsing", "Input should be a valid number, unable to parse string as a number"))
        }
        Expected::Number => Some(("float_type", "Input should be a valid number")),
        Expected::Boolean if is_text => {
            Some(("bool_parsing", "Input should be a valid boolean, unable to interpret input"))
        }
        Expected::Boolean => Some(("bool_type", "Input should be a valid boolean")),
        Expected::List => Some(("list_type", "Input should be a valid list")),
        Expected::Map => Some(("dict_type", "Input should be a valid dictionary")),
        Expected::Struct => Some(NOT_AN_OBJECT),
        Expected::Other => None,
    };
    match known {
        Some((kind, msg)) => FieldError { kind, loc, msg: msg.into(), input, ctx: None },
        None => FieldError::value(loc, message, input),
    }
}
