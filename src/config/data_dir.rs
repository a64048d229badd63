//! The layout of `DATA_DIR`: the only place that builds its paths.

use std::path::{Path, PathBuf};

#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// Makes the path absolute, since views contain paths below it.
    pub fn new(path: impl AsRef<Path>) -> std::io::Result<Self> {
        std::path::absolute(path).map(Self)
    }

    pub fn root(&self) -> &Path {
        &self.0
    }

    pub fn state(&self) -> PathBuf {
        self.0.join("state")
    }

    /// Held by the one process that may open the state database.
    pub fn lock(&self) -> PathBuf {
        self.state().join(".lock")
    }

    pub fn system_db(&self) -> PathBuf {
        self.state().join("system.duckdb")
    }

    /// Verified copies of the state database.
    pub fn snapshots(&self) -> PathBuf {
        self.state().join("snapshots")
    }

    /// The last runs of scheduled jobs.
    pub fn scheduler_state(&self) -> PathBuf {
        self.state().join("scheduler.json")
    }

    pub fn instance_overlay(&self) -> PathBuf {
        self.state().join("instance.yaml")
    }

    pub fn env_overlay(&self) -> PathBuf {
        self.state().join(".env_overlay")
    }

    pub fn jwt_secret(&self) -> PathBuf {
        self.state().join(".jwt_secret")
    }

    /// The previous signing key, after a rotation.
    pub fn previous_jwt_secret(&self) -> PathBuf {
        self.state().join(".jwt_secret_previous")
    }

    pub fn analytics(&self) -> PathBuf {
        self.0.join("analytics")
    }

    /// The published views.
    pub fn analytics_db(&self) -> PathBuf {
        self.analytics().join("server.duckdb")
    }

    /// The published parquet files that the views read; immutable, named by content.
    pub fn published(&self) -> PathBuf {
        self.analytics().join("published")
    }

    /// Partitioned tables as single files, for clients that request whole tables.
    pub fn merged(&self) -> PathBuf {
        self.analytics().join("merged")
    }

    /// Temporary files of exports and queries that do not fit in memory.
    pub fn spill(&self) -> PathBuf {
        self.analytics().join(".spill")
    }

    pub fn extracts(&self) -> PathBuf {
        self.0.join("extracts")
    }

    pub fn extract(&self, source: &str) -> PathBuf {
        self.extracts().join(source)
    }

    /// Where custom connectors write, before their extract is checked.
    pub fn staging(&self) -> PathBuf {
        self.extracts().join(".staging")
    }

    /// Default folder of the `local` source.
    pub fn uploaded_tables(&self) -> PathBuf {
        self.0.join("uploads").join("tables")
    }

    /// Profiles that the batch profiler of v0.35 wrote.
    pub fn legacy_profiles(&self) -> PathBuf {
        self.0.join("src_data/metadata/profiles.json")
    }

    pub fn docs(&self) -> PathBuf {
        self.0.join("docs")
    }
}
