//! What a proxy or the login page of a network answers instead of the server.

use crate::bad_proxy::{BadProxy, Habit};
use crate::sandbox::Sandbox;
use crate::server_stand_in::StandIn;

const HTML: &str = "content-type: text/html\r\n";
const PAGE: &str = "<!doctype html><html><body><h1>Request Entity Too Large</h1></body></html>";

struct Scene {
    proxy: BadProxy,
    sandbox: Sandbox,
    _server: StandIn,
}

fn scene() -> Scene {
    let server = StandIn::start();
    let proxy = BadProxy::start(&server);
    let sandbox = Sandbox::behind(&proxy.url);
    Scene { proxy, sandbox, _server: server }
}

#[test]
fn an_upload_that_is_too_large_for_a_proxy() {
    let Scene { proxy, sandbox, .. } = scene();
    let file = sandbox.home().join("orders.csv");
    std::fs::write(&file, "id\n1\n").unwrap();
    let file = file.to_str().unwrap();
    proxy.habits("/upload/", [Habit::Responds("413 Request Entity Too Large", HTML, PAGE)]);
    insta::assert_snapshot!(sandbox.run(&["admin", "upload-table", file]).text, @r"
    exit 1
    --- stdout
    --- stderr
    Failed: the upload was refused as too large (413) by something between here and the server, e.g. a proxy; raise its limit (nginx: client_max_body_size) or split the file
    ");
    proxy.habits("/upload/", [Habit::Responds("413 Payload Too Large", "", "")]);
    let ran = sandbox.run(&["admin", "upload-table", file, "--json"]);
    assert!(ran.stderr.contains("too large (413)") && ran.stderr.contains("\"status\""), "{}", ran.text);
    proxy.habits("/upload/", [Habit::Resets(0)]);
    insta::assert_snapshot!(sandbox.run(&["admin", "upload-table", file]).text, @r"
    exit 7
    --- stdout
    --- stderr
    Error: the connection to [SERVER] broke: connection closed before message completed
      hint: Try again. If it breaks each time, a proxy in between may limit the size
        or the duration of transfers (nginx: client_max_body_size,
        proxy_read_timeout).
    ");
}

#[test]
fn pages_are_explained_and_never_printed() {
    let Scene { proxy, sandbox, .. } = scene();
    let statuses = [
        ("401 Unauthorized", 7),
        ("403 Forbidden", 1),
        ("404 Not Found", 1),
        ("407 Proxy Authentication Required", 7),
        ("418 I'm a teapot", 1),
        ("429 Too Many Requests", 1),
        ("500 Internal Server Error", 1),
        ("502 Bad Gateway", 1),
        ("503 Service Unavailable", 1),
        ("504 Gateway Timeout", 1),
        ("511 Network Authentication Required", 7),
    ];
    let mut texts = String::new();
    for (status, code) in statuses {
        for command in [&["admin", "user", "list"][..], &["query", "--remote", "SELECT 1"], &["pull"]] {
            proxy.habits("/", [Habit::Responds(status, HTML, PAGE)]);
            let is_pull = command == ["pull"];
            let mut command = sandbox.command(command);
            let ran = sandbox.finished(command.env("AGNES_STREAM_RETRIES", "0").output().unwrap());
            assert!(!ran.text.contains('<') && !ran.text.contains("Entity"), "{}", ran.text);
            assert!(ran.stderr.contains(&status[..3]), "{status}: {}", ran.text);
            assert_eq!(ran.code, code, "{status}: {}", ran.text);
            if is_pull {
                texts.push_str(&ran.stderr);
            }
        }
    }
    insta::assert_snapshot!(texts, @r"
    Error: something between here and the server, e.g. a proxy, asks for a sign-in (401); sign in there, or ask its operator to let Agnes through
    Error: something between here and the server, e.g. a proxy, does not let the request through (403); ask its operator
    Error: something between here and the server, e.g. a proxy, responds at this address (404), but no Agnes server; check the address
    Error: the proxy asks for a sign-in (407); use HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT
    Error: something between here and the server, e.g. a proxy, responded with status 418 instead of the server
    Error: something between here and the server, e.g. a proxy, limits the number of requests (429); try again later
    Error: the server, or a proxy in front of it, failed (500); its log says why
    Error: a proxy in front of the server cannot reach it (502); the server may be starting or stopped, try again in a moment
    Error: a proxy in front of the server cannot reach it (503); the server may be starting or stopped, try again in a moment
    Error: a proxy in front of the server waited too long (504); try again, and if it happens each time, raise its timeout (nginx: proxy_read_timeout)
    Error: this network asks for a sign-in (511); open any page in a browser, sign in, and try again
    ");
}

#[test]
fn a_login_page_is_not_a_success() {
    let Scene { proxy, sandbox, .. } = scene();
    let commands: [&[&str]; 4] =
        [&["admin", "user", "list"], &["query", "--remote", "SELECT 1"], &["pull"], &["admin", "group", "create", "x"]];
    for command in commands {
        for headers in [HTML, "content-type: application/octet-stream\r\n"] {
            proxy.habits("/", [Habit::Responds("200 OK", headers, PAGE)]);
            let ran = sandbox.run(command);
            assert_eq!(ran.code, 7, "{}", ran.text);
            assert!(ran.stderr.contains("a web page instead of data"), "{}", ran.text);
            assert!(!ran.text.contains('<'), "{}", ran.text);
        }
    }
    let to_login = "location: https://login.example.com/adfs/ls?SAMLRequest=secret\r\n";
    proxy.habits("/", [Habit::Responds("302 Found", to_login, "")]);
    insta::assert_snapshot!(sandbox.run(&["admin", "user", "list"]).text, @r"
    exit 7
    --- stdout
    --- stderr
    Error: [SERVER] redirects to https://login.example.com/adfs/ls, which is not followed
      hint: Check the address (--server or AGNES_SERVER). A proxy or the login page
        of a network may stand in between: open the address in a browser.
    ");
}

#[test]
fn a_short_text_is_quoted() {
    let Scene { proxy, sandbox, .. } = scene();
    proxy.habits(
        "/",
        [Habit::Responds("503 Service Unavailable", "content-type: text/plain\r\n", "no healthy upstream\n")],
    );
    insta::assert_snapshot!(sandbox.run(&["admin", "user", "list"]).text, @r"
    exit 1
    --- stdout
    --- stderr
    Failed: a proxy in front of the server cannot reach it (503); the server may be starting or stopped, try again in a moment (the text of the response: no healthy upstream)
    ");
}
