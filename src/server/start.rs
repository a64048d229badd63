//! The life of a server, from its settings to its shutdown.

use std::future::Future;
use std::net::SocketAddr;

use super::app::StartError;
use super::serve::{self, Listener, ServeError, TIMEOUTS};
use super::services::token_uses::WRITE_INTERVAL;
use super::{App, AppState, ServerSettings, router};
use crate::domain::sessions::record_session_uses;
use crate::store::VERSION;

/// A server with a bound port and open data; [`Server::run`] accepts connections.
pub struct Server {
    listener: Listener,
    pub app: AppState,
}

#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("start-up ended unexpectedly")]
    Lost,
}

impl Server {
    /// Binds the port first, so that a second server does not touch the data.
    pub async fn start(config: ServerSettings) -> Result<Self, ServerError> {
        let listener = serve::bind(&config).await?;
        let app = tokio::task::spawn_blocking(move || App::open(config)).await.map_err(|_| ServerError::Lost)??;
        app.queries.check().await.map_err(StartError::Queries)?;
        if let Some(warning) = app.queries.lacks_sandbox() {
            tracing::warn!("{warning}");
        }
        let build = &app.config.build;
        tracing::info!("Agnes {} | channel: {} | schema v{VERSION}", build.version, build.channel);
        Ok(Self { listener, app })
    }

    /// The bound address.
    pub fn address(&self) -> SocketAddr {
        self.listener.address
    }

    /// Serves until `shutdown` completes. Then requests end, a running extractor is stopped, and the state database is
    /// closed.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), ServerError> {
        let Self { listener, app } = self;
        tracing::info!(address = %listener.address, data_dir = %app.config.data_dir.root().display(), "listening");
        let runner = std::sync::Arc::clone(&app.runner);
        let work = tokio::spawn(async move {
            // The directory may have moved, or extracts may have been added while the server was stopped.
            if let Err(error) = runner.rebuild().await {
                tracing::error!(%error, "cannot publish; the previous publication stays in use");
            }
            runner.work().await;
        });
        let uses = tokio::spawn(keep_writing_uses(app.clone()));
        let stopping = app.clone();
        let shutdown = async move {
            shutdown.await;
            stopping.stopping.send_replace(true);
        };
        let (routes, connections) = (router::build(app.clone()), std::sync::Arc::clone(&app.connections));
        let served = serve::serve(listener, routes, connections, &app.config.http, shutdown, TIMEOUTS).await;
        work.abort();
        let _ = work.await;
        uses.abort();
        write_uses(&app).await;
        app.queries.close().await;
        app.quotas.write().await;
        app.store.close().await;
        let access_log = std::sync::Arc::clone(&app.access_log);
        let _ = tokio::task::spawn_blocking(move || access_log.close()).await;
        app.mail.finish().await;
        tracing::info!("stopped");
        Ok(served?)
    }
}

async fn keep_writing_uses(app: AppState) {
    let mut tick = tokio::time::interval(WRITE_INTERVAL);
    loop {
        tick.tick().await;
        write_uses(&app).await;
    }
}

async fn write_uses(app: &App) {
    app.token_uses.write(&app.store).await;
    let sessions = app.authenticator.sessions();
    if let Err(error) = record_session_uses(&app.store, sessions).await {
        tracing::warn!(%error, "cannot store when sessions were last used");
    }
}
