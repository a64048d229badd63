//! What isolation costs a query, what the first query of a caller takes, and what the worst statements do to others.
//! Reports, never judges; docs/benchmarks.md has the goals.
//!
//! `AGNES_BENCH_ONLY_RESULTS=1` measures the forms of a result only, `AGNES_BENCH_ONLY_PAGES=1` the pages. `AGNES_BENCH_RIVAL` is another `agnes` for the last
//! part, such as one that was built before there were workers.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark talks, and ends where its preparation fails"
)]

#[path = "../../tests/support/program.rs"]
#[expect(dead_code, reason = "tests use more of it")]
mod program;

mod caller;
mod catalog;
mod data;
mod pages;
mod stand_in;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use agnes::base::ident::quote_path;
use agnes::engine::{self, Connection, Limits};
use agnes::extract::data_file;
use arrow::ipc::writer::StreamWriter;
use caller::Caller;
use data::{place, publish, source};
use futures_util::future::join_all;
use program::Serving;
use serde_json::{Value, json};
use stand_in::StandIn;
use tokio::runtime::Runtime;

const CLIENTS: usize = 8;
const ROUNDS: usize = 7;
/// Of what takes seconds.
const SLOW_ROUNDS: usize = 3;
const ONE: &str = "SELECT 1";
const GROUPS: &str = "SELECT carrier, count(*), avg(delay) FROM flights GROUP BY carrier ORDER BY carrier";
const FLIGHTS: &str = "SELECT 'C' || (i * 7919 % 16) AS carrier, (i * 31 % 1440)::INTEGER AS delay, i % 12 + 1 AS month, \
                       DATE '2026-01-01' + (i % 365)::INTEGER AS day FROM range(336776) t(i)";
const EVENTS: &str = "SELECT i AS id, 'user ' || (i % 5000) AS who, DATE '2026-01-01' + (i % 365)::INTEGER AS day, \
                      (i * 37 % 100000)::DECIMAL(18,2) AS amount, i / 7 AS share, i % 3 = 0 AS paid \
                      FROM range(1000000) t(i)";
const TABLES: usize = 2000;
const CALLERS: usize = 500;
/// Statements of one person at the same time.
const WORST: usize = 40;

fn main() {
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("profile {profile}; load average {}\n", load.trim());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    if std::env::var_os("AGNES_BENCH_ONLY_RESULTS").is_some() {
        return results(&runtime);
    }
    if std::env::var_os("AGNES_BENCH_ONLY_PAGES").is_some() {
        return pages::measure(&runtime);
    }
    overhead(&runtime);
    first_queries(&runtime);
    catalog::measure(&runtime);
    pages::measure(&runtime);
    results(&runtime);
    println!(
        "{:<58} {:>12} {:>12}",
        format!("{WORST} of the worst at once, {}", "for 20 s"),
        "quiet, 95th",
        "under, 95th"
    );
    worst(&runtime, None);
    if let Ok(rival) = std::env::var("AGNES_BENCH_RIVAL") {
        println!("  {rival}");
        worst(&runtime, Some(&rival));
    }
}

