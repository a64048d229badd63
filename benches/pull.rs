//! What a pull costs beside other programs that fetch the same files from the same server. Reports, never judges;
//! docs/benchmarks.md has the goals.
//!
//! Rivals are taken as far as they are installed (`curl`, `aria2`, `rclone`). Nothing but ours verifies what has come and
//! makes it durable.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark talks, and ends where its preparation fails"
)]

#[path = "../tests/support/program.rs"]
#[expect(dead_code, reason = "tests use more of it")]
mod program;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use agnes::engine::{self, Limits};
use agnes::extract::{self, TableMeta, data_file};
use program::{Place, Serving};

/// Signs a caller in as an admin.
const TOKEN: &str = "the-schedulers-secret-of-32-chars-or-more";
const ROUNDS: usize = 3;
const MB: u64 = 1_000_000;
/// How long bytes are under way on the link with latency.
const ONE_WAY: Duration = Duration::from_millis(20);

fn main() {
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("profile {profile}; load average {}", load.trim());
    many();
    far();
    one();
    nothing_new();
}

/// 2 GB over 200 tables.
fn many() {
    let bench = Bench::start(200, 10 * MB);
    println!("\n{:<58} {:>12} {:>12}", "200 tables of 10 MB", "median", "best");
    let ours = bench.row("agnes pull", |target| run(&mut bench.pull(target)));
    let list: String = bench.tables().map(|table| format!("url = {}\noutput = {table}\n", bench.url(&table))).collect();
    let curl = bench.row("  rival: curl, one after the other", |target| {
        let mut curl = Command::new("curl");
        feed(curl.args(["-sf", "-K", "-"]).current_dir(target), &format!("header = \"{}\"\n{list}", bench.header()));
    });
    println!("{:<58} {:>12.2}", "  times as fast as curl", curl.as_secs_f64() / ours.as_secs_f64());
    let list: String = bench.tables().map(|table| format!("{}\n  out={table}\n", bench.url(&table))).collect();
    bench.aria2("  rival: aria2c -x4 -j4", &["-x4", "-j4"], &list);
    let list: String = bench.tables().map(|table| format!("{table}/download\n")).collect();
    if is_installed("rclone") {
        bench.row("  rival: rclone copy --transfers 4", |target| {
            let mut rclone = Command::new("rclone");
            rclone.args([
                "copy",
                "--quiet",
                "--config",
                "",
                "--transfers",
                "4",
                "--checkers",
                "4",
                "--files-from",
                "-",
            ]);
            rclone.args(["--no-traverse", "--http-url", &format!("{}/api/data/", bench.server.url)]);
            rclone.args(["--http-headers", &bench.header().replacen(": ", ",", 1), ":http:"]).arg(target);
            feed(&mut rclone, &list);
        });
    }
    bench.row("  for comparison: cp, and sync", |target| {
        run(Command::new("cp").arg("-r").arg(bench.source().join("data")).arg(target));
        run(Command::new("sync").arg("-f").arg(target));
    });
    bench.row("  for comparison: md5sum", |_| {
        let files = bench.tables().map(|table| data_file(&bench.source(), &table));
        run(Command::new("md5sum").args(files));
    });
    println!("{:<58} {:>9.1} MB", "most memory of agnes pull", bench.memory());
}

/// 200 tables over a link on which each answer takes its time.
fn far() {
    let bench = Bench::start(200, MB);
    let link = Relay::start(&bench.server.url, ONE_WAY);
    println!("\n{:<58} {:>12} {:>12}", "200 tables of 1 MB, 40 ms away", "median", "best");
    let ours = bench.row("agnes pull", |target| run(bench.pull(target).env("AGNES_SERVER", &link.url)));
    let url = |table: &str| bench.url(table).replace(&bench.server.url, &link.url);
    let list: String = bench.tables().map(|table| format!("url = {}\noutput = {table}\n", url(&table))).collect();
    let curl = bench.row("  rival: curl, one after the other", |target| {
        let mut curl = Command::new("curl");
        feed(curl.args(["-sf", "-K", "-"]).current_dir(target), &format!("header = \"{}\"\n{list}", bench.header()));
    });
    println!("{:<58} {:>12.2}", "  times as fast as curl", curl.as_secs_f64() / ours.as_secs_f64());
    let list: String = bench.tables().map(|table| format!("{}\n  out={table}\n", url(&table))).collect();
    bench.aria2("  rival: aria2c -x4 -j4", &["-x4", "-j4"], &list);
}

