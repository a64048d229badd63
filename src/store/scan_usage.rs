//! How many bytes each user has scanned on a day.

use std::collections::HashMap;

use jiff::civil::Date;

use super::{Change, Reader, Result};
use crate::engine::{self, params};

/// By user id.
pub fn of_day(reader: &Reader<'_>, day: Date) -> engine::Result<HashMap<String, u64>> {
    reader.list("SELECT user_id, bytes FROM scan_usage WHERE day = ?", [day.to_string()], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

/// Stores what users have scanned on that day so far, and forgets earlier days.
pub fn store(change: &Change<'_>, day: Date, usage: &HashMap<String, u64>) -> Result<()> {
    let day = day.to_string();
    change.run("DELETE FROM scan_usage WHERE day <> ?", [&day])?;
    for (user_id, bytes) in usage {
        change.run("DELETE FROM scan_usage WHERE user_id = ?", [user_id])?;
        change.run("INSERT INTO scan_usage (user_id, day, bytes) VALUES (?, ?, ?)", params![user_id, day, bytes])?;
    }
    Ok(())
}
