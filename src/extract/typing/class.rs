//! The kinds of texts that decide a column's type.

use serde::{Deserialize, Serialize};

/// A kind of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A whole number that `DOUBLE` holds exactly.
    Integer,
    /// A whole number of more digits, within 64 bits.
    LongInteger,
    /// A whole number beyond 64 bits, with at most 38 digits.
    HugeInteger,
    /// `12.5`: at most 15 digits, no zero at the end.
    Fraction,
    /// `3.0`: a whole number with exactly one zero behind the point.
    PointZero,
    /// `-0.0`
    NegativeZero,
    /// `1.50`: a zero at the end beyond `.0`.
    FixedFraction,
    /// A fraction with 16 or 17 digits that are the shortest for their `DOUBLE`, as programs print it.
    PrintedDouble,
    /// One with 16 or 17 digits that are not the shortest, as other programs print a `DOUBLE` (`%.17g`).
    FullDouble,
    /// Another fraction with 16 to 38 digits.
    LongFraction,
    /// `1e-05`, as programs print a `DOUBLE`.
    Exponent,
    LowerBoolean,
    TitleBoolean,
    UpperBoolean,
    Date,
    Timestamp,
    /// A timestamp with a zone.
    Instant,
    /// The same without seconds.
    ShortInstant,
    Text,
}

impl Class {
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// The bits of several.
    pub const fn bits(classes: &[Self]) -> u32 {
        let (mut bits, mut index) = (0, 0);
        while index < classes.len() {
            bits |= classes[index].bit();
            index += 1;
        }
        bits
    }
}

/// The class of a text that is not empty, with the digits before and after the point of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Shape {
    pub class: Class,
    pub whole: u8,
    pub scale: u8,
}