/// One table of 1 GB: in ranges, and interrupted.
fn one() {
    let bench = Bench::start(1, 1000 * MB);
    println!("\n{:<58} {:>12} {:>12}", "one table of 1 GB", "median", "best");
    let ours = bench.row("agnes pull", |target| run(&mut bench.pull(target)));
    let curl = bench.row("  rival: curl", |target| {
        let mut curl = Command::new("curl");
        feed(
            curl.args(["-sf", "-K", "-", "-O", &bench.url("t0")]).current_dir(target),
            &format!("header = \"{}\"", bench.header()),
        );
    });
    println!("{:<58} {:>12.2}", "  times as fast as curl", curl.as_secs_f64() / ours.as_secs_f64());
    bench.aria2("  rival: aria2c -x4 -s4", &["-x4", "-s4"], &format!("{}\n  out=t0\n", bench.url("t0")));
    println!("{:<58} {:>9.1} MB", "most memory of agnes pull", bench.memory());

    let size = data_file(&bench.source(), "t0").metadata().unwrap().len();
    let shares: Vec<f64> = (1..=ROUNDS as u64)
        .map(|round| {
            let relay = Relay::start(&bench.server.url, Duration::ZERO);
            let target = bench.workspace("interrupted");
            let mut pull = bench.pull(&target).env("AGNES_SERVER", &relay.url).spawn().unwrap();
            while relay.bytes() < size * round / 4 {
                std::thread::sleep(Duration::from_millis(1));
            }
            pull.kill().unwrap();
            pull.wait().unwrap();
            run(bench.pull(&target).env("AGNES_SERVER", &relay.url));
            (relay.bytes() as f64 - size as f64) / size as f64 * 100.0
        })
        .collect();
    let most = shares.iter().fold(0.0_f64, |most, share| most.max(*share));
    println!("{:<58} {most:>10.2} %", "fetched twice after kill -9, the most of 3 points");
}

fn nothing_new() {
    let bench = Bench::start(500, 1000);
    let target = bench.workspace("known");
    run(&mut bench.pull(&target));
    println!("\n{:<58} {:>12} {:>12}", "500 tables, nothing new", "median", "best");
    row("agnes pull", 30, || run(&mut bench.pull(&target)));
}

/// A server with tables of random numbers.
struct Bench {
    place: Place,
    server: Serving,
    tables: usize,
}

