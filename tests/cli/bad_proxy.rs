//! A reverse proxy with bad habits, in front of the stand-in.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Read};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::Compression;
use flate2::read::GzEncoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::server_stand_in::StandIn;

/// What happens to one response; the numbers are bytes of its body that come through.
#[derive(Clone, Debug)]
pub enum Habit {
    /// Without a length, and over as if that were all.
    Ends(usize),
    /// With a length, but the connection is closed before.
    Breaks(usize),
    /// In chunks, and the connection is closed within one.
    BreaksChunk(usize),
    /// The connection is reset.
    Resets(usize),
    /// With a length that is too small.
    Shortens(usize),
    /// Then nothing, with the connection open.
    Stalls(usize),
    /// Then a page, as if it belonged to the file.
    AppendsPage(usize),
    /// Compressed, and over early.
    Gzips(usize),
    /// The whole file, whatever was asked for, and over early.
    IgnoresRange(usize),
    /// Another range than was asked for.
    OtherRange,
    /// Without the conditions of the request, and over early.
    DropsConditions(usize),
    /// Another response: status line, more headers, body.
    Responds(&'static str, &'static str, &'static str),
}

type Habits = Arc<Mutex<HashMap<String, VecDeque<Habit>>>>;

pub struct BadProxy {
    pub url: String,
    habits: Habits,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl BadProxy {
    pub fn start(server: &StandIn) -> Self {
        let upstream = server.url.strip_prefix("http://").unwrap().to_owned();
        let habits = Habits::default();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let known = habits.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = accept(listener, upstream, known) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { url, habits, stop: Some(stop), thread: Some(thread) }
    }

    /// What happens to the next responses for paths that contain `part`; later ones pass as they are.
    pub fn habits(&self, part: &str, habits: impl IntoIterator<Item = Habit>) {
        self.habits.lock().unwrap().insert(part.to_owned(), habits.into_iter().collect());
    }

    /// Habits that have not come to pass.
    pub fn unused(&self) -> usize {
        self.habits.lock().unwrap().values().map(VecDeque::len).sum()
    }
}

impl Drop for BadProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

async fn accept(listener: TcpListener, upstream: String, habits: Habits) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let (upstream, habits) = (upstream.clone(), habits.clone());
        // A client that goes away is none of the proxy's business.
        tokio::spawn(async move { serve(client, &upstream, &habits).await });
    }
}

/// One request for each connection.
async fn serve(mut client: TcpStream, upstream: &str, habits: &Habits) -> io::Result<()> {
    let (head, body) = read_request(&mut client).await?;
    let path = head.split(' ').nth(1).unwrap_or_default();
    let habit = {
        let mut habits = habits.lock().unwrap();
        habits.iter_mut().find(|(part, _)| path.contains(part.as_str())).and_then(|(_, queue)| queue.pop_front())
    };
    if let Some(Habit::Responds(status, headers, page)) = habit {
        let length = page.len();
        let response =
            format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\ncontent-length: {length}\r\n\r\n{page}");
        return finish(client, response.as_bytes()).await;
    }
    let dropped: &[&str] = match habit {
        Some(Habit::IgnoresRange(_)) => &["range", "if-range"],
        Some(Habit::DropsConditions(_)) => &["if-match", "if-range"],
        _ => &[],
    };
    let mut server = TcpStream::connect(upstream).await?;
    server.write_all(without(&head, dropped, "connection: close\r\n").as_bytes()).await?;
    server.write_all(&body).await?;
    let mut response = Vec::new();
    server.read_to_end(&mut response).await?;
    let end = response.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8_lossy(&response[..end]).into_owned();
    send(client, &head, &response[end..], habit).await
}

async fn send(mut client: TcpStream, head: &str, body: &[u8], habit: Option<Habit>) -> io::Result<()> {
    let first = |bytes: usize| &body[..bytes.min(body.len())];
    let with = |headers: &str| without(head, &["content-length", "transfer-encoding"], headers).into_bytes();
    let sized = |length: usize| with(&format!("connection: close\r\ncontent-length: {length}\r\n"));
    let unsized_ = || with("connection: close\r\n");
    let message = match habit {
        None | Some(Habit::Responds(..)) => [sized(body.len()), body.to_vec()].concat(),
        Some(Habit::Ends(bytes) | Habit::IgnoresRange(bytes) | Habit::DropsConditions(bytes)) => {
            [unsized_(), first(bytes).to_vec()].concat()
        }
        Some(Habit::Breaks(bytes)) => [sized(body.len()), first(bytes).to_vec()].concat(),
        Some(Habit::BreaksChunk(bytes)) => {
            let size = format!("{:x}\r\n", body.len()).into_bytes();
            [with("connection: close\r\ntransfer-encoding: chunked\r\n"), size, first(bytes).to_vec()].concat()
        }
        Some(Habit::Shortens(bytes)) => [sized(first(bytes).len()), first(bytes).to_vec()].concat(),
        Some(Habit::AppendsPage(bytes)) => {
            [unsized_(), first(bytes).to_vec(), b"<html>upstream failed</html>".to_vec()].concat()
        }
        Some(Habit::Gzips(bytes)) => {
            let mut packed = Vec::new();
            GzEncoder::new(body, Compression::fast()).read_to_end(&mut packed)?;
            packed.truncate(bytes);
            [with("connection: close\r\ncontent-encoding: gzip\r\n"), packed].concat()
        }
        Some(Habit::OtherRange) => {
            let range = format!("connection: close\r\ncontent-range: bytes 7-{}/{}\r\n", body.len(), body.len());
            let head = without(head, &["content-range", "content-length"], &range);
            let status = head.split("\r\n").next().unwrap_or_default();
            [head.replacen(status, "HTTP/1.1 206 Partial Content", 1).into_bytes(), body.to_vec()].concat()
        }
        Some(Habit::Resets(bytes)) => {
            client.write_all(&[sized(body.len()), first(bytes).to_vec()].concat()).await?;
            // What was sent shall arrive before the reset.
            tokio::time::sleep(Duration::from_millis(100)).await;
            return client.set_zero_linger();
        }
        Some(Habit::Stalls(bytes)) => {
            client.write_all(&[sized(body.len()), first(bytes).to_vec()].concat()).await?;
            // Until the client gives up.
            client.read_to_end(&mut Vec::new()).await?;
            return Ok(());
        }
    };
    finish(client, &message).await
}

async fn finish(mut client: TcpStream, message: &[u8]) -> io::Result<()> {
    client.write_all(message).await?;
    client.shutdown().await
}

/// Head and body; the body has a length.
async fn read_request(client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    client.read_exact(&mut body).await?;
    Ok((head, body))
}

/// A head without some headers, and with others.
fn without(head: &str, names: &[&str], more: &str) -> String {
    let is_kept = |line: &&str| {
        let name = line.split(':').next().unwrap_or_default().to_lowercase();
        !line.is_empty() && name != "connection" && !names.contains(&name.as_str())
    };
    let lines: Vec<&str> = head.split("\r\n").filter(is_kept).collect();
    format!("{}\r\n{more}\r\n", lines.join("\r\n"))
}
