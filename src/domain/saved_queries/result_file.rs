//! The rows of a result on their way into a file.

use tokio::io::AsyncWriteExt;

use super::failure::Failure;
use crate::base::atomic_file::Pending;
use crate::query::output::End;
use crate::query::{MAX_STREAMED_ROWS, QueryAnswer};

/// Writes a whole result of at most `room` bytes into a new file; what is cut short is a failure.
pub async fn write(answer: QueryAnswer, file: &Pending, room: u64) -> Result<End, Failure> {
    let mut target = tokio::fs::File::from_std(file.create()?);
    let mut written = 0;
    let mut add = async |bytes: Vec<u8>| {
        written += bytes.len() as u64;
        match written > room {
            true => Err(Failure::text(format!("the result does not fit: its owner has {room} bytes left for tables"))),
            false => Ok(target.write_all(&bytes).await?),
        }
    };
    let end = match answer {
        QueryAnswer::Whole { body, end } => {
            add(body).await?;
            Some(end)
        }
        QueryAnswer::Begun { begin, mut rest } => {
            add(begin).await?;
            let mut end = None;
            while let Some(piece) = rest.recv().await.transpose()? {
                end = piece.end;
                add(piece.bytes).await?;
            }
            end
        }
    };
    target.flush().await?;
    match end {
        Some(End { is_truncated: false, .. }) => {}
        Some(_) => {
            let reason = format!("the result has more than {MAX_STREAMED_ROWS} rows, or a row that is too large");
            return Err(Failure::text(reason));
        }
        None => return Err(Failure::text("the result broke off")),
    }
    Ok(end.unwrap_or_default())
}
