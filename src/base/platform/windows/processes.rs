//! Processes and groups of them. A job ends with the last process that knows it, and all its processes with it: so no child
//! outlives the program that started it.

use std::io;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::process::{Child, Command};
use win32job::{ExtendedLimitInfo, Job, PriorityClass};

/// Environment variables without which no program runs, or finds its libraries and a place for temporary files.
pub const VARIABLES: [&str; 5] = ["SystemRoot", "Path", "TEMP", "TMP", "USERPROFILE"];

/// The status of a process that has aborted.
const ABORTED: u32 = 0xC000_0409;

/// A process with those that it starts.
#[derive(Clone, Debug)]
pub struct Group {
    job: Arc<Mutex<Option<Job>>>,
    id: u32,
}

impl Group {
    /// Before it is started: the group is made later.
    pub fn prepare(command: &mut Command) -> &mut Command {
        command
    }

    /// The group of a child, and of the processes that it starts from now on.
    pub fn of(child: &Child) -> io::Result<Self> {
        let (Some(handle), Some(id)) = (child.raw_handle(), child.id()) else {
            return Err(io::Error::other("the process has ended"));
        };
        let job = Job::create_with_limit_info(&limits(PriorityClass::BelowNormal)).map_err(io::Error::other)?;
        job.assign_process(handle as isize).map_err(io::Error::other)?;
        Ok(Self { job: Arc::new(Mutex::new(Some(job))), id })
    }

    pub fn id(&self) -> u32 {
        self.id
    }

    pub fn kill(&self) {
        drop(self.job.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Goes on: Windows has no way to stop a process.
    pub fn suspend(&self) {}

    pub fn resume(&self) {}

    /// Gives it the lowest priority, or its first one again. Returns whether the system allows it.
    pub fn set_last(&self, is_last: bool) -> bool {
        let priority = if is_last { PriorityClass::Idle } else { PriorityClass::BelowNormal };
        let job = self.job.lock().unwrap_or_else(PoisonError::into_inner);
        job.as_ref().is_some_and(|job| job.set_extended_limit_info(&limits(priority)).is_ok())
    }
}

fn limits(priority: PriorityClass) -> ExtendedLimitInfo {
    let mut limits = ExtendedLimitInfo::new();
    limits.limit_kill_on_job_close().limit_priority_class(priority);
    limits
}

/// The job of this process has a low priority already.
pub fn yield_to_others() {}

/// Windows has no such limit.
pub fn raise_descriptor_limit() -> u64 {
    u64::MAX
}

/// Not needed: jobs end with the process that made them.
pub fn parent() -> Option<u32> {
    None
}

/// This process alone: others end with its jobs.
pub fn end_own_group() {
    std::process::exit(1);
}

/// There are no signals.
pub fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// Returns whether a process was aborted, which happens where memory ends.
pub fn was_killed(status: ExitStatus) -> bool {
    status.code().is_some_and(|code| code.cast_unsigned() == ABORTED)
}
