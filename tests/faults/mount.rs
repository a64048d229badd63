//! File systems that are small or read-only.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::program::PATIENCE;

/// A file system of its own, until dropped.
pub struct Mount(std::path::PathBuf);

impl Mount {
    /// `None`, with a note, where mounting is not allowed.
    pub fn tmpfs(path: &Path, options: &str) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(path).output();
        if mounted.is_ok_and(|ran| ran.status.success()) {
            return Some(Self(path.to_owned()));
        }
        eprintln!("skipped: no file system can be mounted here");
        None
    }

    /// Changes its options, e.g. `ro` or `size=64m`.
    pub fn remount(&self, options: &str) {
        let remount = || Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).status();
        // The kernel may take a moment to forget files that were removed while a process was confined to them.
        let give_up = Instant::now() + PATIENCE;
        while !remount().unwrap().success() {
            assert!(Instant::now() < give_up, "{} is busy", self.0.display());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: a killed server may still be on its way out.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
