//! One-time tokens that are mailed as links: for choosing a password, and for signing in.
//!
//! Only their SHA-256 is stored, as `sha256:<hex>`. What has no such prefix was written by v0.35, in clear text, and
//! still works until it expires.

use jiff::Timestamp;
use subtle::ConstantTimeEq;

use super::{Change, Reader, Result};
use crate::base::hash::sha256_hex;
use crate::base::secret::Secret;
use crate::base::{random, time};
use crate::engine::{self, params};

/// What a token is for. A token for one purpose is never accepted for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Choosing the first password; in `setup_token`, 7 days.
    Setup,
    /// Choosing another password; in `reset_token`, 24 hours.
    Reset,
    /// Signing in; in `setup_token` as well, where it replaces an invitation, 10 minutes.
    MagicLink,
}

/// Why a token is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidToken {
    /// There is no such token: the address is unknown, or the token was used or replaced.
    Wrong,
    Expired,
    /// The token is right, but the account is not active.
    Deactivated,
}

/// The id of the user that a valid token belongs to.
pub type Checked = Result<String, InvalidToken>;

const HASHED: &str = "sha256:";
/// How tokens of magic links begin.
const MAGIC: &str = "ml_";
/// How tokens for choosing a password begin that their owner requested, rather than an admin. No other token has a dot.
const REQUESTED: &str = "rq.";
/// How long a requested token is valid.
const REQUESTED_SECONDS: i64 = 600;
/// What v0.35 stored instead of a token while it was being used.
const CONSUMED: &str = "CONSUMED:";

impl Purpose {
    fn seconds(self) -> i64 {
        match self {
            Self::Setup => 7 * 86_400,
            Self::Reset => 86_400,
            Self::MagicLink => REQUESTED_SECONDS,
        }
    }
}

/// Issues a token for a user on behalf of an admin, which replaces the previous one.
pub fn issue(change: &Change<'_>, user_id: &str, purpose: Purpose) -> Result<Secret> {
    store(change, user_id, purpose, random::url_token())
}

/// Issues a token that a stranger requested, valid for 10 minutes; it replaces the previous one. For an unknown id the
/// same statement changes no row, so that it takes as long.
pub fn issue_requested(change: &Change<'_>, user_id: &str, purpose: Purpose) -> Result<Secret> {
    let prefix = if purpose == Purpose::MagicLink { MAGIC } else { REQUESTED };
    store(change, user_id, purpose, format!("{prefix}{}", random::url_token()))
}

fn store(change: &Change<'_>, user_id: &str, purpose: Purpose, token: String) -> Result<Secret> {
    let column = if purpose == Purpose::Reset { "reset_token" } else { "setup_token" };
    let sql = format!("UPDATE users SET {column} = ?, {column}_created = make_timestamp(?::BIGINT) WHERE id = ?");
    change.run(&sql, params![hashed(&token), change.now.as_microsecond(), user_id])?;
    Ok(Secret::new(token))
}

/// Checks a token without consuming it. `email` need not exist.
pub fn check(reader: &Reader<'_>, email: &str, token: &str, purpose: Purpose) -> engine::Result<Checked> {
    Ok(judge(&Row::find(reader, email)?, token, purpose, time::now()))
}

/// Consumes a token: from then on it is wrong.
pub fn consume(change: &Change<'_>, email: &str, token: &str, purpose: Purpose) -> Result<Checked> {
    let row = Row::find(change, email)?;
    let checked = judge(&row, token, purpose, change.now);
    let Ok(id) = &checked else { return Ok(checked) };
    // Changes run one after the other; comparing the tokens again makes sure of it here.
    let used = change.execute(
        "UPDATE users SET setup_token = NULL, setup_token_created = NULL, reset_token = NULL,
             reset_token_created = NULL
         WHERE id = ? AND active AND setup_token IS NOT DISTINCT FROM ? AND reset_token IS NOT DISTINCT FROM ?",
        params![id, row.setup.value, row.reset.value],
    )?;
    Ok(if used == 1 { checked } else { Err(InvalidToken::Wrong) })
}

/// Removes all outstanding tokens of a user.
pub fn clear(change: &Change<'_>, user_id: &str) -> Result<()> {
    change.run(
        "UPDATE users SET setup_token = NULL, setup_token_created = NULL, reset_token = NULL,
             reset_token_created = NULL
         WHERE id = ?",
        [user_id],
    )
}

#[derive(Default)]
struct Stored {
    value: Option<String>,
    created: Option<Timestamp>,
}

#[derive(Default)]
struct Row {
    id: String,
    active: bool,
    setup: Stored,
    reset: Stored,
}

impl Row {
    /// An empty row if there is no such user.
    fn find(reader: &Reader<'_>, email: &str) -> engine::Result<Self> {
        let found = reader.find(
            "SELECT id, active, setup_token, epoch_us(setup_token_created), reset_token,
                        epoch_us(reset_token_created)
                 FROM users WHERE lower(email) = lower(?) ORDER BY created_at",
            [email.trim()],
            |row| {
                Ok(Self {
                    id: row.get(0)?,
                    active: row.get(1)?,
                    setup: Stored { value: row.get(2)?, created: super::row::time(row, 3)? },
                    reset: Stored { value: row.get(4)?, created: super::row::time(row, 5)? },
                })
            },
        )?;
        Ok(found.unwrap_or_default())
    }
}

