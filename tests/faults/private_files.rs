//! Other accounts of the machine read nothing in DATA_DIR.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::http::Http;
use crate::{SCHEDULER, place};

/// Everything below a directory, itself included, that the group or others have a right to.
fn open_to_others(directory: &Path) -> Vec<String> {
    walkdir::WalkDir::new(directory)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.metadata().unwrap().permissions().mode() & 0o077 != 0)
        .map(|entry| entry.path().display().to_string())
        .collect()
}

#[test]
fn every_role_and_the_engine_write_for_their_own_account_only() {
    let place = place();
    let folder = place.dir.path().join("files");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("orders.csv"), "id,amount\n1,2\n").unwrap();
    assert_eq!(place.run(&["extract", "files", folder.to_str().unwrap()]).code, 0);
    assert_eq!(place.run(&["rebuild"]).code, 0);
    assert_eq!(open_to_others(&place.data_dir()), [""; 0]);
    let server = place.serve(&[]);
    let http = Http::new(&server.url, SCHEDULER);
    assert_eq!(http.post("/api/admin/groups", &json!({"name": "analysts"})).status, 201);
    assert!(place.data_dir().join("state/system.duckdb.wal").is_file());
    assert!(place.data_dir().join("analytics/server.duckdb").is_file());
    assert_eq!(open_to_others(&place.data_dir()), [""; 0]);
}

#[test]
fn a_start_closes_what_older_versions_left_open() {
    let place = place();
    let data = place.data_dir().join("extracts/shop/data");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("orders.parquet"), "rows").unwrap();
    for path in [&data.join("orders.parquet"), &data, &place.data_dir()] {
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    let server = place.serve(&[]);
    server.wait_for("closed files in DATA_DIR to other accounts", 1);
    assert_eq!(open_to_others(&place.data_dir()), [""; 0]);
}
