//! Templates of prompts that admins have written. Each is the one row of a table; without content the built-in template
//! counts.

use jiff::Timestamp;

use super::row::{self, read_row};
use super::{Change, Reader, Result};
use crate::engine::{self, params};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// How an analyst's agent sets up the command line.
    Setup,
    /// The `CLAUDE.md` of a workspace.
    Workspace,
}

impl Prompt {
    /// Its table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "welcome_template",
            Self::Workspace => "claude_md_template",
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Stored {
    pub content: Option<String>,
    pub updated_at: Option<Timestamp>,
    /// E-mail address.
    pub updated_by: Option<String>,
}

pub fn get(reader: &Reader<'_>, prompt: Prompt) -> engine::Result<Stored> {
    let sql = format!("SELECT content, epoch_us(updated_at), updated_by FROM {} WHERE id = 1", prompt.as_str());
    let stored = reader.find(&sql, [], read_row!(as Stored { content, updated_at: row::time, updated_by }))?;
    Ok(stored.unwrap_or_default())
}

/// Stores a template in place of the previous one; `None` brings the built-in one back.
pub fn put(change: &Change<'_>, prompt: Prompt, content: Option<&str>, by: &str) -> Result<()> {
    let table = prompt.as_str();
    let row = params![content, change.now.as_microsecond(), by];
    let update =
        format!("UPDATE {table} SET content = ?, updated_at = make_timestamp(?::BIGINT), updated_by = ? WHERE id = 1");
    if change.execute(&update, row)? == 0 {
        let insert = format!(
            "INSERT INTO {table} (id, content, updated_at, updated_by) VALUES (1, ?, make_timestamp(?::BIGINT), ?)"
        );
        change.run(&insert, params![content, change.now.as_microsecond(), by])?;
    }
    Ok(())
}
