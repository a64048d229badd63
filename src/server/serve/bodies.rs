//! Bodies on their way: a request's must keep arriving, a response's reports that it is being taken.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use crate::server::services::connections::Exchange;

/// What must arrive while the server waits for [`Pace::time`].
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pub bytes: usize,
    pub time: Duration,
}

/// The body of a request. It fails when it arrives too slowly.
#[derive(Debug)]
pub struct Arriving<B = Incoming> {
    body: B,
    pace: Pace,
    missing: usize,
    timer: Option<Pin<Box<Sleep>>>,
    /// Since when the server has not been waiting.
    busy_since: Option<Instant>,
    is_unread: Arc<AtomicBool>,
}

#[derive(Debug, thiserror::Error)]
pub enum ArrivalError<E> {
    #[error("the body arrived too slowly")]
    Slow,
    #[error(transparent)]
    Broken(E),
}

impl<B: HttpBody> Arriving<B> {
    /// `is_unread` becomes whether more of the body may arrive.
    pub fn new(body: B, pace: Pace, is_unread: Arc<AtomicBool>) -> Self {
        is_unread.store(!body.is_end_stream(), Ordering::Relaxed);
        Self { body, pace, missing: pace.bytes, timer: None, busy_since: None, is_unread }
    }

    fn arrived(&mut self, bytes: usize) {
        self.missing = self.missing.saturating_sub(bytes);
        if self.missing == 0 {
            (self.missing, self.timer) = (self.pace.bytes, None);
        }
        self.busy_since = Some(Instant::now());
    }

    /// Completes when the time is over.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let busy = self.busy_since.take().map_or(Duration::ZERO, |since| since.elapsed());
        let timer = match &mut self.timer {
            Some(timer) => {
                let deadline = timer.deadline() + busy;
                timer.as_mut().reset(deadline);
                timer
            }
            None => self.timer.insert(Box::pin(sleep(self.pace.time))),
        };
        timer.as_mut().poll(cx)
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for Arriving<B> {
    type Data = Bytes;
    type Error = ArrivalError<B::Error>;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            if let Some(Ok(frame)) = &frame {
                this.arrived(frame.data_ref().map_or(0, Bytes::len));
            }
            let has_ended = frame.is_none() || this.body.is_end_stream();
            this.is_unread.store(!has_ended, Ordering::Relaxed);
            return Poll::Ready(frame.map(|frame| frame.map_err(ArrivalError::Broken)));
        }
        ready!(this.poll_late(cx));
        Poll::Ready(Some(Err(ArrivalError::Slow)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of a response. The exchange ends with it.
#[derive(Debug)]
pub struct Leaving {
    body: Body,
    exchange: Exchange,
}

impl Leaving {
    pub fn new(body: Body, exchange: Exchange) -> Self {
        exchange.respond();
        Self { body, exchange }
    }
}

impl HttpBody for Leaving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // More is asked for when the client has taken what was sent before.
        self.exchange.moved();
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    const PACE: Pace = Pace { bytes: 1000, time: Duration::from_millis(500) };

    /// Receives `count` pieces of `bytes`, one every `every`, and is busy with each of them for a while.
    async fn receive(bytes: usize, every: Duration, count: usize, busy: Duration) -> Result<usize, axum::Error> {
        let pieces = futures_util::stream::iter(0..count).then(move |_| async move {
            tokio::time::sleep(every).await;
            Ok::<_, std::io::Error>(Bytes::from(vec![0; bytes]))
        });
        let arriving = Arriving::new(Body::from_stream(Box::pin(pieces)), PACE, Arc::default());
        let mut stream = Body::new(arriving).into_data_stream();
        let mut received = 0;
        while let Some(piece) = stream.next().await {
            received += piece?.len();
            tokio::time::sleep(busy).await;
        }
        Ok(received)
    }

    #[tokio::test]
    async fn what_keeps_arriving_may_take_long() {
        let ms = Duration::from_millis;
        assert_eq!(receive(1000, ms(50), 20, Duration::ZERO).await.unwrap(), 20_000);
        // The time that the server takes does not count.
        assert_eq!(receive(300, ms(1), 8, ms(300)).await.unwrap(), 2400);
    }

    #[tokio::test]
    async fn silence_and_drips_end_a_body() {
        for (bytes, every) in [(1000, Duration::from_secs(3600)), (10, Duration::from_millis(10))] {
            let error = receive(bytes, every, 1000, Duration::ZERO).await.unwrap_err();
            assert!(error.to_string().contains("too slowly"), "{error}");
        }
    }
}
