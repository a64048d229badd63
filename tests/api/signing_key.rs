use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use insta::assert_snapshot;
use serde_json::json;

use crate::support::people::{ADMIN, PASSWORD, text};
use crate::support::tokens::KEY;
use crate::support::{Client, TestApp};

#[tokio::test]
async fn sessions_go_on_for_a_day_and_tokens_for_longer() {
    for (hours, works) in [(23, 200), (25, 401)] {
        let dir = tempfile::tempdir().unwrap();
        // Stays when the first server is gone.
        let root = dir.path().to_owned();
        let app = TestApp::start_in(dir, &[]).await;
        let before = app.bootstrap().await;
        let made = before.post_json("/auth/tokens", json!({ "name": "x" })).await.ok();
        let key = || std::fs::read_to_string(root.join("state/.jwt_secret")).unwrap();
        let old = key();
        let answer = before.post_json("/api/admin/signing-key/rotate", json!({})).await;
        assert!(answer.ok()["previous_valid_until"].is_string());
        assert_ne!(key(), old);
        let files = ["state/.jwt_secret", "state/.jwt_secret_previous"].map(|name| root.join(name));
        for file in &files {
            assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let after = app.sign_in(ADMIN, PASSWORD).await;
        let bearer = app.with_token(&text(&made["token"]));
        for who in [&before, &after, &bearer] {
            assert_eq!(who.get("/auth/me").await.status, 200);
        }
        let log = after.get("/api/admin/audit?action=signing_key.rotate").await.ok();
        assert_eq!(log["entries"][0]["user_email"], ADMIN);

        let second = tempfile::tempdir().unwrap();
        app.state.store.close().await;
        std::fs::create_dir(second.path().join("state")).unwrap();
        for name in [".jwt_secret", ".jwt_secret_previous", "system.duckdb"] {
            std::fs::copy(root.join("state").join(name), second.path().join("state").join(name)).unwrap();
        }
        let previous =
            std::fs::File::options().write(true).open(second.path().join("state/.jwt_secret_previous")).unwrap();
        previous.set_modified(SystemTime::now() - Duration::from_secs(hours * 3600)).unwrap();
        let restarted = TestApp::start_in(second, &[]).await;
        let me = async |who: &Client| restarted.with_token(who.token()).get("/auth/me").await.status.as_u16();
        assert_eq!((me(&before).await, me(&after).await, me(&bearer).await), (works, 200, 200), "{hours} hours later");
    }
}

#[tokio::test]
async fn a_key_of_the_environment_is_rotated_there() {
    let app = TestApp::start_with(&[("JWT_SECRET_KEY", KEY)]).await;
    assert_snapshot!(app.admin().await.post_json("/api/admin/signing-key/rotate", json!({})).await, @r#"
        409 Conflict
        {"detail":"the signing key comes from JWT_SECRET_KEY; to rotate it, set JWT_SECRET_KEY_PREVIOUS to its value and JWT_SECRET_KEY to a new one, and restart the server"}
        "#);
    let log = app.admin().await.get("/api/admin/audit?action=signing_key.rotate").await.ok();
    assert_eq!(log["count"], 0, "what did not happen is not recorded");
}
