//! Which values of a column the engine cannot read, and how they are looked for at the source.

use super::catalog::Column;
use crate::base::ident::quote_ident;

/// Past all numbers: NaN and the infinities compare as greater or less.
const BEYOND: &str = "1e131071::numeric";
/// Near the smallest that a double holds with all its digits.
const TINY: &str = "1e-290::numeric";
/// The last moment that the engine can hold.
const LAST: &str = "'294247-01-10 04:00:54.775806+00'";
/// In the text of an array or a composite value: what the engine would read as something else.
pub const DOUBTFUL: &str = r"NaN|Infinity|[0-9]{16}|[0-9]+[.][0-9]{15}|[0-9]{8,}[.][0-9]{8}|294(2[4-7]|[3-9])[0-9]*-";

/// What can be wrong with a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Risk {
    /// `numeric` with a precision that the engine has: NaN only.
    Decimal,
    /// `numeric` that is read as a double.
    Number,
    /// `numeric` with a scale that the engine mistakes.
    OddScale,
    Time,
    /// An array or composite type, judged by its text; `true` if its dimensions count.
    Text(bool),
}

impl Risk {
    /// The risk of a column; after a failure, also what makes a query fail.
    pub fn of(column: &Column, failed: bool) -> Option<Self> {
        if let Some(element) = &column.element {
            let risky = column.is_composite || ["numeric", "timestamp", "timestamptz"].contains(&element.as_str());
            return (risky || failed).then_some(Self::Text(true));
        }
        if column.is_composite {
            return Some(Self::Text(false));
        }
        if let Some(modifier) = column.kind.strip_prefix("numeric") {
            let digits = modifier.trim_matches(['(', ')']).split_once(',');
            let digits = digits.and_then(|(p, s)| Some((p.parse::<i32>().ok()?, s.parse::<i32>().ok()?)));
            return Some(match digits {
                Some((precision, _)) if precision > 38 => Self::Number,
                Some((precision, scale)) if (0..=precision).contains(&scale) => Self::Decimal,
                Some(_) => Self::OddScale,
                None => Self::Number,
            });
        }
        column.kind.starts_with("timestamp").then_some(Self::Time)
    }

    /// An aggregate that says, as text, what the column holds.
    pub fn aggregate(self, column: &Column) -> String {
        let name = quote_ident(&column.name);
        let special = format!("({name} > {BEYOND} OR {name} < -{BEYOND})");
        match self {
            Self::Decimal => format!("bool_or({special})::text"),
            Self::Number | Self::OddScale => format!(
                "concat_ws('|', coalesce(bool_or({special}), false)::text,
                   coalesce(bool_or(length(ltrim(translate({name}::text, '-.', ''), '0')) > 15 OR scale({name}) > 22)
                     FILTER (WHERE NOT {special}), false)::text,
                   coalesce(max(length(trunc(abs({name}))::text)) FILTER (WHERE NOT {special}), 1)::text,
                   coalesce(max(scale({name})) FILTER (WHERE NOT {special}), 0)::text,
                   coalesce(bool_or(length(ltrim(translate(
                     CASE WHEN scale({name}) > 0 THEN rtrim({name}::text, '0') ELSE {name}::text END, '-.', ''), '0')) > 15
                     OR {name} <> 0 AND abs({name}) < {TINY}) FILTER (WHERE NOT {special}), false)::text)"
            ),
            Self::Time => format!("bool_or({name} > {LAST} AND {name} < 'infinity')::text"),
            Self::Text(is_array) => {
                let dimensions =
                    if is_array { format!(" OR array_ndims({name}) <> {}", column.dimensions) } else { String::new() };
                format!("bool_or({name}::text ~ '{DOUBTFUL}'{dimensions})::text")
            }
        }
    }
}

/// How a column is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadAs {
    Decimal { scale: u32 },
    Double,
    Text,
}

/// What was found in a column.
#[derive(Debug, PartialEq)]
pub enum Found {
    Fine,
    /// To be asked again, as [`Risk::Number`].
    Unclear,
    As(ReadAs),
    /// Says why it cannot be held.
    Refused(&'static str),
}

impl Found {
    pub fn of(risk: Risk, told: Option<&str>) -> Self {
        let told = told.unwrap_or("false");
        match risk {
            Risk::Decimal if told == "true" => Self::Unclear,
            Risk::Time if told == "true" => Self::Refused("a time past the year 294247, the last that can be held"),
            Risk::Text(_) if told == "true" => Self::As(ReadAs::Text),
            Risk::Decimal | Risk::Time | Risk::Text(_) => Self::Fine,
            Risk::Number | Risk::OddScale => {
                let parts: Vec<&str> = told.split('|').collect();
                let number = |at: usize| parts.get(at).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
                let has = |at: usize| parts.get(at) == Some(&"true");
                let (whole, scale) = (number(2), number(3));
                // `has(1)`: too long for the engine's own reading, zeros at the end included; `has(4)`: too long for any double.
                match (has(0), has(1), has(4)) {
                    (false, false, _) if risk == Risk::Number => Self::Fine,
                    (false, ..) if whole + scale <= 38 => Self::As(ReadAs::Decimal { scale }),
                    (_, _, false) => Self::As(ReadAs::Double),
                    (false, ..) => Self::Refused("numbers of more than 38 digits, more than any type of number holds"),
                    (true, ..) => Self::Refused(
                        "NaN or infinity beside numbers that a double would round (more than 15 digits, not counting zeros at \
                         the end, or below 1e-290), and no type of number holds both",
                    ),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_held_exactly_or_refused() {
        for (risk, told, found) in [
            (Risk::Number, "false|false|3|2|false", Found::Fine),
            (Risk::OddScale, "false|false|3|2|false", Found::As(ReadAs::Decimal { scale: 2 })),
            (Risk::Number, "false|true|20|18|true", Found::As(ReadAs::Decimal { scale: 18 })),
            (Risk::Number, "false|true|20|40|false", Found::As(ReadAs::Double)),
            (Risk::Number, "true|false|3|2|false", Found::As(ReadAs::Double)),
            (Risk::Number, "true|true|3|30|false", Found::As(ReadAs::Double)),
            (Risk::Decimal, "true", Found::Unclear),
            (Risk::Decimal, "false", Found::Fine),
            (Risk::Text(true), "true", Found::As(ReadAs::Text)),
        ] {
            assert_eq!(Found::of(risk, Some(told)), found, "{told}");
        }
        assert!(matches!(Found::of(Risk::Number, Some("false|true|30|9|true")), Found::Refused(_)));
        assert!(matches!(Found::of(Risk::Number, Some("true|true|3|19|true")), Found::Refused(_)));
        assert_eq!(Found::of(Risk::Number, None), Found::Fine, "no rows");
    }
}
