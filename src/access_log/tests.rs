use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::base::time;

fn access(email: &str, table: &str) -> DataAccess {
    DataAccess {
        at: time::iso_offset(time::now()),
        request_id: None,
        user_id: format!("id of {email}"),
        user_email: email.into(),
        by: "session".into(),
        token_id: None,
        ip: None,
        action: "download".into(),
        tables: vec![table.into()],
        rows: Some(1),
        bytes: 10,
        status: 200,
        duration_ms: 1.0,
        complete: true,
        query_sha256: None,
    }
}

fn only_file(directory: &Path) -> std::path::PathBuf {
    let files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

fn tables(found: &Found) -> Vec<&str> {
    found.entries.iter().map(|access| access.tables[0].as_str()).collect()
}

#[test]
fn entries_are_found_newest_first() {
    let dir = tempfile::tempdir().unwrap();
    let log = AccessLog::open(dir.path().join("logs"), 90).unwrap();
    for (email, table) in [("ann@x.com", "orders"), ("bob@x.com", "orders"), ("ann@x.com", "Flights")] {
        log.record(access(email, table));
    }
    log.close();
    let all = log.search(&Filter::default(), 10).unwrap();
    assert_eq!((tables(&all), all.truncated), (vec!["Flights", "orders", "orders"], false));
    let two = log.search(&Filter::default(), 2).unwrap();
    assert_eq!((tables(&two), two.truncated), (vec!["Flights", "orders"], true));
    let count = |filter: Filter| log.search(&filter, 10).unwrap().entries.len();
    assert_eq!(count(Filter { user: Some("ANN@x.com".into()), ..Filter::default() }), 2);
    assert_eq!(count(Filter { user: Some("id of bob@x.com".into()), ..Filter::default() }), 1);
    assert_eq!(count(Filter { table: Some("flights".into()), ..Filter::default() }), 1);
    assert_eq!(count(Filter { token: Some("t1".into()), ..Filter::default() }), 0);
    assert_eq!(count(Filter { action: Some("query".into()), ..Filter::default() }), 0);
    let start = time::parse(&all.entries[2].at).unwrap();
    assert_eq!(count(Filter { since: Some(start), ..Filter::default() }), 3);
    assert_eq!(count(Filter { until: Some(start), ..Filter::default() }), 0);
    let mode = fs::metadata(only_file(&dir.path().join("logs"))).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn old_files_are_deleted_and_others_are_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let today = time::civil(time::now()).date();
    let day = |ago: i64| today.checked_sub(jiff::Span::new().days(ago)).unwrap();
    for ago in [8, 7, 1] {
        fs::write(files::path(dir.path(), day(ago)), "").unwrap();
    }
    fs::write(dir.path().join("access-notes.jsonl"), "").unwrap();
    AccessLog::open(dir.path().to_owned(), 7).unwrap().close();
    assert_eq!(files::days(dir.path()).unwrap(), [day(1), day(7)]);
    assert!(dir.path().join("access-notes.jsonl").exists());
    let off = AccessLog::open(dir.path().to_owned(), 0).unwrap();
    off.record(access("ann@x.com", "orders"));
    off.close();
    assert_eq!((off.is_on(), files::days(dir.path()).unwrap()), (false, vec![day(1), day(7)]));
}

/// As after a kill in the middle of a write.
#[test]
fn a_line_that_was_cut_off_spoils_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let log = AccessLog::open(dir.path().to_owned(), 90).unwrap();
    log.record(access("ann@x.com", "one"));
    log.close();
    fs::OpenOptions::new().append(true).open(only_file(dir.path())).unwrap().write_all(b"{\"at\":\"2026").unwrap();
    let log = AccessLog::open(dir.path().to_owned(), 90).unwrap();
    log.record(access("ann@x.com", "two"));
    log.close();
    assert_eq!(tables(&log.search(&Filter::default(), 10).unwrap()), ["two", "one"]);
}

/// A directory that cannot be written to stands for a full disk.
#[test]
fn lost_lines_are_counted_and_reported_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("logs");
    fs::write(&place, "a file").unwrap();
    let (lines, queue) = sync_channel(1);
    let dropped = Arc::new(Dropped::default());
    let log = AccessLog { directory: place.clone(), dropped: Arc::clone(&dropped), running: Mutex::new(None) };
    let writer = Writer::new(place.clone(), 90, Arc::clone(&dropped));
    // Nobody takes lines out of the queue yet.
    *locked(&log.running) = Some(Running { lines, thread: std::thread::spawn(|| {}) });
    for table in ["one", "two", "three"] {
        log.record(access("ann@x.com", table));
    }
    assert_eq!(log.dropped(), 2);
    log.close();
    writer.run(&queue);
    assert_eq!(log.dropped(), 3);
    fs::remove_file(&place).unwrap();
    let (lines, queue) = sync_channel(1);
    lines.send(access("ann@x.com", "four")).unwrap();
    drop(lines);
    Writer::new(place.clone(), 90, dropped).run(&queue);
    let text = fs::read_to_string(only_file(&place)).unwrap();
    assert!(text.lines().nth(1).unwrap().ends_with("\"dropped\":3}"), "{text}");
}
