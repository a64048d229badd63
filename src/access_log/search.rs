//! Finds entries of the log.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use memchr::memmem;

use super::backwards::visit_lines;
use super::files;
use crate::base::{if_exists, time};
use crate::protocol::access_log::DataAccess;

/// Which entries to return; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The id of a user; this is faster than `user`.
    pub user_id: Option<String>,
    /// The id of a user, or their address without regard to case.
    pub user: Option<String>,
    /// The name of a table, without regard to case.
    pub table: Option<String>,
    /// The id of a personal token.
    pub token: Option<String>,
    pub action: Option<String>,
    pub since: Option<Timestamp>,
    /// Not included.
    pub until: Option<Timestamp>,
}

#[derive(Debug, Default)]
pub struct Found {
    /// Newest first.
    pub entries: Vec<DataAccess>,
    /// Whether there are more that match.
    pub truncated: bool,
}

pub(super) fn search(directory: &Path, filter: &Filter, limit: usize) -> io::Result<Found> {
    let mut found = Found::default();
    visit(directory, filter, u64::MAX, |access| {
        found.truncated = found.entries.len() == limit;
        if found.truncated {
            return ControlFlow::Break(());
        }
        found.entries.push(access);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Calls `each` with the entries that match, newest first, until it breaks or `budget` bytes have been read.
pub(super) fn visit(
    directory: &Path,
    filter: &Filter,
    mut budget: u64,
    mut each: impl FnMut(DataAccess) -> ControlFlow<()>,
) -> io::Result<()> {
    // Most lines are about somebody else, and need not be parsed.
    let user_id = filter.user_id.as_ref().map(serde_json::to_string).transpose()?;
    let user_id = user_id.as_ref().map(memmem::Finder::new);
    for day in files::days(directory)?.into_iter().filter(|day| filter.covers(*day)) {
        // It may have become too old meanwhile.
        let Some(mut file) = if_exists(File::open(files::path(directory, day)))? else { continue };
        let is_relevant = |text: &[u8]| user_id.as_ref().is_none_or(|id| id.find(text).is_some());
        let ended = visit_lines(&mut file, &mut budget, is_relevant, |line| {
            if !is_relevant(line) {
                return ControlFlow::Continue(());
            }
            // A line that was cut off is not an entry, and neither is the count of lost ones.
            match serde_json::from_slice::<DataAccess>(line) {
                Ok(access) if filter.matches(&access) => each(access),
                _ => ControlFlow::Continue(()),
            }
        })?;
        if ended.is_break() {
            break;
        }
    }
    Ok(())
}

impl Filter {
    fn covers(&self, day: Date) -> bool {
        let date = |at: Timestamp| time::civil(at).date();
        self.since.is_none_or(|since| date(since) <= day) && self.until.is_none_or(|until| day <= date(until))
    }

    fn matches(&self, access: &DataAccess) -> bool {
        let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
        let at = time::parse(&access.at);
        self.user_id.as_ref().is_none_or(|id| *id == access.user_id)
            && self
                .user
                .as_ref()
                .is_none_or(|user| *user == access.user_id || user.to_lowercase() == access.user_email.to_lowercase())
            && self.table.as_ref().is_none_or(|table| access.tables.iter().any(|name| name.eq_ignore_ascii_case(table)))
            && is(&self.token, access.token_id.as_deref().unwrap_or_default())
            && is(&self.action, &access.action)
            && self.since.is_none_or(|since| at.is_some_and(|at| at >= since))
            && self.until.is_none_or(|until| at.is_some_and(|at| at < until))
    }
}
