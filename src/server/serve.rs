//! Listening, serving connections, and shutting down gracefully.

mod bodies;
mod lingering;

use std::convert::Infallible;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tower::ServiceExt;

use self::bodies::{Arriving, Leaving, Pace};
use self::lingering::Lingering;
use super::ServerSettings;
use super::services::connections::{Connection, Connections, Exchange, Patience};
use super::services::rate_limits::network;
use super::settings::HttpSettings;

#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For running requests, once the server is asked to stop.
    drain: Duration,
    /// For each phase of a connection.
    patience: Patience,
    /// Until the next request of a proxy, which keeps its connections.
    proxy: Duration,
    /// For the body of a request.
    pace: Pace,
}

pub const TIMEOUTS: Timeouts = Timeouts {
    drain: Duration::from_secs(10),
    patience: Patience {
        first_request: Duration::from_secs(15),
        next_request: Duration::from_secs(75),
        response: Duration::from_secs(120),
    },
    // Load balancers keep idle connections for up to ten minutes.
    proxy: Duration::from_secs(630),
    pace: Pace { bytes: 4096, time: Duration::from_secs(30) },
};

/// Maximum size of the headers of a request.
const MAX_HEADER_BYTES: u32 = 64 * 1024;
/// Requests that one HTTP/2 connection may run at the same time.
const MAX_STREAMS: u32 = 64;
/// What an HTTP/2 client may send ahead of the server.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// How often the reason why nobody can connect is logged.
const REPORT_EVERY: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(
        "port {port} on {host} is already in use; stop the other program or choose another with --port / AGNES_PORT"
    )]
    PortInUse { host: String, port: u16 },
    #[error("port {port} on {host} needs more privileges; choose one of 1024 or above with --port / AGNES_PORT")]
    PortForbidden { host: String, port: u16 },
    #[error("cannot listen on {host}, port {port}: {source}; set an address of this machine with --host / AGNES_HOST")]
    Address { host: String, port: u16, source: io::Error },
}

/// A bound port; connections wait until [`run`].
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    /// The bound address; port 0 has become a free one.
    pub address: SocketAddr,
}

/// Binds the configured address.
pub async fn bind(config: &ServerSettings) -> Result<Listener, ServeError> {
    let (host, port) = (config.host.clone(), config.port);
    let failed = |source: io::Error| match source.kind() {
        ErrorKind::AddrInUse => ServeError::PortInUse { host: host.clone(), port },
        ErrorKind::PermissionDenied => ServeError::PortForbidden { host: host.clone(), port },
        _ => ServeError::Address { host: host.clone(), port, source },
    };
    let socket = TcpListener::bind((host.as_str(), port)).await.map_err(failed)?;
    let address = socket.local_addr().map_err(failed)?;
    Ok(Listener { socket, address })
}

/// Serves until `shutdown` completes, then waits for running requests, for a limited time.
pub async fn serve(
    listener: Listener,
    routes: Router,
    connections: Arc<Connections>,
    settings: &HttpSettings,
    shutdown: impl Future<Output = ()> + Send + 'static,
    timeouts: Timeouts,
) -> Result<(), ServeError> {
    let http = protocols();
    let open = GracefulShutdown::new();
    let mut reported = None;
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener.socket, &connections) => accepted,
            () = &mut shutdown => break,
        };
        let (stream, peer, descriptor) = match accepted {
            Ok(accepted) => accepted,
            // The client has given up already.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
            Err(error) => {
                if reported.is_none_or(|at: Instant| at.elapsed() >= REPORT_EVERY) {
                    tracing::warn!(%error, "cannot accept connections");
                    reported = Some(Instant::now());
                }
                // Most likely the limit of open files.
                connections.make_room();
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let is_proxy = settings.proxies.trusts(peer.ip());
        let address = (!is_proxy).then(|| network(peer.ip()));
        let mut patience = timeouts.patience;
        if is_proxy {
            patience.next_request = timeouts.proxy;
        }
        let Some(connection) = connections.admit(address, patience, descriptor) else { continue };
        // Responses are small; collecting them into larger packets costs more than it saves.
        let _ = stream.set_nodelay(true);
        let is_unread = Arc::new(AtomicBool::new(false));
        let stream = Lingering::new(stream, Arc::clone(&is_unread));
        let (routes, asked) = (routes.clone(), Arc::clone(&connection));
        let service = service_fn(move |request: Request<Incoming>| {
            let arriving = |body| Body::new(Arriving::new(body, timeouts.pace, Arc::clone(&is_unread)));
            respond(routes.clone(), Arc::clone(&asked), peer, request.map(arriving))
        });
        let served = http.serve_connection(TokioIo::new(stream), service).into_owned();
        let served = open.watch(served);
        tokio::spawn(async move {
            tokio::select! {
                // It fails when the client disconnects, which is not an error of the server.
                _ = served => {}
                () = connection.is_over() => {}
            }
        });
    }
    drop(listener);
    tokio::select! {
        () = open.shutdown() => {}
        () = tokio::time::sleep(timeouts.drain) => {
            tracing::warn!(seconds = timeouts.drain.as_secs_f64(), "stopping with requests still running");
        }
    }
    Ok(())
}