/// Processor time of a query with eight clients: a server with its workers beside the bare engine.
fn overhead(runtime: &Runtime) {
    let place = place(&[]);
    publish(&place, &[("flights".into(), FLIGHTS.into())]);
    let server = place.serve(&[]);
    let admin = Caller::new(&server, "user-0");
    runtime.block_on(admin.published("flights"));
    let bare = engine::in_memory(&Limits { threads: engine::cores(), ..Limits::small() }).expect("an engine");
    let file = data_file(&source(&place), "flights");
    let view = format!("CREATE VIEW flights AS FROM read_parquet({})", quote_path(&file));
    bare.execute_batch(&format!("SET memory_limit = '1GB'; SET parquet_metadata_cache = true; {view}"))
        .expect("a view");
    println!(
        "{:<58} {:>12} {:>12} {:>12}",
        format!("processor time of a query, {CLIENTS} clients"),
        "bare",
        "agnes",
        "above"
    );
    for (sql, count) in [(ONE, 500), (GROUPS, 60)] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let before = processor_time(server.child.id());
            runtime.block_on(join_all((0..CLIENTS).map(|_| admin.repeat(sql, count))));
            let of_ours = processor_time(server.child.id()) - before;
            let before = processor_time(std::process::id());
            std::thread::scope(|scope| {
                for _ in 0..CLIENTS {
                    let connection = bare.try_clone().expect("a connection");
                    scope.spawn(move || (0..count).for_each(|_| fetch(&connection, sql)));
                }
            });
            let of_theirs = processor_time(std::process::id()) - before;
            // The first one makes everything warm.
            if round > 0 {
                ours.push(of_ours / (CLIENTS * count) as u32);
                theirs.push(of_theirs / (CLIENTS * count) as u32);
            }
        }
        let (ours, theirs) = (median(&mut ours), median(&mut theirs));
        let name = if sql == ONE { "  SELECT 1" } else { "  GROUP BY over 336,776 rows" };
        println!("{name:<58} {:>12} {:>12} {:>12}", ms(theirs), ms(ours), ms(ours.saturating_sub(theirs)));
    }
    println!();
}

fn fetch(connection: &Connection, sql: &str) {
    let mut statement = connection.prepare(sql).expect("a statement");
    let rows: usize = statement.query_arrow([]).expect("rows").map(|batch| batch.num_rows()).sum();
    assert!(rows > 0);
}

/// A million rows of six columns in each form, beside the bare engine that writes the same Arrow stream into memory.
fn results(runtime: &Runtime) {
    let place = place(&[]);
    publish(&place, &[("events".into(), EVENTS.into())]);
    let server = place.serve(&[]);
    let admin = Caller::new(&server, "user-0");
    runtime.block_on(admin.published("events"));
    let bare = engine::in_memory(&Limits { threads: engine::cores(), ..Limits::small() }).expect("an engine");
    let file = quote_path(&data_file(&source(&place), "events"));
    bare.execute_batch(&format!("SET memory_limit = '1GB'; CREATE VIEW events AS FROM read_parquet({file})"))
        .expect("a view");
    println!("{:<58} {:>12} {:>12} {:>12}", "1,000,000 rows of six columns", "first byte", "whole", "size");
    let mut theirs = Vec::new();
    let arrow = "application/vnd.apache.arrow.stream";
    let forms = [arrow, &format!("{arrow};codec=lz4"), "application/vnd.apache.parquet", "text/csv"];
    let mut times: Vec<_> = forms.iter().map(|_| (Vec::new(), Vec::new(), 0)).collect();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        write_arrow(&bare);
        theirs.push(begun.elapsed());
        for (form, (first, whole, size)) in forms.iter().zip(&mut times) {
            let begun = Instant::now();
            *size = runtime.block_on(admin.read_all(form, || first.push(begun.elapsed())));
            whole.push(begun.elapsed());
        }
    }
    let theirs = median(&mut theirs);
    for (form, (first, whole, size)) in forms.iter().zip(&mut times) {
        let (first, whole, size) = (median(first), median(whole), format!("{:.1} MB", *size as f64 / 1e6));
        let ratio = if *form == arrow { whole.as_secs_f64() / theirs.as_secs_f64() } else { f64::NAN };
        let ratio = if ratio.is_nan() { String::new() } else { format!("   {ratio:.2} times the bare engine's") };
        println!("  {form:<56} {:>12} {:>12} {size:>12}{ratio}", ms(first), ms(whole));
    }
    println!("  {:<56} {:>12} {:>12}", "bare DuckDB writes the Arrow stream into memory", "", ms(theirs));
    let ours = median(&mut times[0].1);
    stand_in(runtime, &data_file(&source(&place), "events"), ours);
    println!();
}

