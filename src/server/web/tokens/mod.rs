//! Personal access tokens: one's own, and for admins those of everybody.

pub mod all;
pub mod own;

use jiff::{SignedDuration, Timestamp};

use crate::base::time;
use crate::protocol::tokens::Token;

/// In how many days the end of a token is worth a word.
const SOON_HOURS: i64 = 7 * 24;

/// What a token can be filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
enum State {
    Active,
    Expiring,
    Expired,
    Revoked,
}

impl State {
    fn of(token: &Token, now: Timestamp) -> Self {
        let ends = token.expires_at.as_deref().and_then(time::parse);
        match ends {
            _ if token.revoked_at.is_some() => Self::Revoked,
            Some(ends) if ends <= now => Self::Expired,
            Some(ends) if ends <= now + SignedDuration::from_hours(SOON_HOURS) => Self::Expiring,
            _ => Self::Active,
        }
    }

    /// The kind of its badge.
    fn kind(self) -> &'static str {
        match self {
            Self::Active => "good",
            Self::Expiring => "warning",
            Self::Expired | Self::Revoked => "plain",
        }
    }

    fn can_be_revoked(self) -> bool {
        matches!(self, Self::Active | Self::Expiring)
    }
}
