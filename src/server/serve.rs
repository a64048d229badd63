//! From an address to a server that answers, and to its orderly end.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use super::{AppState, ServerConfig, router};

/// How long running requests may go on once the server was told to stop.
pub const DRAIN: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(
        "port {port} on {host} is already in use; stop the other program or choose another with --port / AGNES_PORT"
    )]
    PortInUse { host: String, port: u16 },
    #[error("port {port} on {host} needs more rights; choose one of 1024 or above with --port / AGNES_PORT")]
    PortForbidden { host: String, port: u16 },
    #[error("cannot listen on {host}, port {port}: {source}; set an address of this machine with --host / AGNES_HOST")]
    Address { host: String, port: u16, source: io::Error },
    #[error("cannot watch for the signal to stop: {0}")]
    Signal(io::Error),
    #[error("the server stopped: {0}")]
    Stopped(#[from] io::Error),
}

/// A port that is ours; connections wait until [`run`].
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    /// The address really taken (port 0 has become a free one).
    pub address: SocketAddr,
}

/// Takes the configured address.
pub async fn bind(config: &ServerConfig) -> Result<Listener, ServeError> {
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

/// Serves until `shutdown` completes, then lets running requests end, for at most [`DRAIN`].
pub async fn run(
    listener: Listener,
    app: AppState,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    serve(listener, router::build(app), shutdown, DRAIN).await
}

async fn serve(
    listener: Listener,
    routes: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
    drain: Duration,
) -> Result<(), ServeError> {
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    let (stopping, stopped) = oneshot::channel();
    let server = axum::serve(listener.socket, service).with_graceful_shutdown(async move {
        shutdown.await;
        // Nobody listens any more when the server ended by itself.
        let _ = stopping.send(());
    });
    let limit = async {
        match stopped.await {
            Ok(()) => tokio::time::sleep(drain).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        result = server => result?,
        () = limit => tracing::warn!(seconds = drain.as_secs_f64(), "stopping although some requests have not ended"),
    }
    Ok(())
}

/// Completes at SIGTERM or SIGINT. The watch begins with the call, so a signal during start is not lost.
pub fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signal)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("told to stop by SIGTERM"),
            _ = interrupt.recv() => tracing::info!("told to stop by SIGINT"),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::sync::Notify;
    use tokio::task::JoinHandle;

    use super::*;

    /// A server with a request inside that ends only when told to.
    struct Busy {
        finish: Arc<Notify>,
        stop: oneshot::Sender<()>,
        server: JoinHandle<Result<(), ServeError>>,
        connection: TcpStream,
        address: SocketAddr,
    }

    async fn busy(drain: Duration) -> Busy {
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
        let server = tokio::spawn(serve(Listener { socket, address }, routes, stopped, drain));
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        entered.notified().await;
        Busy { finish, stop, server, connection, address }
    }

    #[tokio::test]
    async fn stopping_lets_running_requests_end() {
        let mut busy = busy(DRAIN).await;
        busy.stop.send(()).unwrap();
        // Told to stop, the server first closes its port.
        while TcpStream::connect(busy.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        busy.finish.notify_one();
        let mut answer = String::new();
        busy.connection.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("done"), "{answer}");
        busy.server.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn stopping_does_not_wait_for_ever() {
        let busy = busy(Duration::from_millis(10)).await;
        busy.stop.send(()).unwrap();
        busy.server.await.unwrap().unwrap();
        // The request was still inside.
        drop(busy.finish);
    }
}
