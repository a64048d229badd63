//! Reading the audit log, newest first.

use jiff::Timestamp;

use crate::engine::{self, params};
use crate::store::Reader;
use crate::store::row::{self, read_row};

/// A row of the log.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: String,
    /// Its place in the chain; rows that v0.35 wrote have none.
    pub seq: Option<i64>,
    pub at: Timestamp,
    pub user_id: Option<String>,
    pub action: String,
    pub resource: Option<String>,
    /// JSON.
    pub params: Option<String>,
    pub result: Option<String>,
    pub duration_ms: Option<i32>,
    pub hash: Option<String>,
}

/// Which rows to return; `None` matches all of them. A text that ends in `*` matches every text with that prefix.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub action: Option<String>,
    pub resource: Option<String>,
    pub result: Option<String>,
    pub user_id: Option<String>,
    /// Somebody by address, with the id if there is such an account.
    pub user: Option<(String, Option<String>)>,
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// The row to continue after. Rows from before the chain follow it, ordered by time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    Chain(i64),
    Older { at: i64, id: String },
}

impl Position {
    pub fn of(entry: &Entry) -> Self {
        match entry.seq {
            Some(seq) => Self::Chain(seq),
            None => Self::Older { at: entry.at.as_microsecond(), id: entry.id.clone() },
        }
    }

    /// What [`Position::to_string`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once('~') {
            None => text.parse().ok().map(Self::Chain),
            Some((at, id)) => Some(Self::Older { at: at.parse().ok()?, id: id.to_owned() }),
        }
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Chain(seq) => write!(f, "{seq}"),
            Self::Older { at, id } => write!(f, "{at}~{id}"),
        }
    }
}

const SQL: &str = "\
    SELECT id, seq, epoch_us(timestamp), user_id, action, resource, params::VARCHAR, result, duration_ms, hash
     FROM audit_log
     WHERE ($1::VARCHAR IS NULL OR CASE WHEN suffix($1, '*') THEN starts_with(action, $1[:-2]) ELSE action = $1 END)
       AND ($2::VARCHAR IS NULL
            OR CASE WHEN suffix($2, '*') THEN starts_with(resource, $2[:-2]) ELSE resource = $2 END)
       AND ($3::VARCHAR IS NULL OR result = $3)
       AND ($4::VARCHAR IS NULL OR user_id = $4)
       AND ($5::VARCHAR IS NULL OR user_id = $6 OR lower(user_id) = $5
            OR (user_id IS NULL AND lower(params ->> '$.email') = $5))
       AND ($7::BIGINT IS NULL OR epoch_us(timestamp) >= $7)
       AND ($8::BIGINT IS NULL OR epoch_us(timestamp) < $8)
       AND ($9::BIGINT IS NULL OR seq IS NULL OR seq < $9)
       AND ($10::BIGINT IS NULL
            OR (seq IS NULL AND (epoch_us(timestamp) < $10 OR (epoch_us(timestamp) = $10 AND id < $11))))
     ORDER BY seq DESC NULLS LAST, timestamp DESC, id DESC LIMIT $12";

/// Up to `limit` rows after `position`, or from the newest.
pub fn search(
    reader: &Reader<'_>,
    filter: &Filter,
    position: Option<&Position>,
    limit: usize,
) -> engine::Result<Vec<Entry>> {
    let (seq, at, id) = match position {
        Some(Position::Chain(seq)) => (Some(*seq), None, None),
        Some(Position::Older { at, id }) => (None, Some(*at), Some(id.as_str())),
        None => (None, None, None),
    };
    let Filter { action, resource, result, user_id, user, since, until } = filter;
    let email = user.as_ref().map(|(email, _)| email.to_lowercase());
    let [since, until] = [since, until].map(|at| row::micros(*at));
    let account = user.as_ref().and_then(|(_, id)| id.as_deref());
    reader.list(
        SQL,
        params![action, resource, result, user_id, email, account, since, until, seq, at, id, limit as i64],
        read_row!(as Entry {
            id, seq, at: row::instant, user_id, action, resource, params, result, duration_ms, hash
        }),
    )
}
