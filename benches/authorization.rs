//! What it costs to know who asks, and what grows with the number of people. Reports, never judges.
//!
//! Two servers of the built program stand side by side, one with ten users, groups and grants, one with 1,000 users, 200
//! groups and 20,000 grants. The same kind of caller (in ten groups) asks both in turn, over one kept connection.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark talks, and ends where its preparation fails"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use agnes::config::DataDir;
use agnes::engine::{self, Limits};
use agnes::store::{MigrationContext, Seeds, Store};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

const KEY: &str = "a signing key for a benchmark, 32 characters or more";
const ROUNDS: usize = 20;
const REQUESTS: usize = 500;

/// How much there is of everything.
struct Size {
    name: &'static str,
    users: usize,
    groups: usize,
    grants: usize,
}

const SMALL: Size = Size { name: "10 users, 10 groups, 10 grants", users: 10, groups: 10, grants: 10 };
const LARGE: Size = Size { name: "1,000 users, 200 groups, 20,000 grants", users: 1000, groups: 200, grants: 20_000 };

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(compare());
}

async fn compare() {
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    println!("profile {profile}; load average {}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    println!("\n{:<44} {:<40} {:>10} {:>10}", "", "", "median", "99th");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let small = Instance::start(&dir.path().join("small"), &SMALL).await;
    let large = Instance::start(&dir.path().join("large"), &LARGE).await;
    for path in ["/api/version", "/auth/me", "/api/sync/manifest", "/api/users"] {
        let (mut of_small, mut of_large) = (Vec::new(), Vec::new());
        // In turn, so that whatever else the machine does hits both.
        for _ in 0..ROUNDS {
            small.ask(path, &mut of_small).await;
            large.ask(path, &mut of_large).await;
        }
        let small_median = report(path, SMALL.name, &mut of_small);
        let large_median = report("", LARGE.name, &mut of_large);
        println!("{:<44} {:<40} {:>10.2}", "", "ratio", large_median.as_secs_f64() / small_median.as_secs_f64());
    }
}

fn report(path: &str, size: &str, times: &mut [Duration]) -> Duration {
    times.sort();
    let micros = |at: usize| times[at.min(times.len() - 1)].as_secs_f64() * 1e6;
    let median = times.len() / 2;
    println!("{path:<44} {size:<40} {:>7.0} µs {:>7.0} µs", micros(median), micros(times.len() * 99 / 100));
    times[median]
}

struct Instance {
    url: String,
    token: String,
    client: reqwest::Client,
    child: Child,
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Instance {
    async fn start(data_dir: &Path, size: &Size) -> Self {
        fill(data_dir, size).await;
        let mut child = Command::new(env!("CARGO_BIN_EXE_agnes"))
            .arg("serve")
            .env_clear()
            .env("DATA_DIR", data_dir)
            .env("CONFIG_DIR", data_dir)
            .env("HOME", data_dir)
            .env("AGNES_HOST", "127.0.0.1")
            .env("AGNES_PORT", "0")
            .env("JWT_SECRET_KEY", KEY)
            .env("AGNES_LOG_FORMAT", "json")
            // The one line that tells the address, and none for each request.
            .env("LOG_LEVEL", "agnes::server::start=info,error")
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("agnes serve");
        let stderr = child.stderr.take().expect("standard error");
        let line = BufReader::new(stderr)
            .lines()
            .map_while(Result::ok)
            .find(|line| line.contains("\"listening\""))
            .expect("a server that starts");
        let line: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
        let claims = json!({ "sub": "user-1", "email": "1@example.com", "typ": "session", "exp": 4_000_000_000_u64 });
        let key = EncodingKey::from_secret(KEY.as_bytes());
        Self {
            url: format!("http://{}", line["address"].as_str().expect("an address")),
            token: jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).expect("a token"),
            client: reqwest::Client::builder().no_proxy().build().expect("a client"),
            child,
        }
    }

    async fn ask(&self, path: &str, times: &mut Vec<Duration>) {
        for _ in 0..if path == "/api/users" { REQUESTS / 50 } else { REQUESTS } {
            let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.token);
            let begun = Instant::now();
            let answer = request.send().await.expect("an answer");
            assert!(answer.status().is_success(), "{path}: {}", answer.status());
            answer.bytes().await.expect("a body");
            times.push(begun.elapsed());
        }
    }
}

/// Makes a state database of that size. The caller is in the first ten groups, one of them Admin.
async fn fill(data_dir: &Path, size: &Size) {
    let place = DataDir::new(data_dir).expect("a path");
    let store = Store::open(&place, &MigrationContext::default(), &Seeds::default()).expect("a state database");
    store.close().await;
    let database = engine::open(&place.system_db(), &Limits::small()).expect("the state database");
    let Size { users, groups, grants, .. } = size;
    let sql = format!(
        "INSERT INTO users (id, email, name, active, created_at)
             SELECT 'user-' || n, n || '@example.com', 'User ' || n, true, current_timestamp FROM range({users}) t(n);
         INSERT INTO user_groups (id, name, is_system, created_by)
             SELECT 'group-' || n, 'Group ' || n, false, 'bench' FROM range({groups}) t(n);
         INSERT INTO user_group_members (user_id, group_id, source)
             SELECT 'user-' || u, 'group-' || ((u - 1 + n) % {groups}), 'admin' FROM range({users}) a(u), range(9) b(n);
         INSERT INTO user_group_members (user_id, group_id, source)
             SELECT 'user-1', id, 'admin' FROM user_groups WHERE name = 'Admin';
         INSERT INTO resource_grants (id, group_id, resource_type, resource_id)
             SELECT 'grant-' || n, 'group-' || (n % {groups}), 'table', 'table-' || (n // {groups})
             FROM range({grants}) t(n);
         CHECKPOINT"
    );
    database.execute_batch(&sql).expect("rows");
}