/// The same rows from a stand-in for v0.35, while our own server does nothing.
fn stand_in(runtime: &Runtime, file: &Path, ours: Duration) {
    let name = "a stand-in for v0.35 (FastAPI, fetchall, JSON)";
    let Some(stand_in) = runtime.block_on(StandIn::start(file)) else {
        return println!("  {name}: its packages cannot be had");
    };
    let (mut first, mut whole, mut size) = (Vec::new(), Vec::new(), 0);
    for round in 0..=SLOW_ROUNDS {
        let begun = Instant::now();
        let mut begins = Duration::ZERO;
        size = runtime.block_on(stand_in.read("SELECT * FROM events", || begins = begun.elapsed())).expect("rows");
        // The first one makes everything warm.
        if round > 0 {
            first.push(begins);
            whole.push(begun.elapsed());
        }
    }
    let (first, whole, size) = (median(&mut first), median(&mut whole), format!("{:.1} MB", size as f64 / 1e6));
    let ratio = format!("   Arrow takes {:.3} of it", ours.as_secs_f64() / whole.as_secs_f64());
    println!("  {name:<56} {:>12} {:>12} {size:>12}{ratio}", ms(first), ms(whole));
}

fn write_arrow(connection: &Connection) {
    let mut statement = connection.prepare("SELECT * FROM events").expect("a statement");
    let batches = statement.stream_arrow([]).expect("rows");
    let mut out = StreamWriter::try_new(Vec::new(), &batches.get_schema()).expect("a stream");
    for batch in batches {
        out.write(&batch).expect("room");
    }
    out.finish().expect("room");
}

/// 500 callers, each with the grants of a group of their own, ask for one of 2,000 tables.
fn first_queries(runtime: &Runtime) {
    let place = place(&[]);
    let tables: Vec<_> = (0..TABLES).map(|n| (format!("t{n}"), format!("SELECT {n} AS n FROM range(100)"))).collect();
    publish(&place, &tables);
    let server = place.serve(&[]);
    runtime.block_on(async {
        Caller::new(&server, "user-0").published(&format!("t{}", TABLES - 1)).await;
        let (mut first, mut second, mut another) = (Vec::new(), Vec::new(), Vec::new());
        for n in 1..CALLERS {
            let caller = Caller::new(&server, &format!("user-{n}"));
            // The connection is not what is measured.
            assert_eq!(caller.send("GET", "/api/version", Value::Null).await.0, 200);
            for (table, times) in [(n, &mut first), (n, &mut second), (0, &mut another)] {
                let begun = Instant::now();
                let (status, body) = caller.query(&format!("SELECT sum(n) FROM t{table}")).await;
                assert_eq!(status, 200, "{body}");
                times.push(begun.elapsed());
            }
        }
        println!(
            "{:<58} {:>12} {:>12}",
            format!("{TABLES} tables, {CALLERS} callers with different grants"),
            "median",
            "95th"
        );
        report("  first query of a caller, of a table nobody else asked for", &mut first);
        report("  the same once more", &mut second);
        report("  a table that others asked for", &mut another);
        let mut bare: Vec<_> =
            (1..CALLERS).map(|n| bare_instance(&data_file(&source(&place), &format!("t{n}")))).collect();
        report("  bare DuckDB: opened in the same process, one view", &mut bare);
    });
    println!();
}

fn bare_instance(file: &Path) -> Duration {
    let begun = Instant::now();
    let bare = engine::in_memory(&Limits { threads: engine::cores(), ..Limits::small() }).expect("an engine");
    bare.execute_batch(&format!("CREATE VIEW t AS FROM read_parquet({})", quote_path(file))).expect("a view");
    fetch(&bare, "SELECT sum(n) FROM t");
    begun.elapsed()
}

