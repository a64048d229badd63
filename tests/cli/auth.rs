use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::sandbox::{Sandbox, parquet};
use crate::server_stand_in::{StandIn, TOKEN};

fn me(server: &StandIn) {
    let body = json!({"id": "u1", "user_id": "u1", "email": "ann@example.com", "name": null, "role": "user",
        "is_admin": false, "is_sso_user": false, "active": true, "created_at": null, "groups": [],
        "auth": {"type": "pat", "expires_at": null, "token_id": null}});
    server.answer("GET /auth/me", 200, body);
}

#[test]
fn an_imported_token_is_checked_stored_privately_and_used() {
    let server = StandIn::start();
    me(&server);
    server.offer("orders", &parquet("SELECT 1 AS id"));
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    let ran = sandbox
        .run_with_input(&["auth", "import-token", "--token-stdin", "--server", &server.url], &format!("{TOKEN}\n"));
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "Imported token for ann@example.com.\n"), "{}", ran.text);
    let config = sandbox.home().join(".config/agnes");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(&config.join("tokens.json")), mode(&config.join("config.yaml"))], [0o600, 0o600]);
    assert_eq!(mode(&config), 0o700);
    let ran = sandbox.finished(sandbox.command(&["pull"]).env_remove("AGNES_SERVER").output().unwrap());
    assert_eq!(ran.code, 0, "server and token are remembered: {}", ran.text);
    // The token is sent to this server only.
    let other = StandIn::start();
    assert_eq!(sandbox.run(&["pull", "--server", &other.url]).code, 7);
    assert!(other.seen("").is_empty());
}

#[test]
fn a_rejected_token_changes_nothing() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_out(&server.url);
    let bad = TOKEN.replace("c2ln", "AAAA");
    insta::assert_snapshot!(sandbox.run(&["auth", "import-token", "--token", &bad]).text, @r"
    exit 7
    --- stdout
    --- stderr
    Error: token rejected by server ([SERVER]): Invalid token
      hint: Nothing was stored. Make a fresh token and try again.
    ");
    insta::assert_snapshot!(sandbox.run(&["auth", "import-token", "--token", "word"]).text, @r"
    exit 1
    --- stdout
    --- stderr
    Error: the token is not a JWT (three parts with dots between them)
      hint: Copy the whole token, without quotes or line breaks.
    ");
    assert_eq!(sandbox.run(&["auth", "import-token"]).code, 2);
    server.answer("GET /auth/me", 500, json!({"detail": "Internal error"}));
    let ran = sandbox.run(&["auth", "import-token", "--token", TOKEN]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("--skip-verify"), "{}", ran.text);
    assert!(!sandbox.home().join(".config").exists());
    let file = sandbox.home().join("token.txt");
    std::fs::write(&file, TOKEN).unwrap();
    let from_file = format!("@{}", file.display());
    let ran = sandbox.run(&["auth", "import-token", "--token", &from_file, "--skip-verify"]);
    assert_eq!(ran.stdout, "Imported token for ann@example.com.\n");
}

#[test]
fn a_token_is_stored_even_if_the_server_does_not_say_whose_it_is() {
    let server = StandIn::start();
    for status in [403, 404] {
        server.answer("GET /auth/me", status, json!({"detail": "Not Found"}));
        let sandbox = Sandbox::signed_out(&server.url);
        let ran = sandbox.run(&["auth", "import-token", "--token", TOKEN]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "Imported token for ann@example.com.\n"), "{}", ran.text);
        assert!(ran.stderr.contains(&format!("(HTTP {status})")), "{}", ran.text);
        assert_eq!(sandbox.run(&["pull"]).code, 0);
    }
    // Its claims are {}: neither server nor token says whose it is.
    let sandbox = Sandbox::signed_out(&server.url);
    let nameless = ["auth", "import-token", "--skip-verify", "--token", "e30.e30.e30"];
    let ran = sandbox.run(&nameless);
    assert_eq!(ran.code, 1, "{}", ran.text);
    assert!(ran.stderr.contains("--email"), "{}", ran.text);
    assert!(!sandbox.home().join(".config").exists());
    let ran = sandbox.run(&[&nameless[..], &["--email", "bob@example.com"]].concat());
    assert_eq!(ran.stdout, "Imported token for bob@example.com.\n");
}

#[test]
fn an_imported_token_needs_a_server() {
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    let mut command = sandbox.command(&["auth", "import-token", "--skip-verify", "--token", TOKEN]);
    insta::assert_snapshot!(sandbox.finished(command.env_remove("AGNES_SERVER").output().unwrap()).text, @r"
    exit 1
    --- stdout
    --- stderr
    Error: no server given: a token belongs to one server
      hint: Add --server URL, or set AGNES_SERVER. Nothing was stored.
    ");
    assert!(!sandbox.home().join(".config").exists());
}

#[test]
fn a_token_of_an_older_version_still_works() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_out(&server.url);
    let config = sandbox.home().join(".config/agnes");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.yaml"), format!("server: {}\n", server.url)).unwrap();
    std::fs::write(config.join("token.json"), json!({"access_token": TOKEN, "email": ""}).to_string()).unwrap();
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert_eq!(sandbox.finished(sandbox.command(&["pull"]).env("AGNES_TOKEN", "other").output().unwrap()).code, 7);
}

#[test]
fn login() {
    let server = StandIn::start();
    let session = json!({"access_token": TOKEN, "token_type": "bearer", "user_id": "u1", "email": "ann@example.com", "role": "user"});
    server.answer("POST /auth/token", 200, session);
    let sandbox = Sandbox::signed_out(&server.url);
    let args = ["auth", "login", "--email", "ann@example.com", "--password-stdin"];
    let ran = sandbox.run_with_input(&args, "hunter22\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "Logged in as ann@example.com\n"), "{}", ran.text);
    assert_eq!(server.seen("/auth/token")[0].body, json!({"email": "ann@example.com", "password": "hunter22"}));
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    for password in ["hunter22", ""] {
        let ran = sandbox.run(&["auth", "login", "--email", "ann@example.com", "--password", password]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "Logged in as ann@example.com\n"), "{}", ran.text);
        let warning = "warn: --password shows in process lists and shell history; use --password-stdin instead\n";
        assert_eq!(ran.stderr, warning);
        let sent = server.seen("/auth/token");
        assert_eq!(sent.last().unwrap().body, json!({"email": "ann@example.com", "password": password}));
    }
    server.answer("POST /auth/token", 401, json!({"detail": "Invalid credentials"}));
    insta::assert_snapshot!(sandbox.run_with_input(&args, "wrong").text, @r"
    exit 1
    --- stdout
    --- stderr
    Login failed: Invalid credentials
      hint: If you sign in with Google or a link by mail, make a personal access
        token on the web and run: agnes auth import-token
    ");
    assert_eq!(sandbox.run(&["auth", "login"]).code, 2, "no terminal to ask on");
    assert_eq!(sandbox.run(&[&args[..], &["--password", "x"]].concat()).code, 2, "one password is enough");
    assert!(!sandbox.run(&["auth", "login", "--help"]).stdout.contains("--password "));
    assert_eq!(sandbox.run(&["pull"]).code, 0, "a failed login keeps the old token");
}
