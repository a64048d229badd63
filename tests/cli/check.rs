use std::io::{Read, Write};
use std::net::TcpListener;

use crate::sandbox::{Ran, Sandbox};

/// Runs `agnes serve --check` against a server that gives this response.
fn check_against(status: &str, body: &str) -> Ran {
    check_with(&[], status, body)
}

fn check_with(settings: &[(&str, &str)], status: &str, body: &str) -> Ran {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    let server = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let length = connection.read(&mut request).unwrap();
        assert!(request[..length].starts_with(b"GET /api/health HTTP/1.1\r\n"));
        connection.write_all(answer.as_bytes()).unwrap();
    });
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    let mut command = sandbox.command(&["serve", "--check"]);
    // Port from the environment as in a container; the proxy of the container is not asked for its own server.
    command.env("AGNES_PORT", port.to_string()).env_remove("NO_PROXY").env("http_proxy", "http://127.0.0.1:1");
    command.envs(settings.iter().copied());
    let ran = sandbox.finished(command.output().unwrap());
    server.join().unwrap();
    assert!(sandbox.files().is_empty());
    ran
}

#[test]
fn only_a_healthy_server_passes() {
    let ran = check_against("200 OK", r#"{"status":"ok","db_schema":"ok"}"#);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "ok\n"), "{}", ran.text);
    let ran = check_against("200 OK", r#"{"status":"unhealthy","db_schema":"unreachable"}"#);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, "unhealthy\n"), "{}", ran.text);
    for (status, body) in [("500 Internal Server Error", "{}"), ("200 OK", "<html>")] {
        let ran = check_against(status, body);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.text);
    }
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    let ran = sandbox.run(&["serve", "--check", "--port", "1"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.text);
}

#[test]
fn links_without_an_address_are_pointed_out() {
    let healthy = r#"{"status":"ok","db_schema":"ok"}"#;
    let mail = ("SMTP_HOST", "mail.example.com");
    let ran = check_with(&[mail], "200 OK", healthy);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "ok\n"), "{}", ran.text);
    assert!(ran.stderr.contains("set SERVER_URL to the public address"), "{}", ran.text);
    let ran = check_with(&[mail, ("DOMAIN", "agnes.example.com")], "200 OK", healthy);
    assert_eq!(ran.stderr, "", "{}", ran.text);
}
