//! From facts to types.

use super::class::Class;
use super::facts::Facts;
use super::types::ColumnType;

const WHOLE: u32 = Class::bits(&[Class::Integer, Class::LongInteger]);
const HUGE: u32 = WHOLE | Class::HugeInteger.bit();
/// Fractions that a `DOUBLE` prints as they are.
const PRINTED: u32 = Class::bits(&[Class::Fraction, Class::PointZero, Class::PrintedDouble]);
/// Fractions whose value a `DOUBLE` returns, with a zero at the end or without.
const RETURNED: u32 = PRINTED | Class::FixedFraction.bit();
/// Numbers that are the only text of their value, so that the exact number is as good.
const EXACT: u32 = PRINTED | Class::bits(&[Class::Integer, Class::FullDouble]);
const FLOATING: u32 = PRINTED | Class::bits(&[Class::Integer, Class::NegativeZero, Class::Exponent]);
const FIXED: u32 = PRINTED | Class::bits(&[Class::FixedFraction, Class::FullDouble, Class::LongFraction]);
const BOTH_WHOLE: u32 = Class::bits(&[Class::Integer, Class::PointZero]);
const INSTANT: u32 = Class::bits(&[Class::Instant, Class::ShortInstant]);
/// Everything without an exponent.
const PLAIN: u32 = HUGE | FIXED | Class::NegativeZero.bit();
/// Numbers with more digits than a `DOUBLE` may keep.
const LONG: u32 = Class::bits(&[Class::LongInteger, Class::HugeInteger, Class::LongFraction]);

impl Facts {
    fn within(&self, allowed: u32) -> bool {
        self.classes & !allowed == 0
    }

    /// The type; `None` if no value was seen.
    pub fn verdict(&self) -> Option<ColumnType> {
        let only = |class: Class| self.classes == class.bit();
        if self.classes == 0 {
            return None;
        }
        let decimal =
            (self.within(FIXED) && !self.mixed_scale).then(|| ColumnType::decimal(self.whole, self.scale)).flatten();
        Some(if self.within(WHOLE) {
            ColumnType::Integer
        } else if self.within(HUGE) {
            ColumnType::decimal(self.whole, 0).unwrap_or(ColumnType::Text)
        } else if let Some(decimal) = decimal {
            decimal
        } else if self.within(FLOATING) && self.classes & BOTH_WHOLE != BOTH_WHOLE {
            ColumnType::Double
        } else if self.within(EXACT) && self.classes & BOTH_WHOLE != BOTH_WHOLE {
            ColumnType::decimal(self.whole, self.most_scale).unwrap_or(ColumnType::Text)
        } else if only(Class::LowerBoolean) || only(Class::TitleBoolean) || only(Class::UpperBoolean) {
            ColumnType::Boolean
        } else if only(Class::Date) {
            ColumnType::Date
        } else if only(Class::Timestamp) {
            ColumnType::Timestamp
        } else if self.within(INSTANT) {
            ColumnType::Instant
        } else {
            ColumnType::Text
        })
    }

    /// Returns whether every value keeps its text, or its exact value, in that type.
    pub fn fits(&self, kind: ColumnType) -> bool {
        match (self.verdict(), kind) {
            (None, _) | (_, ColumnType::Text) => true,
            (Some(ColumnType::Integer), ColumnType::Double) => self.classes == Class::Integer.bit(),
            (Some(ColumnType::Decimal { .. }), ColumnType::Double) => self.within(RETURNED),
            (Some(ColumnType::Integer), ColumnType::Decimal { precision, scale }) => self.whole + scale <= precision,
            (Some(ColumnType::Decimal { scale, .. }), ColumnType::Decimal { precision, scale: wider }) => {
                scale <= wider && self.whole + wider <= precision
            }
            (Some(verdict), kind) => verdict == kind,
        }
    }

    /// Returns whether a plain cast reads every value as its owner means it who has declared the type.
    pub fn casts_to(&self, kind: ColumnType) -> bool {
        match kind {
            ColumnType::Text => true,
            ColumnType::Double => self.within((PLAIN & !LONG) | Class::Exponent.bit()),
            ColumnType::Decimal { precision, scale } => {
                self.within(PLAIN) && self.most_scale <= scale && self.whole + scale <= precision
            }
            other => self.verdict().is_none_or(|verdict| verdict == other),
        }
    }
}
