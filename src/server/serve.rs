//! Listening, serving connections, and shutting down gracefully.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::ServerSettings;

#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For running requests, once the server is asked to stop.
    drain: Duration,
    /// For the headers of a request, including the time until it starts.
    headers: Duration,
}

pub const TIMEOUTS: Timeouts = Timeouts { drain: Duration::from_secs(10), headers: Duration::from_secs(60) };

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
    shutdown: impl Future<Output = ()> + Send + 'static,
    timeouts: Timeouts,
) -> Result<(), ServeError> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(timeouts.headers);
    http.http2().timer(TokioTimer::new()).keep_alive_interval(timeouts.headers);
    let open = GracefulShutdown::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.socket.accept() => accepted,
            () = &mut shutdown => break,
        };
        let Ok((stream, peer)) = accepted.inspect_err(|error| tracing::warn!(%error, "cannot accept a connection"))
        else {
            // Most likely the limit of open files: let some connections end.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        // Responses are small; collecting them into larger packets costs more than it saves.
        let _ = stream.set_nodelay(true);
        let routes = routes.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            routes.clone().oneshot(request)
        });
        let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
        let connection = open.watch(connection);
        // It fails when the client disconnects, which is not an error of the server.
        tokio::spawn(async move { _ = connection.await });
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::sync::{Notify, oneshot};
    use tokio::task::JoinHandle;

    use super::*;

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
        let server = tokio::spawn(serve(Listener { socket, address }, routes, stopped, timeouts));
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
    async fn half_a_request_does_not_hold_a_connection() {
        let busy = busy(Timeouts { headers: Duration::from_millis(50), ..TIMEOUTS }).await;
        let mut slow = TcpStream::connect(busy.address).await.unwrap();
        slow.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
        let mut response = Vec::new();
        // Ends only when the server closes the connection.
        slow.read_to_end(&mut response).await.unwrap();
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
