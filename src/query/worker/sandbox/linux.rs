//! The layers of Linux.

use std::io;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope,
};
use rustix::process::Resource;

use super::{Sandbox, system_calls};
use crate::base::platform::kernel;
use crate::base::process;

/// For the stack of the thread that parses and plans, in bytes: what is nested deeper ends the process.
const STACK: u64 = 64 * 1024 * 1024;
/// Address space that is not memory: the program, reservations of the allocator.
const ADDRESSES: u64 = 16 * 1024 * 1024 * 1024;

/// Limits the memory and the size of each file, in bytes, lets other processes go first, and ends with the parent.
pub fn limit(max_bytes: u64, spill_bytes: u64) -> io::Result<()> {
    kernel::limit_memory(max_bytes)?;
    // Also for what is not the process's own data, such as shared memory.
    kernel::limit(Resource::As, max_bytes.saturating_add(ADDRESSES))?;
    kernel::limit(Resource::Fsize, spill_bytes)?;
    // Of this thread; others have the size that was set when the program began.
    kernel::limit(Resource::Stack, STACK)?;
    process::yield_to_others();
    kernel::end_with_parent()
}

impl Sandbox {
    /// Gives up everything else. Returns the layers that this kernel lacks.
    pub fn enter(&self) -> io::Result<Vec<&'static str>> {
        let mut missing = Vec::new();
        if !self.restrict_files()? {
            missing.push("Landlock");
        }
        rustix::thread::set_no_new_privs(true)?;
        if !self.restrict_calls()? {
            missing.push("seccomp");
        }
        Ok(missing)
    }

    /// The layer of seccomp alone. Returns whether this kernel has it.
    pub fn restrict_calls(&self) -> io::Result<bool> {
        system_calls::restrict(self.has_network)
    }

    /// The layer of Landlock alone. Returns whether this kernel has it.
    pub fn restrict_files(&self) -> io::Result<bool> {
        self.landlock().map_err(io::Error::other)
    }

    fn landlock(&self) -> Result<bool, landlock::RulesetError> {
        // The newest that was reviewed; older kernels do what they can.
        let abi = ABI::V6;
        let mut rules = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(abi))?
            .scope(Scope::from_all(abi))?;
        if !self.has_network {
            rules = rules.handle_access(AccessNet::from_all(abi))?;
        }
        let mut rules = rules.create()?;
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        let write = read
            | AccessFs::WriteFile
            | AccessFs::Truncate
            | AccessFs::MakeReg
            | AccessFs::MakeDir
            | AccessFs::RemoveFile
            | AccessFs::RemoveDir;
        let readable = self.readable.iter().map(|path| (path, read));
        let writable = self.writable.iter().map(|path| (path, write));
        for (path, access) in readable.chain(writable) {
            // What is not there cannot be read either.
            let Ok(file) = PathFd::new(path) else { continue };
            let access = if path.is_dir() { access } else { access & AccessFs::from_file(abi) };
            rules = rules.add_rule(PathBeneath::new(file, access))?;
        }
        Ok(rules.restrict_self()?.ruleset != RulesetStatus::NotEnforced)
    }
}
