//! Queries on the server.

use std::io::Write;

use arrow::buffer::Buffer;
use arrow::ipc::reader::StreamDecoder;

use super::rows::RowWriter;
use super::shown::Shown;
use super::{Format, file::ResultFile};
use crate::cli::{CliError, Context, Output};
use crate::client::{ResultStream, Results};
use crate::protocol::query::{ARROW, QueryRequest};
use crate::query::output::End;
use crate::query::rows::Sink;

/// What the server runs.
#[derive(Debug)]
pub enum Statement<'a> {
    Sql(&'a str),
    /// A saved query, by its id.
    Saved(&'a str),
}

/// Shows at most `limit` rows; the flag is whether there were more.
pub fn show(
    statement: &Statement<'_>,
    limit: usize,
    format: Format,
    context: &Context,
) -> anyhow::Result<(Output, bool)> {
    context.block_on(async {
        match results(statement, limit, &format!("{ARROW};values=text;codec=lz4"), context).await? {
            Results::Stream(mut results) => {
                let mut shown = Shown::new(format, limit, &context.printer);
                decode(&mut results, &mut shown).await?;
                let (output, _) = shown.end()?;
                Ok((output, results.is_truncated()))
            }
            Results::Json(answer) => {
                let mut rows = RowWriter::begin(format, &answer.columns, &context.printer)?;
                for row in &answer.rows {
                    rows.row(&row.iter().map(|value| value.get()).collect::<Vec<_>>())?;
                }
                Ok((rows.end()?, answer.truncated))
            }
        }
    })?
}

async fn decode(results: &mut ResultStream, shown: &mut Shown<'_>) -> anyhow::Result<()> {
    let (mut decoder, mut is_begun) = (StreamDecoder::new(), false);
    while let Some(bytes) = results.next().await.map_err(CliError::from)? {
        let mut bytes = Buffer::from(bytes);
        while !bytes.is_empty() {
            let batch = decoder.decode(&mut bytes)?;
            if let Some(schema) = decoder.schema().filter(|_| !is_begun) {
                is_begun = true;
                shown.columns(&schema)?;
            }
            if let Some(batch) = batch {
                shown.batch(&batch)?;
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
