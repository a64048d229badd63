//! Closing a connection on which the client is still sending.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// How long a client has to notice the response.
const TIME: Duration = Duration::from_secs(2);
/// What is read and thrown away, in bytes; some clients read the response only when they have sent everything.
const MAX_DISCARDED: usize = 8 * 1024 * 1024;

/// A connection that is closed in two steps if a request's body was not read to its end. Closing it at once would make
/// the client's system throw away the response, which says why the body was not read.
#[derive(Debug)]
pub struct Lingering {
    stream: TcpStream,
    is_unread: Arc<AtomicBool>,
    discarded: usize,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Lingering {
    /// `is_unread` says whether the client may still be sending a body when the connection is shut down.
    pub fn new(stream: TcpStream, is_unread: Arc<AtomicBool>) -> Self {
        Self { stream, is_unread, discarded: 0, timer: None }
    }

    /// Completes when the client has closed its side, or its time is over.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut piece = [0; 16 * 1024];
        while self.discarded < MAX_DISCARDED {
            let mut buffer = ReadBuf::new(&mut piece);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => self.discarded += buffer.filled().len(),
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        self.timer.get_or_insert_with(|| Box::pin(sleep(TIME))).as_mut().poll(cx)
    }
}

impl AsyncRead for Lingering {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.timer.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        }
        if self.is_unread.load(Ordering::Relaxed) {
            ready!(self.poll_discard(cx));
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_client_that_is_still_sending_gets_the_response() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let server = tokio::spawn(async move {
            let mut stream = Lingering::new(stream, Arc::new(AtomicBool::new(true)));
            stream.write_all(b"no").await.unwrap();
            stream.shutdown().await.unwrap();
        });
        // A client of the kind that reads last.
        client.write_all(&vec![0; MAX_DISCARDED / 2]).await.unwrap();
        let mut response = String::new();
        client.read_to_string(&mut response).await.unwrap();
        assert_eq!(response, "no");
        drop(client);
        server.await.unwrap();
    }
}
