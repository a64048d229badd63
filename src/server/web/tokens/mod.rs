//! Personal access tokens: one's own, and for admins those of everybody.

pub mod all;
pub mod own;

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::listing::Listing;
use crate::base::time;
use crate::protocol::tokens::Token;

#[derive(Deserialize)]
pub struct ChosenToken {
    id: String,
}

/// Returns whether the list shows tokens in the state of this one.
fn is_shown(list: &Listing, token: &Token, now: Timestamp) -> bool {
    list.filter("state").is_none_or(|state| State::of(token, now).to_string() == state)
}

/// Compares tokens by a column of a list.
fn compare(column: &str, one: &Token, other: &Token) -> Ordering {
    match column {
        "name" => one.name.to_lowercase().cmp(&other.name.to_lowercase()),
        "used" => one.last_used_at.cmp(&other.last_used_at),
        "expires" => one.expires_at.cmp(&other.expires_at),
        _ => one.created_at.cmp(&other.created_at),
    }
}

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
