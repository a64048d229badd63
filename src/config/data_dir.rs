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

    pub fn extract(&self, source: &str) -> PathBuf {
        self.extracts().join(source)
    }
}

macro_rules! paths {
    ($($(#[$doc:meta])* $name:ident = $path:literal,)*) => {
        impl DataDir {
            $($(#[$doc])* pub fn $name(&self) -> PathBuf { self.0.join($path) })*
        }
    };
}

paths! {
    state = "state",
    /// Held by the one process that may open the state database.
    lock = "state/.lock",
    system_db = "state/system.duckdb",
    /// Verified copies of the state database.
    snapshots = "state/snapshots",
    /// The last runs of scheduled jobs.
    scheduler_state = "state/scheduler.json",
    instance_overlay = "state/instance.yaml",
    env_overlay = "state/.env_overlay",
    jwt_secret = "state/.jwt_secret",
    /// The previous signing key, after a rotation.
    previous_jwt_secret = "state/.jwt_secret_previous",
    second_factor_key = "state/.second_factor_key",
    /// The previous key of second factors, after a rotation.
    previous_second_factor_key = "state/.second_factor_key_previous",
    analytics = "analytics",
    /// The published views.
    analytics_db = "analytics/server.duckdb",
    /// The published parquet files that the views read; immutable, named by content.
    published = "analytics/published",
    /// Partitioned tables as single files, for clients that request whole tables.
    merged = "analytics/merged",
    /// Temporary files of exports and queries that do not fit in memory.
    spill = "analytics/.spill",
    extracts = "extracts",
    /// Where custom connectors write, before their extract is checked.
    staging = "extracts/.staging",
    /// Default folder of the `local` source.
    uploaded_tables = "uploads/tables",
    /// Transcripts that analysts send, by user id.
    user_sessions = "user_sessions",
    /// Other files that they send, by user id.
    user_artifacts = "user_artifacts",
    /// Their local notes.
    user_local_md = "user_local_md",
    /// Profiles that the batch profiler of v0.35 wrote.
    legacy_profiles = "src_data/metadata/profiles.json",
    docs = "docs",
    /// Who read what, one file per day.
    logs = "logs",
}
