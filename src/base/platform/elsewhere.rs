//! In place of what only Linux does: less, and what is missing is said.

use std::io;
use std::process::Command;
use std::thread;
use std::time::Duration;

use sysinfo::{MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System};

use super::processes;

/// How often a process looks for its parent.
const LOOK: Duration = Duration::from_secs(1);

/// Memory is not limited: macOS has no limit that counts, and Windows none for a process that runs.
pub fn limit_memory(_bytes: u64) -> io::Result<()> {
    Ok(())
}

/// The system chooses when memory runs out.
pub fn end_first() {}

/// Ends this process and its group soon after its parent has ended. On Windows the group of a child does so itself.
pub fn end_with_parent() -> io::Result<()> {
    let Some(parent) = processes::parent() else { return Ok(()) };
    thread::Builder::new().name("parent".into()).spawn(move || {
        while processes::parent() == Some(parent) {
            thread::sleep(LOOK);
        }
        processes::end_own_group();
    })?;
    Ok(())
}

/// Runs another program as a child, and ends with it. Returns only on failure.
pub fn become_program(mut command: Command) -> io::Error {
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}

/// Memory that a process holds now, in bytes.
pub fn resident_bytes(process: u32) -> Option<u64> {
    let (mut system, process) = (System::new(), Pid::from_u32(process));
    let facts = ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[process]), false, facts);
    system.process(process).map(sysinfo::Process::memory)
}

/// Memory of the machine, in bytes.
pub fn machine_memory() -> Option<u64> {
    let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    Some(System::new_with_specifics(memory).total_memory()).filter(|bytes| *bytes > 0)
}
