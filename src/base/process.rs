//! Child processes with a chosen environment, a timeout and captured output, which leave no descendants behind.

use std::ffi::OsStr;
use std::future::pending;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

use super::platform::kernel;
use super::platform::processes::{self, Group};

/// How much of the end of each stream is retained, in bytes.
const RETAINED_BYTES: usize = 1024 * 1024;
/// The longest line that is passed on as a whole, in bytes.
const MAX_LINE_BYTES: u64 = 64 * 1024 * 1024;
/// How long streams are read after the process has ended, should something else hold them open.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// How a process ended.
#[derive(Debug)]
pub struct Output {
    /// `None`: it was killed, at the timeout or because it was to stop.
    pub status: Option<ExitStatus>,
    pub stderr: String,
}

/// A command that sees these variables only, in a process group of its own.
pub fn command<K: AsRef<OsStr>, V: AsRef<OsStr>>(
    program: &Path,
    environment: impl IntoIterator<Item = (K, V)>,
) -> Command {
    let mut command = Command::new(program);
    Group::prepare(command.env_clear().envs(environment)).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a [`command`] with `input` on its standard input, and passes each line that it prints to `on_line`.
///
/// At the end, at the timeout, or when the future is dropped, its whole process group is killed.
pub async fn run(
    command: &mut Command,
    input: &[u8],
    timeout: Duration,
    on_line: impl FnMut(&str),
) -> io::Result<Output> {
    run_until(pending(), command, input, timeout, on_line).await
}

/// As [`run`]. When `stop` completes, the process group is killed, and the process has ended on return.
pub async fn run_until(
    stop: impl Future<Output = ()>,
    command: &mut Command,
    input: &[u8],
    timeout: Duration,
    on_line: impl FnMut(&str),
) -> io::Result<Output> {
    let mut child = command.spawn()?;
    let group = KilledOnDrop(Group::of(&child)?);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut retained = Vec::new();
    let streams = async {
        let write = async {
            if let Some(mut stdin) = stdin {
                // A process that ends early closes its input; its exit status says why.
                let _ = stdin.write_all(input).await;
            }
        };
        tokio::join!(write, read_lines(stdout, on_line), read_end(stderr, &mut retained));
    };
    let wait = async {
        let status = tokio::select! {
            status = tokio::time::timeout(timeout, child.wait()) => status.ok().transpose(),
            () = stop => {
                group.0.kill();
                child.wait().await.map(|_| None)
            }
        };
        drop(group);
        status
    };
    let status = {
        tokio::pin!(streams, wait);
        tokio::select! {
            status = &mut wait => {
                let _ = tokio::time::timeout(DRAIN_TIMEOUT, streams).await;
                status?
            }
            () = &mut streams => wait.await?,
        }
    };
    Ok(Output { status, stderr: String::from_utf8_lossy(&retained).into_owned() })
}

/// Lets other processes go first when the processor is busy, and has the kernel end this one rather than the server when
/// memory runs out.
pub fn yield_to_others() {
    processes::yield_to_others();
    kernel::end_first();
}

/// The end of a text, of at most `max` bytes.
pub fn last_bytes(text: &str, max: usize) -> &str {
    let mut start = text.len().saturating_sub(max);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

struct KilledOnDrop(Group);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        self.0.kill();
    }
}

async fn read_lines(stream: Option<impl AsyncRead + Unpin>, mut on_line: impl FnMut(&str)) {
    let Some(stream) = stream else { return };
    let (mut reader, mut line) = (BufReader::new(stream), Vec::new());
    // A longer line is passed on in pieces, so that a process without line ends cannot take all memory.
    while let Ok(1..) = (&mut reader).take(MAX_LINE_BYTES).read_until(b'\n', &mut line).await {
        on_line(&String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(&line)));
        line.clear();
    }
}

/// All of the stream is read, so that the process never waits for its reader.
async fn read_end(stream: Option<impl AsyncRead + Unpin>, retained: &mut Vec<u8>) {
    let Some(mut stream) = stream else { return };
    let mut chunk = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = stream.read(&mut chunk).await {
        retained.extend_from_slice(&chunk[..read]);
        if retained.len() > 2 * RETAINED_BYTES {
            retained.drain(..retained.len() - RETAINED_BYTES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shell(script: &str, timeout: Duration) -> (Output, Vec<String>) {
        let mut lines = Vec::new();
        let mut command = command(Path::new("/bin/sh"), [("GREETING", "hello")]);
        let ended = run(command.args(["-c", script]), b"input\n", timeout, |line| lines.push(line.to_owned())).await;
        (ended.unwrap(), lines)
    }

    #[tokio::test]
    async fn output_and_status_are_captured() {
        let (output, lines) = shell("cat; echo $GREETING $HOME; echo oops >&2; exit 3", Duration::from_secs(30)).await;
        assert_eq!(lines, ["input", "hello"]);
        assert_eq!((output.status.unwrap().code(), output.stderr.as_str()), (Some(3), "oops\n"));
    }

    #[tokio::test]
    async fn descendants_end_with_it() {
        // The background process would hold the streams open for a minute.
        let (output, _) = shell("sleep 60 & exit 0", Duration::from_secs(30)).await;
        assert!(output.status.unwrap().success());
        let (output, _) = shell("echo started >&2; sleep 60", Duration::from_millis(300)).await;
        assert_eq!((output.status, output.stderr.as_str()), (None, "started\n"));
    }

    #[tokio::test]
    async fn what_is_stopped_has_ended() {
        let (started, is_started) = tokio::sync::oneshot::channel::<String>();
        let mut started = Some(started);
        let stop = async { drop(is_started.await) };
        let mut command = command(Path::new("/bin/sh"), [("GREETING", "hello")]);
        let pid = std::cell::RefCell::new(String::new());
        let on_line = |line: &str| {
            *pid.borrow_mut() = line.to_owned();
            started.take().map(|started| started.send(line.to_owned()));
        };
        let script = command.args(["-c", "echo $$; sleep 60"]);
        let output = run_until(stop, script, b"", Duration::from_secs(30), on_line).await.unwrap();
        assert_eq!(output.status, None);
        assert!(!Path::new("/proc").join(pid.borrow().as_str()).exists());
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!((last_bytes("aé", 1), last_bytes("aé", 2), last_bytes("a", 9)), ("", "é", "a"));
    }
}