/// HTTP/1 and HTTP/2, with limits on what a connection may keep in memory. [`Connection`] has the deadlines.
fn protocols() -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(MAX_HEADER_BYTES as usize);
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(60))
        .max_header_list_size(MAX_HEADER_BYTES)
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(STREAM_WINDOW as usize);
    http
}

async fn accept(
    socket: &TcpListener,
    connections: &Connections,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let descriptor = connections.descriptor().await.ok_or(ErrorKind::NotConnected)?;
    let (stream, peer) = socket.accept().await?;
    Ok((stream, peer, descriptor))
}

async fn respond(
    routes: Router,
    connection: Arc<Connection>,
    peer: SocketAddr,
    mut request: Request<Body>,
) -> Result<Response<Leaving>, Infallible> {
    let exchange = Exchange::begin(&connection);
    request.extensions_mut().insert(ConnectInfo(peer));
    request.extensions_mut().insert(exchange.clone());
    let response = routes.oneshot(request).await?;
    Ok(response.map(|body| Leaving::new(body, exchange)))
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::{Notify, oneshot};
    use tokio::task::JoinHandle;

    use super::*;
    use crate::server::services::connections::ConnectionLimits;

    /// A server with a running request, which ends on demand.
    struct Busy {
        finish: Arc<Notify>,
        stop: oneshot::Sender<()>,
        server: JoinHandle<Result<(), ServeError>>,
        connection: TcpStream,
        address: SocketAddr,
    }

    async fn busy(timeouts: Timeouts) -> Busy {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let (entered, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let inside = (entered.clone(), finish.clone());
        let handler = async move || {
            inside.0.notify_one();
            inside.1.notified().await;
            "done"
        };
        let (stop, stopped) = oneshot::channel();
        let routes = Router::new().route("/", get(handler));
        let stopped = async { _ = stopped.await };
        let server = tokio::spawn(async move {
            let connections = Connections::new(ConnectionLimits::default());
            serve(Listener { socket, address }, routes, connections, &HttpSettings::default(), stopped, timeouts).await
        });
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        entered.notified().await;
        Busy { finish, stop, server, connection, address }
    }

    #[tokio::test]
    async fn stopping_lets_running_requests_end() {
        let mut busy = busy(TIMEOUTS).await;
        busy.stop.send(()).unwrap();
        // A stopping server first closes its port.
        while TcpStream::connect(busy.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        busy.finish.notify_one();
        let mut response = String::new();
        busy.connection.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 200 OK") && response.ends_with("done"), "{response}");
        busy.server.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_connection_that_sends_no_request_is_closed() {
        let first_request = Duration::from_millis(50);
        let patience = Patience { first_request, ..TIMEOUTS.patience };
        let busy = busy(Timeouts { patience, ..TIMEOUTS }).await;
        for half in ["", "GET / HTTP/1.1\r\nHo", "PRI * HTTP/2.0\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\r\n\r\n"] {
            let mut slow = TcpStream::connect(busy.address).await.unwrap();
            slow.write_all(half.as_bytes()).await.unwrap();
            // Ends only when the server closes the connection.
            let _ = slow.read_to_end(&mut Vec::new()).await;
        }
        // One that is closed for its age does not end another.
        busy.finish.notify_one();
        busy.stop.send(()).unwrap();
        busy.server.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn stopping_does_not_wait_forever() {
        let busy = busy(Timeouts { drain: Duration::from_millis(10), ..TIMEOUTS }).await;
        busy.stop.send(()).unwrap();
        busy.server.await.unwrap().unwrap();
        // The request was still running.
        drop(busy.finish);
    }
}
