//! A server that is killed while a table is made at its source.

use std::time::{Duration, Instant};

use agnes::base::{atomic_file, hash};
use rand::RngExt;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::program::PATIENCE;
use crate::{Asked, House};

const KILLS: u32 = 20;

/// Names of files of the source that never got their final name.
fn temporary_files(house: &House) -> Vec<String> {
    let entries = walkdir::WalkDir::new(house.place.data_dir().join("extracts")).into_iter().filter_map(Result::ok);
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| atomic_file::is_temporary(name)).collect()
}

/// Waits until a file of the source is being written.
fn wait_for_file(house: &House) {
    let deadline = Instant::now() + PATIENCE;
    while temporary_files(house).is_empty() {
        assert!(Instant::now() < deadline, "no file is ever written");
        std::thread::sleep(Duration::from_micros(300));
    }
}

#[test]
fn a_kill_while_a_table_is_made_leaves_the_last_one() {
    let Some(house) = House::new() else { return };
    house.offer("shop", &house.postgres.url(), "PG_PASSWORD", &[]);
    // Enough rows that making them takes a while; all of one round.
    let fill = |round: u32| {
        house.postgres.execute(&format!(
            "DROP TABLE IF EXISTS big; CREATE TABLE big AS SELECT {round} AS round, i AS id, md5(i::text) AS text
             FROM generate_series(1, 60000) t(i)"
        ));
    };
    fill(0);
    let mut asked = Asked::new(&house);
    let body = json!({"name": "big", "source_type": "shop", "query_mode": "materialized",
        "source_query": "SELECT * FROM pg.public.big"});
    assert_eq!(asked.http.post("/api/admin/register-table", &body).status, 201);
    assert_eq!(asked.sync()["status"], "ok");
    assert_eq!(asked.server.end(Signal::KILL).0, None);
    let mut random = rand::rng();
    let (mut before, mut during) = (0, 0);
    for round in 1..=KILLS {
        let asked = Asked::new(&house);
        let seen = temporary_files(&house);
        assert_eq!(seen, [""; 0], "a start sweeps what a kill left");
        fill(round);
        assert_eq!(asked.http.post("/api/sync/trigger", &json!(["big"])).status, 200);
        asked.server.wait_for("\"msg\":\"materializing\"", 1);
        // In turn at any moment, and while the file is written for sure.
        let longest = match round % 2 {
            0 => 400,
            _ => {
                wait_for_file(&house);
                40
            }
        };
        std::thread::sleep(Duration::from_millis(random.random_range(0..longest)));
        assert_eq!(asked.server.end(Signal::KILL).0, None);
        during += u32::from(!temporary_files(&house).is_empty());

        let asked = Asked::new(&house);
        let manifest = asked.manifest();
        let file = asked.http.get("/api/data/big/download");
        let mut hasher = hash::ContentHasher::default();
        hasher.update(&file.body);
        assert_eq!(Value::from(hasher.finish()), manifest["big"]["hash"]);
        let (status, rows) = asked.query("SELECT count(*), min(round), max(round) FROM big");
        let now = rows[0][1].as_u64().unwrap();
        assert_eq!((status, &rows), (200, &json!([[60_000, now, now]])), "all rows are of one round");
        assert!(now >= before && now <= u64::from(round), "{before} → {now} in round {round}");
        before = now;
        assert_eq!(asked.server.end(Signal::KILL).0, None);
    }
    eprintln!("{KILLS} kills, {during} of them left a half-made file; the last whole one was of round {before}");
    assert!(during > 0, "no kill came while a file was written");
}
