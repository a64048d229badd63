//! What analysts send of their own: transcripts, artifacts, local notes.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp};

async fn send(who: &Client, kind: &str, name: &str, content: impl Into<Vec<u8>>) -> Answer {
    let form = Form::new().part("file", Part::bytes(content.into()).file_name(name.to_owned()));
    who.send(who.request(Method::POST, &format!("/api/upload/{kind}")).multipart(form)).await
}

/// The files below a directory with their sizes.
fn files(folder: &Path) -> Vec<(String, u64)> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    let files = entries.filter(|entry| entry.file_type().is_file());
    files.map(|file| (file.file_name().to_str().unwrap().to_owned(), file.metadata().unwrap().len())).collect()
}

fn folder(app: &TestApp, kind: &str, email: &str) -> PathBuf {
    let id = app.state.store.snapshot().users.by_email(email).unwrap().id.clone();
    app.data_dir().join(kind).join(id)
}

async fn audited(app: &TestApp, action: &str) -> Vec<Value> {
    let log = app.admin().await.get(&format!("/api/admin/audit?action={action}")).await.ok();
    log["entries"].as_array().unwrap().iter().rev().map(|entry| entry["params"].clone()).collect()
}

#[tokio::test]
async fn a_transcript_that_grows_replaces_itself() {
    let app = TestApp::start().await;
    let bob = app.user("bob@example.com", &[]).await;
    assert_snapshot!(send(&bob, "sessions", "a.jsonl", "{\"turn\":1}\n").await, @r#"
    200 OK
    {"status":"ok","filename":"a.jsonl","size":11,"replaced":false}
    "#);
    assert_snapshot!(send(&bob, "sessions", "a.jsonl", "{\"turn\":1}\n{\"turn\":2}\n").await, @r#"
    200 OK
    {"status":"ok","filename":"a.jsonl","size":22,"replaced":true}
    "#);
    let folder = folder(&app, "user_sessions", "bob@example.com");
    let file = folder.join("a.jsonl");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let at = fs::metadata(&file).unwrap().modified().unwrap();
    assert_eq!(send(&bob, "sessions", "a.jsonl", "{\"turn\":1}\n{\"turn\":2}\n").await.ok()["size"], 22);
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), at, "the same content changes nothing");
    let of_size = |bytes: u64, replaced: bool| (json!("a.jsonl"), json!(bytes), json!(replaced));
    let recorded = audited(&app, "upload.session").await;
    let recorded: Vec<_> =
        recorded.iter().map(|it| (it["name"].clone(), it["bytes"].clone(), it["replaced"].clone())).collect();
    assert_eq!(recorded, [of_size(11, false), of_size(22, true)]);

    send(&bob, "artifacts", "a.jsonl", "x").await.ok();
    send(&app.admin().await.clone(), "sessions", "a.jsonl", "").await.ok();
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\"turn\":1}\n{\"turn\":2}\n", "nobody else's");
    assert_eq!(files(&app.data_dir().join("user_artifacts")), [("a.jsonl".to_owned(), 1)]);
}

#[tokio::test]
async fn names_lead_nowhere_else() {
    let app = TestApp::start().await;
    let bob = app.user("bob@example.com", &[]).await;
    let long = format!("{}.jsonl", "é".repeat(200));
    for name in [
        "../../etc/passwd",
        "/etc/shadow",
        ".hidden.jsonl",
        ".hidden.jsonl",
        "..",
        "..\\..\\x.jsonl",
        "x.agnes-tmp-1.jsonl",
        "",
        &long,
        "a\\b.jsonl",
    ] {
        let stored = send(&bob, "sessions", name, name).await.ok();
        assert_eq!(stored["size"], name.len(), "{name}: {stored}");
    }
    let folder = folder(&app, "user_sessions", "bob@example.com");
    let names: Vec<String> = files(&folder).into_iter().map(|(name, _)| name).collect();
    let known: Vec<&str> = names.iter().filter(|name| !name.starts_with("upload_")).map(String::as_str).collect();
    // A client doubles the backslash.
    assert_eq!(known[..3], ["a__b.jsonl", "passwd", "shadow"]);
    assert!(known[3].starts_with('é') && known[3].ends_with(".jsonl") && known.len() == 4, "{known:?}");
    // The hidden file, sent twice, replaced itself.
    let others: Vec<_> = names.iter().filter(|name| name.starts_with("upload_")).collect();
    assert_eq!((others.len(), others.iter().filter(|name| name.ends_with(".jsonl")).count()), (5, 3));
    assert_eq!(files(app.data_dir()).iter().filter(|(name, _)| name == "passwd").count(), 1);
}

#[tokio::test]
async fn what_is_not_a_file_is_refused() {
    let app = TestApp::start().await;
    let bob = app.user("bob@example.com", &[]).await;
    let form = |form: Form| bob.request(Method::POST, "/api/upload/artifacts").multipart(form);
    for (case, wrong) in [
        ("another field", Form::new().part("data", Part::bytes(vec![1]).file_name("a"))),
        ("no name", Form::new().part("file", Part::bytes(vec![1]))),
    ] {
        assert_eq!(bob.send(form(wrong)).await.status, 422, "{case}");
    }
    assert_eq!(bob.post_json("/api/upload/sessions", json!({})).await.status, 422);
    assert_eq!(bob.post_json("/api/upload/local-md", json!({})).await.status, 422);
    let largest = 50 * 1024 * 1024;
    assert_eq!(send(&bob, "artifacts", "most", vec![0; largest]).await.ok()["size"], largest);
    let refused = send(&bob, "artifacts", "more", vec![0; largest + 1]).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (413, &json!("File too large (max 50MB)")));
    assert_eq!(files(&app.data_dir().join("user_artifacts")), [("most".to_owned(), largest as u64)]);
}

