//! The types that a column of texts can get.

use serde::{Deserialize, Serialize};

use super::number::DECIMAL_DIGITS;

/// A column type of published tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    Boolean,
    /// 64 bits.
    Integer,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Double,
    Date,
    Timestamp,
    /// Stored in UTC.
    Instant,
    Text,
}

impl ColumnType {
    /// The decimal type for numbers with that many digits before and behind the point. There are only two widths, so that a few
    /// more digits do not change the type.
    pub fn decimal(whole: u8, scale: u8) -> Option<Self> {
        match usize::from(whole) + usize::from(scale) {
            0..=18 => Some(Self::Decimal { precision: 18, scale }),
            digits if digits <= DECIMAL_DIGITS => Some(Self::Decimal { precision: DECIMAL_DIGITS as u8, scale }),
            _ => None,
        }
    }

    /// As SQL names it.
    pub fn sql(self) -> String {
        match self {
            Self::Boolean => "BOOLEAN".into(),
            Self::Integer => "BIGINT".into(),
            Self::Decimal { precision, scale } => format!("DECIMAL({precision},{scale})"),
            Self::Double => "DOUBLE".into(),
            Self::Date => "DATE".into(),
            Self::Timestamp => "TIMESTAMP".into(),
            Self::Instant => "TIMESTAMPTZ".into(),
            Self::Text => "VARCHAR".into(),
        }
    }

    /// The type that DuckDB calls `name`.
    pub fn from_sql(name: &str) -> Option<Self> {
        let plain =
            [Self::Boolean, Self::Integer, Self::Double, Self::Date, Self::Timestamp, Self::Instant, Self::Text];
        plain.into_iter().find(|kind| kind.sql() == name).or_else(|| {
            let (precision, scale) = name.strip_prefix("DECIMAL(")?.strip_suffix(')')?.split_once(',')?;
            Some(Self::Decimal { precision: precision.trim().parse().ok()?, scale: scale.trim().parse().ok()? })
        })
    }

    /// SQL that casts the text `value`, which has been found to fit the type.
    pub fn cast(self, value: &str) -> String {
        match self {
            Self::Text => value.into(),
            // DuckDB wants seconds if there is a zone.
            Self::Instant => format!(
                "CAST(CASE WHEN substr({value}, 17, 1) = ':' THEN {value} \
                 ELSE substr({value}, 1, 16) || ':00' || substr({value}, 17) END AS TIMESTAMPTZ)"
            ),
            other => format!("CAST({value} AS {})", other.sql()),
        }
    }
}
