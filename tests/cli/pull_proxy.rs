//! Downloads through a proxy with bad habits: each table arrives as it is on the server, or is said not to.

use axum::http::header;
use serde_json::json;

use crate::bad_proxy::{BadProxy, Habit};
use crate::sandbox::{Ran, Sandbox, numbers};
use crate::server_stand_in::StandIn;

const PAGE: Habit = Habit::Responds("502 Bad Gateway", "content-type: text/html\r\n", "<html>bad gateway</html>");
const BUSY: Habit = Habit::Responds("503 Service Unavailable", "retry-after: 0\r\n", "no healthy upstream");
const LATE: Habit = Habit::Responds("504 Gateway Timeout", "", "");

/// Twenty pages of bytes into the file, and a little more.
const SOME: usize = 20_001;

/// Each a table's misfortunes, one for each attempt.
fn misfortunes() -> Vec<(&'static str, Vec<Habit>)> {
    vec![
        ("ends", vec![Habit::Ends(SOME), Habit::Ends(SOME)]),
        ("ends_at_once", vec![Habit::Ends(0), Habit::Ends(0)]),
        ("breaks", vec![Habit::Breaks(SOME), Habit::Breaks(SOME)]),
        ("chunk", vec![Habit::BreaksChunk(SOME), Habit::BreaksChunk(10)]),
        ("resets", vec![Habit::Resets(SOME), Habit::Resets(0)]),
        ("shortens", vec![Habit::Shortens(SOME), Habit::Shortens(SOME)]),
        ("stalls", vec![Habit::Stalls(SOME), Habit::Stalls(0)]),
        ("appends", vec![Habit::AppendsPage(SOME)]),
        ("gzips", vec![Habit::Gzips(usize::MAX)]),
        ("gzips_and_ends", vec![Habit::Gzips(SOME), Habit::Gzips(SOME), Habit::Gzips(usize::MAX)]),
        ("ignores_range", vec![Habit::Ends(SOME), Habit::IgnoresRange(2 * SOME), Habit::IgnoresRange(usize::MAX)]),
        ("ignores_range_and_ends", vec![Habit::Ends(2 * SOME), Habit::IgnoresRange(SOME), Habit::Ends(SOME)]),
        ("other_range", vec![Habit::Ends(SOME), Habit::OtherRange, Habit::Ends(2 * SOME)]),
        ("pages", vec![Habit::Ends(SOME), PAGE, BUSY, LATE]),
        ("416", vec![Habit::Ends(SOME), Habit::Responds("416 Range Not Satisfiable", "", "<html>416</html>")]),
        ("length_of_more", vec![Habit::Responds("200 OK", "", "not a parquet file")]),
    ]
}

fn pull(sandbox: &Sandbox, retries: &str) -> Ran {
    let mut command = sandbox.command(&["pull"]);
    command.env("AGNES_PULL_CONCURRENCY", "16").env("AGNES_STREAM_TIMEOUT", "1").env("AGNES_STREAM_RETRIES", retries);
    sandbox.finished(command.output().unwrap())
}

#[test]
fn tables_arrive_whatever_happens_on_the_way() {
    let server = StandIn::start();
    let proxy = BadProxy::start(&server);
    for (index, (table, habits)) in (0..).zip(misfortunes()) {
        server.offer(table, &numbers(index));
        proxy.habits(&format!("/{table}/"), habits);
    }
    let sandbox = Sandbox::behind(&proxy.url);
    let ran = pull(&sandbox, "3");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.text);
    for (index, (table, _)) in (0..).zip(misfortunes()) {
        assert_eq!(sandbox.pulled(table).unwrap(), numbers(index), "{table}");
    }
    assert_eq!(proxy.unused(), 0);
    assert!(!sandbox.files().iter().any(|file| file.ends_with(".part")));
}

#[test]
fn so_do_parts() {
    let server = StandIn::start();
    let proxy = BadProxy::start(&server);
    let names: Vec<String> = misfortunes().iter().map(|(name, _)| format!("p{name}")).collect();
    let files: Vec<Vec<u8>> = (0..).zip(&names).map(|(index, _)| numbers(index)).collect();
    let parts: Vec<(&str, &[u8])> = names.iter().map(String::as_str).zip(files.iter().map(Vec::as_slice)).collect();
    server.offer_parts("sales", &parts);
    for (name, (_, habits)) in names.iter().zip(misfortunes()) {
        proxy.habits(&format!("/parts/{name} "), habits);
    }
    let sandbox = Sandbox::behind(&proxy.url);
    let ran = pull(&sandbox, "3");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.text);
    assert_eq!(sandbox.value("SELECT count(*) FROM sales"), (3000 * names.len()).to_string());
}