/// A form with one field, in gzip.
fn packed(field: &str, content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    write!(encoder, "--x\r\nContent-Disposition: form-data; {field}\r\n\r\n").unwrap();
    encoder.write_all(content).unwrap();
    encoder.write_all(b"\r\n--x--\r\n").unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_form_may_come_in_gzip() {
    let app = TestApp::start().await;
    let bob = app.user("bob@example.com", &[]).await;
    let request = |body: Vec<u8>| {
        // A server that does not read a body to its end closes the connection, which the next request must not use.
        let request = bob.request(Method::POST, "/api/upload/sessions").header("connection", "close");
        request.header("content-encoding", "gzip").header("content-type", "multipart/form-data; boundary=x").body(body)
    };
    let send = async |body| bob.send(request(body)).await;
    let file = "name=\"file\"; filename=\"a.jsonl\"";
    let text = "{\"turn\":1}\n".repeat(50_000);
    assert_eq!(send(packed(file, text.as_bytes())).await.ok()["size"], text.len());
    let stored = folder(&app, "user_sessions", "bob@example.com").join("a.jsonl");
    assert_eq!(fs::read_to_string(&stored).unwrap(), text);

    let largest = 50 * 1024 * 1024;
    let refused = send(packed(file, &vec![0; largest + 1])).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["detail"]), (413, &json!("File too large (max 50MB)")));
    // What no limit of the handler would see: a field that it skips, and nothing in many pieces.
    let header = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".as_slice();
    let nothing = [header, &b"\0\0\0\xff\xff".repeat(2 * 1024 * 1024)].concat();
    for body in [packed("name=\"other\"", &vec![0; largest]), nothing] {
        // The server may close the connection before all has been sent.
        match request(body).send().await {
            Ok(answer) => assert_eq!(answer.status(), 400),
            Err(error) => assert!(!error.is_timeout(), "{error}"),
        }
    }
    let whole = packed(file, text.as_bytes());
    for (case, body) in [
        ("no end", whole[..whole.len() - 20].to_vec()),
        ("a wrong checksum", [&whole[..whole.len() - 8], &[1; 8]].concat()),
        ("no gzip", b"--x--\r\n".to_vec()),
    ] {
        assert_eq!(send(body).await.status, 400, "{case}");
    }
    assert_eq!(fs::read_to_string(&stored).unwrap(), text);
    let said = app.admin().await.get("/api/version").await.ok();
    assert_eq!(said["upload_encodings"], json!(["gzip"]));
}

#[tokio::test]
async fn one_person_has_limited_room() {
    let app = TestApp::start_with(&[("AGNES_USER_FILES", "3"), ("AGNES_USER_FILES_MB", "1")]).await;
    let (ann, bob) = (app.user("ann@example.com", &[]).await, app.user("bob@example.com", &[]).await);
    let half = vec![0; 512 * 1024];
    send(&bob, "sessions", "a", half.clone()).await.ok();
    send(&bob, "artifacts", "b", half.clone()).await.ok();
    assert_snapshot!(send(&bob, "sessions", "c", "x").await, @r#"
    409 Conflict
    {"detail":"Your files on the server would take 2 MB; you may have 1 MB"}
    "#);
    send(&ann, "sessions", "c", half).await.ok();
    // A file makes room for itself.
    send(&bob, "sessions", "a", vec![1; 1024]).await.ok();
    send(&bob, "sessions", "c", "x").await.ok();
    assert_snapshot!(send(&bob, "sessions", "d", "").await, @r#"
    409 Conflict
    {"detail":"You have 3 files on the server, which is the most"}
    "#);
    assert_eq!(files(&folder(&app, "user_sessions", "bob@example.com")), [("a".into(), 1024), ("c".into(), 1)]);
    assert_eq!(audited(&app, "upload.session").await.len(), 4);
}

#[tokio::test]
async fn local_notes() {
    let app = TestApp::start().await;
    let bob = app.user("bob@example.com", &[]).await;
    let notes = json!({ "content": "# Notes\nžluť\n" });
    assert_snapshot!(bob.post_json("/api/upload/local-md", notes.clone()).await, @r#"
    200 OK
    {"status":"ok","user":"bob@example.com","size":13}
    "#);
    bob.post_json("/api/upload/local-md", notes).await.ok();
    let folder = app.data_dir().join("user_local_md");
    // The first digits of the SHA-256 of the address.
    let name = "5ff860bf1190596c7188ab85.md";
    assert_eq!(files(&folder), [(name.to_owned(), 15)]);
    assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), "# Notes\nžluť\n");
    assert_eq!(audited(&app, "upload.local_md").await.len(), 1);
    assert_eq!(bob.post_json("/api/upload/local-md", json!({ "content": "x".repeat(1024 * 1024) })).await.status, 200);
    assert_eq!(
        bob.post_json("/api/upload/local-md", json!({ "content": "x".repeat(1024 * 1024 + 1) })).await.status,
        413
    );
    assert_eq!(files(&folder), [(name.to_owned(), 1024 * 1024)]);
}
