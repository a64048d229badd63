//! The protocol on standard input and output.

use std::io::{self, IsTerminal};
use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Duration;

use rmcp::ServiceExt;
use rmcp::transport::stdio_pipes;
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::sync::CancellationToken;

use super::server::Server;
use crate::cli::{Context, Output};

/// How long calls that were stopped may take to clean up.
const PATIENCE: Duration = Duration::from_secs(2);
/// Of each thread. Statements may be nested deeply, and are parsed and bound by recursion.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Answers until standard input ends.
pub fn serve(context: &Context) -> anyhow::Result<Output> {
    crate::logging::init(&context.env)?;
    if io::stdin().is_terminal() {
        context.printer.note("A program should start this and talk to it. To make one do so: agnes mcp install");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(async {
        let closed = CancellationToken::new();
        let (stdin, stdout) = stdio_pipes();
        let stdin = Watched { inner: stdin, closed: closed.clone() };
        let service = Server::new(context, closed).serve((stdin, stdout)).await;
        match service {
            Ok(service) => service.waiting().await.map(drop).map_err(anyhow::Error::from),
            // Somebody who closes the pipe before saying anything did not want anything.
            Err(error) if is_closed(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    });
    runtime.shutdown_timeout(PATIENCE);
    outcome.map(|()| Output::streamed())
}

fn is_closed(error: &rmcp::service::ServerInitializeError) -> bool {
    matches!(error, rmcp::service::ServerInitializeError::ConnectionClosed(_))
}

/// Says at once when the input has ended, so that what runs for nobody is stopped.
struct Watched<R> {
    inner: R,
    closed: CancellationToken,
}

impl<R: AsyncRead + Unpin> AsyncRead for Watched<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (before, has_room) = (buffer.filled().len(), buffer.remaining() > 0);
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        let is_over = match &polled {
            Poll::Ready(Ok(())) => has_room && buffer.filled().len() == before,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if is_over {
            self.closed.cancel();
        }
        polled
    }
}
