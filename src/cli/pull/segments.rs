//! A large file in several ranges at the same time. They are added to the file in its order: so it is hashed as it
//! comes, and its length alone says where the next attempt continues.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::common::{Transfer, TransferError, request};
use super::partial::Partial;
use super::pending::{PendingFile, Version};
use crate::client::{Client, ClientError, DownloadRequest};

const MB: u64 = 1024 * 1024;
/// Files of this size are worth several ranges.
const LARGE: u64 = 16 * MB;
/// A range that is awaited alone is written as it comes.
const ALONE: u64 = 32 * MB;

/// Whether the file is to be asked for in ranges: those of one version, as its hash shows at the end.
pub fn is_worthwhile(pending: &PendingFile, there: u64) -> bool {
    matches!(pending.version, Version::Md5(_)) && pending.size_bytes.is_some_and(|size| size >= there + LARGE)
}

/// What the task of a range sends.
enum Piece {
    Bytes(Bytes),
    Failed(ClientError),
    /// The server does not send ranges of this file.
    Whole,
}

struct Segment {
    end: u64,
    pieces: mpsc::Receiver<Piece>,
}

/// Brings the rest of the file. Returns `false` where the server sends no ranges of it.
pub async fn fetch(
    transfer: &Transfer<'_>,
    pending: &PendingFile,
    size: u64,
    partial: &mut Partial,
) -> Result<bool, TransferError> {
    partial.begin(true).await?;
    let own = Arc::new(Semaphore::new(1));
    let pending = Arc::new(pending.clone());
    // Dropping it ends the tasks.
    let mut tasks = JoinSet::new();
    let mut queue: VecDeque<Segment> = VecDeque::new();
    let mut claimed = partial.length;
    let usual = (size / 400).clamp(MB, 4 * MB);
    // How far ranges may be ahead of what is written. They are in memory, and lost if the process is killed.
    let ahead = (size / 64).clamp(8 * MB, 32 * MB);
    while partial.length < size {
        while claimed < size && (queue.is_empty() || claimed + usual <= partial.length + ahead) {
            // The permit of the file itself, or a further one.
            let permit: Box<dyn Send> = match Arc::clone(&own).try_acquire_owned() {
                Ok(permit) => Box::new(permit),
                Err(_) => match transfer.pace.spare() {
                    Some(permit) => Box::new(permit),
                    None => break,
                },
            };
            let is_alone = queue.is_empty() && !transfer.pace.has_spare();
            let end = size.min(claimed + if is_alone { ALONE } else { usual });
            let (sender, pieces) = mpsc::channel(if is_alone { 16 } else { 4096 });
            let (client, pending) = (transfer.client.clone(), Arc::clone(&pending));
            let idle = transfer.limits.idle_timeout;
            tasks.spawn(async move {
                let mut request = request(&pending, None, idle);
                (request.offset, request.end) = (claimed, Some(end));
                receive(&client, &request, claimed..end, &sender).await;
                drop(permit);
            });
            queue.push_back(Segment { end, pieces });
            claimed = end;
        }
        let Some(first) = queue.front_mut() else {
            // The task of the last range is about to end.
            drop(own.acquire().await);
            continue;
        };
        let piece = tokio::select! {
            piece = first.pieces.recv() => piece,
            // There may be a permit for the next one.
            Some(_) = tasks.join_next() => continue,
        };
        match piece {
            Some(Piece::Bytes(bytes)) => {
                transfer.progress.add(bytes.len() as u64);
                partial.append(bytes).await?;
            }
            Some(Piece::Failed(error)) => return Err(error.into()),
            Some(Piece::Whole) => return Ok(false),
            None if partial.length == first.end => drop(queue.pop_front()),
            None => return Err(std::io::Error::other("the transfer of a range ended unexpectedly").into()),
        }
    }
    Ok(true)
}

/// Sends the bytes of one range, and at last the reason if they are not all.
async fn receive(client: &Client, request: &DownloadRequest<'_>, range: Range<u64>, pieces: &mpsc::Sender<Piece>) {
    // Nobody listens once another range has failed.
    if let Err(piece) = stream(client, request, range, pieces).await {
        let _ = pieces.send(piece).await;
    }
}

async fn stream(
    client: &Client,
    request: &DownloadRequest<'_>,
    range: Range<u64>,
    pieces: &mpsc::Sender<Piece>,
) -> Result<(), Piece> {
    let mut download = client.download(request).await.map_err(Piece::Failed)?;
    if !download.is_range || download.offset != range.start {
        return Err(Piece::Whole);
    }
    let mut left = range.end - range.start;
    while left > 0 {
        let Some(chunk) = download.next().await.map_err(Piece::Failed)? else {
            return Err(Piece::Failed(download.ended_early()));
        };
        let chunk = chunk.slice(..chunk.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
        left -= chunk.len() as u64;
        if pieces.send(Piece::Bytes(chunk)).await.is_err() {
            return Ok(());
        }
    }
    // The end of the response, after which its connection can be used again.
    let _ = download.next().await;
    Ok(())
}
