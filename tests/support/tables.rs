//! Tables of the `local` source, from a file in its folder to what is published.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{Answer, TestApp};

/// How long anything that happens in the background may take on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(30);

impl TestApp {
    /// The folder of the `local` source.
    pub fn files_folder(&self) -> PathBuf {
        self.state.config.instance_at_start.files_folder(&self.state.config.data_dir)
    }

    /// Puts a data file into the folder of the `local` source.
    pub fn drop_file(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.files_folder().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }

    /// Registers a table of the `local` source.
    pub async fn register(&self, name: &str) -> Answer {
        let body = json!({ "name": name, "source_type": "local" });
        self.admin().await.post_json("/api/admin/register-table", body).await
    }

    /// Registers a table with this content and publishes it.
    pub async fn publish(&self, name: &str, csv: &str) {
        self.drop_file(&format!("{name}.csv"), csv);
        self.register(name).await.ok();
        self.sync().await;
    }

    /// Triggers a sync of everything that is due, and waits for its end.
    pub async fn sync(&self) {
        self.sync_of(Value::Null).await;
    }

    /// Triggers a sync with this body, and waits for its end.
    pub async fn sync_of(&self, ids: Value) {
        self.generation().await;
        let admin = self.admin().await;
        let run = admin.post_json("/api/sync/trigger", ids).await.ok()["run_id"].as_str().expect("a run").to_owned();
        self.run(&run).await;
    }

    /// Waits for the end of a run, and returns it.
    pub async fn run(&self, id: &str) -> Value {
        let end = Instant::now() + DEADLINE;
        loop {
            let run = self.admin().await.get(&format!("/api/sync/runs/{id}")).await.ok();
            if !["queued", "running"].contains(&run["status"].as_str().unwrap_or_default()) {
                return run;
            }
            assert!(Instant::now() < end, "waited in vain for {run}");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// The published generation, once the server has published what it found at its start.
    pub async fn generation(&self) -> u64 {
        let generation = || self.state.orchestrator.publication().generation;
        self.until("the first publication", || generation() > 1).await;
        generation()
    }

    /// Waits until something is so.
    pub async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let end = Instant::now() + DEADLINE;
        while !is_so() {
            assert!(Instant::now() < end, "waited in vain: {what}");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until the failure of a table is stored, and returns its text.
    pub async fn sync_error(&self, table: &str) -> String {
        let error =
            || self.state.store.snapshot().sync.get(table).and_then(|state| Some(state.last_error()?.to_owned()));
        self.until("the failure is stored", || error().is_some()).await;
        error().expect("a failure")
    }
}
