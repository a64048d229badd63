//! Processes and groups of them.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process_group, setpriority_pgrp, setrlimit};
use tokio::process::{Child, Command};

/// Environment variables without which no program runs.
pub const VARIABLES: [&str; 0] = [];

/// The priority of a group that has not got the lowest one, and the lowest, as `nice` counts.
const CONSIDERATE: i32 = 10;
const LOWEST: i32 = 19;

/// The first process of a group, with those that it starts.
#[derive(Clone, Debug)]
pub struct Group(Pid);

impl Group {
    /// Before it is started: in a group of its own.
    pub fn prepare(command: &mut Command) -> &mut Command {
        command.process_group(0)
    }

    /// The group of a child whose command was prepared.
    pub fn of(child: &Child) -> io::Result<Self> {
        let id = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        id.map(Self).ok_or_else(|| io::Error::other("the process has ended"))
    }

    pub fn id(&self) -> u32 {
        self.0.as_raw_nonzero().get().unsigned_abs()
    }

    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Stops it where it is, until [`Self::resume`].
    pub fn suspend(&self) {
        self.signal(Signal::STOP);
    }

    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Gives it the lowest priority, or that of [`yield_to_others`] again. Returns whether the system allows it: raising a
    /// priority takes a privilege.
    pub fn set_last(&self, is_last: bool) -> bool {
        setpriority_pgrp(Some(self.0), if is_last { LOWEST } else { CONSIDERATE }).is_ok()
    }

    fn signal(&self, signal: Signal) {
        // Fails when no process is left in it.
        let _ = kill_process_group(self.0, signal);
    }
}

/// Lets other processes go first when the processor is busy.
pub fn yield_to_others() {
    // Without it the work is only less considerate.
    let _ = rustix::process::nice(CONSIDERATE);
}

/// Raises the number of descriptors that this process may open to what its user may raise it to, and returns that.
pub fn raise_descriptor_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    let is_raised = limit.current != limit.maximum && setrlimit(Resource::Nofile, raised).is_ok();
    if is_raised { limit.maximum } else { limit.current }.unwrap_or(u64::MAX)
}

/// The process that started this one, if it lives.
pub fn parent() -> Option<u32> {
    rustix::process::getppid().map(|id| id.as_raw_nonzero().get().unsigned_abs())
}

/// Kills this process and the others of its group.
#[cfg(not(target_os = "linux"))]
pub fn end_own_group() {
    let _ = kill_process_group(rustix::process::getpgrp(), Signal::KILL);
}

/// The number of the signal that ended a process.
pub fn signal(status: ExitStatus) -> Option<i32> {
    status.signal()
}

/// Returns whether a process was aborted or killed, which happens where memory ends.
pub fn was_killed(status: ExitStatus) -> bool {
    [Signal::ABORT, Signal::KILL].iter().any(|signal| status.signal() == Some(signal.as_raw()))
}
