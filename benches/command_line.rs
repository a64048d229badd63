//! What a person waits for, and what an idle server costs. Reports, never judges; docs/benchmarks.md has the goals.
//!
//! Rivals run in the same minute on the same machine: Python's `duckdb` 1.5.5 where it is installed, `curl` and `cp`.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark talks, and ends where its preparation fails"
)]

use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const AGNES: &str = env!("CARGO_BIN_EXE_agnes");
const CSV_ROWS: u64 = 1_000_000;
/// Settled: start-up work is over.
const IDLE: Duration = Duration::from_secs(10);

fn main() {
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    println!("profile {profile}; load average {}", fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    let dir = tempfile::tempdir().expect("a temporary directory");
    println!("\n{:<52} {:>12} {:>12}", "", "median", "best");
    row("agnes --help", 30, || run(&mut agnes(dir.path(), &["--help"])));
    let has_duckdb = Command::new("python3").args(["-c", "import duckdb"]).output().is_ok_and(|o| o.status.success());

    let fresh = Server::start(&dir.path().join("fresh"), &[]);
    std::thread::sleep(IDLE);
    println!("{:<52} {:>9.1} MB", "idle server, empty DATA_DIR, resident", fresh.resident_mb());
    fresh.stop();

    let demo = Server::start(&dir.path().join("demo"), &["--demo"]);
    std::thread::sleep(IDLE);
    println!("{:<52} {:>9.1} MB", "idle server, demo data, resident", demo.resident_mb());
    commands(dir.path(), &demo, has_duckdb);
    let folder = dir.path().join("demo/uploads/tables");
    let csv = folder.join("orders.csv");
    write_csv(&csv);
    conversion(dir.path(), &csv, has_duckdb);
    downloads(dir.path(), &demo);
    println!("{:<52} {:>9.1} MB", "the same server after all this, resident", demo.resident_mb());
    demo.stop();
}

/// Start-up, local and remote queries, pulls of small tables.
fn commands(dir: &Path, server: &Server, has_duckdb: bool) {
    let mut number = 0;
    row("agnes pull, 5 demo tables, new workspace", 10, || {
        number += 1;
        run(&mut server.command(&workspace(dir, &format!("pull{number}")), &["pull", "--quiet"]));
    });
    let pulled = workspace(dir, "pull1");
    row("agnes pull, nothing to do", 20, || run(&mut server.command(&pulled, &["pull", "--quiet"])));
    row("agnes query 'select 1'", 20, || run(&mut server.command(&pulled, &["query", "select 1"])));
    if has_duckdb {
        let script = "import duckdb; duckdb.sql('select 1').show()";
        row("  rival: python3 -c 'import duckdb…select 1'", 20, || run(Command::new("python3").args(["-c", script])));
    }
    let count = "select carrier, count(*) from flights group by 1";
    row("agnes query, group by over 51,955 rows", 20, || run(&mut server.command(&pulled, &["query", count])));
    row("agnes query --remote, the same", 20, || run(&mut server.command(&pulled, &["query", "--remote", count])));
}

/// CSV to typed parquet, whole program against DuckDB's bare `COPY`.
fn conversion(dir: &Path, csv: &Path, has_duckdb: bool) {
    let megabytes = csv.metadata().expect("the generated file").len() as f64 / 1e6;
    let folder = dir.join("csv");
    fs::create_dir(&folder).expect("a new folder");
    fs::copy(csv, folder.join("orders.csv")).expect("a copy");
    let mut number = 0;
    let ours = row(&format!("agnes extract files, {CSV_ROWS} rows, {megabytes:.0} MB"), 5, || {
        number += 1;
        let data = dir.join(format!("convert{number}"));
        run(agnes(dir, &["extract", "files"]).arg(&folder).env("DATA_DIR", data));
    });
    if has_duckdb {
        let script = format!(
            "import duckdb; duckdb.sql(\"COPY (FROM read_csv('{}')) TO '{}' (FORMAT parquet, COMPRESSION zstd)\")",
            csv.display(),
            dir.join("rival.parquet").display()
        );
        let theirs = row("  rival: python3, duckdb COPY", 5, || run(Command::new("python3").args(["-c", &script])));
        println!("{:<52} {:>12.2}", "  ratio", ours.as_secs_f64() / theirs.as_secs_f64());
    }
}

/// One larger table over HTTP, verified, against the bare transfer.
fn downloads(dir: &Path, server: &Server) {
    let home = workspace(dir, "admin");
    run(&mut server.command(&home, &["admin", "register-table", "orders", "--source-type", "local"]));
    run(&mut server.command(&home, &["admin", "sync", "orders"]));
    let count = ["query", "--remote", "select count(*) from orders"];
    while !server.command(&home, &count).output().expect("agnes runs").status.success() {
        std::thread::sleep(Duration::from_millis(200));
    }
    let source = fs::read_dir(dir.join("demo/analytics/published"))
        .expect("published files")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.to_string_lossy().contains("orders."))
        .expect("the published table");
    let megabytes = source.metadata().expect("the published table").len() as f64 / 1e6;
    let mut number = 0;
    row(&format!("agnes pull, the same tables and one of {megabytes:.1} MB"), 5, || {
        number += 1;
        run(&mut server.command(&workspace(dir, &format!("big{number}")), &["pull", "--quiet"]));
    });
    let target = dir.join("copied.parquet");
    let url = format!("{}/api/data/orders/download", server.address);
    // The token comes by stdin: command lines are for everyone to see.
    row("  rival: curl, that table alone, not verified", 5, || {
        let mut curl = Command::new("curl");
        curl.args(["-sf", "-H", "@-", "-o"]).arg(&target).arg(&url).stdin(Stdio::piped());
        let mut child = curl.spawn().expect("curl runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        writeln!(stdin, "Authorization: Bearer {}", server.token).expect("curl reads");
        drop(stdin);
        assert!(child.wait().expect("curl ends").success());
    });
    row("  rival: cp", 5, || run(Command::new("cp").arg(&source).arg(&target)));
}

struct Server {
    child: Child,
    address: String,
    token: String,
}

impl Server {
    fn start(data_dir: &Path, options: &[&str]) -> Self {
        let port = free_port();
        let home = workspace(data_dir.parent().expect("a parent"), "server");
        let mut command = agnes(&home, &["serve", "--host", "127.0.0.1", "--port", &port]);
        command.args(options).env("DATA_DIR", data_dir).env("LOG_LEVEL", "ERROR").stdout(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let mut token = String::new();
        if options.contains(&"--demo") {
            let stdout = child.stdout.as_mut().expect("a pipe");
            token = BufReader::new(stdout)
                .lines()
                .map_while(Result::ok)
                .find_map(|line| {
                    line.strip_prefix("Token").and_then(|rest| rest.split_whitespace().next().map(str::to_owned))
                })
                .expect("the server prints a token");
        }
        let server = Self { child, address: format!("http://127.0.0.1:{port}"), token };
        while !agnes(&home, &["serve", "--check", "--port", &port]).output().expect("agnes runs").status.success() {
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// A command as this server's admin.
    fn command(&self, workspace: &Path, args: &[&str]) -> Command {
        let mut command = agnes(workspace, args);
        command.env("AGNES_SERVER", &self.address).env("AGNES_TOKEN", &self.token);
        command
    }

    fn resident_mb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a running server");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
        line.split_whitespace().nth(1).expect("a number").parse::<f64>().expect("a number") / 1024.0
    }

    fn stop(mut self) {
        run(Command::new("kill").arg(self.child.id().to_string()));
        self.child.wait().expect("the server ends");
    }
}

/// `agnes` with nothing of the caller's settings.
fn agnes(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(AGNES);
    command.args(args).env_clear().env("HOME", home).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.current_dir(home);
    command
}

fn workspace(dir: &Path, name: &str) -> PathBuf {
    let path = dir.join("workspaces").join(name);
    fs::create_dir_all(&path).expect("a workspace");
    path
}

fn run(command: &mut Command) {
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Runs once to warm up, then `times`; prints and returns the median.
fn row(name: &str, times: usize, mut work: impl FnMut()) -> Duration {
    work();
    let mut took: Vec<Duration> = (0..times)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    took.sort();
    let (median, best) = (took[times / 2], took[0]);
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!("{name:<52} {:>9.1} ms {:>9.1} ms", ms(median), ms(best));
    median
}

/// Rows of usual types, the same in every run.
fn write_csv(path: &Path) {
    let mut file = BufWriter::new(fs::File::create(path).expect("a new file"));
    writeln!(file, "id,ordered_on,updated_at,customer,country,amount,paid,note").expect("room on the disk");
    let mut state = 42_u64;
    for id in 0..CSV_ROWS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = state >> 33;
        let (month, day, hour) = (random % 12 + 1, random % 28 + 1, random % 24);
        let country = ["CZ", "DE", "AT", "SK", "PL"][(random % 5) as usize];
        let (euros, cents, paid) = (random % 5000, random % 90 + 10, random.is_multiple_of(3));
        let note = if random.is_multiple_of(4) { "\"second, corrected\"" } else { "" };
        writeln!(
            file,
            "{id},2025-{month:02}-{day:02},2025-{month:02}-{day:02} {hour:02}:15:00,customer {},{country},{euros}.{cents},{paid},{note}",
            random % 20_000
        )
        .expect("room on the disk");
    }
    file.flush().expect("room on the disk");
}

fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port().to_string()
}
