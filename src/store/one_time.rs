//! One-time tokens that are mailed as links: for choosing a password, and for signing in.
//!
//! Only their SHA-256 is stored, as `sha256:<hex>`. What has no such prefix was written by v0.35, in clear text, and
//! still works until it expires.

use jiff::Timestamp;
use subtle::ConstantTimeEq;

use super::{Change, Reader, StoreError};
use crate::base::hash::sha256_hex;
use crate::base::secret::Secret;
use crate::base::{random, time};
use crate::engine::{self, params};

/// What a token is good for. One of one kind never serves as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Choosing the first password; in `setup_token`, 7 days.
    Setup,
    /// Choosing another password; in `reset_token`, 24 hours.
    Reset,
    /// Signing in; in `setup_token` as well, where it takes the place of an invitation, 1 hour.
    MagicLink,
}

/// What a token turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Good, for this user.
    Good(String),
    Wrong,
    Expired,
    /// Good, but the account is not active.
    Deactivated,
}

const HASHED: &str = "sha256:";
/// How tokens of magic links begin.
const MAGIC: &str = "ml_";
/// What v0.35 put in the place of a token while it was being used.
const CONSUMED: &str = "CONSUMED:";

impl Purpose {
    fn seconds(self) -> i64 {
        match self {
            Self::Setup => 7 * 86_400,
            Self::Reset => 86_400,
            Self::MagicLink => 3600,
        }
    }

    fn generate(self) -> String {
        let token = random::url_token();
        if self == Self::MagicLink { format!("{MAGIC}{token}") } else { token }
    }
}

/// A fresh token for a user, in place of the one before. For an id that nobody has the same is done to no row, so that
/// it takes as long.
pub fn issue(change: &Change<'_>, user_id: &str, purpose: Purpose) -> Result<Secret, StoreError> {
    let token = purpose.generate();
    let sql = match purpose {
        Purpose::Setup | Purpose::MagicLink => {
            "UPDATE users SET setup_token = ?, setup_token_created = make_timestamp(?::BIGINT) WHERE id = ?"
        }
        Purpose::Reset => {
            "UPDATE users SET reset_token = ?, reset_token_created = make_timestamp(?::BIGINT) WHERE id = ?"
        }
    };
    change.execute(sql, params![hashed(&token), change.now.as_microsecond(), user_id])?;
    Ok(Secret::new(token))
}

/// Judges a token without using it up. `email` need not exist.
pub fn look(reader: &Reader<'_>, email: &str, token: &str, purpose: Purpose) -> engine::Result<Verdict> {
    Ok(judge(&Row::find(reader, email)?, token, purpose, time::now()))
}

/// Uses a token up: whoever comes second with it is told that it is wrong.
pub fn consume(change: &Change<'_>, email: &str, token: &str, purpose: Purpose) -> Result<Verdict, StoreError> {
    let row = Row::find(change, email)?;
    let verdict = judge(&row, token, purpose, change.now);
    let Verdict::Good(id) = &verdict else { return Ok(verdict) };
    // Changes run one after the other; the comparison makes sure of that where it counts most.
    let used = change.execute(
        "UPDATE users SET setup_token = NULL, setup_token_created = NULL, reset_token = NULL,
             reset_token_created = NULL
         WHERE id = ? AND active AND setup_token IS NOT DISTINCT FROM ? AND reset_token IS NOT DISTINCT FROM ?",
        params![id, row.setup.value, row.reset.value],
    )?;
    Ok(if used == 1 { verdict } else { Verdict::Wrong })
}

