//! A data directory as v0.35 left it.
//!
//! Users `admin@example.com` (in Admin) and `ann@example.com` (in `analysts`, which is granted the table `flights`);
//! registered are `flights`, `weather` and `airlines` of the source `local`.

use agnes::engine::{self, Limits};

use super::unpack::unpack;
use super::{TestApp, tokens};

pub const ADMIN: (&str, &str) = ("admin@example.com", "correct horse 1");
pub const ANN: (&str, &str) = ("ann@example.com", "battery staple 2");
/// A personal token of ann, valid until 2036.
pub const ANNS_TOKEN: &str = concat!(
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI0MjVmM2I4ZC01M2M0LTQzNTgtOWFlMS1hN2NiNWI4ODgyMzUiLCJ",
    "lbWFpbCI6ImFubkBleGFtcGxlLmNvbSIsInR5cCI6InBhdCIsImlhdCI6MTc5NTQwMzAzMiwianRpIjoiYzdmZDdlYWEtYzcyZC0",
    "0NjU2LWIxZjktNDU0ZTFhOGJlNTcyIiwiZXhwIjoyMTEwNzYzMDMyLCJzY29wZSI6ImdlbmVyYWwifQ.lx0GCbiXO7ZtuN9fS2wl",
    "lOoV2Xv3zKkMQ3d6erxSSxU",
);

impl TestApp {
    /// Starts on the database of v0.35, changed by `sql` before.
    pub async fn start_v0_35(sql: &str) -> Self {
        Self::start_v0_35_with(sql, &[]).await
    }

    /// The same with further environment variables.
    pub async fn start_v0_35_with(sql: &str, env: &[(&str, &str)]) -> Self {
        let data_dir = tempfile::tempdir().expect("a temporary directory");
        let state = data_dir.path().join("state");
        unpack("clean", &state).expect("an intact fixture");
        if !sql.is_empty() {
            let connection = engine::open(&state.join("system.duckdb"), &Limits::small()).expect("a database");
            connection.execute_batch(sql).expect("SQL that fits");
        }
        let key = [("JWT_SECRET_KEY", tokens::KEY)];
        Self::start_in(data_dir, &[&key, env].concat()).await
    }
}
