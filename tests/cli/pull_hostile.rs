//! Manifests that lie: what cannot be used is said, and nothing outside of the workspace is touched.

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, numbers, parquet};
use crate::server_stand_in::{StandIn, Stream, md5};

/// Everything below HOME, with the contents of files.
fn home(sandbox: &Sandbox) -> Vec<(String, Vec<u8>)> {
    let entries = walkdir::WalkDir::new(sandbox.home()).sort_by_file_name().into_iter().map(Result::unwrap);
    let outside = entries.filter(|entry| !entry.path().starts_with(&sandbox.workspace));
    outside.map(|entry| (entry.path().display().to_string(), std::fs::read(entry.path()).unwrap_or_default())).collect()
}

fn offer(bytes: &[u8]) -> Value {
    json!({"hash": md5(bytes), "size_bytes": bytes.len(), "rows": 1, "query_mode": "local"})
}

fn manifest(server: &StandIn, tables: &Value) {
    server.answer("GET /api/sync/manifest", 200, json!({"tables": tables, "server_time": ""}));
}

#[test]
fn names_are_only_names() {
    let server = StandIn::start();
    let good = parquet("SELECT 1 AS id");
    // Words with a meaning elsewhere are names like others.
    for name in ["select", "NUL", "con", "main", "_published", "parts.json", "a..b", &"x".repeat(128)] {
        server.offer(name, &good);
    }
    let sandbox = Sandbox::signed_in(&server);
    assert_eq!(sandbox.run(&["pull", "--json"]).json()["tables_updated"], 8);
    assert_eq!(sandbox.value("SELECT \"select\".id FROM \"select\", nul, con, \"a..b\""), "1");

    let mut tables = json!({"good": offer(&good)});
    server.offer("good", &good);
    let names = [
        "",
        "/",
        "..",
        ".",
        "a/b",
        "../../evil",
        "/etc/evil",
        "a\0b",
        "a\nb",
        "a\\b",
        "C:\\evil",
        ".hidden",
        "-rf",
        "ä",
        "a b",
        "a'b",
        "a\"b",
        "%2e%2e%2fevil",
        &"x".repeat(129),
        &"x".repeat(100_000),
    ];
    for name in names {
        tables[name] = offer(&good);
    }
    manifest(&server, &tables);
    let before = home(&sandbox);
    let ran = sandbox.run(&["pull", "--json"]);
    assert_eq!((ran.code, &ran.json()["tables_updated"]), (4, &json!(1)), "{}", ran.text);
    assert_eq!(ran.json()["errors"].as_array().unwrap().len(), names.len());
    assert_eq!(home(&sandbox), before);
    let expected = [format!("server/files/good.{}.parquet", md5(&good)), "server/parquet/good.parquet".into()];
    let files: Vec<_> = sandbox.files().into_iter().filter(|name| name.starts_with("server")).collect();
    assert_eq!(files, expected);
    let requests = server.seen("/download");
    assert!(requests.iter().all(|seen| !seen.request.contains("evil")), "{requests:?}");
}

#[test]
fn parts_are_only_parts() {
    let server = StandIn::start();
    let old = parquet("SELECT 1 AS id");
    server.offer_parts("sales", &[("a", &old)]);
    let sandbox = Sandbox::signed_in(&server);
    sandbox.run(&["pull"]);
    let part = |name: &str, hash: &str| json!({"name": name, "hash": hash, "size_bytes": 5, "rows": 1});
    let hash = md5(b"");
    let before = home(&sandbox);
    let upper = hash.to_uppercase();
    for parts in [
        json!([part("../../../evil", &hash)]),
        json!([part("a", "../../../../../evil")]),
        json!([part("a\0", &hash)]),
        json!([part("b", &hash), part("b", &hash)]),
        json!([part("b", &hash), part("B", &hash)]),
        json!([part("b", &upper)]),
        json!([]),
    ] {
        let table = json!({"hash": "", "size_bytes": 5, "rows": 1, "query_mode": "local", "parts": parts});
        manifest(&server, &json!({"sales": table, "x.parquet": table}));
        let ran = sandbox.run(&["pull", "--json"]);
        assert_eq!((ran.code, ran.json()["errors"].as_array().unwrap().len()), (4, 2), "{}", ran.text);
        assert_eq!(sandbox.value("SELECT id FROM sales"), "1", "the table stays as it was");
        assert_eq!(home(&sandbox), before);
    }
}

