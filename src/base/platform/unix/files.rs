//! Files and directories.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, RenameFlags, renameat_with, statvfs};

/// The rights of the group and of everybody else.
const OTHERS: u32 = 0o077;
const OWNER_ONLY: u32 = 0o600;
const PROGRAM: u32 = 0o755;

/// From here on, files and directories that this process or a child makes are for their owner only.
pub fn restrict_new_files() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// A file that these options create is for its owner only.
pub fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(OWNER_ONLY)
}

/// Takes all rights from others. Returns whether they had any.
pub fn close_to_others(path: &Path) -> io::Result<bool> {
    let mode = fs::symlink_metadata(path)?.permissions().mode();
    if mode & OTHERS == 0 {
        return Ok(false);
    }
    // What is opened is what gets the mode, even if somebody puts a link in its place meanwhile.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let opened = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)?;
    opened.set_permissions(Permissions::from_mode(mode & !OTHERS))?;
    Ok(true)
}

/// Gives a directory to its owner alone.
pub fn make_private(directory: &Path) -> io::Result<()> {
    fs::set_permissions(directory, Permissions::from_mode(0o700))
}

/// The mode of a file that others have rights to.
pub fn open_mode(file: &Metadata) -> Option<u32> {
    let mode = file.permissions().mode() & 0o777;
    (mode & OTHERS != 0).then_some(mode)
}

pub fn is_executable(file: &Metadata) -> bool {
    file.is_file() && file.permissions().mode() & 0o111 != 0
}

/// Lets everybody run a file.
pub fn make_executable(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(PROGRAM))
}

/// Makes the content durable, and the file its owner's, or one that everybody may run.
pub fn settle(path: &Path, is_program: bool) -> io::Result<()> {
    let file = File::open(path)?;
    file.set_permissions(Permissions::from_mode(if is_program { PROGRAM } else { OWNER_ONLY }))?;
    file.sync_all()
}

/// Makes the names in a directory durable.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Replaces what has the new name.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Replaces a program that may be running.
pub fn replace_program(new: &Path, program: &Path) -> io::Result<()> {
    fs::rename(new, program)
}

/// Two directories change places at once.
pub fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

/// Device and number: the same for all names of one file.
pub fn identity(_: &Path, file: &Metadata) -> io::Result<(u64, u64)> {
    Ok((file.dev(), file.ino()))
}

/// Bytes of the file system that holds `path`: what this process may still write, and all.
pub fn space(path: &Path) -> io::Result<(u64, u64)> {
    let facts = statvfs(path)?;
    Ok((facts.f_bavail.saturating_mul(facts.f_frsize), facts.f_blocks.saturating_mul(facts.f_frsize)))
}
