//! What people see of the transcripts that they have sent.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

async fn send(who: &Client, kind: &str, name: &str, content: &str) {
    let form = Form::new().part("file", Part::text(content.to_owned()).file_name(name.to_owned()));
    who.send(who.request(Method::POST, &format!("/api/upload/{kind}")).multipart(form)).await.ok();
}

async fn names(who: &Client, query: &str) -> (Vec<String>, Value) {
    let list = who.get(&format!("/api/me/transcripts{query}")).await.ok();
    let names = list["transcripts"].as_array().unwrap().iter();
    (names.map(|it| it["filename"].as_str().unwrap().to_owned()).collect(), list["total"].clone())
}

#[tokio::test]
async fn everybody_sees_their_own() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.user("ann@example.com", &[]).await, app.user("bob@example.com", &[]).await);
    assert_eq!(bob.get("/api/me/transcripts").await.ok(), json!({"transcripts": [], "total": 0}));
    for (name, content) in
        [("a.jsonl", "{}\n"), ("b é\u{201c}.jsonl", "{\"n\":2}\n"), ("c.jsonl", ""), ("notes.txt", "x")]
    {
        send(&bob, "sessions", name, content).await;
    }
    send(&bob, "artifacts", "d.jsonl", "x").await;
    send(&ann, "sessions", "ann.jsonl", "{}").await;
    let id = app.user_id("bob@example.com").await;
    let folder = app.data_dir().join("user_sessions").join(id);
    let now = SystemTime::now();
    for (age, name) in [(30, "a.jsonl"), (10, "b é\u{201c}.jsonl"), (20, "c.jsonl")] {
        let file = File::options().write(true).open(folder.join(name)).unwrap();
        file.set_modified(now - Duration::from_secs(age)).unwrap();
    }
    // Nothing that Agnes has put there.
    fs::create_dir(folder.join("folder.jsonl")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.join("link.jsonl")).unwrap();
    fs::write(folder.join(".hidden.jsonl"), "x").unwrap();

    let newest = "b é\u{201c}.jsonl".to_owned();
    assert_eq!(names(&bob, "").await, (vec![newest.clone(), "c.jsonl".into(), "a.jsonl".into()], json!(3)));
    assert_eq!(names(&bob, "?limit=1&offset=1").await, (vec!["c.jsonl".into()], json!(3)));
    assert_eq!(names(&bob, "?offset=1000000").await, (vec![], json!(3)));
    assert_eq!(bob.get("/api/me/transcripts?limit=0").await.status, 422);
    let list = bob.get("/api/me/transcripts?limit=1").await.ok();
    assert_eq!(list["transcripts"][0]["size"], 8);
    assert!(list["transcripts"][0]["uploaded_at"].as_str().unwrap().ends_with("+00:00"), "{list}");

    let request = bob.request(Method::GET, "/api/me/transcripts/b%20%C3%A9%E2%80%9C.jsonl");
    let response = request.send().await.unwrap();
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/x-ndjson");
    assert_eq!(
        header("content-disposition"),
        "attachment; filename=\"b __.jsonl\"; filename*=UTF-8''b%20%C3%A9%E2%80%9C.jsonl"
    );
    assert_eq!(response.text().await.unwrap(), "{\"n\":2}\n");
    for name in [
        "ann.jsonl",
        "d.jsonl",
        "notes.txt",
        "folder.jsonl",
        "link.jsonl",
        ".hidden.jsonl",
        "..%2Fann.jsonl",
        "%2Fetc%2Fpasswd.jsonl",
        "a.jsonl%00.jsonl",
        "..%5Ca.jsonl",
    ] {
        let refused = bob.get(&format!("/api/me/transcripts/{name}")).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (404, &json!("Not found")), "{name}");
    }
}