#[test]
fn sizes_are_checked() {
    let server = StandIn::start();
    let bytes = numbers(1);
    server.offer("orders", &bytes);
    let sandbox = Sandbox::signed_in(&server);
    let pull = |size: Value, hash: &str| {
        let table = json!({"hash": hash, "size_bytes": size, "rows": 1, "query_mode": "local"});
        manifest(&server, &json!({"orders": table}));
        sandbox.run(&["pull"])
    };
    for (size, reason) in [
        (json!(10), "size mismatch: expected 10 bytes, got "),
        (json!(bytes.len() + 1), "connection lost: the response ended early"),
        (json!(-1), "does not answer like an Agnes server"),
        (json!("many"), "does not answer like an Agnes server"),
        (json!(u64::MAX), "the downloads need "),
    ] {
        let ran = pull(size, &md5(&bytes));
        assert!(ran.code != 0 && ran.stderr.contains(reason), "{}", ran.text);
    }
    assert_eq!(sandbox.pulled("orders"), None);
    // Without a size the hash decides, and without a hash the form of the file.
    assert_eq!(pull(Value::Null, &md5(&bytes)).code, 0);
    assert_eq!(sandbox.pulled("orders").unwrap(), bytes);
}

#[test]
fn downloads_stay_on_the_server() {
    let server = StandIn::start();
    let elsewhere = StandIn::start();
    let bytes = numbers(1);
    server.offer("named", &bytes);
    let sandbox = Sandbox::signed_in(&server);
    let pull = |path: &str| {
        let mut table = offer(&bytes);
        table["download_path"] = path.into();
        manifest(&server, &json!({"orders": table}));
        sandbox.run(&["pull"])
    };
    let host = elsewhere.url.strip_prefix("http:").unwrap().to_owned();
    for path in [elsewhere.url.as_str(), &host, &format!("/{host}"), "api/data/x", "/x?token=1", "/a b", "\\\\x\\y", ""]
    {
        let ran = pull(path);
        assert_eq!(ran.code, 1, "{path}: {}", ran.text);
        assert!(ran.stderr.contains("is not a path for a download"), "{}", ran.text);
    }
    assert!(elsewhere.seen("").is_empty() && server.seen("/download").is_empty());
    assert_eq!(pull("/api/data/named/download").code, 0);
    assert_eq!(sandbox.pulled("orders").unwrap(), bytes);
}

#[test]
fn ten_million_tables() {
    let server = StandIn::start();
    server.offer("orders", &numbers(1));
    let sandbox = Sandbox::signed_in(&server);
    sandbox.run(&["pull"]);
    let before = sandbox.files();
    let mut text = String::from("{\"tables\":{");
    for number in 0..10_000_000 {
        text.push_str("\"t");
        text.push_str(itoa(number, &mut [0; 8]));
        text.push_str("\":{},");
    }
    text.push_str("\"end\":{}},\"server_time\":\"\"}");
    server.manifest_as(Stream { bytes: text.into_bytes(), media_type: "application/json", ..Stream::default() });
    let ran = sandbox.run(&["pull"]);
    assert_eq!(ran.code, 7, "{}", ran.text);
    assert!(ran.stderr.contains("the manifest has more than 100000 tables"), "{}", ran.text);
    assert_eq!(sandbox.files(), before);
    assert_eq!(sandbox.value("SELECT count(*) FROM orders"), "3000");
}

/// Eight digits.
fn itoa(mut number: u32, digits: &mut [u8; 8]) -> &str {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap();
        number /= 10;
    }
    std::str::from_utf8(digits).unwrap()
}

#[test]
fn thousands_of_problems_are_counted() {
    let server = StandIn::start();
    let tables: serde_json::Map<_, _> = (0..3000).map(|number| (format!("../{number}"), offer(b""))).collect();
    manifest(&server, &tables.into());
    let ran = Sandbox::signed_in(&server).run(&["pull"]);
    assert_eq!((ran.code, ran.stderr.lines().count()), (1, 21));
    assert!(ran.stderr.ends_with("warn: and 2980 more; --json lists all\n"), "{}", ran.stderr);
}
