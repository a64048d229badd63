//! A query worker that is taken over: arbitrary code that runs after the sandbox was entered, without policy or namespace.
//!
//! This program has no test harness, since the sandbox must be entered on the first thread: without arguments it starts
//! itself once for each case and looks at what came out.

#![expect(clippy::unwrap_used, clippy::print_stdout, clippy::panic, reason = "a test that fails ends")]

use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use agnes::query::worker::sandbox::{Sandbox, limit};
use rustix::process::{Pid, Resource, Rlimit, Signal, getpriority_process, kill_process, setrlimit};
use serde_json::{Value, json};

/// What an attacker tries, and whether it must work.
const NEVER: [&str; 16] = [
    "read another table",
    "read the passwords of the machine",
    "read the memory of the server",
    "read the environment of the server",
    "list the data directory",
    "write to its own table",
    "remove its own table",
    "write beside the spill directory",
    "move a file out of the spill directory",
    "connect over TCP",
    "listen for others",
    "send over UDP",
    "connect to a socket of this machine",
    "start a program",
    "signal the server",
    "raise its limits",
];
const ALWAYS: [&str; 4] = ["read its own table", "write into the spill directory", "start a thread", "signal itself"];

struct Place {
    own: PathBuf,
    other: PathBuf,
    spill: PathBuf,
    socket: PathBuf,
    address: String,
    server: Pid,
}

impl Place {
    fn attempt(&self, what: &str) -> bool {
        let server = self.server.as_raw_nonzero();
        match what {
            "read another table" => fs::read(&self.other).is_ok(),
            "read the passwords of the machine" => fs::read("/etc/passwd").is_ok(),
            "read the memory of the server" => fs::File::open(format!("/proc/{server}/mem")).is_ok(),
            "read the environment of the server" => fs::read(format!("/proc/{server}/environ")).is_ok(),
            "list the data directory" => fs::read_dir(self.own.parent().unwrap()).is_ok(),
            "write to its own table" => fs::OpenOptions::new().write(true).open(&self.own).is_ok(),
            "remove its own table" => fs::remove_file(&self.own).is_ok(),
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
            "signal the server" => kill_process(self.server, Signal::USR1).is_ok(),
            "raise its limits" => setrlimit(Resource::Data, Rlimit { current: None, maximum: None }).is_ok(),
            "read its own table" => fs::read(&self.own).is_ok(),
            "write into the spill directory" => fs::write(self.spill.join("spilled"), "x").is_ok(),
            "start a thread" => std::thread::Builder::new().spawn(|| ()).is_ok_and(|thread| thread.join().is_ok()),
            // One that is ignored.
            "signal itself" => kill_process(rustix::process::getpid(), Signal::URG).is_ok(),
            other => panic!("{other}"),
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let ["--taken-over", task] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return taken_over(&serde_json::from_str(task).unwrap());
    }
    // The harness's arguments, such as a filter for the names of tests.
    if arguments.iter().any(|argument| !argument.starts_with('-') && !"sandbox".contains(argument.as_str())) {
        return;
    }
    let outcome = run(false);
    for what in NEVER {
        assert_eq!(outcome[what], false, "a worker could {what}");
    }
    for what in ALWAYS {
        assert_eq!(outcome[what], true, "a worker could not {what}");
    }
    assert_eq!(outcome["missing"], json!([]), "this kernel has all layers");
    assert_eq!(outcome["allocated"], false, "a worker took more memory than it may");
    assert_eq!(outcome["priority"], 10);
    // One for tables that stay at their source reaches other machines, and nothing else.
    let outcome = run(true);
    for what in
        NEVER.into_iter().filter(|what| !["connect over TCP", "read the passwords of the machine"].contains(what))
    {
        let is_network = ["listen for others", "send over UDP"].contains(&what);
        assert!(is_network || outcome[what] == false, "a worker with network could {what}");
    }
    assert_eq!(outcome["connect over TCP"], true);
    println!("sandbox: {} attempts were stopped", NEVER.len());
}

/// Starts this program again as a worker that was taken over, and returns what it could do.
fn run(has_network: bool) -> Value {
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
    let task = json!({
        "own": own, "other": other, "spill": spill, "socket": socket, "has_network": has_network,
        "address": listener.local_addr().unwrap().to_string(), "server": std::process::id(),
    });
    let mut child = Command::new(std::env::current_exe().unwrap());
    let child = child.args(["--taken-over", &task.to_string()]).stdout(Stdio::piped()).spawn();
    let mut text = String::new();
    child.unwrap().stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(fs::read(&own).unwrap(), b"rows");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn taken_over(task: &Value) {
    const MEMORY: u64 = 256 * 1024 * 1024;
    let path = |key: &str| Path::new(task[key].as_str().unwrap()).to_owned();
    let place = Place {
        own: path("own"),
        other: path("other"),
        spill: path("spill"),
        socket: path("socket"),
        address: task["address"].as_str().unwrap().to_owned(),
        server: Pid::from_raw(task["server"].as_i64().unwrap().try_into().unwrap()).unwrap(),
    };
    limit(MEMORY, 1024 * 1024).unwrap();
    let sandbox = Sandbox {
        readable: vec![place.own.clone()],
        writable: vec![place.spill.clone()],
        has_network: task["has_network"] == true,
    };
    let priority = getpriority_process(None).unwrap();
    let missing = sandbox.enter().unwrap();
    let mut outcome: serde_json::Map<String, Value> =
        NEVER.iter().chain(&ALWAYS).map(|what| ((*what).to_owned(), place.attempt(what).into())).collect();
    outcome.insert("missing".into(), json!(missing));
    outcome.insert("allocated".into(), Vec::<u8>::new().try_reserve_exact(2 * MEMORY as usize).is_ok().into());
    outcome.insert("priority".into(), priority.into());
    println!("{}", Value::Object(outcome));
}
