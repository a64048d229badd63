//! The statements that the policy and the namespace refuse, run without either: in a real worker, and in engines with only
//! some of its layers.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use agnes::engine::{self, Connection, Limits};
use agnes::query::QueryError;
use agnes::query::output::{Extent, Format};
use agnes::query::worker::sandbox::{Sandbox, limit};
use agnes::query::worker::{Instance, Kind, Prepare, Request, Run, Start, TableSpec, Worker, send_rows};
use cases::{SECRET, Want, hostile};
use serde::{Deserialize, Serialize};

use super::Layers;

#[path = "../../src/query/testing/cases.rs"]
#[expect(dead_code, reason = "what must work is tried elsewhere")]
mod cases;
const MEMORY: u64 = 512 * 1024 * 1024;
const SPILL: u64 = 1024 * 1024;
/// For one statement.
const TIME: Duration = Duration::from_secs(10);

pub fn check() {
    // Without any layer: what each statement is able to do.
    let open = Case::new().run_here(Layers::NONE);
    assert!(open.shown.len() >= 50, "only {} statements would show something: {open:#?}", open.shown.len());
    for text in ["SELECT * FROM salaries", "FROM salaries", "SELECT (SELECT max(salary) FROM salaries)"] {
        assert!(open.shown.iter().any(|shown| shown == text), "{text}");
    }
    for effect in ["connection", "home", "new.csv", "orders.csv", "new.parquet", "new.duckdb", "exported"] {
        assert!(open.effects.iter().any(|found| found == effect), "{effect}: {:?}", open.effects);
    }
    for (layers, name) in [
        (Layers::SETTINGS, "the settings of the engine"),
        (Layers::LANDLOCK, "Landlock"),
        (Layers::SANDBOX, "Landlock and seccomp"),
    ] {
        let outcome = Case::new().run_here(layers);
        assert_eq!(outcome, Outcome::default(), "{name} alone");
    }
    assert!(!Case::new().run_here(Layers::SECCOMP).effects.contains(&"connection".to_owned()), "seccomp alone");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(runtime.block_on(Case::new().run_in_worker()), Outcome::default(), "a worker");
    println!("sandbox: {} statements that would show something did not", open.shown.len());
}

/// What statements did that they should not.
#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
struct Outcome {
    /// Statements whose answer has something that is not in the worker's own table.
    shown: Vec<String>,
    /// Files that appeared or changed, and `connection`.
    effects: Vec<String>,
}

#[derive(Deserialize, Serialize)]
pub struct Task {
    dir: PathBuf,
    address: String,
    layers: Layers,
}

