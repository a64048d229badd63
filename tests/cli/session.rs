//! `auth whoami` and `auth logout`.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::server_stand_in::{StandIn, TOKEN};

fn me() -> Value {
    json!({"id": "u1", "user_id": "u1", "email": "ann@example.com", "name": null, "role": "admin", "is_admin": true,
        "is_sso_user": false, "active": true, "created_at": null,
        "groups": [{"id": "g1", "name": "Admin", "is_system": true, "origin": "system"}],
        "auth": {"type": "session", "expires_at": "2026-11-24 02:07:22+00:00", "token_id": null}})
}

/// Signed in by a stored token.
fn with_stored_token(server: &StandIn) -> Sandbox {
    server.answer("GET /auth/me", 200, me());
    let sandbox = Sandbox::signed_out(&server.url);
    assert_eq!(sandbox.run_with_input(&["auth", "import-token", "--token-stdin"], TOKEN).code, 0);
    sandbox
}

#[test]
fn whoami_asks_the_server_and_shows_the_source_of_the_token() {
    let server = StandIn::start();
    let sandbox = with_stored_token(&server);
    insta::assert_snapshot!(sandbox.run(&["auth", "whoami"]).text, @r"
    exit 0
    --- stdout
    Email: ann@example.com
    Server: [SERVER]
    Role: admin
    Groups: Admin
    Expires: 2026-11-24 02:07:22+00:00
    Token from: agnes auth login or import-token
    --- stderr
    ");
    let told = sandbox.run(&["auth", "whoami", "--json"]).json();
    assert_eq!((&told["email"], &told["checked"]), (&json!("ann@example.com"), &json!(true)));
    assert_eq!(told["server"], server.url);

    // The environment takes precedence over the file, and whoami warns that they differ.
    let ran =
        sandbox.finished(sandbox.command(&["auth", "whoami"]).env("AGNES_TOKEN", "e30.e30.e30").output().unwrap());
    insta::assert_snapshot!(ran.text, @r"
    exit 7
    --- stdout
    --- stderr
    warn: AGNES_TOKEN is used, and differs from the token stored for [SERVER]; unset it to use the stored one
    HTTP 401: Invalid token
      hint: The token is missing, expired or revoked. Run: agnes auth login, or:
        agnes auth import-token
    ");
    // An explicit token takes precedence over both.
    let mut command = sandbox.command(&["auth", "whoami", "--token", TOKEN]);
    let ran = sandbox.finished(command.env("AGNES_TOKEN", "e30.e30.e30").output().unwrap());
    assert!(ran.stdout.ends_with("Token from: --token\n"), "{}", ran.text);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let same = sandbox.finished(sandbox.command(&["auth", "whoami"]).env("AGNES_TOKEN", TOKEN).output().unwrap());
    assert_eq!((same.code, same.stderr.as_str()), (0, ""), "the same token twice: {}", same.text);
    assert!(same.stdout.ends_with("Token from: AGNES_TOKEN\n"), "{}", same.text);
}

#[test]
fn whoami_without_a_server_reads_the_token() {
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    let ran = sandbox.run(&["auth", "whoami", "--token", TOKEN]);
    assert_eq!(ran.code, 0, "{}", ran.text);
    assert!(
        ran.stdout.starts_with("Email: ann@example.com\nServer: http://127.0.0.1:1\nExpires: never\n"),
        "{}",
        ran.text
    );
    assert!(ran.stderr.starts_with("warn: not checked by the server"), "{}", ran.text);
    let ran = sandbox.run(&["auth", "whoami", "--offline", "--token", "e30.e30.e30"]);
    assert!(ran.stdout.starts_with("Email: unknown\n"), "{}", ran.text);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(sandbox.run(&["auth", "whoami", "--offline", "--token", "word"]).code, 1);
    insta::assert_snapshot!(sandbox.run(&["auth", "whoami"]).text, @r"
    exit 7
    --- stdout
    --- stderr
    Error: not signed in to [SERVER]
      hint: Run: agnes auth login, or: agnes auth import-token
    ");
}

#[test]
fn logout_ends_the_session_and_forgets_the_token() {
    let server = StandIn::start();
    let sandbox = with_stored_token(&server);
    let other = StandIn::start();
    other.answer("GET /auth/me", 200, me());
    let import = ["auth", "import-token", "--token-stdin", "--server", &other.url];
    assert_eq!(sandbox.run_with_input(&import, TOKEN).code, 0);

    server.answer("POST /auth/logout", 200, json!({"message": "Logged out"}));
    let ran = sandbox.run(&["auth", "logout"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "Logged out.\n", ""));
    let told = server.seen("POST /auth/logout");
    assert_eq!(told[0].headers["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(sandbox.run(&["auth", "whoami"]).code, 7);
    assert_eq!(sandbox.run(&["auth", "whoami", "--server", &other.url]).code, 0, "the other server's token stays");
    let ran = sandbox.run(&["auth", "logout"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "Logged out.\n"), "also when there is nothing to forget");
    assert_eq!(server.seen("POST /auth/logout").len(), 1);
    assert!(other.seen("POST /auth/logout").is_empty());
}

#[test]
fn logout_without_a_server_forgets_the_token_and_warns() {
    let server = StandIn::start();
    let sandbox = with_stored_token(&server);
    let address = server.url.clone();
    drop(server);
    let ran = sandbox.run(&["auth", "logout"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "Logged out.\n"));
    assert!(ran.stderr.starts_with(&format!("warn: {address} was not told")), "{}", ran.text);
    assert_eq!(sandbox.run(&["auth", "whoami", "--offline"]).code, 7);
}
