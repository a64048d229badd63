//! The sync pipeline by its goals: files to parquet against DuckDB's own `COPY`, a rebuild of 500 tables, the manifest of
//! 1,000 tables. Reports, never judges.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark talks, and ends where its preparation fails"
)]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use agnes::base::ident::quote_path;
use agnes::connectors::TableRequest;
use agnes::engine::{self, Limits};
use agnes::extract::{self, TableMeta, data_file};
use serde_json::{Value, json};

const ROWS: u32 = 5_000_000;
const RUNS: usize = 3;
const TOKEN: &str = "the-schedulers-secret-of-32-chars-or-more";

fn main() {
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("profile {profile}; load average {}\n", load.trim());
    let dir = tempfile::tempdir().expect("a temporary directory");
    conversion(dir.path());
    rebuilds(&dir.path().join("rebuild"));
    manifest(&dir.path().join("manifest"));
}

/// CSV to parquet, ours and the engine's `COPY` in turn, each as a process of its own.
fn conversion(dir: &Path) {
    let folder = dir.join("in");
    std::fs::create_dir(&folder).expect("a folder");
    let csv = folder.join("orders.csv");
    write_csv(&csv);
    let size = std::fs::metadata(&csv).expect("a file").len() / 1024 / 1024;
    let python = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/python")).output().expect(".ci/python");
    let python = String::from_utf8(python.stdout).expect("a path").trim().to_owned();
    let (mut ours, mut declared, mut theirs, mut peak) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for run in 0..RUNS {
        for (request, times) in [(None, &mut ours), (Some(with_types()), &mut declared)] {
            let data_dir = dir.join(format!("data{run}_{}", request.is_some()));
            let mut command = agnes(&data_dir, &["extract", "files"]);
            command.arg(&folder);
            if let Some(request) = request {
                let path = dir.join("request.json");
                std::fs::write(&path, request.to_string()).expect("a file");
                command.arg("--stdin").stdin(std::fs::File::open(path).expect("a file"));
            }
            let begun = Instant::now();
            peak = peak.max(watched(&mut command));
            times.push(begun.elapsed());
        }
        let target = dir.join(format!("rival{run}.parquet"));
        let script = format!(
            "import duckdb; duckdb.sql(\"SET memory_limit='1GB'\"); duckdb.sql(\"COPY (FROM read_csv({})) TO {} (FORMAT parquet, COMPRESSION zstd)\")",
            quote_path(&csv).replace('"', "\\\""),
            quote_path(&target)
        );
        let begun = Instant::now();
        watched(Command::new(&python).args(["-c", &script]).stdout(Stdio::null()));
        theirs.push(begun.elapsed());
    }
    let (ours, declared, theirs) = (median(&mut ours), median(&mut declared), median(&mut theirs));
    let ratio = |ours: Duration| theirs.as_secs_f64() / ours.as_secs_f64();
    println!("agnes extract files, {ROWS} rows, {size} MB CSV   {:>8.2} s   (median of {RUNS})", ours.as_secs_f64());
    println!("  the same with all types declared                  {:>8.2} s", declared.as_secs_f64());
    println!("  rival: python3, duckdb COPY, the same file        {:>8.2} s", theirs.as_secs_f64());
    println!("  speed of ours by theirs, without and with types   {:>8.2}{:>6.2}", ratio(ours), ratio(declared));
    println!("  most memory of ours, AGNES_EXTRACT_MEMORY=1GB     {:>8} MB\n", peak / 1024);
}

/// A request for the generated file, whose types it declares.
fn with_types() -> Value {
    let columns = json!({
        "id": "integer", "day": "date", "at": "timestamp", "customer": "text", "amount": "decimal(18,2)",
        "quantity": "integer", "note": "text", "paid": "boolean",
    });
    let mut table = json!(TableRequest { name: "orders".into(), ..TableRequest::default() });
    table["file_format"] = json!({ "columns": columns });
    json!({ "tables": [table] })
}

/// `agnes rebuild` of 500 tables in five sources: at first, with nothing new, and with one new table.
fn rebuilds(data_dir: &Path) {
    fill(data_dir, 5, 100);
    let timed = |what: &str| {
        let mut times: Vec<Duration> = (0..if what == "the first" { 1 } else { RUNS })
            .map(|_| {
                let begun = Instant::now();
                assert!(agnes(data_dir, &["rebuild"]).output().expect("agnes").status.success());
                begun.elapsed()
            })
            .collect();
        println!("agnes rebuild, 500 tables, {what:<34} {:>8.2} s", median(&mut times).as_secs_f64());
    };
    timed("the first");
    timed("nothing new");
    let source = data_dir.join("extracts/source0");
    table(&source, "t0_0", 2);
    timed("one table changed");
    println!();
}

