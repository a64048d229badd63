//! Names of files that would not be files on Windows.

use std::borrow::Cow;

/// Devices, whatever follows after a point.
const DEVICES: [&str; 4] = ["CON", "PRN", "AUX", "NUL"];
/// Devices with a digit.
const NUMBERED: [&str; 2] = ["COM", "LPT"];

/// The name of a file or folder for a table, a part or a snapshot with this name.
pub fn for_file(name: &str) -> Cow<'_, str> {
    if cfg!(windows) { for_windows(name) } else { name.into() }
}

/// What has a file or folder with this name.
pub fn of_file(file: &str) -> Cow<'_, str> {
    if cfg!(windows) { of_windows(file) } else { file.into() }
}

fn of_windows(file: &str) -> Cow<'_, str> {
    if file.contains('~') { file.replace('~', "").into() } else { file.into() }
}

/// No name of ours has a `~`, so these are nobody else's.
fn for_windows(name: &str) -> Cow<'_, str> {
    let first = name.split_once('.').map_or(name, |(first, _)| first);
    let (is_device, ends_with_point) = (is_device(first), name.ends_with('.'));
    if !is_device && !ends_with_point {
        return name.into();
    }
    let (device, point) = (if is_device { "~" } else { "" }, if ends_with_point { "~" } else { "" });
    format!("{first}{device}{}{point}", &name[first.len()..]).into()
}

fn is_device(name: &str) -> bool {
    let is_numbered = |device: &&str| {
        name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(device))
            && name.len() == 4
            && name.ends_with(|last: char| last.is_ascii_digit())
    };
    DEVICES.iter().any(|device| name.eq_ignore_ascii_case(device)) || NUMBERED.iter().any(is_numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_not_used_as_files() {
        for (name, file) in [
            ("con", "con~"),
            ("NUL.2024", "NUL~.2024"),
            ("Lpt1", "Lpt1~"),
            ("com0.", "com0~.~"),
            ("orders.", "orders.~"),
        ] {
            assert_eq!((for_windows(name), of_windows(file)), (file.into(), name.into()));
        }
        for name in ["orders", "console", "com", "com10", "in.con", "a.b", "_nul"] {
            assert_eq!((for_windows(name), of_windows(name)), (name.into(), name.into()));
        }
    }
}