#[test]
fn each_attempt_continues_where_the_last_one_ended() {
    let server = StandIn::start();
    let proxy = BadProxy::start(&server);
    server.offer("orders", &numbers(1));
    proxy.habits("/orders/", [Habit::Ends(SOME), Habit::Breaks(SOME), Habit::Shortens(SOME)]);
    let sandbox = Sandbox::behind(&proxy.url);
    assert_eq!(pull(&sandbox, "1").code, 0, "an attempt that brings much is not counted");
    let ranges: Vec<_> = server.seen("/download").iter().map(|seen| seen.headers.get(header::RANGE).cloned()).collect();
    let from = |bytes: usize| Some(format!("bytes={bytes}-").parse().unwrap());
    assert_eq!(ranges, [None, from(SOME), from(2 * SOME), from(3 * SOME)]);
    let last = &server.seen("/download")[3].headers;
    assert_eq!(
        (&last[header::IF_RANGE], &last[header::ACCEPT_ENCODING]),
        (&last[header::IF_MATCH], &"identity".parse().unwrap())
    );
}

#[test]
fn at_the_end_it_says_what_has_come_and_the_next_pull_continues() {
    let server = StandIn::start();
    let proxy = BadProxy::start(&server);
    let bytes = numbers(1);
    server.offer("orders", &bytes);
    proxy.habits("/orders/", [Habit::Ends(SOME), Habit::Ends(10), Habit::Ends(10), Habit::Stalls(0)]);
    let sandbox = Sandbox::behind(&proxy.url);
    let ran = pull(&sandbox, "1");
    insta::assert_snapshot!(ran.text.replace(&bytes.len().to_string(), "[SIZE]"), @r"
    exit 1
    --- stdout
    Updated 0 tables (1 total).
    --- stderr
    warn: orders: connection lost: the response ended early; 3 attempts, 20021 of [SIZE] bytes, which are kept; run agnes pull again to continue
    ");
    let ran = pull(&sandbox, "0");
    assert!(ran.stderr.contains("no data for 1 seconds; 1 attempt, 20021 of "), "{}", ran.text);
    assert_eq!((pull(&sandbox, "0").code, sandbox.pulled("orders").unwrap()), (0, bytes));
    assert_eq!(server.seen("/download").last().unwrap().headers[header::RANGE], format!("bytes={}-", SOME + 20));
}

#[test]
fn a_page_of_a_login_is_never_a_part_of_a_table() {
    let server = StandIn::start();
    let proxy = BadProxy::start(&server);
    let bytes = numbers(1);
    server.offer("orders", &bytes);
    let page = Habit::Responds("200 OK", "content-type: text/html; charset=utf-8\r\n", "<html>sign in</html>");
    proxy.habits("/orders/", [Habit::Ends(SOME), page]);
    let sandbox = Sandbox::behind(&proxy.url);
    insta::assert_snapshot!(pull(&sandbox, "3").text, @r"
    exit 1
    --- stdout
    Updated 0 tables (1 total).
    --- stderr
    warn: orders: [SERVER] does not answer like an Agnes server: it sent a web page instead of data
    ");
    assert_eq!(pull(&sandbox, "0").code, 0);
    assert_eq!(server.seen("/download").last().unwrap().headers[header::RANGE], format!("bytes={SOME}-"));
}

#[test]
fn a_file_that_changes_between_two_attempts_is_pulled_in_its_new_version() {
    let server = StandIn::start();
    let proxy = BadProxy::start(&server);
    server.offer("orders", &numbers(1));
    let sandbox = Sandbox::behind(&proxy.url);
    proxy.habits("/orders/", [Habit::Ends(SOME)]);
    assert_eq!(pull(&sandbox, "0").code, 1);
    // The manifest of the second pull is older than the file.
    server.answer(
        "GET /api/sync/manifest",
        200,
        json!({"tables": {"orders": {"hash": crate::server_stand_in::md5(&numbers(1)),
        "size_bytes": numbers(1).len(), "rows": 1, "query_mode": "local"}}, "server_time": ""}),
    );
    server.offer("orders", &numbers(2));
    proxy.habits("/orders/", [Habit::DropsConditions(usize::MAX)]);
    let ran = pull(&sandbox, "3");
    assert_eq!(ran.code, 1, "{}", ran.text);
    assert!(ran.stderr.contains("changed during the download; run agnes pull again"), "{}", ran.text);
    assert_eq!(sandbox.pulled("orders"), None);
}

#[test]
fn a_manifest_that_is_cut_is_requested_again() {
    let server = StandIn::start();
    let proxy = BadProxy::start(&server);
    server.offer("orders", &numbers(1));
    proxy.habits("/manifest", [Habit::Ends(20), PAGE, Habit::Breaks(20)]);
    let sandbox = Sandbox::behind(&proxy.url);
    assert_eq!(pull(&sandbox, "3").code, 0);
    proxy.habits("/manifest", [Habit::Ends(20)]);
    insta::assert_snapshot!(pull(&sandbox, "0").text, @r"
    exit 7
    --- stdout
    --- stderr
    Error: the connection to [SERVER] broke: the response ended early, after 20 bytes
      hint: Try again. If it breaks each time, a proxy in between may limit the size
        or the duration of transfers (nginx: client_max_body_size,
        proxy_read_timeout).
    ");
}
