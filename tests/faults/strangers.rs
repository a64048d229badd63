//! People who never sign in and never go away, while somebody else works.

use std::io::Write;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use reqwest::Client;
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

use crate::flood::peak;
use crate::program::{PATIENCE, Place, Serving};

const STRANGERS: usize = 10_000;
/// How much the server may grow by them.
const GROWTH_KIB: u64 = 256 * 1024;
const REQUESTS: usize = 200;
/// How many strangers come in each tick.
const COMING: usize = 5;
const TICK: Duration = Duration::from_millis(2);

/// What a stranger sends at first, and then over and over.
const MANNERS: [(&str, &str); 6] = [
    ("", ""),
    ("PRI * HTTP/2.0\r\n\r\n", ""),
    ("GET /login HTTP/1.1\r\nHost: a\r\n", "X-A: b\r\n"),
    ("POST /auth/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n", " "),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", ""),
    // Takes none of its responses.
    ("GET /static/style.css HTTP/1.1\r\nHost: a\r\n\r\n", "GET /static/style.css HTTP/1.1\r\nHost: a\r\n\r\n"),
];

/// Strangers from `addresses` addresses of this machine, who keep coming back.
struct Strangers {
    stop: Arc<AtomicBool>,
    came: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Strangers {
    fn come(server: &Serving, addresses: usize) -> Self {
        let server: SocketAddr = server.url.strip_prefix("http://").unwrap().parse().unwrap();
        let (stop, came) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&came));
        let come = async move {
            let mut open: Vec<(TcpStream, usize)> = Vec::new();
            let mut at = 0;
            while !stopped.load(Ordering::Relaxed) {
                for _ in 0..COMING.min(STRANGERS - open.len()) {
                    let manners = open.len() % MANNERS.len();
                    let mut stranger = from(open.len() % addresses, server).await;
                    let _ = stranger.write(MANNERS[manners].0.as_bytes());
                    open.push((stranger, manners));
                }
                count.store(open.len(), Ordering::Relaxed);
                // Everybody gets a turn to drip, and one of those who were sent away comes back.
                let mut has_returned = false;
                for _ in 0..10 {
                    at = (at + 1) % open.len();
                    let (stranger, manners) = &mut open[at];
                    if !is_closed(stranger) {
                        let _ = stranger.write(MANNERS[*manners].1.as_bytes());
                    } else if !std::mem::replace(&mut has_returned, true) {
                        *stranger = from(at % addresses, server).await;
                        let _ = stranger.write(MANNERS[*manners].0.as_bytes());
                    }
                }
                tokio::time::sleep(TICK).await;
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let thread = std::thread::spawn(move || runtime.block_on(come));
        Self { stop, came, thread }
    }

    fn wait_for(&self, count: usize) {
        let give_up = Instant::now() + 4 * PATIENCE;
        while self.came.load(Ordering::Relaxed) < count {
            assert!(Instant::now() < give_up, "only {} came", self.came.load(Ordering::Relaxed));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn leave(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

/// A connection from the address with that number.
async fn from(address: usize, server: SocketAddr) -> TcpStream {
    let address =
        IpAddr::from([127, 1, u8::try_from(address / 250).unwrap(), u8::try_from(address % 250 + 1).unwrap()]);
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(address, 0)).unwrap();
    socket.connect(server).await.unwrap().into_std().unwrap()
}

/// Whether the server has closed it. Whatever it has sent stays unread.
fn is_closed(stream: &TcpStream) -> bool {
    match stream.peek(&mut [0]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

/// Somebody who is signed in.
struct Analyst {
    runtime: Runtime,
    client: Client,
    url: String,
    token: String,
}

impl Analyst {
    fn of(server: &Serving) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // Each request has a connection of its own.
        let client = Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(PATIENCE).build().unwrap();
        let admin = json!({ "email": "admin@example.com", "password": "correct horse" });
        let request = client.post(format!("{}/auth/bootstrap", server.url)).json(&admin);
        let body: Value = runtime.block_on(async { request.send().await.unwrap().json().await.unwrap() });
        let token = body["access_token"].as_str().unwrap().to_owned();
        Self { runtime, client, url: server.url.clone(), token }
    }

    /// The 95th percentile of the time that a request takes.
    fn percentile(&self) -> Duration {
        let ask = || {
            let begun = Instant::now();
            let request = self.client.get(format!("{}/api/catalog/tables", self.url)).bearer_auth(&self.token);
            let status = self.runtime.block_on(async { request.send().await.unwrap().status() });
            assert_eq!(status, 200);
            begun.elapsed()
        };
        let mut times: Vec<_> = (0..REQUESTS).map(|_| ask()).collect();
        times.sort();
        times[REQUESTS * 95 / 100]
    }
}

fn descriptors(server: &Serving) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.child.id())).unwrap().count()
}

/// Has strangers come while an analyst works, and checks that neither the analyst nor the server's memory notices.
fn assert_harmless(server: &Serving, addresses: usize, max_connections: usize) {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let analyst = Analyst::of(server);
    let quiet = analyst.percentile();
    let (memory, files) = (peak(server.child.id()).unwrap(), descriptors(server));
    let strangers = Strangers::come(server, addresses);
    let during = analyst.percentile();
    strangers.wait_for(STRANGERS);
    let after = analyst.percentile();
    let (grown, opened) = (peak(server.child.id()).unwrap() - memory, descriptors(server) - files);
    eprintln!("quiet {quiet:?}, while they come {during:?}, with all of them {after:?}; {grown} KiB, {opened} files");
    strangers.leave();
    let bound = (2 * quiet).max(Duration::from_millis(50));
    assert!(during <= bound && after <= bound, "{quiet:?} became {during:?} and {after:?}");
    assert!(grown < GROWTH_KIB, "grew by {grown} KiB");
    assert!(opened <= max_connections + 100, "{opened} files were opened");
    assert!(opened > max_connections / 2, "only {opened} strangers stayed");
}

#[test]
fn strangers_of_one_address_hurt_nobody() {
    let place = Place::new(&[]);
    let server = place.serve(&[]);
    assert_harmless(&server, 1, 256);
    assert_eq!(server.end(Signal::TERM).0, Some(0));
}

#[test]
fn strangers_of_many_addresses_hurt_nobody() {
    let place = Place::new(&[]);
    let server = place.serve(&[]);
    assert_harmless(&server, 500, 4096);
    assert_eq!(server.end(Signal::TERM).0, Some(0));
}

/// The process may open far fewer files than there are strangers.
#[test]
fn strangers_do_not_use_up_the_files() {
    let place = Place::new(&[]);
    let limited = place.command(&[]);
    let program = limited.get_program().to_owned();
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -n 512 && exec \"$0\" serve"]).arg(program).env_clear().current_dir(place.dir.path());
    shell.envs(limited.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let server = Serving::start(&mut shell);
    assert_harmless(&server, 500, 256);
    assert_eq!(server.end(Signal::TERM).0, Some(0));
}