fn judge(row: &Row, token: &str, purpose: Purpose, now: Timestamp) -> Checked {
    let is_magic = token.starts_with(MAGIC);
    let fits = match purpose {
        Purpose::Setup => [!is_magic && fits(&row.setup, token), false],
        Purpose::Reset => [false, !is_magic && fits(&row.reset, token)],
        // v0.35 stored these as reset tokens, without a prefix.
        Purpose::MagicLink => {
            [&row.setup, &row.reset].map(|stored| (is_magic || stored.is_legacy()) && fits(stored, token))
        }
    };
    let created = match fits {
        [true, _] => row.setup.created,
        [false, true] => row.reset.created,
        [false, false] => return Err(InvalidToken::Wrong),
    };
    let age = created.map(|created| now.as_second() - created.as_second());
    let lifetime = if token.starts_with(REQUESTED) { REQUESTED_SECONDS } else { purpose.seconds() };
    if age.is_none_or(|age| age > lifetime) {
        return Err(InvalidToken::Expired);
    }
    if row.active { Ok(row.id.clone()) } else { Err(InvalidToken::Deactivated) }
}

impl Stored {
    fn is_legacy(&self) -> bool {
        self.value.as_deref().is_some_and(|value| !value.starts_with(HASHED))
    }
}

/// Whether `token` is the stored one, in constant time.
fn fits(stored: &Stored, token: &str) -> bool {
    let Some(value) = stored.value.as_deref().filter(|value| !value.is_empty() && !value.starts_with(CONSUMED)) else {
        return false;
    };
    let expected = if stored.is_legacy() { hashed(value) } else { value.to_owned() };
    !token.is_empty() && hashed(token).as_bytes().ct_eq(expected.as_bytes()).into()
}

fn hashed(token: &str) -> String {
    format!("{HASHED}{}", sha256_hex(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn stored(value: &str, age: i64) -> Stored {
        Stored { value: Some(value.into()), created: Some(time::from_micros((NOW - age) * 1_000_000)) }
    }

    fn judged(setup: Stored, reset: Stored, token: &str, purpose: Purpose) -> Checked {
        let row = Row { id: "ann".into(), active: true, setup, reset };
        judge(&row, token, purpose, time::from_micros(NOW * 1_000_000))
    }

    #[test]
    fn a_token_is_accepted_for_its_purpose_only() {
        use Purpose::{MagicLink, Reset, Setup};
        let valid: Checked = Ok("ann".into());
        for (column, token, purposes) in
            [("setup", "plain", &[Setup][..]), ("reset", "plain", &[Reset]), ("setup", "ml_token", &[MagicLink])]
        {
            for purpose in [Setup, Reset, MagicLink] {
                let value = stored(&hashed(token), 10);
                let (setup, reset) =
                    if column == "setup" { (value, Stored::default()) } else { (Stored::default(), value) };
                let expected = if purposes.contains(&purpose) { valid.clone() } else { Err(InvalidToken::Wrong) };
                assert_eq!(judged(setup, reset, token, purpose), expected, "{column} {token} {purpose:?}");
            }
        }
    }

    #[test]
    fn clear_text_of_v0_35_still_works() {
        let valid: Checked = Ok("ann".into());
        let none = Stored::default;
        assert_eq!(judged(stored("old", 10), none(), "old", Purpose::Setup), valid);
        assert_eq!(judged(none(), stored("old", 10), "old", Purpose::Reset), valid);
        assert_eq!(judged(none(), stored("old", 10), "old", Purpose::MagicLink), valid);
        assert_eq!(judged(none(), stored("old", 601), "old", Purpose::MagicLink), Err(InvalidToken::Expired));
        // Neither the marker of a token in use, nor the stored form itself, nor an empty token.
        assert_eq!(judged(none(), stored("CONSUMED:ab", 1), "CONSUMED:ab", Purpose::Reset), Err(InvalidToken::Wrong));
        assert_eq!(judged(none(), stored(&hashed("x"), 1), &hashed("x"), Purpose::Reset), Err(InvalidToken::Wrong));
        assert_eq!(judged(none(), stored("", 1), "", Purpose::Reset), Err(InvalidToken::Wrong));
    }

    #[test]
    fn tokens_expire() {
        for (purpose, token, seconds) in [
            (Purpose::Setup, "t", 7 * 86_400),
            (Purpose::Reset, "t", 86_400),
            (Purpose::Setup, "rq.t", 600),
            (Purpose::Reset, "rq.t", 600),
            (Purpose::MagicLink, "ml_t", 600),
        ] {
            let at = |age| {
                let (setup, reset) = (stored(&hashed(token), age), stored(&hashed(token), age));
                judged(setup, reset, token, purpose)
            };
            assert_eq!(at(seconds), Ok("ann".into()), "{purpose:?}");
            assert_eq!(at(seconds + 1), Err(InvalidToken::Expired), "{purpose:?}");
        }
        let undated = Stored { created: None, ..stored("t", 0) };
        assert_eq!(judged(undated, Stored::default(), "t", Purpose::Setup), Err(InvalidToken::Expired));
    }
}
