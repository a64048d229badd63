//! A full disk: what was acknowledged or published stays, what fails says so, and all goes on once there is room.

use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::http::Http;
use crate::mount::Mount;
use crate::program::Place;
use crate::{SCHEDULER, place, temporary_files};

#[test]
fn a_full_disk_refuses_writes_and_serves_on() {
    let place = place();
    let Some(mount) = Mount::tmpfs(&place.data_dir(), "size=6m") else { return };
    let server = place.serve(&[]);
    let http = Http::new(&server.url, SCHEDULER);
    let (mut acknowledged, mut refused) = (Vec::new(), None);
    let description = "x".repeat(2000);
    for number in 0..6000 {
        let name = format!("group {number}");
        let reply = http.post("/api/admin/groups", &json!({"name": name, "description": description}));
        match reply.status {
            201 => acknowledged.push(name),
            507 => {
                assert!(reply.text().contains("the disk is full"), "{}", reply.text());
                refused = Some(number);
                break;
            }
            other => panic!("{other}: {}", reply.text()),
        }
    }
    assert!(refused.is_some() && acknowledged.len() > 3, "{} writes fit", acknowledged.len());
    let names = |http: &Http| -> Vec<String> {
        let groups = http.get("/api/admin/groups").json();
        let names = groups.as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap().to_owned());
        names.filter(|name| name.starts_with("group ")).collect()
    };
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    // Reads go on, and say exactly what was acknowledged.
    assert_eq!(sorted(names(&http)), sorted(acknowledged.clone()));
    assert_eq!(http.get("/api/health").status, 200);
    assert_eq!(server.end(Signal::KILL).0, None);

    // Room was made: everything is there and writes work again.
    mount.remount("size=64m");
    let server = place.serve(&[]);
    let http = Http::new(&server.url, SCHEDULER);
    assert_eq!(sorted(names(&http)), sorted(acknowledged));
    let group: Value = json!({"name": "after"});
    assert_eq!(http.try_send(Method::POST, "/api/admin/groups", &group).unwrap().status, 201);
    assert_eq!(server.end(Signal::TERM).0, Some(0));
}

#[test]
fn a_sync_without_room_leaves_what_is_published() {
    let folder = tempfile::tempdir().unwrap();
    let write = |rows: u32| {
        // Text that does not compress.
        let text = |id: u32| agnes::base::hash::sha256_hex(&id.to_string());
        let lines: String = (0..rows).map(|id| format!("{id},{}\n", text(id))).collect();
        std::fs::write(folder.path().join("orders.csv"), format!("id,text\n{lines}")).unwrap();
    };
    let place = Place::new(&[("SCHEDULER_API_TOKEN", SCHEDULER), ("AGNES_FILES_DIR", folder.path().to_str().unwrap())]);
    let Some(mount) = Mount::tmpfs(&place.data_dir(), "size=8m") else { return };
    let server = place.serve(&[]);
    let http = Http::new(&server.url, SCHEDULER);
    let sync = || assert_eq!(http.post("/api/sync/trigger", &Value::Null).status, 200);
    write(10);
    assert_eq!(http.post("/api/admin/register-table", &json!({"name": "orders", "source_type": "local"})).status, 201);
    sync();
    server.wait_for("\"msg\":\"sync finished\"", 1);
    let offered = |http: &Http| http.get("/api/sync/manifest").json()["tables"]["orders"].clone();
    let before = offered(&http);
    assert_eq!(before["rows"], 10);

    // 8 MB are less than the file may need, so that nothing is begun.
    write(200_000);
    sync();
    server.wait_for("\"msg\":\"table not extracted\"", 1);
    server.wait_for("\"msg\":\"sync finished\"", 2);
    assert_eq!(offered(&http), before);
    assert_eq!(http.get("/api/data/orders/download").status, 200);
    let answer = http.post("/api/query", &json!({"sql": "SELECT count(*) FROM orders"})).json();
    assert_eq!(answer["rows"], json!([[10]]));
    let registry = http.get("/api/admin/registry").json();
    let error = registry["tables"][0]["last_sync_error"].as_str().unwrap().to_lowercase();
    assert!(error.contains("disk") || error.contains("no space") || error.contains("space left"), "{error}");
    assert_eq!(temporary_files(&place.data_dir()), [""; 0]);

    mount.remount("size=200m");
    sync();
    server.wait_for("\"msg\":\"sync finished\"", 3);
    assert_eq!(offered(&http)["rows"], 200_000);
    assert_eq!(server.end(Signal::TERM).0, Some(0));
}
