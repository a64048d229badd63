//! The chain of hashes through the audit log.
//!
//! A row's hash is SHA-256 over the JSON array of its fields and the hash of the row before it. Rows of v0.35 have no
//! hash; the first row of the chain, `audit.sealed`, carries their number and a digest of them all.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, Head, Origin, record};
use crate::base::hash::sha256_hex;
use crate::engine::{self, Row, params};
use crate::store::row::read_row;
use crate::store::{Change, Reader, Result};

/// The fields of a row that its hash covers.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    pub seq: i64,
    pub prev_hash: String,
    pub id: String,
    /// Microseconds since 1970.
    pub at: i64,
    pub user_id: Option<String>,
    pub action: String,
    pub resource: Option<String>,
    pub params: Option<String>,
    pub result: Option<String>,
    pub duration_ms: Option<i32>,
}

impl Link {
    pub fn hash(&self) -> String {
        let Self { seq, prev_hash, id, at, user_id, action, resource, params, result, duration_ms } = self;
        let fields = json!([seq, prev_hash, id, at, user_id, action, resource, params, result, duration_ms]);
        sha256_hex(&fields.to_string())
    }

    fn read(row: &Row<'_>) -> engine::Result<(Self, String)> {
        let link: engine::Result<Self> = read_row!(row => Self {
            seq, prev_hash, id, at, user_id, action, resource, params, result, duration_ms
        });
        Ok((link?, row.get(10)?))
    }
}

const FIELDS: &str =
    "seq, coalesce(prev_hash, ''), id, epoch_us(timestamp), user_id, action, resource, params::VARCHAR,
    result, duration_ms, coalesce(hash, '')";

/// The end of the chain as it stands in the database.
pub fn head(reader: &Reader<'_>) -> engine::Result<Head> {
    let last = reader.find(
        "SELECT seq, coalesce(hash, '') FROM audit_log WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1",
        [],
        |row| Ok(Head { seq: row.get(0)?, hash: row.get(1)? }),
    )?;
    Ok(last.unwrap_or_default())
}

/// Begins the chain, over what an older version wrote.
pub fn seal(change: &Change<'_>) -> Result<()> {
    if change.audit_head.borrow().seq > 0 {
        return Ok(());
    }
    let (rows, digest) = older(change)?;
    let details = json!({ "rows": rows, "sha256": digest });
    record(change, &Origin::internal().anonymous(), Action::AuditSealed, "audit", details)
}

/// Number and digest of the rows outside of the chain.
fn older(reader: &Reader<'_>) -> engine::Result<(i64, String)> {
    reader.one(
        "SELECT count(*), sha256(coalesce(string_agg(sha256(to_json([id, epoch_us(timestamp)::VARCHAR, user_id, action,
                    resource, params::VARCHAR, result, duration_ms::VARCHAR])::VARCHAR), '' ORDER BY id), ''))
         FROM audit_log WHERE seq IS NULL",
        [],
        |row| row.try_into(),
    )
}

/// How far the chain holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Checked {
    /// The last row that is in order; 0 at the beginning.
    pub seq: i64,
    pub hash: String,
    /// The first mistake, and where it is.
    pub broken: Option<String>,
    /// Whether the end of the chain was reached.
    pub done: bool,
}

/// Checks up to `limit` rows after `from`, the result of an earlier call, or the default to begin.
pub fn checked(reader: &Reader<'_>, from: Checked, limit: usize) -> engine::Result<Checked> {
    let mut at = from;
    let rows: Vec<(Link, String)> = reader.list(
        &format!("SELECT {FIELDS} FROM audit_log WHERE seq > ? ORDER BY seq LIMIT ?"),
        params![at.seq, limit as i64],
        Link::read,
    )?;
    at.done = rows.len() < limit;
    for (link, hash) in rows {
        let wrong = if link.seq != at.seq + 1 {
            Some(format!("row {} is missing", at.seq + 1))
        } else if link.prev_hash != at.hash {
            Some(format!("row {} does not follow the row before it", link.seq))
        } else if link.hash() != hash {
            Some(format!("row {} was changed", link.seq))
        } else if link.action == Action::AuditSealed.as_str() && !is_seal_intact(reader, &link)? {
            Some("rows from before the chain began were changed, added or removed".to_owned())
        } else {
            None
        };
        if wrong.is_some() {
            return Ok(Checked { broken: wrong, done: true, ..at });
        }
        (at.seq, at.hash) = (link.seq, hash);
    }
    // Rows with a repeated number, or one below 1, were skipped.
    let count = || reader.one("SELECT count(seq) FROM audit_log", [], |row| row.get::<_, i64>(0));
    if at.done && count()? != at.seq {
        at.broken = Some("there are rows beside the chain, with numbers of others or below 1".into());
    }
    Ok(at)
}

/// Whether a row of the chain has this hash, as every earlier [`Head`] must.
pub fn holds(reader: &Reader<'_>, hash: &str) -> engine::Result<bool> {
    reader.exists("SELECT 1 FROM audit_log WHERE seq IS NOT NULL AND hash = ?", [hash])
}

fn is_seal_intact(reader: &Reader<'_>, seal: &Link) -> engine::Result<bool> {
    let (rows, digest) = older(reader)?;
    let params: serde_json::Value =
        seal.params.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    Ok(params["rows"] == rows && params["sha256"] == digest)
}
