//! Queries on the server.

use std::io::Write;

use arrow::buffer::Buffer;
use arrow::ipc::reader::StreamDecoder;

use super::file::ResultFile;
use super::rows::Rows;
use super::shown::Shown;
use crate::cli::{CliError, Context};
use crate::client::{ResultStream, Results};
use crate::protocol::query::{ARROW, QueryRequest};
use crate::query::output::{End, distinct};
use crate::query::rows::Sink;

/// What the server runs.
#[derive(Debug)]
pub enum Statement<'a> {
    Sql(&'a str),
    /// A saved query, by its id.
    Saved(&'a str),
}

/// Passes on at most `limit` rows; the flag is whether there were more.
pub fn pass<R: Rows>(
    statement: &Statement<'_>,
    limit: usize,
    mut rows: R,
    context: &Context,
) -> anyhow::Result<(R, bool)> {
    context.block_on(async {
        match results(statement, limit, &format!("{ARROW};values=text;codec=lz4"), context).await? {
            Results::Stream(mut results) => {
                let mut shown = Shown::new(rows, limit);
                decode(&mut results, &mut shown).await?;
                let (rows, is_cut) = shown.end();
                Ok((rows, is_cut || results.is_truncated()))
            }
            Results::Json(answer) => {
                rows.begin(distinct(answer.columns.iter().map(String::as_str)))?;
                for row in &answer.rows {
                    if !rows.row(&row.iter().map(|value| value.get().to_owned()).collect::<Vec<_>>())? {
                        return Ok((rows, true));
                    }
                }
                Ok((rows, answer.truncated))
            }
        }
    })?
}

async fn decode<R: Rows>(results: &mut ResultStream, shown: &mut Shown<R>) -> anyhow::Result<()> {
    let (mut decoder, mut is_begun) = (StreamDecoder::new(), false);
    while let Some(bytes) = results.next().await.map_err(CliError::from)? {
        let mut bytes = Buffer::from(bytes);
        while !bytes.is_empty() {
            let batch = decoder.decode(&mut bytes)?;
            if let Some(schema) = decoder.schema().filter(|_| !is_begun) {
                is_begun = true;
                shown.columns(&schema)?;
            }
            if let Some(batch) = batch
                && !shown.batch(&batch)?
            {
                // The server stops when nobody reads on.
                return Ok(());
            }
        }
    }
    Ok(decoder.finish()?)
}

/// Writes at most `limit` rows into a file.
pub fn save(statement: &Statement<'_>, limit: usize, target: &ResultFile, context: &Context) -> anyhow::Result<End> {
    context.block_on(async {
        let Results::Stream(mut results) = results(statement, limit, target.format.media_type(), context).await? else {
            return Err(CliError::new("unsupported", "this server cannot write files")
                .hint("Ask its operator to update it, or use --format csv > FILE.")
                .into());
        };
        let (pending, mut file) = target.create()?;
        while let Some(bytes) = results.next().await.map_err(CliError::from)? {
            file.write_all(&bytes)?;
        }
        target.commit(pending)?;
        let rows = usize::try_from(results.rows().unwrap_or_default())?;
        Ok(End { rows, is_truncated: results.is_truncated() })
    })?
}

async fn results(
    statement: &Statement<'_>,
    limit: usize,
    media_type: &str,
    context: &Context,
) -> anyhow::Result<Results> {
    let (client, limit) = (context.client()?, i64::try_from(limit)?);
    let results = match statement {
        Statement::Sql(sql) => client.query(&QueryRequest { sql: (*sql).to_owned(), limit }, media_type).await,
        Statement::Saved(id) => client.run_saved_query(id, limit, media_type).await,
    };
    Ok(results.map_err(CliError::from)?)
}
