//! A real PostgreSQL server of its own for one test.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

pub const PASSWORD: &str = "a password of the database 1";

/// Who the server runs as: it refuses to be root.
#[derive(Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

pub struct Postgres {
    pub port: u16,
    directory: tempfile::TempDir,
    programs: PathBuf,
    user: Option<User>,
    server: Option<Child>,
}

impl Postgres {
    /// A new cluster that runs; `None`, with a note, where there is no PostgreSQL.
    pub fn start() -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let programs = versions.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").exists());
        let Some(programs) = programs else {
            eprintln!("skipped: PostgreSQL is not installed here; .ci/run installs it");
            return None;
        };
        let user = rustix::process::getuid().is_root().then(postgres_user);
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let password = directory.path().join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        let data = directory.path().join("data");
        std::fs::create_dir(&data).unwrap();
        if let Some(User { uid, gid }) = user {
            chown(&data, Some(uid), Some(gid)).unwrap();
        }
        // Taken for a moment; nobody else is likely to take it in between.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut postgres = Self { port, directory, programs, user, server: None };
        let ran = postgres
            .command("initdb")
            .args(["--auth=scram-sha-256", "--username=reader", "--no-sync", "--encoding=UTF8", "--locale=C"])
            .arg(format!("--pwfile={}", password.display()))
            .output()
            .unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        postgres.run();
        Some(postgres)
    }

    /// Starts the server, and waits until it answers.
    pub fn run(&mut self) {
        let child = self
            .command("postgres")
            .args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
            .arg("-c")
            .arg(format!("unix_socket_directories={}", self.data().display()))
            .spawn()
            .unwrap();
        self.server = Some(child);
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.psql("SELECT 1").status.success() {
            assert!(Instant::now() < deadline, "PostgreSQL does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the server at once.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            kill_process(Pid::from_child(&server), Signal::QUIT).unwrap();
            server.wait().unwrap();
        }
    }

    /// Runs a statement.
    pub fn execute(&self, sql: &str) {
        let ran = self.psql(sql);
        assert!(ran.status.success(), "{sql}: {}", String::from_utf8_lossy(&ran.stderr));
    }

    /// The address, as `_remote_attach` has it.
    pub fn url(&self) -> String {
        format!("host=127.0.0.1 port={} dbname=postgres user=reader", self.port)
    }

    fn psql(&self, sql: &str) -> std::process::Output {
        Command::new(self.programs.join("psql"))
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "reader", "-d", "postgres", "-c", sql])
            .env("PGPASSWORD", PASSWORD)
            .output()
            .unwrap()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-D").arg(self.data()).current_dir("/").stdout(Stdio::null()).stderr(Stdio::piped());
        if program == "postgres" {
            command.stderr(Stdio::null());
        }
        if let Some(User { uid, gid }) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = kill_process(Pid::from_child(&server), Signal::QUIT);
            let _ = server.wait();
        }
    }
}

fn postgres_user() -> User {
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = users.lines().find(|line| line.starts_with("postgres:")).unwrap();
    let fields: Vec<&str> = line.split(':').collect();
    User { uid: fields[2].parse().unwrap(), gid: fields[3].parse().unwrap() }
}

/// The directory of the real extensions; `None`, with a note, where they cannot be fetched.
pub fn extensions() -> Option<String> {
    let ran = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/extensions")).output().unwrap();
    if !ran.status.success() {
        eprintln!("skipped: no extensions here: {}", String::from_utf8_lossy(&ran.stderr));
        return None;
    }
    Some(String::from_utf8(ran.stdout).unwrap().trim().to_owned())
}