/// `GET /api/sync/manifest` of 1,000 tables over one kept connection.
fn manifest(data_dir: &Path) {
    fill(data_dir, 10, 100);
    std::fs::create_dir_all(data_dir.join("docs")).expect("a folder");
    std::fs::write(data_dir.join("docs/a.md"), "a").expect("a file");
    let server = Server::start(data_dir);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let ask = async || {
            let request = client.get(format!("{}/api/sync/manifest", server.url)).bearer_auth(TOKEN);
            let begun = Instant::now();
            let body = request.send().await.expect("an answer").bytes().await.expect("a body");
            (begun.elapsed(), body)
        };
        // Published in the background at the start.
        loop {
            let (_, body) = ask().await;
            let body: Value = serde_json::from_slice(&body).expect("JSON");
            if body["tables"].as_object().is_some_and(|tables| tables.len() == 1000) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let mut times = Vec::new();
        for _ in 0..1000 {
            times.push(ask().await.0);
        }
        times.sort();
        let at = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1e3;
        println!("manifest of 1,000 tables, 1,000 requests            median {:.2} ms, 95th {:.2} ms", at(50), at(95));
    });
}

/// Sources with small tables, as our own connectors write them.
fn fill(data_dir: &Path, sources: usize, tables: usize) {
    for source in 0..sources {
        let directory = data_dir.join(format!("extracts/source{source}"));
        std::fs::create_dir_all(directory.join("data")).expect("a folder");
        std::fs::write(directory.join(".lock"), "").expect("a mark");
        let metas: Vec<TableMeta> = (0..tables)
            .map(|number| {
                let name = format!("t{source}_{number}");
                table(&directory, &name, 1);
                TableMeta {
                    table_name: name,
                    description: None,
                    rows: 1000,
                    size_bytes: 0,
                    extracted_at: None,
                    query_mode: "local".into(),
                }
            })
            .collect();
        extract::write(&directory, &metas).expect("an extract");
    }
}

fn table(directory: &Path, name: &str, factor: u32) {
    let connection = engine::in_memory(&Limits::small()).expect("an engine");
    let pending = agnes::base::atomic_file::Pending::beside(&data_file(directory, name)).expect("a file");
    let file = quote_path(pending.path());
    let sql = format!("SELECT i * {factor} AS id, 'row ' || i AS text FROM range(1000) t(i)");
    connection.execute_batch(&format!("COPY ({sql}) TO {file} (FORMAT parquet, USE_TMP_FILE false)")).expect("a table");
    pending.commit().expect("a table");
}

fn agnes(data_dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agnes"));
    command.args(args).env_clear().env("HOME", data_dir).env("DATA_DIR", data_dir).env("CONFIG_DIR", data_dir);
    command.env("LOG_LEVEL", "error").env("AGNES_LOG_FORMAT", "json").env("SCHEDULER_API_TOKEN", TOKEN);
    command.env("AGNES_HOST", "127.0.0.1").env("AGNES_PORT", "0").stdout(Stdio::null());
    command
}

struct Server {
    url: String,
    child: Child,
}

impl Server {
    fn start(data_dir: &Path) -> Self {
        let mut command = agnes(data_dir, &["serve"]);
        let mut child =
            command.env("LOG_LEVEL", "agnes::server::start=info,error").stderr(Stdio::piped()).spawn().expect("agnes");
        let stderr = child.stderr.take().expect("standard error");
        let line = BufReader::new(stderr).lines().map_while(Result::ok).find(|line| line.contains("\"listening\""));
        let line: Value = serde_json::from_str(&line.expect("a server that starts")).unwrap_or(json!({}));
        Self { url: format!("http://{}", line["address"].as_str().expect("an address")), child }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command to its end; the most memory it held, in KiB.
fn watched(command: &mut Command) -> u64 {
    let mut child = command.spawn().expect("a program");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = peak.max(line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0));
        if let Some(ended) = child.try_wait().expect("a child") {
            if !ended.success() {
                eprintln!("{command:?} failed");
            }
            return peak;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn write_csv(path: &Path) {
    let mut file = BufWriter::new(std::fs::File::create(path).expect("a file"));
    file.write_all(b"id,day,at,customer,amount,quantity,note,paid\n").expect("room");
    let mut line = String::new();
    for id in 0..ROWS {
        line.clear();
        let (month, day, hour) = (id % 12 + 1, id % 28 + 1, id % 24);
        let _ = writeln!(
            line,
            "{id},2026-{month:02}-{day:02},2026-{month:02}-{day:02} {hour:02}:00:00,customer {},{}.{:02},{},note number {},{}",
            id % 5000,
            id % 900,
            id % 100,
            id % 7,
            id % 1000,
            id % 2 == 0
        );
        file.write_all(line.as_bytes()).expect("room");
    }
    file.flush().expect("room");
}
