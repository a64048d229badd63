//! More sign-ins at once than a server can hash passwords for.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::program::{PATIENCE, Place};

const SIGN_INS: usize = 500;
/// How much the process may grow by a flood: two hashes of 33 MiB at a time, 500 connections, and room to breathe.
const GROWTH_KIB: u64 = 256 * 1024;

/// The most memory that a process ever held, in KiB; `None`: it has ended.
pub fn peak(pid: u32) -> Option<u64> {
    memory(pid, "VmHWM:")
}

/// The same without its program, of which a daily build has 100 MB in memory.
pub fn own_peak(pid: u32) -> Option<u64> {
    Some(peak(pid)? - memory(pid, "RssFile:")?)
}

/// A line of what the kernel says about the memory of a process, in KiB.
pub fn memory(pid: u32, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[test]
fn a_flood_of_sign_ins_leaves_the_server_usable() {
    let place = Place::new(&[("AGNES_AUTH_RATELIMIT_ENABLED", "0"), ("AGNES_MAX_CONNECTIONS_PER_ADDRESS", "1000")]);
    let server = place.serve(&[]);
    let url = server.url.clone();
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
    let post = |path: &str, body: Value| client.post(format!("{url}{path}")).json(&body).send();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let before = runtime.block_on(async {
        let admin = json!({ "email": "admin@example.com", "password": "correct horse" });
        assert_eq!(post("/auth/bootstrap", admin.clone()).await.unwrap().status(), 200);
        assert_eq!(post("/auth/token", admin).await.unwrap().status(), 200);
        peak(server.child.id()).unwrap()
    });
    runtime.block_on(async {
        let sign_in = async |n: usize| {
            let password = if n.is_multiple_of(2) { "correct horse" } else { "wrong horse" };
            let body = json!({ "email": "admin@example.com", "password": password });
            post("/auth/token", body).await.unwrap().status().as_u16()
        };
        let mut flood = std::pin::pin!(join_all((0..SIGN_INS).map(sign_in)));
        let mut slowest = Duration::ZERO;
        let health = async {
            loop {
                let asked = Instant::now();
                let answer = client.get(format!("{url}/api/health")).send().await.unwrap();
                assert_eq!(answer.status(), 200);
                slowest = slowest.max(asked.elapsed());
            }
        };
        let statuses = tokio::select! {
            statuses = &mut flood => statuses,
            () = health => unreachable!("health is asked for ever"),
        };
        assert!(statuses.iter().all(|status| [200, 401, 429].contains(status)), "{statuses:?}");
        for expected in [200, 401] {
            assert!(statuses.contains(&expected), "nobody got {expected}");
        }
        assert!(slowest < Duration::from_secs(1), "health took {slowest:?}");
    });
    let growth = peak(server.child.id()).unwrap() - before;
    eprintln!("grew by {growth} KiB");
    assert!(growth < GROWTH_KIB, "grew by {growth} KiB");
    assert_eq!(server.end(Signal::TERM).0, Some(0));
}
