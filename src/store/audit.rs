//! The audit log: one row per change, written in the same transaction. Each row carries the hash of the one before it,
//! so that nobody changes or removes one without a trace (`chain` checks that).

mod action;
mod chain;
mod head;
mod search;

use std::net::IpAddr;
use std::time::Instant;

use serde_json::{Value, json};

pub use action::Action;
pub use chain::{Checked, Link, checked, holds};
pub(super) use chain::{head, seal};
pub use head::Head;
pub use search::{Entry, Filter, Position, search};

use super::{Change, Result};
use crate::base::random;
use crate::engine::params;

/// Where a request came from, and when.
#[derive(Clone, Debug)]
pub struct Origin {
    pub ip: Option<IpAddr>,
    pub request_id: Option<String>,
    /// The program that sent it, as it calls itself.
    pub user_agent: Option<String>,
    pub since: Instant,
}

/// Who makes a change.
#[derive(Clone, Debug)]
pub struct Actor {
    /// `None` while nobody is signed in.
    pub user_id: Option<String>,
    pub origin: Origin,
}

impl Origin {
    /// Work that no request asked for.
    pub fn internal() -> Self {
        Self { ip: None, request_id: None, user_agent: None, since: Instant::now() }
    }

    /// A caller who is not authenticated.
    pub fn anonymous(self) -> Actor {
        Actor { user_id: None, origin: self }
    }

    pub fn user(self, id: &str) -> Actor {
        Actor { user_id: Some(id.to_owned()), origin: self }
    }
}

/// Records that `actor` did `action` to `resource`. `details` is an object or null.
pub fn record(change: &Change<'_>, actor: &Actor, action: Action, resource: &str, details: Value) -> Result<()> {
    record_result(change, actor, action, resource, details, "ok")
}

/// Like [`record`], for what did not succeed: `result` says why.
pub fn record_result(
    change: &Change<'_>,
    actor: &Actor,
    action: Action,
    resource: &str,
    mut details: Value,
    result: &str,
) -> Result<()> {
    let Origin { ip, request_id, since, .. } = &actor.origin;
    for (name, value) in [("ip", ip.map(|ip| ip.to_string())), ("request_id", request_id.clone())] {
        let Some(value) = value else { continue };
        if details.is_null() {
            details = json!({});
        }
        // What the row is about keeps its own fields of that name.
        if let Some(fields) = details.as_object_mut() {
            fields.entry(name).or_insert(value.into());
        }
    }
    let milliseconds = i32::try_from(since.elapsed().as_millis()).unwrap_or(i32::MAX);
    let before = change.audit_head.borrow().clone();
    let link = Link {
        seq: before.seq + 1,
        prev_hash: before.hash,
        id: random::uuid(),
        at: change.now.as_microsecond(),
        user_id: actor.user_id.clone(),
        action: action.as_str().into(),
        resource: Some(resource.into()),
        params: (!details.is_null()).then(|| details.to_string()),
        result: Some(result.into()),
        duration_ms: Some(milliseconds),
    };
    let hash = link.hash();
    let Link { seq, prev_hash, id, at, user_id, action, resource, params, result, duration_ms } = &link;
    change.run(
        "INSERT INTO audit_log (id, timestamp, user_id, action, resource, params, result, duration_ms, seq, prev_hash, hash)
         VALUES (?, make_timestamp(?::BIGINT), ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![id, at, user_id, action, resource, params, result, duration_ms, seq, prev_hash, hash],
    )?;
    *change.audit_head.borrow_mut() = Head { seq: *seq, hash };
    Ok(())
}
