//! What somebody did of late, for a page that must come fast.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::access::Principal;
use crate::access_log::{AccessLog, Filter};
use crate::base::time;
use crate::domain::{Error, Result};
use crate::protocol::access_log::DataAccess;

/// Bytes of the log that are read for it, which takes a few milliseconds: those of about 10,000 reads of everybody.
const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// Entries that are looked at: a pull may have thousands.
const MAX_ENTRIES: usize = 400;
/// Downloads with less time between them belong to one pull.
const PAUSE: SignedDuration = SignedDuration::from_mins(5);

const PULL: &str = "pull";
const QUERIES: [&str; 2] = ["query", "scan"];
const DOWNLOADS: [&str; 2] = ["download", "part"];

/// A query, or all downloads of a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentRead {
    /// When it ended.
    pub at: String,
    /// `pull`, or the action of the entry.
    pub what: String,
    pub tables: Vec<String>,
    /// Of all tables together, where it is known of each.
    pub rows: Option<u64>,
    /// The worst status of a request.
    pub status: u16,
}

/// Returns the caller's newest pulls and queries, newest first, as far as the newest part of the log has them.
pub async fn recent_reads(log: &Arc<AccessLog>, caller: &Principal, limit: usize) -> Result<Vec<RecentRead>> {
    let filter = Filter { user_id: Some(caller.user().id.clone()), ..Filter::default() };
    let log = Arc::clone(log);
    let read = tokio::task::spawn_blocking(move || {
        let mut recent = Recent { reads: Vec::new(), limit, entries: 0 };
        log.visit(&filter, MAX_BYTES, |access| recent.add(access))?;
        Ok(recent.reads.into_iter().map(Read::finished).collect())
    });
    read.await.map_err(io::Error::other).flatten().map_err(Error::File)
}

struct Recent {
    reads: Vec<Read>,
    limit: usize,
    entries: usize,
}

struct Read {
    newest: DataAccess,
    /// Of its oldest entry so far.
    began: Option<Timestamp>,
    tables: Vec<(String, Option<u64>)>,
    status: u16,
    is_pull: bool,
}

impl Recent {
    /// Takes the next older entry.
    fn add(&mut self, access: DataAccess) -> ControlFlow<()> {
        self.entries += 1;
        let is_pull = DOWNLOADS.contains(&access.action.as_str());
        if is_pull
            && let Some(read) = self.reads.iter_mut().rev().find(|read| read.is_pull).filter(|it| it.goes_on(&access))
        {
            read.add(access);
        } else if is_pull || QUERIES.contains(&access.action.as_str()) {
            if self.reads.len() == self.limit {
                return ControlFlow::Break(());
            }
            self.reads.push(Read::new(access, is_pull));
        }
        if self.entries == MAX_ENTRIES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Read {
    fn new(access: DataAccess, is_pull: bool) -> Self {
        let rows = if is_pull { access.rows } else { None };
        Self {
            began: time::parse(&access.at),
            tables: access.tables.iter().map(|table| (table.clone(), rows)).collect(),
            status: access.status,
            newest: access,
            is_pull,
        }
    }

    /// Returns whether an older download belongs to the same pull.
    fn goes_on(&self, access: &DataAccess) -> bool {
        let caller = |access: &DataAccess| (access.by.clone(), access.token_id.clone(), access.ip.clone());
        let pause = self.began.zip(time::parse(&access.at)).map(|(later, earlier)| later.duration_since(earlier));
        caller(&self.newest) == caller(access) && pause.is_some_and(|pause| pause <= PAUSE)
    }

    fn add(&mut self, access: DataAccess) {
        self.began = time::parse(&access.at);
        self.status = self.status.max(access.status);
        for table in access.tables {
            // A table in ranges or parts is one table.
            if self.tables.iter().all(|(known, _)| *known != table) {
                self.tables.push((table, access.rows));
            }
        }
    }

    fn finished(self) -> RecentRead {
        let rows = match self.is_pull {
            true => self.tables.iter().map(|(_, rows)| *rows).sum(),
            false => self.newest.rows,
        };
        RecentRead {
            at: self.newest.at,
            what: if self.is_pull { PULL.into() } else { self.newest.action },
            tables: self.tables.into_iter().map(|(table, _)| table).collect(),
            rows,
            status: self.status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(minute: u32, action: &str, table: &str, rows: Option<u64>) -> DataAccess {
        let json = serde_json::json!({
            "at": format!("2026-11-27T10:{minute:02}:00+00:00"), "user_id": "1", "user_email": "a@b.com", "by": "token",
            "action": action, "tables": [table], "rows": rows, "bytes": 1, "status": 200, "duration_ms": 1.0,
            "complete": true,
        });
        serde_json::from_value(json).unwrap()
    }

    fn shown(entries: &[DataAccess], limit: usize) -> Vec<String> {
        let mut recent = Recent { reads: Vec::new(), limit, entries: 0 };
        let _ = entries.iter().try_for_each(|access| match recent.add(access.clone()) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(()),
        });
        let reads = recent.reads.into_iter().map(Read::finished);
        reads.map(|read| format!("{} {} {:?}", read.what, read.tables.join("+"), read.rows)).collect()
    }

    #[test]
    fn downloads_of_one_pull_are_one() {
        let entries = [
            access(30, "query", "orders", Some(7)),
            access(20, "download", "orders", Some(5)),
            access(19, "sample", "orders", Some(20)),
            access(18, "query", "flights", None),
            access(17, "download", "orders", Some(5)),
            access(16, "download", "flights", Some(3)),
            access(2, "part", "events", None),
            access(1, "part", "events", None),
        ];
        let all = ["query orders Some(7)", "pull orders+flights Some(8)", "query flights None", "pull events None"];
        assert_eq!(shown(&entries, 10), all);
        assert_eq!(shown(&entries, 3), all[..3]);
        let mut other = access(15, "download", "orders", Some(5));
        other.token_id = Some("another".into());
        assert_eq!(shown(&[access(16, "download", "orders", Some(5)), other], 9).len(), 2);
    }

    #[test]
    fn a_pull_of_any_size_is_read_in_part() {
        let entries: Vec<_> = (0..5_000).map(|n| access(1, "download", &n.to_string(), Some(1))).collect();
        assert_eq!(
            shown(&entries, 5),
            [format!(
                "pull {} Some({MAX_ENTRIES})",
                (0..MAX_ENTRIES).map(|n| n.to_string()).collect::<Vec<_>>().join("+")
            )]
        );
    }
}
