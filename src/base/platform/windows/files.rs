//! Files and directories. Who may read them is inherited from their folder, and that of a user is closed to others.

use std::fs::{self, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use winapi_util::Handle;

/// Somebody has the file open, or has locked a part of it.
const IN_USE: [i32; 3] = [5, 32, 33];
/// How long a file that is in use is waited for: longer than a virus scanner takes.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);

/// New files have the rights of their folder.
pub fn restrict_new_files() {}

/// A new file has the rights of its folder.
pub fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Rights are left as they are.
pub fn close_to_others(_: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Rights are left as they are.
pub fn make_private(_: &Path) -> io::Result<()> {
    Ok(())
}

/// There are no modes.
pub fn open_mode(_: &Metadata) -> Option<u32> {
    None
}

pub fn is_executable(file: &Metadata) -> bool {
    file.is_file()
}

/// Every file with the content of a program can be run.
pub fn make_executable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes the content durable.
pub fn settle(path: &Path, _is_program: bool) -> io::Result<()> {
    // Only who may write may flush.
    OpenOptions::new().write(true).open(path)?.sync_all()
}

/// The journal of NTFS keeps names in order; directories cannot be flushed.
pub fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Replaces what has the new name. A file that a program has open, such as DuckDB, is waited for.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match fs::rename(from, to) {
            Err(error) if is_in_use(&error) && Instant::now() < deadline => thread::sleep(PAUSE),
            Err(error) if is_in_use(&error) => {
                let text = format!("{} is in use by another program ({error})", to.display());
                return Err(io::Error::new(error.kind(), text));
            }
            outcome => return outcome,
        }
    }
}

fn is_in_use(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| IN_USE.contains(&code))
}

/// Replaces a program that may be running: that one can be renamed, but neither overwritten nor deleted.
pub fn replace_program(new: &Path, program: &Path) -> io::Result<()> {
    let aside = aside(program);
    // Left by an earlier update, and no longer running.
    let _ = fs::remove_file(&aside);
    rename(program, &aside)?;
    rename(new, program).inspect_err(|_| {
        let _ = fs::rename(&aside, program);
    })?;
    // Fails while it runs.
    let _ = fs::remove_file(&aside);
    Ok(())
}

fn aside(program: &Path) -> PathBuf {
    let mut name = program.file_name().unwrap_or_default().to_owned();
    name.push(".old");
    program.with_file_name(name)
}

/// Two directories change places, in three steps.
pub fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    let aside = aside(one);
    rename(other, &aside)?;
    rename(one, other).inspect_err(|_| {
        let _ = fs::rename(&aside, other);
    })?;
    rename(&aside, one)
}

/// Volume and number: the same for all names of one file.
pub fn identity(path: &Path, _: &Metadata) -> io::Result<(u64, u64)> {
    let facts = winapi_util::file::information(Handle::from_path_any(path)?)?;
    Ok((facts.volume_serial_number(), facts.file_index()))
}

/// Bytes of the volume that holds `path`: what this process may still write, and all.
pub fn space(path: &Path) -> io::Result<(u64, u64)> {
    let facts = fs4::statvfs(path)?;
    Ok((facts.available_space(), facts.total_space()))
}
