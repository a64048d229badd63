//! The files of the log, `access-2026-11-27.jsonl`: one for each day, in UTC.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::base::if_exists;

const PREFIX: &str = "access-";
const SUFFIX: &str = ".jsonl";

pub fn path(directory: &Path, day: Date) -> PathBuf {
    directory.join(format!("{PREFIX}{day}{SUFFIX}"))
}

/// The days that have a file, newest first.
pub fn days(directory: &Path) -> io::Result<Vec<Date>> {
    let Some(entries) = if_exists(fs::read_dir(directory))? else { return Ok(Vec::new()) };
    let mut days = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let day: Option<Date> =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.parse().ok());
        days.extend(day);
    }
    days.sort_unstable_by(|a, b| b.cmp(a));
    Ok(days)
}