/// What another person notices while one has forty of the worst statements running all the time.
fn worst(runtime: &Runtime, program: Option<&str>) {
    let place = place(&[("AGNES_QUERY_TIMEOUT", "5"), ("AGNES_AUTH_RATELIMIT_ENABLED", "0")]);
    publish(&place, &[("flights".into(), FLIGHTS.into())]);
    let mut command = place.command(&["serve"]);
    if let Some(program) = program {
        let environment: Vec<_> =
            command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
        command = Command::new(program);
        command.arg("serve").env_clear().envs(environment);
    }
    let server = Serving::start(&mut command);
    let admin = Arc::new(Caller::new(&server, "user-0"));
    runtime.block_on(async {
        admin.published("flights").await;
        let set = json!({ "password": "correct horse battery" });
        assert!(admin.send("POST", "/api/users/user-0/set-password", set).await.0 < 300);
        let quiet = admin.samples(Duration::from_secs(10)).await;
        let attackers: Vec<_> = (0..WORST)
            .map(|n| {
                let bob = Caller::new(&server, "user-1");
                tokio::spawn(async move {
                    let statements = statements();
                    for round in 0.. {
                        let (status, _) = bob.query(&statements[(n + round) % statements.len()]).await;
                        if status == 429 || status == 0 {
                            tokio::time::sleep(Duration::from_millis(100)).await;
                        }
                    }
                })
            })
            .collect();
        let under = admin.samples(Duration::from_secs(20)).await;
        attackers.iter().for_each(tokio::task::JoinHandle::abort);
        for ((name, mut quiet), (_, mut under)) in quiet.into_iter().zip(under) {
            let failed = under.iter().filter(|time| **time == Duration::MAX).count();
            let percentile = |times: &mut Vec<Duration>| {
                times.sort();
                times[times.len() * 95 / 100]
            };
            let failed = if failed > 0 { format!("  {failed} of {} failed", under.len()) } else { String::new() };
            println!("  {name:<56} {:>12} {:>12}{failed}", ms(percentile(&mut quiet)), ms(percentile(&mut under)));
        }
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap_or_default();
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().trim_end_matches(" kB").parse::<u64>().ok());
        println!(
            "  {:<56} {:>25}",
            "most memory of the server itself",
            peak.map_or("it has ended".into(), |kib| format!("{} MB", kib / 1024))
        );
    });
}

fn statements() -> Vec<String> {
    let wild =
        |operator: &str, one: char| format!("SELECT repeat('a', 5000) {operator} '{}b'", format!("{one}a").repeat(40));
    vec![
        wild("ILIKE", '%'),
        wild("GLOB", '*'),
        "SELECT count(x) FROM (SELECT unnest(range(3000000000)) AS x)".into(),
        "SELECT len(range(1000000000))".into(),
        "SELECT damerau_levenshtein(repeat('a', 100000), repeat('b', 100000))".into(),
        "SELECT json_structure(repeat('{\"a\":', 500000) || '1' || repeat('}', 500000))".into(),
        "SELECT sum(sqrt(a.range * b.range)) FROM range(2000000) a, range(30000000) b".into(),
        "SELECT quantile_cont(a.range * b.range, 0.5) FROM range(100000) a, range(100000) b".into(),
        format!("SELECT 1 WHERE {}", vec!["true"; 90_000].join(" AND ")),
        "SELECT list(a.range) FROM range(100000) a, range(100000) b".into(),
    ]
}

/// What a process, the children that it has and those that it had have used.
fn processor_time(pid: u32) -> Duration {
    let fields = |pid: u32| -> Option<Vec<u64>> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some(stat.rsplit_once(')')?.1.split_whitespace().skip(1).map(|field| field.parse().unwrap_or(0)).collect())
    };
    let own = fields(pid).expect("a process that lives");
    let mut ticks: u64 = own[10..14].iter().sum();
    if pid != std::process::id() {
        for entry in std::fs::read_dir("/proc").expect("processes").flatten() {
            let Some(other) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let Some(fields) = fields(other) else { continue };
            if fields[0] == u64::from(pid) {
                ticks += fields[10] + fields[11];
            }
        }
    }
    // Hundredths of a second on every Linux.
    Duration::from_millis(ticks * 10)
}

fn report(name: &str, times: &mut [Duration]) {
    let median = median(times);
    println!("{name:<58} {:>12} {:>12}", ms(median), ms(times[times.len() * 95 / 100]));
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> String {
    if time == Duration::MAX { "failed".into() } else { format!("{:.2} ms", time.as_secs_f64() * 1e3) }
}
