//! Rows on their way from a worker to the caller.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::QueryError;
use super::output::End;
use super::response::Body;
use super::turns::{Full, Slot, Turns};
use super::worker::{Finished, Kind, Request, Run, Worker};

/// How long a query runs before the ones that have just begun go first.
const QUICK: Duration = Duration::from_millis(100);
/// How long a query runs before it has to take turns with the other long ones.
const SHORT: Duration = Duration::from_secs(1);
/// Of a response that is sent at once, in bytes.
const PIECE: usize = 64 * 1024;

/// A piece of the body of a response.
#[derive(Debug)]
pub struct Piece {
    pub bytes: Vec<u8>,
    /// With the last one.
    pub end: Option<End>,
}

/// The rows of one query, on their way from a worker to the caller.
pub struct Rows<'a> {
    /// Who may go on after a short time.
    pub long: &'a Turns,
    pub person: &'a Arc<str>,
    pub begun: Instant,
    /// Whether others go first.
    pub is_last: bool,
    /// Of a long one.
    pub turn: Option<Slot>,
    pub body: Body,
    pub pieces: &'a mpsc::Sender<Result<Piece, QueryError>>,
}

impl Rows<'_> {
    /// Passes on all rows. Returns whether the worker can be used again.
    pub async fn pass_on(&mut self, worker: &mut Worker, run: Run) -> Result<bool, QueryError> {
        worker.send(&Request::Run(run)).await?;
        let finished: Option<Finished> = loop {
            match self.next(worker).await? {
                (Kind::Rows, piece) => {
                    let needs_more = self.body.add(piece)?;
                    if self.body.len() >= PIECE {
                        self.send(None).await?;
                    }
                    if !needs_more {
                        break None;
                    }
                }
                (Kind::Done, text) => {
                    break Some(serde_json::from_slice(&text).map_err(|_| QueryError::out_of_turn())?);
                }
                _ => return Err(QueryError::out_of_turn()),
            }
        };
        let end = self.body.finish(finished.map(|finished| finished.end));
        self.send(Some(end)).await?;
        let is_as_before = !self.is_last || worker.group().set_last(false);
        Ok(is_as_before && finished.is_some_and(|finished| !finished.is_worn))
    }

    async fn send(&mut self, end: Option<End>) -> Result<(), QueryError> {
        let piece = Piece { bytes: self.body.take(), end };
        self.pieces.send(Ok(piece)).await.map_err(|_| QueryError::Cancelled)
    }

    /// The next message. After a while, other queries go first; one that is not short stands still until it is its turn.
    async fn next(&mut self, worker: &mut Worker) -> Result<(Kind, Vec<u8>), QueryError> {
        if self.turn.is_some() {
            return worker.next().await;
        }
        let process = worker.group();
        let mut message = pin!(worker.next());
        if !self.is_last {
            tokio::select! {
                message = &mut message => return message,
                () = tokio::time::sleep_until((self.begun + QUICK).into()) => {}
            }
            self.is_last = process.set_last(true);
        }
        tokio::select! {
            message = &mut message => return message,
            () = tokio::time::sleep_until((self.begun + SHORT).into()) => {}
        }
        process.suspend();
        self.turn = Some(self.long.take(self.person).await.map_err(|Full| QueryError::Busy)?);
        process.resume();
        message.await
    }
}
