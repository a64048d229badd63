//! What Linux does for a process that has limits, or a parent to end with.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit};

/// Limits the memory of this process, in bytes. What asks for more fails or is aborted, without a memory dump.
pub fn limit_memory(bytes: u64) -> io::Result<()> {
    limit(Resource::Data, bytes)?;
    limit(Resource::Core, 0)
}

/// Limits what this process may take, unless less is allowed already.
pub fn limit(resource: Resource, bytes: u64) -> io::Result<()> {
    let maximum = getrlimit(resource).maximum;
    let bytes = Some(maximum.map_or(bytes, |maximum| maximum.min(bytes)));
    Ok(setrlimit(resource, Rlimit { current: bytes, maximum: bytes })?)
}

/// Has the kernel end this process rather than another one when memory runs out, in the machine or in their control group.
pub fn end_first() {
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
}

/// Ends this process when its parent does.
pub fn end_with_parent() -> io::Result<()> {
    Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
}

/// Becomes another program, which also ends with the parent if this one would. Returns only on failure.
pub fn become_program(mut command: Command) -> io::Error {
    command.exec()
}

/// Memory that a process holds now, in bytes.
pub fn resident_bytes(process: u32) -> Option<u64> {
    let statm = fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages.saturating_mul(rustix::param::page_size() as u64))
}

/// Memory of the machine, in bytes.
pub fn machine_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()?.checked_mul(1024)
}