impl Task {
    /// Every statement that the policy or the namespace refuses, but the one that waits for an hour.
    fn statements(&self) -> impl Iterator<Item = String> {
        let (dir, address) = (self.dir.display().to_string(), self.address.clone());
        let others = |case: &cases::Case| matches!(case.want, Want::Error | Want::Limited | Want::Works(_));
        let refused = hostile().into_iter().filter(move |case| !others(case));
        refused.map(move |case| case.sql(&dir, &address)).filter(|sql| !sql.contains("3600000"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// In which the engine may spill.
    fn spill(&self) -> PathBuf {
        self.file("spill")
    }

    fn limits(&self) -> Limits {
        Limits { memory: format!("{MEMORY}B"), threads: 1, spill: Some(self.spill()), extensions: None }
    }

    /// A worker's own table.
    fn prepare(&self) -> Prepare {
        let databases = ["memory".to_owned()].into();
        let orders =
            TableSpec { name: "orders".into(), databases, files: vec![self.file("orders.parquet")], remote: None };
        Prepare { generation: 1, tables: vec![orders], remote: None, is_sandbox_required: true }
    }
}

/// A directory with one table that a worker may read, and much that it may not.
struct Case {
    _dir: tempfile::TempDir,
    task: Task,
    listener: TcpListener,
}

impl Case {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().join("data");
        for inner in ["work", "home", "spill"] {
            fs::create_dir_all(dir.join(inner)).unwrap();
        }
        let connection = engine::in_memory(&Limits::small()).unwrap();
        let path = dir.display();
        connection
            .execute_batch(&format!(
                "COPY (SELECT i AS id, 'cust' || i AS customer FROM range(20) t(i)) TO '{path}/orders.parquet';
                 COPY (SELECT '{SECRET}' AS person, '{SECRET}' AS salary) TO '{path}/salaries.parquet';
                 COPY (SELECT '{SECRET}' AS person, 2 AS salary) TO '{path}/secret.json';
                 ATTACH '{path}/extract.duckdb' AS extract;
                 CREATE TABLE extract.secrets AS SELECT '{SECRET}' AS secret"
            ))
            .unwrap();
        fs::write(dir.join("secret.txt"), format!("name,secret\nx,{SECRET}\n")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let task = Task { dir, address: listener.local_addr().unwrap().to_string(), layers: Layers::NONE };
        Self { _dir: temporary, task, listener }
    }

    /// Runs the statements in an engine of another process of this program, which has these layers.
    fn run_here(mut self, layers: Layers) -> Outcome {
        self.task.layers = layers;
        let before = self.files();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args(["--sql", &serde_json::to_string(&self.task).unwrap()])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        child.current_dir(self.task.file("work")).env("HOME", self.task.file("home")).env("AGNES_TEST", SECRET);
        let output = child.spawn().unwrap().wait_with_output().unwrap();
        let shown = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        Outcome { shown, effects: self.effects(&before) }
    }

    /// Runs them in a worker as the server starts it.
    async fn run_in_worker(self) -> Outcome {
        let before = self.files();
        let mut worker = self.worker().await;
        let mut shown = Vec::new();
        for sql in self.task.statements() {
            let result = tokio::time::timeout(TIME, rows(&mut worker, &sql)).await.unwrap_or_else(|_| panic!("{sql}"));
            if shows(&result) {
                shown.push(sql);
            }
            // One that still has its table goes on.
            if !rows(&mut worker, "SELECT * FROM orders").await.is_ok_and(|rows| contains(&rows, "cust19")) {
                worker = self.worker().await;
            }
        }
        worker.end().await;
        Outcome { shown, effects: self.effects(&before) }
    }

    async fn worker(&self) -> Worker {
        let start = Start {
            memory: format!("{MEMORY}B"),
            max_bytes: 4 * MEMORY,
            spill: self.task.spill().join("worker"),
            spill_bytes: SPILL,
            extensions: None,
        };
        let home = self.task.file("home").display().to_string();
        let mut environment = vec![("HOME".to_owned(), home), ("AGNES_TEST".to_owned(), SECRET.to_owned())];
        environment.extend(std::env::var("LD_LIBRARY_PATH").map(|path| ("LD_LIBRARY_PATH".to_owned(), path)));
        let program = Path::new(env!("CARGO_BIN_EXE_agnes"));
        let mut worker = Worker::spawn(program, &environment, start).await.unwrap();
        worker.ask(&Request::Prepare(self.task.prepare())).await.unwrap();
        worker
    }

    /// Names and contents of all files but those that were spilled.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = walkdir::WalkDir::new(&self.task.dir).into_iter().map(Result::unwrap);
        let files = files.filter(|entry| !entry.path().starts_with(self.task.spill()));
        let content = |path: &Path| if path.is_file() { fs::read(path).unwrap() } else { Vec::new() };
        files.map(|entry| (entry.path().to_owned(), content(entry.path()))).collect()
    }

    /// The first folders or files below the directory that are not as before.
    fn effects(&self, before: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<String> {
        let after = self.files();
        let paths = before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path));
        let first = |path: &PathBuf| path.strip_prefix(&self.task.dir).unwrap().iter().next().unwrap().to_owned();
        let mut effects: Vec<String> = paths.map(|path| first(path).into_string().unwrap()).collect();
        match self.listener.accept() {
            Ok(_) => effects.push("connection".into()),
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
        effects.sort();
        effects.dedup();
        effects
    }
}

/// In a process of its own.
pub fn run_all(task: &Task) {
    limit(4 * MEMORY, SPILL).unwrap();
    let connection = Instance::open(&task.limits(), SPILL).unwrap();
    let own = task.file("orders.parquet");
    task.layers.enter(&Sandbox { readable: vec![own], writable: vec![task.spill()], has_network: false });
    let connection = if task.layers.settings {
        Instance::fill(connection, &task.prepare(), &[]).unwrap().connection
    } else {
        connection.execute_batch(&view(task, "orders")).unwrap();
        // Fails where the file cannot be read.
        let _ = connection.execute_batch(&view(task, "salaries"));
        connection
    };
    let run = |sql: &String| {
        // Transactions and settings of one statement are not those of the next.
        let connection = connection.try_clone().unwrap();
        engine::Watch::new().run(&connection, TIME, |connection| shows(&collected(connection, sql)))
    };
    let shown: Vec<String> = task.statements().filter(run).collect();
    assert!(contains(&collected(&connection, "SELECT * FROM orders").unwrap(), "cust19"));
    println!("{}", serde_json::to_string(&shown).unwrap());
}

fn view(task: &Task, name: &str) -> String {
    format!("CREATE VIEW {name} AS FROM '{}'", task.file(&format!("{name}.parquet")).display())
}

fn run(sql: &str) -> Run {
    Run {
        sql: sql.to_owned(),
        threads: 2,
        format: Format::TEXTS,
        extent: Extent { rows: 1000, bytes: usize::MAX, is_cut: false },
        row_bytes: usize::MAX,
    }
}

fn collected(connection: &Connection, sql: &str) -> Result<Vec<u8>, QueryError> {
    let mut rows = Vec::new();
    send_rows(connection, &run(sql), |piece| {
        rows.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(rows)
}

async fn rows(worker: &mut Worker, sql: &str) -> Result<Vec<u8>, QueryError> {
    worker.send(&Request::Run(run(sql))).await?;
    let mut rows = Vec::new();
    while let (Kind::Rows, piece) = worker.next().await? {
        rows.extend(piece);
    }
    Ok(rows)
}

/// Whether an answer has the content or the name of a file that is not the worker's, or an error the content.
fn shows(answer: &Result<Vec<u8>, QueryError>) -> bool {
    match answer {
        Ok(rows) => [SECRET, "salaries.parquet", "root:"].iter().any(|text| contains(rows, text)),
        Err(error) => error.to_string().contains(SECRET),
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}
