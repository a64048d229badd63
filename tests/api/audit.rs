use agnes::engine::{self, Limits};
use agnes::store::Reader;
use serde_json::{Value, json};

use crate::support::people::list;
use crate::support::{Client, TestApp, v0_35};

/// Every page of the log, from the newest row.
async fn pages(admin: &Client, query: &str) -> Vec<Value> {
    let (mut all, mut before) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("/api/admin/audit?limit=7{query}{before}")).await.ok();
        all.extend(list(&page["entries"]).iter().cloned());
        match page["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => return all,
        }
    }
}

async fn verify(admin: &Client, query: &str) -> Value {
    admin.get(&format!("/api/admin/audit/verify{query}")).await.ok()
}

/// A server of v0.35 that has been taken over, stopped, changed by `sql` and started again; `{head}` of the first run.
async fn tampered(sql: &str) -> (TestApp, Client, String) {
    let first = TestApp::start_v0_35("").await;
    let admin = first.sign_in(v0_35::ADMIN.0, v0_35::ADMIN.1).await;
    for name in ["one", "two", "three"] {
        admin.post_json("/api/admin/groups", json!({ "name": name })).await.ok();
    }
    let checked = verify(&admin, "").await;
    assert_eq!((&checked["ok"], &checked["broken"]), (&json!(true), &Value::Null), "{checked}");
    assert_eq!(checked["rows"], checked["head"]["seq"]);
    first.state.store.close().await;
    let second = tempfile::tempdir().unwrap();
    let path = second.path().join("state/system.duckdb");
    std::fs::create_dir(second.path().join("state")).unwrap();
    std::fs::copy(first.data_dir().join("state/system.duckdb"), &path).unwrap();
    if !sql.is_empty() {
        engine::open(&path, &Limits::small()).unwrap().execute_batch(sql).unwrap();
    }
    let app = TestApp::start_in(second, &[("JWT_SECRET_KEY", crate::support::tokens::KEY)]).await;
    let admin = app.with_token(admin.token());
    (app, admin, checked["head"]["hash"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn pages_and_filters() {
    let app = TestApp::start_v0_35("").await;
    let admin = app.sign_in(v0_35::ADMIN.0, v0_35::ADMIN.1).await;
    let body = json!({ "email": "Eve@example.com", "password": "wrong horse" });
    assert_eq!(app.post_json("/auth/token", body).await.status, 401);
    admin.post_json("/api/admin/groups", json!({ "name": "one" })).await.ok();
    let all = pages(&admin, "").await;
    let seqs: Vec<_> = all.iter().map(|entry| entry["seq"].as_i64()).collect();
    let newest = seqs[0].unwrap();
    let expected: Vec<_> = (1..=newest).rev().map(Some).chain(std::iter::repeat_n(None, 19)).collect();
    assert_eq!(seqs, expected, "the chain, then what v0.35 wrote");
    let mut ids: Vec<_> = all.iter().map(|entry| entry["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all.len());
    assert_eq!(all[0]["action"], "user_group.created");
    assert_eq!((&all[0]["user_email"], &all[0]["params"]["ip"]), (&json!(v0_35::ADMIN.0), &json!("127.0.0.1")));

    for (query, wanted) in [
        ("&action=user_group.*", "user_group."),
        ("&action=login_failed", "login_failed"),
        ("&user=eve@example.com", "login_failed"),
    ] {
        let found = pages(&admin, query).await;
        assert!(!found.is_empty(), "{query}");
        assert!(found.iter().all(|entry| entry["action"].as_str().unwrap().starts_with(wanted)), "{query}: {found:?}");
    }
    let by_admin = pages(&admin, "&user=ADMIN@example.com").await;
    assert!(!by_admin.is_empty());
    for entry in by_admin {
        let is_admins = entry["user_email"] == v0_35::ADMIN.0 || entry["params"]["email"] == v0_35::ADMIN.0;
        assert!(is_admins, "{entry}");
    }
    let since = all[0]["timestamp"].as_str().unwrap().replace(' ', "T");
    assert_eq!(pages(&admin, &format!("&since={since}")).await.len(), 1);
    assert_eq!(pages(&admin, &format!("&until={since}%2B00:00")).await.len(), all.len() - 1);
    assert_eq!(pages(&admin, "&action='%20OR%20true").await.len(), 0);
    for query in ["limit=0", "limit=501", "limit=x", "before=x", "since=yesterday"] {
        assert_eq!(admin.get(&format!("/api/admin/audit?{query}")).await.status, 422, "{query}");
    }
}

/// A read that takes long, such as the check of a long log, holds up neither changes nor other reads.
#[tokio::test]
async fn a_long_read_holds_up_nobody() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let store = app.state.store.clone();
    let rows = |reader: &Reader<'_>| reader.one("SELECT count(*) FROM audit_log", [], |row| row.get::<_, i64>(0));
    let long = tokio::spawn(async move {
        let read = move |reader: &Reader<'_>| {
            let first = rows(reader)?;
            let _ = begun.send(());
            let _ = ended.recv();
            Ok((first, rows(reader)?))
        };
        store.read(read).await
    });
    has_begun.await.unwrap();
    admin.post_json("/api/admin/groups", json!({ "name": "meanwhile" })).await.ok();
    assert_eq!(pages(admin, "&action=user_group.created").await.len(), 1);
    assert_eq!(verify(admin, "").await["ok"], true);
    end.send(()).unwrap();
    let (first, last) = long.await.unwrap().unwrap();
    assert_eq!(first, last, "the long read sees one state throughout");
}

#[tokio::test]
async fn an_untouched_log_holds_and_goes_through_its_earlier_heads() {
    let (_app, admin, head) = tampered("").await;
    let checked = verify(&admin, &format!("?head={head}")).await;
    assert_eq!((&checked["ok"], &checked["broken"]), (&json!(true), &Value::Null));
    let unknown = verify(&admin, &format!("?head={}", "0".repeat(64))).await;
    assert_eq!(unknown["ok"], false);
}

#[tokio::test]
async fn tampering_is_found_and_its_place_named() {
    let copy =
        |seq: &str| format!("INSERT INTO audit_log SELECT * REPLACE ({seq} AS seq) FROM audit_log WHERE seq = 3");
    for (sql, broken) in [
        ("UPDATE audit_log SET user_id = 'eve' WHERE seq = 3".to_owned(), "row 3 was changed"),
        ("UPDATE audit_log SET params = '{\"name\":\"x\"}' WHERE seq = 3".to_owned(), "row 3 was changed"),
        ("DELETE FROM audit_log WHERE seq = 3".to_owned(), "row 3 is missing"),
        (
            "UPDATE audit_log SET seq = CASE seq WHEN 3 THEN 4 ELSE 3 END WHERE seq IN (3, 4)".to_owned(),
            "row 3 does not",
        ),
        (copy("3"), "row 4 is missing"),
        (copy("0"), "beside the chain"),
        ("UPDATE audit_log SET result = 'x' WHERE seq IS NULL".to_owned(), "before the chain began"),
        ("UPDATE audit_log SET seq = NULL WHERE seq = 3".to_owned(), "before the chain began"),
    ] {
        let (_app, admin, _) = tampered(&sql).await;
        let checked = verify(&admin, "").await;
        let text = checked["broken"].as_str().unwrap_or_default();
        assert!(checked["ok"] == false && text.contains(broken), "{sql}: {checked}");
    }
}

#[tokio::test]
async fn a_log_that_was_cut_lacks_its_earlier_head() {
    let (_app, admin, head) = tampered("DELETE FROM audit_log WHERE seq = (SELECT max(seq) FROM audit_log)").await;
    assert_eq!(verify(&admin, "").await["ok"], true, "what is left is a whole chain");
    let checked = verify(&admin, &format!("?head={head}")).await;
    assert!(checked["broken"].as_str().unwrap().contains("given head"), "{checked}");
}

#[tokio::test]
async fn refusals_are_recorded_once_a_minute() {
    let app = TestApp::start().await;
    let ann = app.user("ann@example.com", &[]).await;
    for _ in 0..5 {
        assert_eq!(ann.get("/api/users?token=secret").await.status, 403);
    }
    assert_eq!(ann.delete("/api/admin/groups/none").await.status, 403);
    assert_eq!(app.get("/api/users").await.status, 401);
    let found = loop {
        let found = pages(app.admin().await, "&action=access.denied").await;
        if found.len() >= 2 {
            break found;
        }
    };
    let resources: Vec<_> = found.iter().map(|entry| entry["resource"].as_str().unwrap()).collect();
    assert!(resources.contains(&"GET /api/users") && resources.contains(&"DELETE /api/admin/groups/none"));
    assert_eq!(found.len(), 2);
    assert_eq!(
        (&found[0]["result"], &found[0]["user_email"]),
        (&json!("Admin access required"), &json!("ann@example.com"))
    );
}