/// Takes all outstanding tokens of a user away.
pub fn clear(change: &Change<'_>, user_id: &str) -> Result<(), StoreError> {
    change.execute(
        "UPDATE users SET setup_token = NULL, setup_token_created = NULL, reset_token = NULL,
             reset_token_created = NULL
         WHERE id = ?",
        [user_id],
    )?;
    Ok(())
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
    /// An empty row stands for who is not there.
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

fn judge(row: &Row, token: &str, purpose: Purpose, now: Timestamp) -> Verdict {
    let is_magic = token.starts_with(MAGIC);
    let fits = match purpose {
        Purpose::Setup => [!is_magic && fits(&row.setup, token), false],
        Purpose::Reset => [false, !is_magic && fits(&row.reset, token)],
        // v0.35 kept these among the reset tokens, and told them by nothing.
        Purpose::MagicLink => {
            [&row.setup, &row.reset].map(|stored| (is_magic || stored.is_legacy()) && fits(stored, token))
        }
    };
    let created = match fits {
        [true, _] => row.setup.created,
        [false, true] => row.reset.created,
        [false, false] => return Verdict::Wrong,
    };
    let age = created.map(|created| now.as_second() - created.as_second());
    if age.is_none_or(|age| age > purpose.seconds()) {
        return Verdict::Expired;
    }
    if row.active { Verdict::Good(row.id.clone()) } else { Verdict::Deactivated }
}

impl Stored {
    fn is_legacy(&self) -> bool {
        self.value.as_deref().is_some_and(|value| !value.starts_with(HASHED))
    }
}

/// Whether `token` is what is stored, in a time that does not tell how much of it is right.
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

    fn verdict(setup: Stored, reset: Stored, token: &str, purpose: Purpose) -> Verdict {
        let row = Row { id: "ann".into(), active: true, setup, reset };
        judge(&row, token, purpose, time::from_micros(NOW * 1_000_000))
    }

    #[test]
    fn a_token_serves_its_purpose_only() {
        use Purpose::{MagicLink, Reset, Setup};
        let good = Verdict::Good("ann".into());
        for (column, token, serves) in
            [("setup", "plain", &[Setup][..]), ("reset", "plain", &[Reset]), ("setup", "ml_token", &[MagicLink])]
        {
            for purpose in [Setup, Reset, MagicLink] {
                let value = stored(&hashed(token), 10);
                let (setup, reset) =
                    if column == "setup" { (value, Stored::default()) } else { (Stored::default(), value) };
                let expected = if serves.contains(&purpose) { good.clone() } else { Verdict::Wrong };
                assert_eq!(verdict(setup, reset, token, purpose), expected, "{column} {token} {purpose:?}");
            }
        }
    }

    #[test]
    fn clear_text_of_v0_35_still_works() {
        let good = Verdict::Good("ann".into());
        let none = Stored::default;
        assert_eq!(verdict(stored("old", 10), none(), "old", Purpose::Setup), good);
        assert_eq!(verdict(none(), stored("old", 10), "old", Purpose::Reset), good);
        assert_eq!(verdict(none(), stored("old", 10), "old", Purpose::MagicLink), good);
        assert_eq!(verdict(none(), stored("old", 3601), "old", Purpose::MagicLink), Verdict::Expired);
        // Not the marker of a token in use, nor the stored form itself, nor nothing.
        assert_eq!(verdict(none(), stored("CONSUMED:ab", 1), "CONSUMED:ab", Purpose::Reset), Verdict::Wrong);
        assert_eq!(verdict(none(), stored(&hashed("x"), 1), &hashed("x"), Purpose::Reset), Verdict::Wrong);
        assert_eq!(verdict(none(), stored("", 1), "", Purpose::Reset), Verdict::Wrong);
    }

    #[test]
    fn tokens_age() {
        for (purpose, token, seconds) in
            [(Purpose::Setup, "t", 7 * 86_400), (Purpose::Reset, "t", 86_400), (Purpose::MagicLink, "ml_t", 3600)]
        {
            let at = |age| {
                let (setup, reset) = (stored(&hashed(token), age), stored(&hashed(token), age));
                verdict(setup, reset, token, purpose)
            };
            assert_eq!(at(seconds), Verdict::Good("ann".into()), "{purpose:?}");
            assert_eq!(at(seconds + 1), Verdict::Expired, "{purpose:?}");
        }
        let undated = Stored { created: None, ..stored("t", 0) };
        assert_eq!(verdict(undated, Stored::default(), "t", Purpose::Setup), Verdict::Expired);
    }
}
