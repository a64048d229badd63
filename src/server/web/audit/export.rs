use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::search;
use crate::access::{Admin, Proof};
use crate::domain::audit::{MAX_ENTRIES, search_audit_log};
use crate::protocol::audit::AuditEntry;
use crate::server::http::extractors::Query;
use crate::server::services::people::Turn;
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult, SignedIn};
use crate::server::{ApiError, AppState};
use crate::store::audit::Position;

const HEADINGS: [&str; 11] = [
    "seq",
    "timestamp",
    "user_email",
    "user_id",
    "action",
    "resource",
    "result",
    "duration_ms",
    "params",
    "id",
    "hash",
];

/// The form of an export.
#[derive(Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Csv,
    Jsonl,
}

#[derive(serde::Deserialize)]
pub struct ExportQuery {
    format: Format,
}

/// `GET /admin/audit/export?format=csv|jsonl`, with the filters of the page: every entry, read and sent page by page.
pub async fn export(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    list: Listing,
    Query(ExportQuery { format }): Query<ExportQuery>,
) -> PageResult {
    let turn = page.app.people.surveys.take(&admin.user().id)?;
    search(&list, MAX_ENTRIES).map_err(|(name, given)| {
        ApiError::value(["query", name], &format!("{name} must be a time or place in the log"), given)
    })?;
    let (name, kind, head) = match format {
        Format::Csv => ("audit.csv", "text/csv; charset=utf-8", csv_line(&HEADINGS.map(str::to_owned))),
        Format::Jsonl => ("audit.jsonl", "application/x-ndjson", Vec::new()),
    };
    let reader = Reader { app: page.app, admin, list, format, after: None, is_done: false, _turn: turn };
    let pages = stream::try_unfold(reader, Reader::next);
    let body = stream::iter([Ok(head)]).chain(pages).map_ok(axum::body::Bytes::from);
    let headers = [(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))];
    Ok((headers, Body::from_stream(body)).into_response())
}

struct Reader {
    app: AppState,
    admin: Admin,
    list: Listing,
    format: Format,
    after: Option<Position>,
    is_done: bool,
    _turn: Turn,
}

impl Reader {
    /// The lines of the next entries. An error breaks the answer off, so that nobody takes a part for the whole.
    async fn next(mut self) -> Result<Option<(Vec<u8>, Self)>, std::io::Error> {
        if self.is_done {
            return Ok(None);
        }
        self.admin.confirm(&self.app.store.snapshot()).map_err(std::io::Error::other)?;
        let mut asked = search(&self.list, MAX_ENTRIES).map_err(|(name, _)| std::io::Error::other(name))?;
        asked.after = self.after.take().or(asked.after);
        let found = search_audit_log(&self.app.store, &self.admin, asked).await.map_err(std::io::Error::other)?;
        self.after = found.next.as_deref().and_then(Position::parse);
        self.is_done = self.after.is_none();
        let mut lines = Vec::new();
        for entry in &found.entries {
            match self.format {
                Format::Csv => lines.extend(csv_line(&cells(entry))),
                Format::Jsonl => {
                    serde_json::to_writer(&mut lines, entry)?;
                    lines.push(b'\n');
                }
            }
        }
        Ok(Some((lines, self)))
    }
}

fn cells(entry: &AuditEntry) -> [String; 11] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let params = if entry.params.is_null() { String::new() } else { entry.params.to_string() };
    [
        entry.seq.map(|seq| seq.to_string()).unwrap_or_default(),
        entry.timestamp.clone(),
        text(&entry.user_email),
        text(&entry.user_id),
        entry.action.clone(),
        text(&entry.resource),
        text(&entry.result),
        entry.duration_ms.map(|duration| duration.to_string()).unwrap_or_default(),
        params,
        entry.id.clone(),
        text(&entry.hash),
    ]
}

/// One line of CSV. Spreadsheets would run a cell that begins like a formula, so that one begins with an apostrophe.
fn csv_line(cells: &[String; 11]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let cells = cells.iter().map(|cell| match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{cell}"),
        _ => cell.clone(),
    });
    // Memory takes everything.
    let _ = writer.write_record(cells);
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        let mut cells = [""; 11].map(str::to_owned);
        (cells[0], cells[2], cells[5]) = ("7".into(), "=1+1".into(), "a \"b\",\nc".into());
        assert_eq!(String::from_utf8(csv_line(&cells)).unwrap(), "7,,'=1+1,,,\"a \"\"b\"\",\nc\",,,,,\n");
    }
}
