//! What the log of the server says about each request.

use serde_json::{Value, json};

use crate::http::Http;
use crate::{SCHEDULER, place};

#[test]
fn it_names_person_route_tables_and_result_but_no_address_or_query() {
    let place = place();
    let folder = place.dir.path().join("files");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("orders.csv"), "id,amount\n1,2\n").unwrap();
    assert_eq!(place.run(&["extract", "files", folder.to_str().unwrap()]).code, 0);
    assert_eq!(place.run(&["rebuild"]).code, 0);
    let server = place.serve(&[]);
    let http = Http::new(&server.url, SCHEDULER);
    let users = http.get("/api/users").json();
    let scheduler = users.as_array().unwrap().iter().find(|user| user["email"] == "scheduler@system.local").unwrap();
    assert_eq!(http.post("/api/query", &json!({"sql": "SELECT id FROM orders WHERE amount = 2"})).status, 200);
    assert_eq!(http.get("/api/data/orders/download?who=someone").status, 200);
    let line = |route: &str| -> Value {
        serde_json::from_str(&server.wait_for(&format!("\"route\":\"{route}\""), 1)).unwrap()
    };
    let listed = line("/api/users");
    assert_eq!((&listed["user"], &listed["status"]), (&scheduler["id"], &json!(200)));
    assert!(listed["duration_ms"].as_f64().unwrap() > 0.0 && listed["tables"].is_null());
    for route in ["/api/query", "/api/data/{table}/download"] {
        let read = line(route);
        assert_eq!((&read["user"], &read["tables"]), (&scheduler["id"], &json!("orders")), "{read}");
        assert!(["@", "WHERE", "someone"].iter().all(|part| !read.to_string().contains(part)), "{read}");
    }
}
