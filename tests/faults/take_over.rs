//! Data directories of v0.35.

use agnes::engine::{self, Limits};
use rustix::process::Signal;
use serde_json::json;

use crate::http::Http;
use crate::program::Place;
use crate::unpack::unpack;
use crate::{assert_refused, contents};

/// The key that signed the tokens of these databases.
const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";
/// A personal access token of ann, valid until 2036.
const LIVE: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI0MjVmM2I4ZC01M2M0LTQzNTgtOWFlMS1hN2NiNWI4ODgyMzUiLCJlbWFpbCI6ImFubkBleGFtcGxlLmNvbSIsInR5cCI6InBhdCIsImlhdCI6MTc5NTQwMzAzMiwianRpIjoiYzdmZDdlYWEtYzcyZC00NjU2LWIxZjktNDU0ZTFhOGJlNTcyIiwiZXhwIjoyMTEwNzYzMDMyLCJzY29wZSI6ImdlbmVyYWwifQ.lx0GCbiXO7ZtuN9fS2wllOoV2Xv3zKkMQ3d6erxSSxU";

/// A database of v0.35 after a clean stop, or as a kill left it.
fn v0_35(state: &str) -> Place {
    let place = Place::new(&[("JWT_SECRET_KEY", KEY)]);
    unpack(state, &place.data_dir().join("state")).unwrap();
    place
}

#[test]
fn both_states_start_and_old_passwords_tokens_and_grants_work() {
    for state in ["clean", "killed"] {
        let place = v0_35(state);
        let folder = place.data_dir().join("uploads/tables");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, rows) in [("flights", "1\n2\n3\n"), ("weather", "1\n"), ("airlines", "1\n")] {
            std::fs::write(folder.join(format!("{name}.csv")), format!("id\n{rows}")).unwrap();
        }
        for start in 1..=2 {
            let server = place.serve(&[]);
            let anybody = Http::new(&server.url, "");
            let sign_in = |email: &str, password: &str| {
                anybody.post("/auth/token", &json!({"email": email, "password": password}))
            };
            assert_eq!(sign_in("ann@example.com", "correct horse 1").status, 401);
            let admin = sign_in("admin@example.com", "correct horse 1").json();
            let admin = Http::new(&server.url, admin["access_token"].as_str().unwrap());
            assert_eq!(admin.post("/api/sync/trigger", &json!(null)).status, 200);
            server.wait_for("\"msg\":\"sync finished\"", 1);
            let ann = sign_in("ann@example.com", "battery staple 2").json();
            for token in [ann["access_token"].as_str().unwrap(), LIVE] {
                let http = Http::new(&server.url, token);
                assert_eq!(http.get("/auth/me").json()["email"], "ann@example.com", "{state}, start {start}");
                let manifest = http.get("/api/sync/manifest").json();
                let tables: Vec<_> = manifest["tables"].as_object().unwrap().keys().collect();
                assert_eq!(tables, ["flights"], "{state}, start {start}");
                assert_eq!(manifest["tables"]["flights"]["rows"], 3);
                assert_eq!(http.get("/api/data/weather/download").status, 403);
            }
            assert_eq!(server.end(Signal::TERM).0, Some(0));
        }
        let copies = contents(&place.data_dir().join("state"));
        let copies = copies.iter().filter(|(name, _)| name.contains("pre-migrate-") && !name.ends_with(".wal"));
        assert_eq!(copies.count(), 1, "{state}: one copy, made at the first start");
    }
}

#[test]
fn what_is_too_old_or_foreign_is_refused_and_left_alone() {
    let place = v0_35("clean");
    let database = place.data_dir().join("state/system.duckdb");
    let change = |sql: &str| {
        let connection = engine::open(&database, &Limits::small()).unwrap();
        connection.execute_batch(sql).unwrap();
        connection.execute_batch("CHECKPOINT").unwrap();
    };
    let refused = |parts: &[&str]| {
        let before = contents(&database);
        assert_refused(&place.run(&["serve"]), parts);
        assert_eq!(contents(&database), before);
        assert!(!place.data_dir().join("analytics").exists());
    };
    change("UPDATE schema_version SET version = 7");
    refused(&["schema version 7", "start release v0.35 on it once"]);
    change("DROP TABLE schema_version");
    refused(&["has no schema version"]);
    std::fs::write(&database, "no database at all").unwrap();
    refused(&["system.duckdb"]);
}
