//! From facts to types.

use super::class::Class;
use super::facts::Facts;
use super::types::ColumnType;

impl Facts {
    /// The type; `None` if no value was seen.
    pub fn verdict(&self) -> Option<ColumnType> {
        const WHOLE: u32 = Class::Integer.bit() | Class::LongInteger.bit();
        const HUGE: u32 = WHOLE | Class::HugeInteger.bit();
        const FIXED: u32 = Class::Fraction.bit()
            | Class::PointZero.bit()
            | Class::FixedFraction.bit()
            | Class::PrintedDouble.bit()
            | Class::FullDouble.bit()
            | Class::LongFraction.bit();
        // Each text is the shortest for its number, so that the exact number is as good.
        const EXACT: u32 = Class::Integer.bit()
            | Class::Fraction.bit()
            | Class::PointZero.bit()
            | Class::PrintedDouble.bit()
            | Class::FullDouble.bit();
        const FLOATING: u32 = Class::Integer.bit()
            | Class::Fraction.bit()
            | Class::PrintedDouble.bit()
            | Class::PointZero.bit()
            | Class::NegativeZero.bit()
            | Class::Exponent.bit();
        const INSTANT: u32 = Class::Instant.bit() | Class::ShortInstant.bit();
        const BOTH_WHOLE: u32 = Class::Integer.bit() | Class::PointZero.bit();

        let within = |allowed: u32| self.classes & !allowed == 0;
        let only = |class: Class| self.classes == class.bit();
        if self.classes == 0 {
            return None;
        }
        let decimal =
            (within(FIXED) && !self.mixed_scale).then(|| ColumnType::decimal(self.whole, self.scale)).flatten();
        Some(if within(WHOLE) {
            ColumnType::Integer
        } else if within(HUGE) {
            ColumnType::decimal(self.whole, 0).unwrap_or(ColumnType::Text)
        } else if let Some(decimal) = decimal {
            decimal
        } else if within(FLOATING) && self.classes & BOTH_WHOLE != BOTH_WHOLE {
            ColumnType::Double
        } else if within(EXACT) && self.classes & BOTH_WHOLE != BOTH_WHOLE {
            ColumnType::decimal(self.whole, self.most_scale).unwrap_or(ColumnType::Text)
        } else if only(Class::LowerBoolean) || only(Class::TitleBoolean) || only(Class::UpperBoolean) {
            ColumnType::Boolean
        } else if only(Class::Date) {
            ColumnType::Date
        } else if only(Class::Timestamp) {
            ColumnType::Timestamp
        } else if within(INSTANT) {
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
            (Some(ColumnType::Decimal { .. }), ColumnType::Double) => {
                let printed = Class::Fraction.bit() | Class::PointZero.bit() | Class::PrintedDouble.bit();
                self.classes & !printed == 0
            }
            (Some(ColumnType::Integer), ColumnType::Decimal { precision, scale }) => self.whole + scale <= precision,
            (Some(ColumnType::Decimal { scale, .. }), ColumnType::Decimal { precision, scale: wider }) => {
                scale <= wider && self.whole + wider <= precision
            }
            (Some(verdict), kind) => verdict == kind,
        }
    }

    /// Returns whether a plain cast reads every value as its owner means it who has declared the type.
    pub fn casts_to(&self, kind: ColumnType) -> bool {
        const FIXED: u32 = Class::Integer.bit()
            | Class::LongInteger.bit()
            | Class::HugeInteger.bit()
            | Class::Fraction.bit()
            | Class::PointZero.bit()
            | Class::NegativeZero.bit()
            | Class::FixedFraction.bit()
            | Class::PrintedDouble.bit()
            | Class::FullDouble.bit()
            | Class::LongFraction.bit();
        let within = |allowed: u32| self.classes & !allowed == 0;
        match kind {
            ColumnType::Text => true,
            ColumnType::Double => {
                // Others may have more digits than it keeps.
                let long = Class::LongInteger.bit() | Class::HugeInteger.bit() | Class::LongFraction.bit();
                within((FIXED & !long) | Class::Exponent.bit())
            }
            ColumnType::Decimal { precision, scale } => {
                within(FIXED) && self.most_scale <= scale && self.whole + scale <= precision
            }
            other => self.verdict().is_none_or(|verdict| verdict == other),
        }
    }
}
