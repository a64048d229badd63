//! A stand-in for v0.35 (`stand_in.py`), which answers as that does.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::json;

pub struct StandIn {
    url: String,
    child: Child,
    client: reqwest::Client,
}

impl StandIn {
    /// `None` where its packages cannot be had.
    pub async fn start(file: &Path) -> Option<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/queries");
        let python = Command::new(here.join("stand-in")).output().ok().filter(|output| output.status.success())?;
        let python = String::from_utf8(python.stdout).ok()?;
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).ok()?.port();
        let mut command = Command::new(python.trim());
        let child = command.arg(here.join("stand_in.py")).arg(file).arg(port.to_string()).spawn().ok()?;
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(300)).build().ok()?;
        let stand_in = Self { url: format!("http://127.0.0.1:{port}/api/query"), child, client };
        let end = Instant::now() + Duration::from_secs(60);
        while stand_in.read("SELECT 1", || ()).await.is_none() {
            assert!(Instant::now() < end, "the stand-in never answers");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Some(stand_in)
    }

    /// The size of all rows; `first` is called with the first of it.
    pub async fn read(&self, sql: &str, first: impl FnOnce()) -> Option<usize> {
        let body = json!({ "sql": sql, "limit": 10_000_000 });
        let mut response = self.client.post(&self.url).json(&body).send().await.ok()?.error_for_status().ok()?;
        let mut size = response.chunk().await.ok()?.map_or(0, |chunk| chunk.len());
        first();
        while let Some(chunk) = response.chunk().await.ok()? {
            size += chunk.len();
        }
        Some(size)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
