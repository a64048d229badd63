//! Finds entries of the log.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;

use super::files;
use crate::base::{if_exists, time};
use crate::protocol::access_log::DataAccess;

/// Which entries to return; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
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
    for day in files::days(directory)?.into_iter().filter(|day| filter.covers(*day)) {
        // It may have become too old meanwhile.
        let Some(file) = if_exists(File::open(files::path(directory, day)))? else { continue };
        let wanted = limit - found.entries.len();
        let mut newest = VecDeque::new();
        for line in BufReader::new(file).split(b'\n') {
            // A line that was cut off is not an entry, and neither is the count of lost ones.
            let Ok(access) = serde_json::from_slice::<DataAccess>(&line?) else { continue };
            if filter.matches(&access) {
                newest.push_back(access);
                if newest.len() > wanted {
                    newest.pop_front();
                    found.truncated = true;
                }
            }
        }
        found.entries.extend(newest.into_iter().rev());
        if found.truncated {
            break;
        }
    }
    Ok(found)
}

impl Filter {
    fn covers(&self, day: Date) -> bool {
        let date = |at: Timestamp| time::civil(at).date();
        self.since.is_none_or(|since| date(since) <= day) && self.until.is_none_or(|until| day <= date(until))
    }

    fn matches(&self, access: &DataAccess) -> bool {
        let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
        let at = time::parse(&access.at);
        self.user
            .as_ref()
            .is_none_or(|user| *user == access.user_id || user.to_lowercase() == access.user_email.to_lowercase())
            && self.table.as_ref().is_none_or(|table| access.tables.iter().any(|name| name.eq_ignore_ascii_case(table)))
            && is(&self.token, access.token_id.as_deref().unwrap_or_default())
            && is(&self.action, &access.action)
            && self.since.is_none_or(|since| at.is_some_and(|at| at >= since))
            && self.until.is_none_or(|until| at.is_some_and(|at| at < until))
    }
}
