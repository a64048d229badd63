//! How much memory this machine has, and how sizes are written.

use std::fs;
use std::path::Path;

use super::platform::kernel;

/// Memory that this process and its children may take together, in bytes: of the machine, or of its control group.
pub fn available() -> u64 {
    kernel::machine_memory().unwrap_or(u64::MAX).min(of_control_groups().unwrap_or(u64::MAX))
}

/// Memory of this process in bytes: now, and at most so far.
pub fn used() -> Option<(u64, u64)> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()?.checked_mul(1024)
    };
    Some((field("VmRSS:")?, field("VmHWM:")?))
}

/// The lowest limit of the control groups of this process, of both versions.
fn of_control_groups() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let limits = groups.lines().flat_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => return Vec::new(),
        };
        let group = Path::new(root).join(path.trim_start_matches('/'));
        let groups = group.ancestors().take_while(|group| group.starts_with(root));
        groups.filter_map(|group| fs::read_to_string(group.join(file)).ok()?.trim().parse().ok()).collect()
    });
    limits.min()
}

/// The bytes of a size as DuckDB writes it, such as `1GB`, `512MiB`, or `80%` of what is available.
pub fn parse_size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%' || c == ' ');
    let unit = match text[digits.len()..].trim().to_ascii_lowercase().as_str() {
        "%" => available() as f64 / 100.0,
        "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let size: f64 = digits.trim().parse().ok()?;
    (size * unit).is_finite().then_some((size * unit) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [("1GB", Some(1_000_000_000)), ("1.5 MiB", Some(1_572_864)), ("7", None), ("x GB", None)] {
            assert_eq!(parse_size(text), bytes, "{text}");
        }
        assert_eq!(parse_size("50%"), Some(available() / 2));
        assert!(available() > 100_000_000);
        let (now, most) = used().unwrap_or((1, 1));
        assert!(0 < now && now <= most && most < available());
    }
}
