//! Keeps other accounts of the machine away from `DATA_DIR`.

use std::fs;
use std::io;
use std::path::Path;

use super::platform::files::close_to_others;

/// Creates a directory if it is missing, and closes it and the directories in it to other accounts. After that they
/// reach nothing below it, whatever the modes there are.
pub fn close(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    // It may be a link to another disk.
    let closed = close_to_others(&fs::canonicalize(directory)?);
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            close_to_others(&entry.path())?;
        }
    }
    closed.map(drop)
}

/// Closes every file and directory below `directory`. Returns how many were open, and the first error. Does not follow
/// symbolic links.
pub fn close_all(directory: &Path) -> (usize, Option<io::Error>) {
    let (mut changed, mut failure) = (0, None);
    for entry in walkdir::WalkDir::new(directory).min_depth(1) {
        let restricted = match entry {
            Ok(entry) if entry.file_type().is_file() || entry.file_type().is_dir() => close_to_others(entry.path()),
            Ok(_) => Ok(false),
            Err(error) => Err(error.into()),
        };
        match restricted {
            Ok(was_open) => changed += usize::from(was_open),
            // Temporary files come and go.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    (changed, failure)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn closes_everything_but_what_links_point_to() {
        let dir = tempfile::tempdir().unwrap();
        let (root, outside) = (dir.path().join("data"), dir.path().join("outside"));
        fs::create_dir_all(root.join("extracts/shop")).unwrap();
        fs::create_dir(&outside).unwrap();
        for (path, open) in [(root.join("extracts/shop/run.sh"), 0o755), (outside.join("orders.csv"), 0o644)] {
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(open)).unwrap();
        }
        for directory in [&root, &root.join("extracts"), &root.join("extracts/shop"), &outside] {
            fs::set_permissions(directory, Permissions::from_mode(0o755)).unwrap();
        }
        symlink(&outside, root.join("linked")).unwrap();
        symlink(outside.join("orders.csv"), root.join("extracts/orders.csv")).unwrap();

        close(&root).unwrap();
        assert_eq!(
            [mode(&root), mode(&root.join("extracts")), mode(&root.join("extracts/shop"))],
            [0o700, 0o700, 0o755]
        );
        let (changed, failure) = close_all(&root);
        assert_eq!((changed, failure.map(|error| error.kind())), (2, None));
        assert_eq!([mode(&root.join("extracts/shop")), mode(&root.join("extracts/shop/run.sh"))], [0o700, 0o700]);
        assert_eq!([mode(&outside), mode(&outside.join("orders.csv"))], [0o755, 0o644]);
        assert_eq!(close_all(&root).0, 0);
    }

    #[test]
    fn a_data_directory_may_be_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (disk, root) = (dir.path().join("disk"), dir.path().join("data"));
        fs::create_dir(&disk).unwrap();
        fs::set_permissions(&disk, Permissions::from_mode(0o755)).unwrap();
        symlink(&disk, &root).unwrap();
        close(&root).unwrap();
        assert_eq!(mode(&disk), 0o700);
    }
}
