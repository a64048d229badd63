//! A worker that is taken over: arbitrary code that runs after the sandbox was entered.

use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use agnes::query::worker::sandbox::{Sandbox, limit};
use rustix::process::{
    PTracer, Pid, Resource, Signal, getpriority_process, getrlimit, kill_process, set_ptracer, setrlimit,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Layers;

/// Which layers stop an attempt, each alone.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Landlock,
    Seccomp,
    Either,
}

/// What an attacker tries.
const NEVER: [(&str, By); 16] = [
    ("read another table", By::Landlock),
    ("read the passwords of the machine", By::Landlock),
    ("read the memory of the server", By::Landlock),
    ("read the environment of the server", By::Landlock),
    ("list the data directory", By::Landlock),
    ("write to its own table", By::Landlock),
    ("remove its own table", By::Landlock),
    ("write beside the spill directory", By::Landlock),
    ("move a file out of the spill directory", By::Landlock),
    ("connect over TCP", By::Either),
    ("listen for others", By::Either),
    ("send over UDP", By::Seccomp),
    ("connect to a socket of this machine", By::Seccomp),
    ("start a program", By::Either),
    ("signal the server", By::Either),
    ("change its limits", By::Seccomp),
];
const ALWAYS: [&str; 4] = ["read its own table", "write into the spill directory", "start a thread", "signal itself"];

const MEMORY: u64 = 256 * 1024 * 1024;

#[derive(Deserialize, Serialize)]
pub struct Task {
    own: PathBuf,
    other: PathBuf,
    spill: PathBuf,
    socket: PathBuf,
    address: String,
    server: i32,
    layers: Layers,
    has_network: bool,
}

impl Task {
    fn attempt(&self, what: &str) -> bool {
        let server = self.server;
        match what {
            "read another table" => fs::read(&self.other).is_ok(),
            "read the passwords of the machine" => fs::read("/etc/passwd").is_ok(),
            "read the memory of the server" => fs::File::open(format!("/proc/{server}/mem")).is_ok(),
            "read the environment of the server" => fs::read(format!("/proc/{server}/environ")).is_ok(),
            "list the data directory" => fs::read_dir(self.own.parent().unwrap()).is_ok(),
            "write to its own table" => fs::OpenOptions::new().write(true).open(&self.own).is_ok(),
            // Whoever can do that puts it back, for the next attempts.
            "remove its own table" => fs::remove_file(&self.own).is_ok_and(|()| fs::write(&self.own, "rows").is_ok()),
            "write beside the spill directory" => fs::write(self.own.with_file_name("new"), "x").is_ok(),
            "move a file out of the spill directory" => {
                fs::write(self.spill.join("moved"), "x").unwrap();
                fs::rename(self.spill.join("moved"), self.own.with_file_name("moved")).is_ok()
            }
            "connect over TCP" => TcpStream::connect(&self.address).is_ok(),
            "listen for others" => TcpListener::bind("127.0.0.1:0").is_ok(),
            "send over UDP" => {
                UdpSocket::bind("127.0.0.1:0").is_ok_and(|socket| socket.send_to(b"x", &self.address).is_ok())
            }
            "connect to a socket of this machine" => UnixStream::connect(&self.socket).is_ok(),
            "start a program" => Command::new("/bin/true").status().is_ok(),
            "signal the server" => kill_process(Pid::from_raw(server).unwrap(), Signal::URG).is_ok(),
            "change its limits" => setrlimit(Resource::Data, getrlimit(Resource::Data)).is_ok(),
            "read its own table" => fs::read(&self.own).is_ok(),
            "write into the spill directory" => fs::write(self.spill.join("spilled"), "x").is_ok(),
            "start a thread" => std::thread::Builder::new().spawn(|| ()).is_ok_and(|thread| thread.join().is_ok()),
            // One that is ignored.
            "signal itself" => kill_process(rustix::process::getpid(), Signal::URG).is_ok(),
            other => panic!("{other}"),
        }
    }
}

pub fn check() {
    for (layers, stopping) in [
        // Shows that an attempt fails because of the layers.
        (Layers::NONE, &[][..]),
        (Layers::LANDLOCK, &[By::Landlock, By::Either]),
        (Layers::SECCOMP, &[By::Seccomp, By::Either]),
        (Layers::SANDBOX, &[By::Landlock, By::Seccomp, By::Either]),
    ] {
        let outcome = run(layers, false);
        for (what, by) in NEVER {
            assert_eq!(outcome[what], !stopping.contains(&by), "{what}, with {layers:?}");
        }
        for what in ALWAYS {
            assert_eq!(outcome[what], true, "{what}, with {layers:?}");
        }
        assert_eq!(outcome["allocated"], false, "a worker took more memory than it may");
        assert_eq!(outcome["priority"], 10);
        assert_eq!(outcome["oom_score_adj"], "1000\n", "the kernel would not end it before the server");
    }
    // One for tables that stay at their source reaches other machines, and nothing else.
    let outcome = run(Layers::SANDBOX, true);
    for (what, _) in NEVER {
        match what {
            "connect over TCP" => assert_eq!(outcome[what], true),
            // Needed for names and connections; nobody can reach it from outside, since `listen` and `accept` are refused.
            "listen for others" | "send over UDP" => {}
            _ => assert_eq!(outcome[what], false, "a worker with network could {what}"),
        }
    }
    println!("sandbox: {} attempts of code were stopped", NEVER.len());
}

/// Starts this program again as a worker that was taken over, and returns what it could do.
fn run(layers: Layers, has_network: bool) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let spill = data.join("spill");
    fs::create_dir_all(&spill).unwrap();
    let (own, other, socket) = (data.join("own.parquet"), data.join("other.parquet"), data.join("socket"));
    for file in [&own, &other] {
        fs::write(file, "rows").unwrap();
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let _unix = UnixListener::bind(&socket).unwrap();
    // Some machines let nobody but a parent read the memory of a process.
    let _ = set_ptracer(PTracer::Any);
    let (address, server) = (listener.local_addr().unwrap().to_string(), std::process::id().cast_signed());
    let task = Task { own, other, spill, socket, address, server, layers, has_network };
    let mut child = Command::new(std::env::current_exe().unwrap());
    let task_text = serde_json::to_string(&task).unwrap();
    let child = child.args(["--code", &task_text]).stdout(Stdio::piped()).spawn();
    let mut text = String::new();
    child.unwrap().stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(fs::read(&task.own).unwrap(), b"rows");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub fn attempt_all(task: &Task) {
    limit(MEMORY, 1024 * 1024).unwrap();
    let sandbox =
        Sandbox { readable: vec![task.own.clone()], writable: vec![task.spill.clone()], has_network: task.has_network };
    let priority = getpriority_process(None).unwrap();
    let oom_score_adj = fs::read_to_string("/proc/self/oom_score_adj").unwrap();
    task.layers.enter(&sandbox);
    let attempts = NEVER.iter().map(|(what, _)| what).chain(&ALWAYS);
    let mut outcome: Map<String, Value> =
        attempts.map(|what| ((*what).to_owned(), task.attempt(what).into())).collect();
    outcome.insert("allocated".into(), json!(Vec::<u8>::new().try_reserve_exact(2 * MEMORY as usize).is_ok()));
    outcome.insert("priority".into(), priority.into());
    outcome.insert("oom_score_adj".into(), oom_score_adj.into());
    println!("{}", Value::Object(outcome));
}