impl Bench {
    fn start(tables: usize, bytes: u64) -> Self {
        let variables = [("SCHEDULER_API_TOKEN", TOKEN), ("LOG_LEVEL", "agnes::server::start=info,error")];
        let place = Place::new(&variables);
        let source = place.data_dir().join("extracts/bench");
        fs::create_dir_all(source.join("data")).unwrap();
        // As the built-in connectors have it: files are published under another name, and not copied.
        fs::write(source.join(".lock"), "").unwrap();
        let connection = engine::in_memory(&Limits::small()).expect("an engine");
        let rows = bytes / 8;
        let metas = (0..tables).map(|number| {
            let file = data_file(&source, &format!("t{number}"));
            let copy = "FORMAT parquet, COMPRESSION uncompressed";
            let sql = format!("COPY (SELECT random() AS x FROM range({rows})) TO '{}' ({copy})", file.display());
            connection.execute_batch(&sql).expect("a table");
            TableMeta {
                table_name: format!("t{number}"),
                description: None,
                rows: rows as i64,
                size_bytes: 0,
                extracted_at: None,
                query_mode: "local".into(),
            }
        });
        extract::write(&source, &metas.collect::<Vec<_>>()).expect("an extract");
        let server = place.serve(&[]);
        let bench = Self { place, server, tables };
        // Until everything is published.
        let probe = bench.workspace("probe");
        loop {
            let output = bench.pull(&probe).args(["--dry-run", "--json"]).output().unwrap();
            let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            if report["parquets_total"] == tables {
                return bench;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn source(&self) -> PathBuf {
        self.place.data_dir().join("extracts/bench")
    }

    fn tables(&self) -> impl Iterator<Item = String> {
        (0..self.tables).map(|number| format!("t{number}"))
    }

    fn url(&self, table: &str) -> String {
        format!("{}/api/data/{table}/download", self.server.url)
    }

    fn header(&self) -> String {
        format!("Authorization: Bearer {TOKEN}")
    }

    /// An empty directory.
    fn workspace(&self, name: &str) -> PathBuf {
        let path = self.place.dir.path().join("targets").join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn pull(&self, workspace: &Path) -> Command {
        let mut command = self.place.command(&["pull"]);
        command.current_dir(workspace).env("AGNES_LOCAL_DIR", workspace).env("AGNES_SERVER", &self.server.url);
        command.env("AGNES_TOKEN", TOKEN);
        command
    }

    /// Runs `work` with an empty directory each time, whose making is not measured.
    fn row(&self, name: &str, work: impl Fn(&Path)) -> Duration {
        let mut took: Vec<Duration> = (0..=ROUNDS)
            .map(|_| {
                let target = self.workspace("target");
                run(&mut Command::new("sync"));
                let begun = Instant::now();
                work(&target);
                begun.elapsed()
            })
            .skip(1)
            .collect();
        took.sort();
        print_row(name, took[ROUNDS / 2], took[0]);
        took[ROUNDS / 2]
    }

    fn aria2(&self, name: &str, options: &[&str], list: &str) {
        if is_installed("aria2c") {
            self.row(name, |target| {
                let mut aria2 = Command::new("aria2c");
                aria2.args(options).args(["-q", "--header", &self.header(), "-i", "-"]);
                feed(aria2.current_dir(target), list);
            });
        }
    }

    /// The most memory that a pull of all tables has at any time, in MB.
    fn memory(&self) -> f64 {
        let mut pull = self.pull(&self.workspace("target")).stdout(Stdio::null()).spawn().unwrap();
        let mut most = 0.0_f64;
        while pull.try_wait().unwrap().is_none() {
            let status = fs::read_to_string(format!("/proc/{}/status", pull.id())).unwrap_or_default();
            // Without the program, which is large in a daily build.
            let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
            let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
            most = most.max(kilobytes.unwrap_or(0.0) / 1024.0);
            std::thread::sleep(Duration::from_millis(2));
        }
        most
    }
}

/// Between a client and the server. It counts the bytes that the server has sent.
struct Relay {
    url: String,
    bytes: Arc<AtomicU64>,
}

impl Relay {
    /// `delay` is how long bytes are under way in each direction; it does not limit how many.
    fn start(server: &str, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let upstream = server.strip_prefix("http://").unwrap().to_owned();
        let bytes = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&bytes);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(&upstream).unwrap();
                for side in [&client, &server] {
                    side.set_nodelay(true).unwrap();
                }
                forward(client.try_clone().unwrap(), server.try_clone().unwrap(), delay, Arc::default());
                forward(server, client, delay, Arc::clone(&counted));
            }
        });
        Self { url, bytes }
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// Forwards in the background what one side sends, and counts it.
fn forward(mut from: TcpStream, mut to: TcpStream, delay: Duration, count: Arc<AtomicU64>) {
    let (sender, under_way) = mpsc::sync_channel::<(Instant, Vec<u8>)>(256);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            count.fetch_add(read as u64, Ordering::Relaxed);
            if sender.send((Instant::now() + delay, buffer[..read].to_vec())).is_err() {
                break;
            }
        }
    });
    std::thread::spawn(move || {
        for (due, bytes) in under_way {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
}

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

fn run(command: &mut Command) {
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Runs a program that reads its input from us: the token and long lists do not fit on a command line.
fn feed(command: &mut Command, input: &str) {
    let mut child: Child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program runs");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{command:?}");
}

fn row(name: &str, times: usize, mut work: impl FnMut()) {
    let mut took: Vec<Duration> = (0..times)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    took.sort();
    print_row(name, took[times / 2], took[0]);
}

fn print_row(name: &str, median: Duration, best: Duration) {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!("{name:<58} {:>9.1} ms {:>9.1} ms", ms(median), ms(best));
}
