use std::ops::Deref;
use std::path::Path;
use std::thread::JoinHandle;

use agnes::base::atomic_file;
use agnes::config::Environment;
use agnes::server::{AppState, Server, ServerSettings};
use insta::internals::SettingsBindDropGuard;
use tempfile::TempDir;
use tokio::sync::{OnceCell, oneshot};

use super::{Client, mask};

/// The address of each server as people outside know it, unless a test chooses another one.
pub const PUBLIC_URL: &str = "http://agnes.test";

/// A server in this process, on a free port, with a `DATA_DIR` of its own. It is also a client who is not signed in.
///
/// Dropping it stops the server, and fails the test when a temporary file was left behind. Snapshots made while it lives
/// show `[id]`, `[hex]`, `[time]` and `[token]` for what changes from run to run.
pub struct TestApp {
    pub state: AppState,
    pub(super) admin: OnceCell<Client>,
    stranger: Client,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
    data_dir: TempDir,
    _masks: SettingsBindDropGuard,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts with further environment variables.
    pub async fn start_with(env: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().expect("a temporary directory"), env).await
    }

    /// Starts on a data directory with something in it.
    pub async fn start_in(data_dir: TempDir, env: &[(&str, &str)]) -> Self {
        Self::start_configured(data_dir, env, |_| {}).await
    }

    /// Starts with settings that no variable has.
    pub async fn start_configured(
        data_dir: TempDir,
        env: &[(&str, &str)],
        configure: impl FnOnce(&mut ServerSettings),
    ) -> Self {
        let path = data_dir.path().to_str().expect("a path of plain text");
        let fixed = [
            ("DATA_DIR", path),
            ("CONFIG_DIR", path),
            ("AGNES_HOST", "127.0.0.1"),
            ("AGNES_PORT", "0"),
            ("SERVER_URL", PUBLIC_URL),
            // One address signs in more often here than anybody should.
            ("AGNES_AUTH_RATELIMIT_ENABLED", "0"),
        ];
        let env = Environment::from_pairs(fixed.iter().chain(env).copied());
        let mut config = ServerSettings::load(env).expect("settings");
        config.agnes_exe = env!("CARGO_BIN_EXE_agnes").into();
        configure(&mut config);

        // A runtime and a thread of its own, so that `drop` can wait for the end of the server.
        let (ready, address) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let server = Server::start(config).await.expect("a free port and a usable directory");
                let _ = ready.send((server.address(), server.app.clone()));
                server.run(async { _ = stopped.await }).await.expect("an orderly end");
            });
        });
        let (address, state) = address.await.expect("a server that starts");
        Self {
            state,
            admin: OnceCell::new(),
            stranger: Client::new(format!("http://{address}")),
            stop: Some(stop),
            server: Some(server),
            data_dir,
            _masks: mask::changing_values(),
        }
    }

    /// Somebody who is not signed in.
    pub fn anonymous(&self) -> Client {
        self.stranger.clone()
    }

    pub fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }
}

impl Deref for TestApp {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.stranger
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // Fails only when the server is gone already; then the thread's own outcome tells.
        let _ = self.stop.take().map(|stop| stop.send(()));
        let ended = self.server.take().map(JoinHandle::join);
        if std::thread::panicking() {
            return;
        }
        assert!(matches!(ended, Some(Ok(()))), "the server ended by a panic");
        let left: Vec<_> = walkdir::WalkDir::new(self.data_dir.path())
            .into_iter()
            .filter_map(Result::ok)
            .filter(|entry| atomic_file::is_temporary(&entry.file_name().to_string_lossy()))
            .map(|entry| entry.into_path())
            .collect();
        assert!(left.is_empty(), "temporary files were left behind: {left:?}");
    }
}
